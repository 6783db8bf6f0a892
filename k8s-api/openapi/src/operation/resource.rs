//! Paths of the resources of one group version.

use k8s_api::GroupVersionKind;
use k8s_api::registry::{ResourceInfo, Subresource, Verb, Version};
use k8s_api::schema::Table;

use super::root::get;
use super::{ANY, Answer, Body, LOG, OBJECT, Operation, PATCH, PathItem, STREAM, meta, name};
use crate::parameter::{self, Parameter};

/// Every path of a group version; resources of kinds that the table lacks are left out.
pub(crate) fn paths_of_version(group: &str, version: &Version) -> Vec<PathItem> {
    let prefix =
        if group.is_empty() { format!("/api/{}", version.name) } else { format!("/apis/{group}/{}", version.name) };
    let word = format!("{}{}", name::group_word(group), name::capital(&version.name));
    let tag = format!("{}_{}", name::group_tag(group), version.name);
    let list = Answer::Type(meta("APIResourceList"));
    let resources = get(format!("get{word}APIResources"), "get available resources", &tag, OBJECT, OBJECT, list);
    let mut paths = vec![PathItem::new(format!("{prefix}/"), "", &[], vec![resources])];
    for info in &version.resources {
        if let Some(ty) = type_name(&info.gvk()) {
            let maker = Maker { info, ty, prefix: &prefix, word: &word, tag: &tag };
            maker.collection(&mut paths);
            maker.item(&mut paths);
            for subresource in &info.subresources {
                maker.subresource(subresource, &mut paths);
            }
        }
    }
    paths
}

fn type_name(gvk: &GroupVersionKind) -> Option<String> {
    Table::builtin().kind(gvk).map(|ty| ty.name().to_owned())
}

/// Makes the paths of one resource.
struct Maker<'a> {
    info: &'a ResourceInfo,
    ty: String,
    prefix: &'a str,
    word: &'a str,
    tag: &'a str,
}

