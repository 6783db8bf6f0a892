use k8s_store_etcd_proto::etcdserverpb::WatchResponse;
use prost::Message;

/// Cuts a message that is larger than `most` bytes into several, between events, all but the last marked.
pub(super) fn fragments(mut whole: WatchResponse, most: usize) -> Vec<WatchResponse> {
    if whole.events.len() < 2 || whole.encoded_len() < most {
        return vec![whole];
    }
    let events = std::mem::take(&mut whole.events);
    let empty = WatchResponse { fragment: true, ..whole };
    let overhead = empty.encoded_len();
    let mut pieces = Vec::new();
    let (mut piece, mut size) = (empty.clone(), overhead);
    for event in events {
        let more = event.encoded_len();
        // A field of a message: its number, its length, itself.
        let more = 1 + prost::length_delimiter_len(more) + more;
        if !piece.events.is_empty() && size + more >= most {
            pieces.push(std::mem::replace(&mut piece, empty.clone()));
            size = overhead;
        }
        piece.events.push(event);
        size += more;
    }
    piece.fragment = false;
    pieces.push(piece);
    pieces
}
