//! Reads Go struct declarations: what OpenAPI documents do not say.
//!
//! A line reader, not a parser: it knows the one layout `gofmt` gives to API types.

use std::{collections::BTreeMap, fs, io, path::Path};

/// What the Go source says about one field of a struct.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Type as Go's reflection prints it, without a leading pointer.
    pub(crate) go_type: String,
    pub(crate) pointer: bool,
    pub(crate) omit_empty: bool,
    pub(crate) omit_zero: bool,
    /// Number in the protobuf encoding, 0 where there is none.
    pub(crate) number: u32,
    /// Number of the message around it there, for members of embedded structs; 0 elsewhere.
    pub(crate) outer: u32,
}

#[derive(Debug)]
enum Member {
    /// All members of another struct, of which this one is a copy.
    Like(String),
    Named(String, Field),
    /// Where it is declared and its number in the protobuf encoding, if it has one.
    Embedded(String, Option<u32>),
}

/// All structs of the packages read so far, by `directory:Name`.
#[derive(Debug, Default)]
pub(crate) struct Source {
    structs: BTreeMap<String, Vec<Member>>,
}

impl Source {
    /// Adds every package below `folder`'s sub-folder `package` (such as `api/core/v1`).
    pub(crate) fn read_package(&mut self, folder: &Path, package: &str) -> io::Result<()> {
        let mut files: Vec<_> = fs::read_dir(folder.join(package))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.ends_with(".go")
                    && !name.ends_with("_test.go")
                    && !name.starts_with("zz_")
                    && !name.starts_with("generated")
            })
            .collect();
        files.sort();
        for file in files {
            self.read_file(package, &fs::read_to_string(file)?);
        }
        Ok(())
    }

    /// Fields of a struct by JSON name in order of declaration, embedded structs inlined.
    pub(crate) fn fields(&self, package: &str, name: &str) -> Vec<(String, Field)> {
        let mut fields = Vec::new();
        self.collect(package, name, &mut fields);
        fields
    }

    fn collect(&self, package: &str, name: &str, into: &mut Vec<(String, Field)>) {
        for member in self.structs.get(&format!("{package}:{name}")).into_iter().flatten() {
            match member {
                Member::Named(json, field) => {
                    into.push((json.clone(), field.clone()));
                }
                Member::Embedded(inner, number) => {
                    let Some((package, name)) = inner.split_once(':') else { continue };
                    let mut members = Vec::new();
                    self.collect(package, name, &mut members);
                    for (_, field) in &mut members {
                        // Without a number of its own an embedded struct is not in the encoding at all.
                        match number {
                            Some(number) => field.outer = *number,
                            None => field.number = 0,
                        }
                    }
                    into.extend(members);
                }
                Member::Like(other) => {
                    let Some((package, name)) = other.split_once(':') else { continue };
                    self.collect(package, name, into);
                }
            }
        }
    }

    fn read_file(&mut self, package: &str, text: &str) {
        let imports = imports(text);
        let mut open: Option<(String, Vec<Member>)> = None;
        for line in text.lines() {
            let line = line.trim_end();
            if let Some((name, members)) = open.as_mut() {
                if line == "}" {
                    self.structs.insert(format!("{package}:{name}"), std::mem::take(members));
                    open = None;
                } else if let Some(member) = member(line.trim(), package, &imports) {
                    members.push(member);
                }
            } else if let Some(name) = line.strip_prefix("type ").and_then(|rest| rest.strip_suffix(" struct {")) {
                open = Some((name.to_owned(), Vec::new()));
            } else if let Some((name, like)) = line.strip_prefix("type ").and_then(|rest| rest.split_once(' ')) {
                // A type declared as another has that one's members.
                let like = like.trim_start_matches("= ");
                self.structs.insert(format!("{package}:{name}"), vec![Member::Like(locate(like, package, &imports))]);
            }
        }
    }
}

/// Import paths by the name the file uses for them.
fn imports(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("type ") {
            break;
        }
        let line = line.strip_prefix("import ").unwrap_or(line);
        let Some((alias, rest)) = line.split_once('"') else {
            continue;
        };
        let path = rest.trim_end_matches('"');
        let last = path.rsplit('/').next().unwrap_or(path);
        let alias = alias.trim();
        let alias = if alias.is_empty() { last } else { alias };
        found.insert(alias.to_owned(), path.to_owned());
    }
    found
}

fn member(line: &str, package: &str, imports: &BTreeMap<String, String>) -> Option<Member> {
    if line.starts_with("//") {
        return None;
    }
    let (declaration, tag) = line.split_once('`')?;
    let json = tag_value(tag, "json")?;
    let mut parts = json.split(',');
    let name = parts.next().unwrap_or_default();
    let options: Vec<&str> = parts.collect();
    let words: Vec<&str> = declaration.split_whitespace().collect();
    if name.is_empty() || options.contains(&"inline") {
        return Some(Member::Embedded(locate(words.last()?, package, imports), number(tag)));
    }
    if name == "-" {
        return None;
    }
    // `metav1.ObjectMeta` with a name in its tag is an ordinary member for JSON.
    let written = words.get(usize::from(words.len() > 1)..)?.join(" ");
    let pointer = written.starts_with('*');
    Some(Member::Named(
        name.to_owned(),
        Field {
            go_type: render(written.trim_start_matches('*'), package, imports),
            pointer,
            omit_empty: options.contains(&"omitempty"),
            omit_zero: options.contains(&"omitzero"),
            number: number(tag).unwrap_or(0),
            outer: 0,
        },
    ))
}

fn number(tag: &str) -> Option<u32> {
    tag_value(tag, "protobuf")?.split(',').nth(1)?.parse().ok()
}

fn tag_value<'a>(tag: &'a str, key: &str) -> Option<&'a str> {
    let rest = tag.split_once(&format!("{key}:\""))?.1;
    rest.split_once('"').map(|(value, _)| value)
}

/// `package:Name` of a type named in a file of `package`.
fn locate(written: &str, package: &str, imports: &BTreeMap<String, String>) -> String {
    match written.trim_start_matches('*').split_once('.') {
        Some((alias, name)) => {
            let path = imports.get(alias).map_or(alias, String::as_str);
            format!("{}:{name}", path.strip_prefix("k8s.io/").unwrap_or(path))
        }
        None => format!("{package}:{}", written.trim_start_matches('*')),
    }
}

fn render(written: &str, package: &str, imports: &BTreeMap<String, String>) -> String {
    if let Some(inner) = written.strip_prefix("[]") {
        return format!("[]{}", render(inner, package, imports));
    }
    if let Some(inner) = written.strip_prefix('*') {
        return format!("*{}", render(inner, package, imports));
    }
    if let Some((key, value)) = written.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
        let key = render(key, package, imports);
        return format!("map[{key}]{}", render(value, package, imports));
    }
    match written {
        "byte" => "uint8".to_owned(),
        "interface{}" => "interface {}".to_owned(),
        "string" | "bool" | "int" | "int32" | "int64" | "uint8" | "float64" | "any" => written.to_owned(),
        _ => {
            let place = locate(written, package, imports);
            let (path, name) = place.split_once(':').unwrap_or(("", &place));
            format!("{}.{name}", path.rsplit('/').next().unwrap_or(path))
        }
    }
}
