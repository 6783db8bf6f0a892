use k8s_api::field::ErrorList;
use k8s_api::{AnyObject, Kind};

/// What the server must know of a kind beyond its schema, written once for each kind.
///
/// Upstream: `pkg/registry/<group>/<kind>/strategy.go`, `pkg/apis/<group>/<version>/defaults.go` and
/// `pkg/apis/<group>/validation`.
///
/// # Contract
/// The server calls the methods of a create in the order `default`, `prepare_for_create`, `validate_create`,
/// `create_warnings`, and those of an update in the order `default`, `prepare_for_update`, `validate_update`,
/// `update_warnings`. Admission runs between preparing and validating. Generic rules (names and other metadata,
/// resource versions, deletion) are the server's; a strategy does not repeat them, but says through [`Strategy::facts`]
/// which of them apply. All methods are pure.
pub trait Strategy: Send + Sync + 'static {
    /// The kind.
    type Object: Kind;

    /// Facts by which the generic rules are chosen.
    fn facts(&self) -> Facts;

    /// Fills in what was left out. Applied to every object read from a client, before and after a patch alike.
    fn default(&self, object: &mut Self::Object);

    /// Drops what a client may not set at creation (status) and sets what the server sets.
    fn prepare_for_create(&self, object: &mut Self::Object);

    /// All mistakes in a new object, in upstream's order. Metadata is checked by the caller.
    fn validate_create(&self, object: &Self::Object) -> ErrorList;

    /// Carries over from `old` what this update may not change silently (status), and raises the generation when the
    /// spec differs.
    fn prepare_for_update(&self, new: &mut Self::Object, old: &Self::Object);

    /// All mistakes in an update. Metadata is checked by the caller.
    fn validate_update(&self, new: &Self::Object, old: &Self::Object) -> ErrorList;

    /// As [`Strategy::prepare_for_update`] for a write to a subresource such as `status`.
    fn prepare_for_subresource_update(&self, subresource: &str, new: &mut Self::Object, old: &Self::Object);

    /// As [`Strategy::validate_update`] for a write to a subresource such as `status`.
    fn validate_subresource_update(&self, subresource: &str, new: &Self::Object, old: &Self::Object) -> ErrorList;

    /// Sentences for the `Warning` header of a create (`old` is none) or an update.
    fn warnings(&self, new: &Self::Object, old: Option<&Self::Object>) -> Vec<String>;

    /// The values that field selectors may name beside `metadata.name` and `metadata.namespace`.
    fn field_labels(&self, object: &Self::Object) -> Vec<(&'static str, String)>;

    /// The object as it is stored and served. Kinds whose Go type writes `null` where the Rust type writes nothing or
    /// `[]` say so here; the others need not.
    ///
    /// # Errors
    /// When the type's own `Serialize` fails.
    fn encode(&self, object: &Self::Object) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(object)
    }
}

/// Which of the generic rules apply to a kind.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, named where it is set")]
pub struct Facts {
    /// How its names are checked.
    pub name: NameRule,
    /// Whether an update without a resourceVersion is taken as it is.
    pub unconditional_update: bool,
    /// Whether an update of an object that does not exist creates it.
    pub create_on_update: bool,
    /// How many seconds an object gets to go, when a request asks for so many or for none in particular; `None` for the
    /// kinds that go at once.
    ///
    /// Upstream: `CheckGracefulDelete`.
    pub grace_period: fn(&dyn AnyObject, Option<i64>) -> Option<i64>,
    /// The names that field selectors may use beside `metadata.name` and `metadata.namespace`.
    pub field_labels: &'static [&'static str],
    /// The propagation policy of a delete that names none: dependents are orphaned instead of deleted in the background.
    pub orphans_by_default: bool,
    /// Whether finalizers must be standard ones or carry a prefix: most built-in kinds, not custom resources.
    pub standard_finalizers: bool,
}

/// The grammar of a kind's names.
///
/// Upstream: `k8s.io/apimachinery/pkg/api/validation/name.go` and `ValidatePathSegmentName`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// A DNS subdomain of at most 253 characters: most kinds.
    Subdomain,
    /// A DNS label of at most 63 characters that may start with a digit: namespaces.
    Label,
    /// A DNS label that starts with a letter: services.
    Label1035,
    /// Anything that can stand in a path: RBAC kinds.
    PathSegment,
}

impl Facts {
    /// The rules of most kinds: subdomain names, conditional or unconditional updates, deletion at once.
    pub const fn new() -> Self {
        Self {
            name: NameRule::Subdomain,
            unconditional_update: true,
            create_on_update: false,
            grace_period: |_, _| None,
            field_labels: &[],
            orphans_by_default: false,
            standard_finalizers: true,
        }
    }
}

impl Default for Facts {
    fn default() -> Self {
        Self::new()
    }
}

