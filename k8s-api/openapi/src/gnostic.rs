//! The protobuf encoding of OpenAPI v2 that gnostic defines: a translation of the JSON documents we write.
//!
//! Field numbers are those of gnostic's `OpenAPIv2.proto`. Only what our documents contain is translated.

mod message;
mod schema;

use serde_json::Value;

use crate::document::Sink;
use message::{Message, entries, named, strings, text};

/// Writes a document entry by entry.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    document: Message,
    paths: Message,
    definitions: Message,
    parameters: Message,
}

impl Writer {
    /// Puts the parts together.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.document.message(8, self.paths);
        self.document.message(9, self.definitions);
        self.document.message(10, self.parameters);
        self.document.into_bytes()
    }
}

impl Sink for Writer {
    fn entry_of(&mut self, map: &'static str, name: &str, value: &Value) {
        match map {
            "paths" => self.paths.message(2, named(name, path_item(value))),
            "definitions" => self.definitions.message(1, named(name, schema::schema(value))),
            _ => self.parameters.message(1, named(name, parameter(value))),
        }
    }

    fn member(&mut self, name: &'static str, value: &Value) {
        match name {
            "swagger" => self.document.text(1, value.as_str()),
            "info" => {
                let mut info = Message::default();
                info.text(1, text(value, "title"));
                info.text(2, text(value, "version"));
                self.document.message(2, info);
            }
            "security" => {
                for requirement in value.as_array().into_iter().flatten() {
                    let mut message = Message::default();
                    for (scheme, scopes) in entries(requirement) {
                        let mut list = Message::default();
                        strings(&mut list, 1, scopes);
                        message.message(1, named(scheme, list));
                    }
                    self.document.message(12, message);
                }
            }
            _ => {
                let mut schemes = Message::default();
                for (name, scheme) in entries(value) {
                    schemes.message(1, named(name, security_scheme(scheme)));
                }
                self.document.message(13, schemes);
            }
        }
    }
}

fn security_scheme(value: &Value) -> Message {
    let mut key = Message::default();
    for (number, member) in [(1, "type"), (2, "name"), (3, "in"), (4, "description")] {
        key.text(number, text(value, member));
    }
    // The second of the choices: an API key.
    let mut item = Message::default();
    item.message(2, key);
    item
}

fn path_item(value: &Value) -> Message {
    let mut item = Message::default();
    let methods = [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (6, "options"), (7, "head"), (8, "patch")];
    for (number, method) in methods {
        if let Some(value) = value.get(method) {
            item.message(number, operation(value));
        }
    }
    parameters(&mut item, 9, value);
    item
}

fn operation(value: &Value) -> Message {
    let mut operation = Message::default();
    strings(&mut operation, 1, &value["tags"]);
    operation.text(3, text(value, "description"));
    operation.text(5, text(value, "operationId"));
    strings(&mut operation, 6, &value["produces"]);
    strings(&mut operation, 7, &value["consumes"]);
    parameters(&mut operation, 8, value);
    let mut responses = Message::default();
    for (code, value) in entries(&value["responses"]) {
        let mut response = Message::default();
        response.text(1, text(value, "description"));
        if let Some(value) = value.get("schema") {
            let mut item = Message::default();
            item.message(1, schema::schema(value));
            response.message(2, item);
        }
        let mut choice = Message::default();
        choice.message(1, response);
        responses.message(1, named(code, choice));
    }
    operation.message(9, responses);
    strings(&mut operation, 10, &value["schemes"]);
    message::extensions(&mut operation, 13, value);
    operation
}

fn parameters(into: &mut Message, number: u32, value: &Value) {
    for value in value["parameters"].as_array().into_iter().flatten() {
        let mut item = Message::default();
        if let Some(target) = text(value, "$ref") {
            let mut reference = Message::default();
            reference.text(1, Some(target));
            item.message(2, reference);
        } else {
            item.message(1, parameter(value));
        }
        into.message(number, item);
    }
}

fn parameter(value: &Value) -> Message {
    let mut parameter = Message::default();
    if text(value, "in") == Some("body") {
        let mut body = Message::default();
        body.text(1, text(value, "description"));
        body.text(2, text(value, "name"));
        body.text(3, text(value, "in"));
        body.flag(4, value["required"] == true);
        body.message(5, schema::schema(&value["schema"]));
        parameter.message(1, body);
        return parameter;
    }
    let mut described = Message::default();
    described.flag(1, value["required"] == true);
    described.text(2, text(value, "in"));
    described.text(3, text(value, "description"));
    described.text(4, text(value, "name"));
    // A parameter of the query has one more field before its type, so all that follow are shifted.
    let in_path = text(value, "in") == Some("path");
    let shift = u32::from(!in_path);
    described.text(5 + shift, text(value, "type"));
    described.flag(19 + shift, value["uniqueItems"] == true);
    let mut choice = Message::default();
    choice.message(if in_path { 4 } else { 3 }, described);
    parameter.message(2, choice);
    parameter
}
