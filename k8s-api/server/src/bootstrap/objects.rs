//! API services, flow schemas and priority levels of a new server, read from a generated table.
//!
//! Nothing here asks for fairness yet: schemas and levels are there to be read and changed.
//!
//! Upstream: `k8s.io/kube-aggregator/pkg/controllers/autoregister`, `k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap` and
//! `k8s.io/apiserver/pkg/util/flowcontrol`.

use k8s_api::{Kind, Status};
use k8s_api_client::Client;
use k8s_env::Env;
use k8s_openapi::api::flowcontrol::v1::{
    FlowSchema, FlowSchemaCondition, FlowSchemaStatus, PriorityLevelConfiguration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use serde_json::Value;

use super::ensure;

const TABLE: &str = include_str!("generated/objects.jsonl");

/// Creates what is missing.
pub(super) async fn run(client: &Client, env: &Env) -> Result<(), Status> {
    for line in TABLE.lines() {
        let object: Value = serde_json::from_str(line).map_err(Status::internal)?;
        match object["kind"].as_str() {
            Some("APIService") => drop(ensure(client, "", typed::<APIService>(object)?).await?),
            Some("FlowSchema") => flow_schema(client, env, typed(object)?).await?,
            _ => drop(ensure(client, "", typed::<PriorityLevelConfiguration>(object)?).await?),
        }
    }
    Ok(())
}

fn typed<K: Kind>(object: Value) -> Result<K, Status> {
    serde_json::from_value(object).map_err(Status::internal)
}

/// Creates a schema and says of it that its priority level exists.
async fn flow_schema(client: &Client, env: &Env, schema: FlowSchema) -> Result<(), Status> {
    let Some(created) = ensure(client, "", schema).await? else { return Ok(()) };
    let mut schema = FlowSchema::clone(&created);
    let level = schema.spec.as_ref().map_or("", |spec| &spec.priority_level_configuration.name);
    let found = FlowSchemaCondition {
        type_: Some("Dangling".to_owned()),
        status: Some("False".to_owned()),
        last_transition_time: Some(Time(env.clock.now())),
        reason: Some("Found".to_owned()),
        message: Some(format!(
            "This FlowSchema references the PriorityLevelConfiguration object named {level:?} and it exists"
        )),
    };
    schema.status = Some(FlowSchemaStatus { conditions: Some(vec![found]) });
    client.namespaced::<FlowSchema>("").update_status(schema).await?;
    Ok(())
}
