use k8s_api::Status;
use k8s_api::selector::{FieldSelector, Selector};
use k8s_api_client::ListOptions;

use crate::core::{Scope, relative};
use crate::storage::Selection;

/// What a list, a watch or a deletecollection selects.
///
/// A field selector on the name narrows the scope, so that a watch of one object looks at that one alone.
pub(super) fn selection(scope: &Scope<'_>, options: &ListOptions) -> Result<Selection, Status> {
    let labels = Selector::parse(&options.label_selector).map_err(|e| Status::bad_request(e.to_string()))?;
    let fields = FieldSelector::parse(&options.field_selector).map_err(|e| Status::bad_request(e.to_string()))?;
    for term in fields.terms() {
        if !is_supported(scope, &term.field) {
            return Err(Status::bad_request(format!("field label not supported: {}", term.field)));
        }
    }
    // Upstream: `listOpts` in `k8s.io/apiserver/pkg/endpoints/handlers/get.go`.
    if !scope.name.is_empty() && !fields.terms().is_empty() && fields.exact("metadata.name") != Some(scope.name) {
        return Err(Status::bad_request("fieldSelector metadata.name doesn't match requested name"));
    }
    let name = if scope.name.is_empty() { fields.exact("metadata.name").unwrap_or_default() } else { scope.name };
    let namespace = match fields.exact("metadata.namespace") {
        Some(namespace) if scope.namespace.is_empty() && scope.resource.info.namespaced => namespace,
        _ => scope.namespace,
    };
    let one = !name.is_empty() && (!namespace.is_empty() || !scope.resource.info.namespaced);
    let mut selection = Selection::all(scope.resource, namespace);
    if one {
        selection.scope = relative(namespace, name);
        selection.exact = true;
    }
    Ok(Selection { labels, fields, ..selection })
}

fn is_supported(scope: &Scope<'_>, label: &str) -> bool {
    match label {
        "metadata.name" => true,
        "metadata.namespace" => scope.resource.info.namespaced,
        label => scope.resource.facts.field_labels.contains(&label),
    }
}
