//! Pods as upstream writes them.

use k8s_openapi::api::core::v1::{Pod, PodCondition};

use crate::blank::items;

const STATUS: &[u8] = b"\"status\":{";
const CONDITIONS: &[u8] = b"\"conditions\":";

/// Encodes a pod. Every condition says when it was last probed, which nobody does: `null`.
pub(super) fn encode(pod: &Pod) -> serde_json::Result<Vec<u8>> {
    let bytes = serde_json::to_vec(pod)?;
    let conditions = pod.status.as_ref().map(|status| items(&status.conditions)).unwrap_or_default();
    if conditions.iter().all(|condition| condition.last_probe_time.is_some()) {
        return Ok(bytes);
    }
    // Quotes within texts are escaped and the status comes last: the last such bytes are its beginning.
    let Some(start) = bytes.windows(STATUS.len()).rposition(|window| window == STATUS) else { return Ok(bytes) };
    let Some(place) = bytes[start..].windows(CONDITIONS.len()).position(|window| window == CONDITIONS) else {
        return Ok(bytes);
    };
    let place = start + place + CONDITIONS.len();
    let plain = serde_json::to_vec(conditions)?;
    let mut out = Vec::with_capacity(bytes.len() + conditions.len() * 24);
    out.extend_from_slice(&bytes[..place]);
    write_conditions(conditions, &mut out)?;
    out.extend_from_slice(&bytes[place + plain.len()..]);
    Ok(out)
}

fn write_conditions(conditions: &[PodCondition], out: &mut Vec<u8>) -> serde_json::Result<()> {
    for (i, condition) in conditions.iter().enumerate() {
        out.push(if i == 0 { b'[' } else { b',' });
        let plain = serde_json::to_vec(condition)?;
        if condition.last_probe_time.is_none() {
            out.extend_from_slice(b"{\"lastProbeTime\":null,");
            out.extend_from_slice(&plain[1..]);
        } else {
            out.extend_from_slice(&plain);
        }
    }
    out.push(b']');
    Ok(())
}
