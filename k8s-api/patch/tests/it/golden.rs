use std::path::PathBuf;

use k8s_api::GroupVersionKind;
use k8s_api::registry::Registry;
use serde_json::Value;

/// One recorded request and its answer.
pub(crate) struct Recorded {
    pub(crate) file: String,
    pub(crate) case: Value,
}

impl Recorded {
    pub(crate) fn name(&self) -> String {
        format!("{}: {}", self.file, self.case["name"].as_str().unwrap_or_default())
    }

    pub(crate) fn method(&self) -> &str {
        self.case["request"]["method"].as_str().unwrap()
    }

    pub(crate) fn path(&self) -> &str {
        self.case["request"]["path"].as_str().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.case["request"]["headers"][name].as_str().unwrap_or_default()
    }

    /// The bytes that were sent; none where the recording only describes them.
    pub(crate) fn body(&self) -> Option<Vec<u8>> {
        match &self.case["request"]["body"] {
            Value::Null => None,
            Value::String(text) if text.starts_with('<') && text.contains(' ') => None,
            Value::String(text) => Some(text.clone().into_bytes()),
            tree => Some(tree.to_string().replace("<time>", "2024-01-01T00:00:00Z").into_bytes()),
        }
    }

    pub(crate) fn status(&self) -> u64 {
        self.case["response"]["status"].as_u64().unwrap()
    }

    pub(crate) fn answer(&self) -> &Value {
        &self.case["response"]["body"]
    }

    pub(crate) fn message(&self) -> &str {
        self.answer()["message"].as_str().unwrap_or_default()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let headers = self.case["response"]["headers"].as_object().unwrap();
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("warning"));
        let texts = match found {
            Some((_, Value::Array(texts))) => texts.clone(),
            Some((_, text)) => vec![text.clone()],
            None => Vec::new(),
        };
        let unquoted = texts.iter().filter_map(|text| text.as_str()?.strip_prefix("299 - "));
        unquoted.map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    /// The kind that the path takes.
    pub(crate) fn gvk(&self) -> Option<GroupVersionKind> {
        let path = self.path().split('?').next()?.trim_start_matches('/');
        let mut parts = path.split('/');
        let (group, version) = match parts.next()? {
            "api" => ("", parts.next()?),
            "apis" => (parts.next()?, parts.next()?),
            _ => return None,
        };
        let mut rest: Vec<&str> = parts.collect();
        if rest.first() == Some(&"namespaces") && rest.len() > 2 {
            rest.drain(..2);
        }
        // Subresources have kinds of their own.
        if rest.len() > 2 {
            return None;
        }
        Some(Registry::builtin().snapshot().resource(group, version, rest.first()?)?.gvk())
    }
}

/// All requests recorded in files whose names begin so; none, loudly, where there are no recordings.
pub(crate) fn recorded(prefix: &str) -> Vec<Recorded> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/api");
    let Ok(files) = folder.read_dir() else {
        eprintln!("SKIPPED: no recordings at {}", folder.display());
        return Vec::new();
    };
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort();
    let mut found = Vec::new();
    for file in names {
        let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join(&file)).unwrap()).unwrap();
        found.extend(cases.into_iter().map(|case| Recorded { file: file.clone(), case }));
    }
    found
}
