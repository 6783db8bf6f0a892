use k8s_api::GroupVersionKind;
use k8s_api::schema::{Table, Type};

/// The kind that a body should be.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Where its types are.
    pub table: &'a Table,
    /// The kind's type.
    pub ty: &'a Type,
    /// The kind.
    pub gvk: &'a GroupVersionKind,
}

impl<'a> Target<'a> {
    /// A built-in kind; `None` if there is no such.
    pub fn builtin(gvk: &'a GroupVersionKind) -> Option<Self> {
        let table = Table::builtin();
        Some(Self { table, ty: table.kind(gvk)?, gvk })
    }

    /// The kind that an object is which says this of itself, with what it leaves out.
    ///
    /// # Errors
    /// With upstream's message when `apiVersion` has more than two parts.
    pub(crate) fn named(&self, api_version: &str, kind: &str) -> Result<GroupVersionKind, String> {
        if api_version.matches('/').count() > 1 {
            return Err(format!("unexpected GroupVersion string: {api_version}"));
        }
        let mut named = GroupVersionKind::parse(api_version, kind);
        if named.kind.is_empty() {
            named.kind.clone_from(&self.gvk.kind);
        }
        if named.version.is_empty() && (named.group.is_empty() || named.group == self.gvk.group) {
            named.group.clone_from(&self.gvk.group);
            named.version.clone_from(&self.gvk.version);
        }
        Ok(named)
    }

    /// Says why an object of this kind cannot be taken for the target.
    pub(crate) fn refuse(&self, named: &GroupVersionKind) -> Option<Refusal> {
        if named == self.gvk {
            return None;
        }
        if self.table.kind(named).is_none() {
            let version = named.api_version();
            return Some(Refusal::Kind(format!(
                "no kind \"{}\" is registered for version \"{version}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
                named.kind
            )));
        }
        if named.group == self.gvk.group && named.kind == self.gvk.kind {
            return Some(Refusal::Version(format!(
                "the API version in the data ({}) does not match the expected API version ({})",
                named.api_version(),
                self.gvk.api_version()
            )));
        }
        let internal = match self.gvk.group.split('.').next() {
            None | Some("") => "core",
            Some(first) => first,
        };
        let kind = &self.gvk.kind;
        Some(Refusal::Kind(format!(
            "converting ({}.{}) to ({internal}.{kind}): unknown conversion",
            named.version, named.kind
        )))
    }
}

/// Why an object is not of the kind that it should be.
pub(crate) enum Refusal {
    /// It is of another kind, or of none.
    Kind(String),
    /// It is of another version; upstream says so in a sentence of its own.
    Version(String),
}
