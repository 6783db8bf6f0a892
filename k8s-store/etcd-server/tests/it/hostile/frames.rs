//! HTTP/2 by hand, for what no client library would send.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const SETTINGS: u8 = 4;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
/// How much a receiver may allow at most.
pub(super) const WIDEST: u32 = (1 << 31) - 1;
const INITIAL_WINDOW: u8 = 4;
const DEFAULT_WINDOW: u32 = (1 << 16) - 1;

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// What a client says first, and that it takes in all there is.
pub(super) fn greeting() -> Vec<u8> {
    let mut settings = vec![0, INITIAL_WINDOW];
    settings.extend(WIDEST.to_be_bytes());
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &settings));
    bytes.extend(frame(WINDOW_UPDATE, 0, 0, &(WIDEST - DEFAULT_WINDOW).to_be_bytes()));
    bytes
}

/// The head of a call, whose names and values are written out.
pub(super) fn head(stream: u32, path: &str) -> Vec<u8> {
    // POST and http are in HPACK's table, and so is the name of the path.
    let mut block = vec![0x83, 0x86, 0x04];
    literal(&mut block, path);
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")] {
        block.push(0);
        literal(&mut block, name);
        literal(&mut block, value);
    }
    frame(HEADERS, END_HEADERS, stream, &block)
}

fn literal(block: &mut Vec<u8>, text: &str) {
    // Longer ones are written otherwise.
    assert!(text.len() < 127, "{text}");
    block.push(u8::try_from(text.len()).unwrap());
    block.extend(text.as_bytes());
}

/// A message as gRPC frames it.
pub(super) fn message(bytes: &[u8]) -> Vec<u8> {
    let mut framed = vec![0];
    framed.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    framed.extend(bytes);
    framed
}

pub(super) fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.split_once("://").unwrap().1).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Sends `bytes` and nothing more, and waits until the server has closed the connection.
pub(super) fn send_and_see_it_closed(url: &str, bytes: &[u8]) {
    let mut stream = connect(url);
    // The server may hang up before it has all.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        // It need not have read what it hung up on.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
}
