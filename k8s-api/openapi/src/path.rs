//! Paths in the form of OpenAPI.

use serde_json::{Map, Value, json};

use crate::definition::Form;
use crate::operation::{Answer, Operation, PathItem};
use crate::parameter::Parameter;

/// Writes a path with its operations.
pub(crate) fn path_item(form: Form, item: &PathItem) -> Value {
    let mut document = Map::new();
    for operation in &item.operations {
        document.insert(operation.method.to_owned(), operation_value(form, operation));
    }
    if !item.parameters.is_empty() {
        document.insert("parameters".into(), parameters(form, &item.parameters, &item.kind).into());
    }
    Value::Object(document)
}

fn operation_value(form: Form, operation: &Operation) -> Value {
    let mut document = Map::new();
    document.insert("description".into(), operation.description.as_str().into());
    document.insert("operationId".into(), operation.id.as_str().into());
    document.insert("tags".into(), json!([operation.tag]));
    if let Some((action, gvk)) = &operation.action {
        document.insert("x-kubernetes-action".into(), (*action).into());
        document.insert(
            "x-kubernetes-group-version-kind".into(),
            json!({ "group": gvk.group, "version": gvk.version, "kind": gvk.kind }),
        );
    }
    let mut parameters = parameters(form, &operation.parameters, "");
    match form {
        Form::V2 => {
            if let Some(body) = body_v2(operation) {
                parameters.insert(0, body);
            }
            if !operation.consumes.is_empty() {
                document.insert("consumes".into(), json!(operation.consumes));
            }
            document.insert("produces".into(), json!(operation.produces));
            document.insert("schemes".into(), json!(["https"]));
        }
        Form::V3 => {
            if let Some(body) = body_v3(operation) {
                document.insert("requestBody".into(), body);
            }
        }
    }
    if !parameters.is_empty() {
        document.insert("parameters".into(), parameters.into());
    }
    document.insert("responses".into(), responses(form, operation));
    Value::Object(document)
}

fn parameters(form: Form, parameters: &[Parameter], kind: &str) -> Vec<Value> {
    let write = |one: &Parameter| match form {
        Form::V2 => one.v2(kind),
        Form::V3 => one.v3(kind),
    };
    parameters.iter().map(write).collect()
}

/// Bodies of a kind are written out; the two that nearly all operations share are shared.
pub(crate) const SHARED_BODIES: [(&str, &str, bool); 2] =
    [("body-2Y1dVQaQ", "DeleteOptions", false), ("body-78PwaGsr", "Patch", true)];

fn body_v2(operation: &Operation) -> Option<Value> {
    let body = operation.body.as_ref()?;
    let kind = body.ty.strip_prefix(crate::operation::META).unwrap_or_default();
    if let Some((name, ..)) = SHARED_BODIES.iter().find(|(_, shared, _)| *shared == kind) {
        return Some(json!({ "$ref": format!("#/parameters/{name}") }));
    }
    Some(body_parameter(&body.ty, body.required))
}

/// A body as OpenAPI v2 has it: one more parameter.
pub(crate) fn body_parameter(ty: &str, required: bool) -> Value {
    let mut document = json!({ "in": "body", "name": "body", "schema": Form::V2.reference(ty) });
    if let Some(document) = document.as_object_mut().filter(|_| required) {
        document.insert("required".into(), true.into());
    }
    document
}

fn body_v3(operation: &Operation) -> Option<Value> {
    let body = operation.body.as_ref()?;
    let types = if body.is_patch { operation.consumes } else { crate::operation::ANY };
    let mut document = json!({ "content": content(types, &Form::V3.reference(&body.ty)) });
    if let Some(document) = document.as_object_mut().filter(|_| body.required) {
        document.insert("required".into(), true.into());
    }
    Some(document)
}

fn content(types: &[&str], schema: &Value) -> Value {
    let content: Map<String, Value> = types.iter().map(|ty| ((*ty).to_owned(), json!({ "schema": schema }))).collect();
    Value::Object(content)
}

fn responses(form: Form, operation: &Operation) -> Value {
    let schema = match &operation.answer {
        Answer::Type(name) => form.reference(name),
        Answer::String => json!({ "type": "string" }),
    };
    let mut responses = Map::new();
    for code in operation.codes {
        let description = match code {
            201 => "Created",
            202 => "Accepted",
            _ => "OK",
        };
        let response = match form {
            Form::V2 => json!({ "description": description, "schema": schema }),
            Form::V3 => json!({ "description": description, "content": content(operation.produces, &schema) }),
        };
        responses.insert(code.to_string(), response);
    }
    responses.insert("401".into(), json!({ "description": "Unauthorized" }));
    Value::Object(responses)
}
