#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api::registry::Registry;
use k8s_api_openapi::{v2, v2_protobuf};
use serde_json::Value;

/// Splits a message into its length-delimited fields; varints are skipped.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = varint(&mut bytes);
        if key & 7 == 2 {
            let (field, rest) = bytes.split_at(usize::try_from(value).unwrap());
            found.push((key >> 3, field));
            bytes = rest;
        } else {
            assert_eq!(key & 7, 0);
        }
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

fn field(bytes: &[u8], number: u64) -> &[u8] {
    fields(bytes).into_iter().find(|(found, _)| *found == number).unwrap().1
}

fn named<'a>(entries: &[(u64, &'a [u8])], name: &str) -> &'a [u8] {
    let found = entries.iter().find(|(_, entry)| field(entry, 1) == name.as_bytes()).unwrap();
    field(found.1, 2)
}

#[test]
fn the_protobuf_form_says_what_the_json_form_says() {
    let served = Registry::builtin().snapshot();
    let json: Value = serde_json::from_slice(&v2(&served, "v1.36.2")).unwrap();
    let bytes = v2_protobuf(&served, "v1.36.2");
    println!("{} bytes", bytes.len());
    assert_eq!(field(&bytes, 1), b"2.0");
    assert_eq!(field(field(&bytes, 2), 2), b"v1.36.2");
    let paths = fields(field(&bytes, 8));
    assert_eq!(paths.len(), json["paths"].as_object().unwrap().len());
    let definitions = fields(field(&bytes, 9));
    assert_eq!(definitions.len(), json["definitions"].as_object().unwrap().len());

    let container = named(&definitions, "io.k8s.api.core.v1.Container");
    let properties = fields(field(container, 25));
    let ports = named(&properties, "ports");
    let extensions: Vec<_> = fields(ports).into_iter().filter(|(number, _)| *number == 31).collect();
    assert_eq!(field(named(&extensions, "x-kubernetes-patch-merge-key"), 2), b"\"containerPort\"");
    let item = field(field(ports, 23), 1);
    assert_eq!(field(item, 1), b"#/definitions/io.k8s.api.core.v1.ContainerPort");
    let policy = named(&properties, "imagePullPolicy");
    let values = fields(policy).into_iter().filter(|(number, _)| *number == 20).map(|(_, any)| field(any, 2));
    assert_eq!(values.collect::<Vec<_>>(), [&b"\"Always\""[..], b"\"IfNotPresent\"", b"\"Never\""]);

    let pod = named(&paths, "/api/v1/namespaces/{namespace}/pods/{name}");
    let patch = field(pod, 8);
    assert_eq!(field(patch, 5), b"patchCoreV1NamespacedPod");
    let extensions: Vec<_> = fields(patch).into_iter().filter(|(number, _)| *number == 13).collect();
    assert_eq!(field(named(&extensions, "x-kubernetes-action"), 2), b"\"patch\"");
}