/// A strategy whose kind only its holder knows: what the server's tables hold.
///
/// Implemented for every [`Strategy`]; the methods are the same on erased objects.
///
/// # Panics
/// Every method that takes an object panics when it is of another kind than [`AnyStrategy::decode`] makes: the server
/// finds strategy and object by the same resource.
#[expect(missing_docs, reason = "each method is that of `Strategy` on erased objects")]
pub trait AnyStrategy: Send + Sync {
    /// Decodes a body.
    ///
    /// # Errors
    /// When the tree does not fit the type.
    fn decode(&self, tree: serde_json::Value) -> serde_json::Result<Box<dyn AnyObject>>;
    /// Decodes stored bytes, without their resourceVersion.
    ///
    /// # Errors
    /// When the bytes do not fit the type.
    fn decode_bytes(&self, bytes: &[u8]) -> serde_json::Result<Box<dyn AnyObject>>;
    /// Whether an object is of the type that this strategy decodes to.
    fn accepts(&self, object: &dyn AnyObject) -> bool;
    fn facts(&self) -> Facts;
    fn default(&self, object: &mut dyn AnyObject);
    fn prepare_for_create(&self, object: &mut dyn AnyObject);
    fn validate_create(&self, object: &dyn AnyObject) -> ErrorList;
    fn prepare_for_update(&self, new: &mut dyn AnyObject, old: &dyn AnyObject);
    fn validate_update(&self, new: &dyn AnyObject, old: &dyn AnyObject) -> ErrorList;
    fn prepare_for_subresource_update(&self, subresource: &str, new: &mut dyn AnyObject, old: &dyn AnyObject);
    fn validate_subresource_update(&self, subresource: &str, new: &dyn AnyObject, old: &dyn AnyObject) -> ErrorList;
    fn warnings(&self, new: &dyn AnyObject, old: Option<&dyn AnyObject>) -> Vec<String>;
    fn field_labels(&self, object: &dyn AnyObject) -> Vec<(&'static str, String)>;
    /// The object as it is stored and served.
    ///
    /// # Errors
    /// When the type's own `Serialize` fails.
    fn encode(&self, object: &dyn AnyObject) -> serde_json::Result<Vec<u8>> {
        object.to_json()
    }
}

impl<S: Strategy> AnyStrategy for S {
    fn decode(&self, tree: serde_json::Value) -> serde_json::Result<Box<dyn AnyObject>> {
        Ok(Box::new(serde_json::from_value::<S::Object>(tree)?))
    }
    fn decode_bytes(&self, bytes: &[u8]) -> serde_json::Result<Box<dyn AnyObject>> {
        Ok(Box::new(serde_json::from_slice::<S::Object>(bytes)?))
    }
    fn accepts(&self, object: &dyn AnyObject) -> bool {
        object.as_any().is::<S::Object>()
    }
    fn facts(&self) -> Facts {
        Strategy::facts(self)
    }
    fn default(&self, object: &mut dyn AnyObject) {
        Strategy::default(self, own_mut::<S>(object));
    }
    fn prepare_for_create(&self, object: &mut dyn AnyObject) {
        Strategy::prepare_for_create(self, own_mut::<S>(object));
    }
    fn validate_create(&self, object: &dyn AnyObject) -> ErrorList {
        Strategy::validate_create(self, own::<S>(object))
    }
    fn prepare_for_update(&self, new: &mut dyn AnyObject, old: &dyn AnyObject) {
        Strategy::prepare_for_update(self, own_mut::<S>(new), own::<S>(old));
    }
    fn validate_update(&self, new: &dyn AnyObject, old: &dyn AnyObject) -> ErrorList {
        Strategy::validate_update(self, own::<S>(new), own::<S>(old))
    }
    fn prepare_for_subresource_update(&self, subresource: &str, new: &mut dyn AnyObject, old: &dyn AnyObject) {
        Strategy::prepare_for_subresource_update(self, subresource, own_mut::<S>(new), own::<S>(old));
    }
    fn validate_subresource_update(&self, subresource: &str, new: &dyn AnyObject, old: &dyn AnyObject) -> ErrorList {
        Strategy::validate_subresource_update(self, subresource, own::<S>(new), own::<S>(old))
    }
    fn warnings(&self, new: &dyn AnyObject, old: Option<&dyn AnyObject>) -> Vec<String> {
        Strategy::warnings(self, own::<S>(new), old.map(own::<S>))
    }
    fn field_labels(&self, object: &dyn AnyObject) -> Vec<(&'static str, String)> {
        Strategy::field_labels(self, own::<S>(object))
    }
    fn encode(&self, object: &dyn AnyObject) -> serde_json::Result<Vec<u8>> {
        Strategy::encode(self, own::<S>(object))
    }
}

fn own<S: Strategy>(object: &dyn AnyObject) -> &S::Object {
    object.as_any().downcast_ref().expect("an object meets the strategy of its own kind")
}

fn own_mut<S: Strategy>(object: &mut dyn AnyObject) -> &mut S::Object {
    object.as_any_mut().downcast_mut().expect("an object meets the strategy of its own kind")
}
