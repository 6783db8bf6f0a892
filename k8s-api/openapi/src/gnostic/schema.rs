use serde_json::Value;

use super::message::{Message, entries, extensions, named, strings, text};

/// Translates a schema.
pub(super) fn schema(value: &Value) -> Message {
    let mut schema = Message::default();
    schema.text(1, text(value, "$ref"));
    schema.text(2, text(value, "format"));
    schema.text(4, text(value, "description"));
    strings(&mut schema, 19, &value["required"]);
    for value in value["enum"].as_array().into_iter().flatten() {
        let mut any = Message::default();
        any.item(2, &value.to_string());
        schema.message(20, any);
    }
    if let Some(values) = value.get("additionalProperties") {
        let mut choice = Message::default();
        choice.message(1, self::schema(values));
        schema.message(21, choice);
    }
    if let Some(ty) = text(value, "type") {
        let mut item = Message::default();
        item.item(1, ty);
        schema.message(22, item);
    }
    if let Some(items) = value.get("items") {
        let mut item = Message::default();
        item.message(1, self::schema(items));
        schema.message(23, item);
    }
    if let Some(properties) = value.get("properties") {
        let mut message = Message::default();
        for (name, property) in entries(properties) {
            message.message(1, named(name, self::schema(property)));
        }
        schema.message(25, message);
    }
    extensions(&mut schema, 31, value);
    schema
}
