//! What kubectl 1.36 sends, beside what it prints of the same object as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_api_protobuf::{Codec, Envelope};
use serde_json::Value;

struct Sent {
    name: String,
    body: Vec<u8>,
    json: Value,
}

fn sent() -> Vec<Sent> {
    let rows: Vec<Value> = serde_json::from_str(include_str!("../fixtures/kubectl-1.36.json")).unwrap();
    let row = |row: Value| Sent {
        name: row["name"].as_str().unwrap().to_owned(),
        body: STANDARD.decode(row["body"].as_str().unwrap()).unwrap(),
        json: row["json"].clone(),
    };
    rows.into_iter().map(row).collect()
}

#[test]
fn is_read_as_go_prints_it() {
    let mut compared = 0;
    for Sent { name, body, json } in sent() {
        let (gvk, tree) = Codec::builtin().decode(&body).unwrap();
        if !json.is_null() {
            assert_eq!(tree, json, "{name}");
            compared += 1;
        }
        assert_eq!(tree["kind"], &*gvk.kind);
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn is_written_byte_for_byte() {
    for Sent { name, body, json } in sent() {
        let (gvk, tree) = Codec::builtin().decode(&body).unwrap();
        let ours = Codec::builtin().encode(&gvk, &tree).unwrap();
        assert_eq!(&*ours, body, "{name}");
        if !json.is_null() {
            assert_eq!(&*Codec::builtin().encode(&gvk, &json).unwrap(), body, "{name}");
        }
    }
}

#[test]
fn a_message_cut_anywhere_never_panics() {
    for Sent { body, .. } in sent() {
        let Envelope { gvk, raw } = Envelope::read(&body).unwrap();
        let whole = Codec::builtin().decode_raw(&gvk, raw).unwrap();
        for end in 0..raw.len() {
            if let Ok(found) = Codec::builtin().decode_raw(&gvk, &raw[..end]) {
                // What can be missed is at a border between fields.
                assert_eq!(found["kind"], whole["kind"]);
            }
        }
    }
}
