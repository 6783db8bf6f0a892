use k8s_api_client::DeleteOptions;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};

use crate::world::World;

const ROBOT: &str = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot, namespace: default}}";
const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: default, annotations: {kubernetes.io/service-account.name: robot}}
type: kubernetes.io/service-account-token
";

async fn filled(world: &World) -> Secret {
    world
        .until::<Secret, _>("default", "key", |secret| {
            secret
                .filter(|secret| secret.data.as_ref().is_some_and(|data| data.contains_key("token")))
                .map(|secret| (**secret).clone())
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn a_secret_gets_a_token_of_its_account() {
    let world = World::all().await;
    world.apply(ROBOT).await;
    world.apply(SECRET).await;
    let secret = filled(&world).await;
    let data = secret.data.unwrap();
    assert_eq!((data["namespace"].0.as_slice(), data["ca.crt"].0.as_slice()), (&b"default"[..], &b"CERTIFICATE"[..]));
    assert_eq!(String::from_utf8_lossy(&data["token"].0).split('.').count(), 3);
    let account = world.admin.namespaced::<ServiceAccount>("default").get("robot").await.unwrap();
    let annotations = secret.metadata.annotations.unwrap();
    assert_eq!(Some(&annotations["kubernetes.io/service-account.uid"]), account.metadata.uid.as_ref());
}

#[tokio::test(start_paused = true)]
async fn a_secret_goes_with_its_account() {
    let world = World::all().await;
    world.apply(ROBOT).await;
    world.apply(SECRET).await;
    filled(&world).await;
    world.admin.namespaced::<ServiceAccount>("default").delete("robot", DeleteOptions::default()).await.unwrap();
    world.until::<Secret, _>("default", "key", |secret| secret.is_none().then_some(())).await;
    // One that comes later is not kept either.
    world.apply(SECRET).await;
    world.until::<Secret, _>("default", "key", |secret| secret.is_none().then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn an_account_forgets_a_secret_that_is_gone() {
    let world = World::all().await;
    world
        .apply("{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot, namespace: default}, secrets: [{name: key}, {name: other}]}")
        .await;
    world.apply(SECRET).await;
    filled(&world).await;
    world.admin.namespaced::<Secret>("default").delete("key", DeleteOptions::default()).await.unwrap();
    let left = world
        .until::<ServiceAccount, _>("default", "robot", |account| {
            account?.secrets.clone().filter(|secrets| secrets.len() == 1)
        })
        .await;
    assert_eq!(left[0].name.as_deref(), Some("other"));
}
