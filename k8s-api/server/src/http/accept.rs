use http::header::{ACCEPT, USER_AGENT};
use k8s_api::Status;

use super::options::Query;
use super::protobuf;
use crate::paths::Form;

const REPRESENTATIONS: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

const BETA: &str = "v1beta1";

/// In what form a client wants its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accept {
    pub(super) encoding: Encoding,
    pub(super) shape: Shape,
    /// Whether JSON is indented.
    pub(super) pretty: bool,
    /// Whether the shape has the older version that upstream still has beside the stable one.
    pub(super) beta: bool,
    clauses: Vec<Clause>,
    acceptable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Yaml,
    Protobuf,
}

/// What is shown of the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// All of them.
    Whole,
    /// Rows of a table.
    Table,
    /// Their metadata.
    Metadata,
    /// The metadata of a list's items.
    MetadataList,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Clause {
    media: String,
    params: Vec<(String, String)>,
}

impl Accept {
    /// What a request says of the form of its answer.
    pub(super) fn of(parts: &http::request::Parts) -> Self {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        Self { pretty: query.is_pretty(text(USER_AGENT)), ..Self::parse(text(ACCEPT)) }
    }

    /// Reads the header: the first clause that this server has counts.
    pub(super) fn parse(header: &str) -> Self {
        let mut clauses: Vec<(Clause, f32)> = header.split(',').filter_map(clause).collect();
        clauses.sort_by(|a, b| b.1.total_cmp(&a.1));
        let clauses: Vec<Clause> = clauses.into_iter().map(|(clause, _)| clause).collect();
        let (encoding, shape) = (Encoding::Json, Shape::Whole);
        let mut accept = Self { encoding, shape, pretty: false, beta: false, clauses, acceptable: true };
        if accept.clauses.is_empty() {
            return accept;
        }
        if !accept.choose() {
            accept.acceptable = false;
            accept.encoding = accept.clauses.iter().find_map(Clause::encoding).unwrap_or(Encoding::Json);
        }
        accept
    }

    /// Takes the first clause that this server has, if there is one.
    fn choose(&mut self) -> bool {
        let Some((form, beta)) = self.clauses.iter().find_map(|clause| Some((clause.form()?, clause.is_beta()))) else {
            return false;
        };
        (self.encoding, self.shape) = form;
        self.beta = beta;
        true
    }

    /// The same wishes where whole objects have no protobuf encoding: for custom resources.
    pub(super) fn without_protobuf(&self) -> Self {
        let mut accept = self.clone();
        accept.clauses.retain(|clause| clause.form() != Some((Encoding::Protobuf, Shape::Whole)));
        if !accept.choose() {
            (accept.encoding, accept.acceptable) = (Encoding::Json, false);
        }
        accept
    }

    /// The encoding of a failure: that of the first wish for an object as it is, for failures have no other shape.
    pub(super) fn of_failures(&self) -> Encoding {
        let plain = |clause: &&Clause| ["as", "g", "v"].iter().all(|key| clause.param(key).is_empty());
        self.clauses.iter().filter(plain).find_map(Clause::encoding).unwrap_or(Encoding::Json)
    }

    /// Refuses what asks for no encoding that this server has, in the words of upstream's router.
    pub(super) fn check_encoding(&self) -> Result<(), Status> {
        if self.clauses.is_empty() || self.clauses.iter().any(|clause| clause.encoding().is_some()) {
            return Ok(());
        }
        let message = format!("406: Not Acceptable\n\nAvailable representations: {REPRESENTATIONS}");
        let mut status = Status::failure(406, k8s_api::Reason::NotAcceptable, message);
        status.details = Some(Box::default());
        Err(status)
    }

    /// Refuses what asks for a shape that this server does not know.
    pub(super) fn check_shape(&self) -> Result<(), Status> {
        if self.acceptable { Ok(()) } else { Err(Status::not_acceptable(REPRESENTATIONS)) }
    }

    /// The form of a document outside of the resources.
    pub(super) fn form(&self, path: &str) -> Result<Form, Status> {
        let trimmed = path.trim_end_matches('/');
        if path.starts_with("/openapi/") {
            let found = self.clauses.iter().find_map(|clause| clause.openapi(path));
            let none = || Status::failure(406, k8s_api::Reason::Unknown, "");
            return if self.clauses.is_empty() { Ok(Form::Json) } else { found.ok_or_else(none) };
        }
        let root = matches!(trimmed, "/api" | "/apis");
        if !root && !trimmed.starts_with("/api/") && !trimmed.starts_with("/apis/") {
            return Ok(Form::Json);
        }
        self.check_encoding()?;
        if root && self.clauses.iter().any(Clause::is_aggregated) {
            return Ok(Form::Aggregated);
        }
        let plain = self.clauses.iter().any(|clause| clause.encoding().is_some() && clause.param("as").is_empty());
        if self.clauses.is_empty() || plain { Ok(Form::Json) } else { Err(Status::not_acceptable(REPRESENTATIONS)) }
    }
}

