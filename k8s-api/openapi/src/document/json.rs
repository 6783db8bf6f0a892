use serde_json::Value;

use super::Sink;

/// Writes a JSON object entry by entry.
#[derive(Debug)]
pub(super) struct Writer {
    out: Vec<u8>,
    /// Objects open now, the outermost among them.
    depth: usize,
    /// The map at the top that is open now.
    open_map: Option<&'static str>,
    needs_comma: bool,
}

impl Default for Writer {
    fn default() -> Self {
        Self { out: b"{".to_vec(), depth: 1, open_map: None, needs_comma: false }
    }
}

impl Writer {
    /// Opens objects inside one another.
    pub(super) fn open_in(&mut self, names: &[&str]) {
        for name in names {
            self.key(name);
            self.out.push(b'{');
            self.depth += 1;
            self.needs_comma = false;
        }
    }

    /// Writes a member of the innermost object.
    pub(super) fn entry(&mut self, name: &str, value: &Value) {
        self.key(name);
        self.value(value);
        self.needs_comma = true;
    }

    /// Closes the innermost object.
    pub(super) fn close(&mut self) {
        self.out.push(b'}');
        self.depth -= 1;
        self.needs_comma = true;
    }

    /// Closes all that is open.
    pub(super) fn finish(mut self) -> Vec<u8> {
        while self.depth > 0 {
            self.close();
        }
        self.out
    }

    fn key(&mut self, name: &str) {
        if self.needs_comma {
            self.out.push(b',');
        }
        self.value(&Value::from(name));
        self.out.push(b':');
    }

    fn value(&mut self, value: &Value) {
        serde_json::to_writer(&mut self.out, value).expect("writing a value into memory does not fail");
    }
}

impl Sink for Writer {
    fn entry_of(&mut self, map: &'static str, name: &str, value: &Value) {
        if self.open_map != Some(map) {
            if self.open_map.take().is_some() {
                self.close();
            }
            self.open_in(&[map]);
            self.open_map = Some(map);
        }
        self.entry(name, value);
    }

    fn member(&mut self, name: &'static str, value: &Value) {
        if self.open_map.take().is_some() {
            self.close();
        }
        self.entry(name, value);
    }
}
