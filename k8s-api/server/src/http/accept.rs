use k8s_api::Status;
use k8s_api_client::Call;

use crate::paths::Form;

const REPRESENTATIONS: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// In what form a client wants its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accept {
    pub(super) encoding: Encoding,
    pub(super) shape: Shape,
    clauses: Vec<Clause>,
    acceptable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Yaml,
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
    /// Reads the header: the first clause that this server has counts.
    pub(super) fn parse(header: &str) -> Self {
        let mut clauses: Vec<(Clause, f32)> = header.split(',').filter_map(clause).collect();
        clauses.sort_by(|a, b| b.1.total_cmp(&a.1));
        let clauses: Vec<Clause> = clauses.into_iter().map(|(clause, _)| clause).collect();
        let mut accept = Self { encoding: Encoding::Json, shape: Shape::Whole, clauses, acceptable: true };
        if accept.clauses.is_empty() {
            return accept;
        }
        let found = accept.clauses.iter().find_map(|c| Some((c.encoding()?, c.shape()?)));
        match found {
            Some((encoding, shape)) => (accept.encoding, accept.shape) = (encoding, shape),
            None => accept.acceptable = false,
        }
        accept
    }

    /// Refuses a call whose answer cannot have the form that was asked for.
    pub(super) fn check(&self, call: &Call) -> Result<(), Status> {
        if self.acceptable || matches!(call, Call::Connect(_)) {
            Ok(())
        } else {
            Err(Status::not_acceptable(REPRESENTATIONS))
        }
    }

    /// The form of a document outside of the resources; `None` when there is none that would do.
    pub(super) fn form(&self, path: &str) -> Option<Form> {
        let openapi = path.starts_with("/openapi/");
        if self.clauses.is_empty() || !(openapi || path.starts_with("/api")) {
            return Some(Form::Json);
        }
        self.clauses.iter().find_map(|clause| clause.document(path, openapi))
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

    fn encoding(&self) -> Option<Encoding> {
        match self.media.as_str() {
            "application/json" | "*/*" | "application/*" => Some(Encoding::Json),
            "application/yaml" => Some(Encoding::Yaml),
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
        (self.param("g") == "meta.k8s.io" && self.param("v") == "v1").then_some(shape)
    }

    fn document(&self, path: &str, openapi: bool) -> Option<Form> {
        match self.media.as_str() {
            "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
            | "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
                if path == "/openapi/v2" =>
            {
                Some(Form::Protobuf)
            }
            "application/json" | "*/*" | "application/*" => match self.param("as") {
                "" => Some(Form::Json),
                "APIGroupDiscoveryList"
                    if !openapi && self.param("g") == "apidiscovery.k8s.io" && self.param("v") == "v2" =>
                {
                    Some(Form::Aggregated)
                }
                _ => None,
            },
            "application/yaml" if !openapi => Some(Form::Json),
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
        let accept = Accept::parse("application/vnd.kubernetes.protobuf,application/json;as=Table;v=v1;g=meta.k8s.io");
        assert_eq!((accept.encoding, accept.shape), (Encoding::Json, Shape::Table));
        assert_eq!(accept.clauses[0].media(), "application/vnd.kubernetes.protobuf");
    }

    #[test]
    fn weights_order_the_clauses() {
        let accept = Accept::parse("application/json;q=0.5,application/yaml");
        assert_eq!(accept.encoding, Encoding::Yaml);
    }
}
