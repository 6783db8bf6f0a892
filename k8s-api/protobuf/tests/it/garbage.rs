//! Whatever comes, there is an answer.

use k8s_api::GroupVersionKind;
use k8s_api_protobuf::{Codec, Envelope};
use proptest::prelude::*;

fn pod() -> GroupVersionKind {
    GroupVersionKind::new("", "v1", "Pod")
}

fn error(raw: &[u8]) -> String {
    Codec::builtin().decode_raw(&pod(), raw).unwrap_err().to_string()
}

#[test]
fn envelopes_are_refused_in_upstreams_words() {
    let error = |bytes: &[u8]| Codec::builtin().decode(bytes).unwrap_err().to_string();
    assert_eq!(error(b""), "empty data");
    assert_eq!(error(b"{}"), "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
    assert_eq!(error(b"k8s\0"), "empty body");
    assert_eq!(error(b"k8s\0\x0a\x7f"), "unexpected EOF");
    assert_eq!(error(b"k8s\0\x08\x01"), "proto: wrong wireType = 0 for field TypeMeta");
}

#[test]
fn messages_are_refused_in_upstreams_words() {
    assert_eq!(error(&[0x08, 0x01]), "proto: wrong wireType = 0 for field Metadata");
    assert_eq!(error(&[0x0c]), "proto: Pod: wiretype end group for non-group");
    assert_eq!(error(&[0x02]), "proto: Pod: illegal tag 0 (wire type 2)");
    assert_eq!(error(&[0x57]), "proto: illegal wireType 7");
    assert_eq!(error(&[0xff; 11]), "proto: integer overflow");
    assert_eq!(
        error(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        "proto: negative length found during unmarshaling"
    );
    assert_eq!(error(&[0x0a, 0x03, 0x0a]), "unexpected EOF");
}

#[test]
fn unknown_fields_are_passed_over() {
    // A varint, eight bytes, bytes, a group in a group, four bytes, all of field 100.
    let mut raw = Vec::new();
    for (wire_type, value) in [(0, &[0x80, 0x01][..]), (1, &[7; 8]), (2, &[1, 9]), (5, &[7; 4])] {
        raw.extend([0xa0 | wire_type, 0x06]);
        raw.extend(value);
    }
    raw.extend([0xa3, 0x06, 0x0b, 0x08, 0x05, 0x0c, 0xa4, 0x06]);
    let tree = Codec::builtin().decode_raw(&pod(), &raw).unwrap();
    assert_eq!(tree, Codec::builtin().decode_raw(&pod(), b"").unwrap());
}

#[test]
fn depth_is_limited() {
    let gvk = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    // `not` in `not`, and so on, in the schema of a version.
    let nest = |levels: usize| {
        let wrap = |inner: Vec<u8>, tag: &[u8]| {
            let mut out = tag.to_vec();
            let mut length = inner.len();
            while length >= 0x80 {
                out.push(length as u8 | 0x80);
                length >>= 7;
            }
            out.push(length as u8);
            out.extend(inner);
            out
        };
        let schema = (0..levels).fold(Vec::new(), |inner, _| wrap(inner, &[0xe2, 0x01]));
        wrap(wrap(wrap(wrap(schema, &[0x0a]), &[0x22]), &[0x3a]), &[0x12])
    };
    assert!(Codec::builtin().decode_raw(&gvk, &nest(100)).is_ok());
    let deep = Codec::builtin().decode_raw(&gvk, &nest(20_000)).unwrap_err();
    assert_eq!(deep.to_string(), "exceeded max depth");
}

proptest! {
    #[test]
    fn noise_never_panics(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Codec::builtin().decode_raw(&pod(), &raw);
        let _ = Envelope::read(&raw);
        let mut enveloped = b"k8s\0".to_vec();
        enveloped.extend(&raw);
        let _ = Codec::builtin().decode(&enveloped);
    }

    #[test]
    fn a_changed_byte_never_panics(at in 0_usize..400, byte in any::<u8>()) {
        let tree = serde_json::json!({
            "metadata": { "name": "a", "labels": { "a": "b" }, "creationTimestamp": "2024-01-01T00:00:00Z" },
            "spec": {
                "containers": [{
                    "name": "c",
                    "resources": { "limits": { "cpu": "1" } },
                    "livenessProbe": { "httpGet": { "port": "web" }, "periodSeconds": 3 },
                }],
                "volumes": [{ "name": "v", "emptyDir": {} }],
                "securityContext": { "supplementalGroups": [1, 2] },
            },
        });
        let mut bytes = Codec::builtin().encode(&pod(), &tree).unwrap().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        // What can be read can be written.
        if let Ok((gvk, tree)) = Codec::builtin().decode(&bytes) {
            prop_assert!(Codec::builtin().encode(&gvk, &tree).is_ok());
        }
    }
}
