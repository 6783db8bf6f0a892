use k8s_api::GroupVersionResource;
use k8s_api::registry::Registry;
use k8s_api_tables::{columns, row};
use serde_json::Value;

use crate::golden::{UID, now, object, read};

struct Command {
    argv: Vec<String>,
    stdout: String,
}

fn story() -> Vec<Command> {
    let Some(text) = read("cluster/kubectl/story.jsonl") else { return Vec::new() };
    let commands = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    commands
        .map(|command| Command {
            argv: command["argv"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap().to_owned()).collect(),
            stdout: command["stdout"].as_str().unwrap_or_default().to_owned(),
        })
        .collect()
}

/// What kubectl calls a resource, by any of its names.
fn resource(word: &str) -> Option<GroupVersionResource> {
    let snapshot = Registry::builtin().snapshot();
    let (word, version) = match word.split_once('.') {
        Some((word, rest)) => (word, rest.split('.').next()),
        None => (word, None),
    };
    let found = snapshot.resources().iter().find(|info| {
        let named = *info.gvr.resource == *word
            || *info.singular == *word
            || info.short_names.iter().any(|short| **short == *word);
        named && version.is_none_or(|version| *info.gvr.version == *version)
    });
    found.map(|info| info.gvr.clone())
}

/// The line of kubectl's table as we would print it, without ages, word by word.
fn words(resource: &GroupVersionResource, json: &str, wide: bool) -> Vec<String> {
    let row = row(resource, &object(json), now());
    let columns = columns(resource).iter();
    let shown = columns.zip(row.cells).filter(|(column, _)| wide || column.priority == 0);
    let texts = shown.map(|(column, cell)| match cell {
        cell if cell == "<none>" => "<none>".to_owned(),
        _ if matches!(column.name, "Age" | "Last Schedule" | "Duration") => "<age>".to_owned(),
        _ if column.name == "Created At" => "<time>".to_owned(),
        Value::String(text) => text.replace(UID, "<uid>"),
        other => other.to_string(),
    });
    texts.collect::<Vec<_>>().join(" ").split_whitespace().map(str::to_owned).collect()
}

#[test]
fn lines_are_as_kubectl_showed_them() {
    let story = story();
    let mut n_lines = 0;
    let mut wrong = Vec::new();
    for (at, command) in story.iter().enumerate() {
        let [get, kind, name, output, format] = command.argv.as_slice() else { continue };
        if get != "get" || output != "-o" || format != "yaml" {
            continue;
        }
        let Some(resource) = resource(kind) else { continue };
        let tree: Value = serde_saphyr::from_str(&command.stdout).unwrap();
        // Later ones show what later commands made of it.
        for table in &story[..at] {
            let Some(wide) = table_of(&table.argv, &resource) else { continue };
            let line = table.stdout.lines().find(|line| line.split_whitespace().next() == Some(name));
            let Some(line) = line else { continue };
            let want: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let got = words(&resource, &tree.to_string(), wide);
            n_lines += 1;
            if want != got {
                wrong.push(format!("{kind} {name}\n  want {want:?}\n  got  {got:?}"));
            }
        }
    }
    println!("{n_lines} lines as kubectl showed them");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether this lists the resource in a table, and in a wide one.
fn table_of(argv: &[String], wanted: &GroupVersionResource) -> Option<bool> {
    let (kind, wide) = match argv {
        [get, kind] if get == "get" => (kind, false),
        [get, kind, output, format] if get == "get" && output == "-o" && format == "wide" => (kind, true),
        _ => return None,
    };
    let found = resource(kind)?;
    (found.group == wanted.group && found.resource == wanted.resource).then_some(wide)
}

#[test]
fn headers_are_as_kubectl_showed_them() {
    let mut n_headers = 0;
    for command in story() {
        let (kind, wide) = match command.argv.as_slice() {
            [get, kind] if get == "get" => (kind, false),
            [get, kind, output, format] if get == "get" && output == "-o" && format == "wide" => (kind, true),
            _ => continue,
        };
        let (Some(resource), Some(header)) = (resource(kind), command.stdout.lines().next()) else { continue };
        // kubectl puts a name before ages, of which it makes a column of its own.
        let shown = columns(&resource).iter().filter(|column| wide || column.priority == 0);
        let names: Vec<String> = shown.map(|column| column.name.to_uppercase()).collect();
        let want: Vec<&str> = header.split_whitespace().collect();
        assert_eq!(names.join(" ").split_whitespace().collect::<Vec<_>>(), want, "{kind}");
        n_headers += 1;
    }
    println!("{n_headers} headers as kubectl showed them");
}