fn clause(text: &str) -> Option<(Clause, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().filter(|media| !media.is_empty())?.to_ascii_lowercase();
    let params: Vec<(String, String)> =
        parts.filter_map(|p| p.split_once('=')).map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned())).collect();
    let weight = params.iter().find(|(k, _)| k == "q").and_then(|(_, v)| v.parse().ok()).unwrap_or(1.0);
    Some((Clause { media, params }, weight))
}

impl Clause {
    fn param(&self, key: &str) -> &str {
        self.params.iter().find(|(k, _)| k == key).map_or("", |(_, value)| value)
    }

    /// Encoding and shape, if this server has both and one in the other.
    fn form(&self) -> Option<(Encoding, Shape)> {
        let form = (self.encoding()?, self.shape()?);
        (form != (Encoding::Protobuf, Shape::Table)).then_some(form)
    }

    fn encoding(&self) -> Option<Encoding> {
        match self.media.as_str() {
            "application/json" | "*/*" | "application/*" => Some(Encoding::Json),
            "application/yaml" => Some(Encoding::Yaml),
            protobuf::MEDIA_TYPE => Some(Encoding::Protobuf),
            _ => None,
        }
    }

    fn shape(&self) -> Option<Shape> {
        let shape = match self.param("as") {
            "" => return Some(Shape::Whole),
            "Table" => Shape::Table,
            "PartialObjectMetadata" => Shape::Metadata,
            "PartialObjectMetadataList" => Shape::MetadataList,
            _ => return None,
        };
        (self.param("g") == "meta.k8s.io" && matches!(self.param("v"), "v1" | BETA)).then_some(shape)
    }

    fn is_beta(&self) -> bool {
        !self.param("as").is_empty() && self.param("v") == BETA
    }

    /// Whether it asks for aggregated discovery in a version and an encoding that this server has.
    fn is_aggregated(&self) -> bool {
        self.encoding().is_some_and(|encoding| encoding != Encoding::Protobuf)
            && self.param("as") == "APIGroupDiscoveryList"
            && self.param("g") == "apidiscovery.k8s.io"
            && self.param("v") == "v2"
    }

    fn openapi(&self, path: &str) -> Option<Form> {
        match self.media.as_str() {
            "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
            | "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
                if path == "/openapi/v2" =>
            {
                Some(Form::Protobuf)
            }
            "application/json" | "*/*" | "application/*" => Some(Form::Json),
            _ => None,
        }
    }

    #[cfg(test)]
    fn media(&self) -> &str {
        &self.media
    }
}

#[cfg(test)]
mod tests {
    use super::{Accept, Encoding, Shape};

    #[test]
    fn the_first_clause_that_is_served_counts() {
        let accept = Accept::parse("application/cbor,application/json;as=Table;v=v1;g=meta.k8s.io");
        assert_eq!((accept.encoding, accept.shape), (Encoding::Json, Shape::Table));
        assert_eq!(accept.clauses[0].media(), "application/cbor");
    }

    #[test]
    fn protobuf_has_no_tables_and_no_custom_resources() {
        let table = "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io";
        let accept = Accept::parse(&format!("{table},application/yaml"));
        assert_eq!((accept.encoding, accept.shape), (Encoding::Yaml, Shape::Whole));
        let accept = Accept::parse("application/vnd.kubernetes.protobuf,application/json");
        assert_eq!(accept.encoding, Encoding::Protobuf);
        assert_eq!(accept.without_protobuf().encoding, Encoding::Json);
        assert_eq!(Accept::parse(table).of_failures(), Encoding::Json);
        assert_eq!(accept.of_failures(), Encoding::Protobuf);
        let only = Accept::parse("application/vnd.kubernetes.protobuf").without_protobuf();
        assert!(only.check_shape().is_err());
    }

    #[test]
    fn weights_order_the_clauses() {
        let accept = Accept::parse("application/json;q=0.5,application/yaml");
        assert_eq!(accept.encoding, Encoding::Yaml);
    }
}
