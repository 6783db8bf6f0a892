use serde_json::Value;

/// A protobuf message under construction.
#[derive(Debug, Default)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// Writes a string unless there is none or it is empty.
    pub(super) fn text(&mut self, number: u32, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.length_delimited(number, value.as_bytes());
        }
    }

    /// Writes a flag if it is set.
    pub(super) fn flag(&mut self, number: u32, value: bool) {
        if value {
            self.varint(u64::from(number) << 3);
            self.varint(1);
        }
    }

    /// Writes a message, even an empty one.
    pub(super) fn message(&mut self, number: u32, value: Self) {
        self.length_delimited(number, &value.bytes);
    }

    /// Writes a string even if it is empty, as items of lists are.
    pub(super) fn item(&mut self, number: u32, value: &str) {
        self.length_delimited(number, value.as_bytes());
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn length_delimited(&mut self, number: u32, bytes: &[u8]) {
        self.varint(u64::from(number) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

/// A name and what has it, as gnostic writes entries of maps.
pub(super) fn named(name: &str, value: Message) -> Message {
    let mut message = Message::default();
    message.text(1, Some(name));
    message.message(2, value);
    message
}

/// The entries of a JSON object.
pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A member that is a string.
pub(super) fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member)?.as_str()
}

/// Writes the strings of a JSON list.
pub(super) fn strings(into: &mut Message, number: u32, list: &Value) {
    for one in list.as_array().into_iter().flatten().filter_map(Value::as_str) {
        into.item(number, one);
    }
}

/// Writes the members whose names begin with `x-`. Their values are YAML text, which JSON is.
pub(super) fn extensions(into: &mut Message, number: u32, value: &Value) {
    for (name, value) in entries(value).filter(|(name, _)| name.starts_with("x-")) {
        let mut any = Message::default();
        any.item(2, &value.to_string());
        into.message(number, named(name, any));
    }
}