impl Maker<'_> {
    fn collection(&self, paths: &mut Vec<PathItem>) {
        let (info, kind) = (self.info, &*self.info.kind);
        let (scope, own) = self.scope();
        let mut operations = Vec::new();
        if info.verbs.contains(Verb::DeleteCollection) {
            let mut operation = self.operation("delete", "deletecollection", &info.gvk());
            operation.id = format!("delete{}Collection{}{kind}", self.word, self.scope_word());
            operation.description = format!("delete collection of {kind}");
            operation.parameters = parameter::DELETE_COLLECTION.to_vec();
            operation.body = Some(delete_options());
            operation.answer = Answer::Type(meta("Status"));
            operations.push(operation);
        }
        if info.verbs.contains(Verb::List) {
            operations.push(self.list(&format!("{}{kind}", self.scope_word())));
        }
        if info.verbs.contains(Verb::Create) {
            let mut operation = self.write("post", "post", &info.gvk(), &self.ty);
            operation.id = format!("create{}{}{kind}", self.word, self.scope_word());
            operation.description = format!("create {}", name::with_article(kind));
            operation.codes = &[200, 201, 202];
            operations.push(operation);
        }
        let plural = &info.gvr.resource;
        paths.push(PathItem::new(format!("{}{scope}/{plural}", self.prefix), kind, &own, operations));
        let pretty = [parameter::PRETTY];
        if info.namespaced && info.verbs.contains(Verb::List) {
            let operation = self.list(&format!("{kind}ForAllNamespaces"));
            paths.push(PathItem::new(format!("{}/{plural}", self.prefix), kind, &pretty, vec![operation]));
        }
        if info.verbs.contains(Verb::Watch) {
            let operation = self.watch("watchlist", &format!("{}{kind}List", self.scope_word()));
            paths.push(PathItem::new(format!("{}/watch{scope}/{plural}", self.prefix), kind, &own, vec![operation]));
            if info.namespaced {
                let operation = self.watch("watchlist", &format!("{kind}ListForAllNamespaces"));
                paths.push(PathItem::new(format!("{}/watch/{plural}", self.prefix), kind, &pretty, vec![operation]));
            }
        }
    }

    fn item(&self, paths: &mut Vec<PathItem>) {
        let (info, kind, gvk) = (self.info, &*self.info.kind, self.info.gvk());
        let (scope, mut own) = self.scope();
        own.push(parameter::NAME);
        let path = format!("{scope}/{}/{{name}}", info.gvr.resource);
        let mut operations = Vec::new();
        if info.verbs.contains(Verb::Delete) {
            let mut operation = self.operation("delete", "delete", &gvk);
            operation.id = format!("delete{}{}{kind}", self.word, self.scope_word());
            operation.description = format!("delete {}", name::with_article(kind));
            operation.parameters = parameter::DELETE.to_vec();
            operation.body = Some(delete_options());
            if !info.delete_returns_object {
                operation.answer = Answer::Type(meta("Status"));
            }
            operation.codes = &[200, 202];
            operations.push(operation);
        }
        operations.extend(self.read_and_write(info.verbs, &gvk, &self.ty, "", ""));
        if !operations.is_empty() {
            paths.push(PathItem::new(format!("{}{path}", self.prefix), kind, &own, operations));
        }
        if info.verbs.contains(Verb::Watch) {
            let operation = self.watch("watch", &format!("{}{kind}", self.scope_word()));
            paths.push(PathItem::new(format!("{}/watch{path}", self.prefix), kind, &own, vec![operation]));
        }
    }

    fn subresource(&self, subresource: &Subresource, paths: &mut Vec<PathItem>) {
        let (info, sub, gvk) = (self.info, &*subresource.name, &subresource.kind);
        let (scope, mut own) = self.scope();
        own.push(parameter::NAME);
        let path = format!("{}{scope}/{}/{{name}}/{sub}", self.prefix, info.gvr.resource);
        let kind = &*gvk.kind;
        if kind.ends_with("Options") {
            own.retain(|one| *one != parameter::PRETTY);
            own.extend(parameter::options(kind, sub));
            paths.push(PathItem::new(path.clone(), kind, &own, self.connect(subresource, "")));
            if sub == "proxy" {
                own.push(parameter::PATH);
                let operations = self.connect(subresource, "WithPath");
                paths.push(PathItem::new(format!("{path}/{{path}}"), kind, &own, operations));
            }
            return;
        }
        let Some(ty) = type_name(gvk) else { return };
        let suffix = name::capital(sub);
        let mut operations = self.read_and_write(subresource.verbs, gvk, &ty, &format!("{sub} of "), &suffix);
        if sub == "log" {
            own.extend(parameter::options(kind, sub));
            for operation in &mut operations {
                (operation.answer, operation.produces) = (Answer::String, LOG);
            }
        }
        if subresource.verbs.contains(Verb::Create) {
            let mut operation = self.write("post", "post", gvk, &ty);
            operation.id = format!("create{}{}{}{suffix}", self.word, self.scope_word(), info.kind);
            operation.description = format!("create {sub} of {}", name::with_article(&info.kind));
            operation.codes = &[200, 201, 202];
            operations.push(operation);
        }
        paths.push(PathItem::new(path, kind, &own, operations));
    }

    fn read_and_write(
        &self,
        verbs: k8s_api::registry::Verbs,
        gvk: &GroupVersionKind,
        ty: &str,
        of: &str,
        suffix: &str,
    ) -> Vec<Operation> {
        let subject = format!("{}{}{suffix}", self.scope_word(), self.info.kind);
        let specified = format!("{of}the specified {}", self.info.kind);
        let mut operations = Vec::new();
        if verbs.contains(Verb::Get) {
            let mut operation = self.operation("get", "get", gvk);
            operation.id = format!("read{}{subject}", self.word);
            operation.description = format!("read {specified}");
            operation.answer = Answer::Type(ty.to_owned());
            operations.push(operation);
        }
        if verbs.contains(Verb::Patch) {
            let mut operation = self.write("patch", "patch", gvk, ty);
            operation.id = format!("patch{}{subject}", self.word);
            operation.description = format!("partially update {specified}");
            operation.parameters = parameter::PATCH.to_vec();
            operation.body = Some(Body { ty: meta("Patch"), required: true, is_patch: true });
            operation.consumes = PATCH;
            operations.push(operation);
        }
        if verbs.contains(Verb::Update) {
            let mut operation = self.write("put", "put", gvk, ty);
            operation.id = format!("replace{}{subject}", self.word);
            operation.description = format!("replace {specified}");
            operations.push(operation);
        }
        operations
    }

    fn connect(&self, subresource: &Subresource, suffix: &str) -> Vec<Operation> {
        let methods: &[&'static str] = if subresource.name == "proxy" {
            &["delete", "get", "head", "options", "patch", "post", "put"]
        } else {
            &["get", "post"]
        };
        let connect = |method: &&'static str| {
            let mut operation = self.operation(method, "connect", &subresource.kind);
            let (verb, sub) = (name::capital(method), name::capital(&subresource.name));
            operation.id = format!("connect{}{verb}{}{}{sub}{suffix}", self.word, self.scope_word(), self.info.kind);
            operation.description =
                format!("connect {} requests to {} of {}", method.to_uppercase(), subresource.name, self.info.kind);
            operation.produces = ANY;
            operation.answer = Answer::String;
            operation
        };
        methods.iter().map(connect).collect()
    }

    fn list(&self, subject: &str) -> Operation {
        let info = self.info;
        let mut operation = self.operation("get", "list", &info.gvk());
        operation.id = format!("list{}{subject}", self.word);
        let or_watch = if info.verbs.contains(Verb::Watch) { "list or watch" } else { "list" };
        operation.description = format!("{or_watch} objects of kind {}", info.kind);
        operation.parameters = parameter::LIST.to_vec();
        operation.produces = STREAM;
        operation.answer = Answer::Type(format!("{}List", self.ty));
        operation
    }

    fn watch(&self, action: &'static str, subject: &str) -> Operation {
        let mut operation = self.operation("get", action, &self.info.gvk());
        operation.id = format!("watch{}{subject}", self.word);
        operation.description = if action == "watch" {
            format!(
                "watch changes to an object of kind {}. deprecated: use the 'watch' parameter with a list operation \
                 instead, filtered to a single item with the 'fieldSelector' parameter.",
                self.info.kind
            )
        } else {
            format!(
                "watch individual changes to a list of {}. deprecated: use the 'watch' parameter with a list \
                 operation instead.",
                self.info.kind
            )
        };
        operation.parameters = parameter::LIST.to_vec();
        operation.produces = STREAM;
        operation.answer = Answer::Type(meta("WatchEvent"));
        operation
    }

    fn write(&self, method: &'static str, action: &'static str, gvk: &GroupVersionKind, ty: &str) -> Operation {
        let mut operation = self.operation(method, action, gvk);
        operation.parameters = parameter::WRITE.to_vec();
        operation.body = Some(Body { ty: ty.to_owned(), required: true, is_patch: false });
        operation.answer = Answer::Type(ty.to_owned());
        operation.codes = &[200, 201];
        operation
    }

    /// What all have in common; id and description are for the caller to fill.
    fn operation(&self, method: &'static str, action: &'static str, gvk: &GroupVersionKind) -> Operation {
        Operation {
            method,
            id: String::new(),
            description: String::new(),
            tag: self.tag.to_owned(),
            action: Some((action, gvk.clone())),
            parameters: Vec::new(),
            body: None,
            consumes: ANY,
            produces: OBJECT,
            answer: Answer::Type(self.ty.clone()),
            codes: &[200],
        }
    }

    /// The part of the path that names the namespace, and the parameters of every path of the resource.
    fn scope(&self) -> (&'static str, Vec<Parameter>) {
        if self.info.namespaced {
            ("/namespaces/{namespace}", vec![parameter::NAMESPACE, parameter::PRETTY])
        } else {
            ("", vec![parameter::PRETTY])
        }
    }

    fn scope_word(&self) -> &'static str {
        if self.info.namespaced { "Namespaced" } else { "" }
    }
}

fn delete_options() -> Body {
    Body { ty: meta("DeleteOptions"), required: false, is_patch: false }
}
