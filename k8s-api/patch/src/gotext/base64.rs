/// Checks standard base64 as Go reads it and returns it without line breaks.
///
/// # Errors
/// With Go's message, which names the first byte that is wrong.
pub(crate) fn check(text: String) -> Result<String, String> {
    let text = if text.contains(['\n', '\r']) { without_breaks(text)? } else { text };
    match wrong_byte(text.as_bytes()) {
        None => Ok(text),
        Some(at) => Err(corrupt(at)),
    }
}

fn corrupt(at: usize) -> String {
    format!("illegal base64 data at input byte {at}")
}

fn without_breaks(text: String) -> Result<String, String> {
    let joined: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    match wrong_byte(joined.as_bytes()) {
        None => Ok(joined),
        // Where that is in the text with its breaks.
        Some(wrong) => {
            let kept = text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'));
            Err(corrupt(kept.map(|(at, _)| at).nth(wrong).unwrap_or(text.len())))
        }
    }
}

fn wrong_byte(bytes: &[u8]) -> Option<usize> {
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let data = bytes.iter().take_while(|byte| in_alphabet(byte)).count();
    let in_quantum = data % 4;
    match (bytes.get(data), in_quantum) {
        (None, 0) => None,
        (None, _) => Some(data - in_quantum),
        (Some(b'='), 3) => (bytes.len() > data + 1).then_some(data + 1),
        (Some(b'='), 2) => match bytes.get(data + 1) {
            None => Some(bytes.len()),
            Some(b'=') => (bytes.len() > data + 2).then_some(data + 2),
            Some(_) => Some(data + 1),
        },
        (Some(_), _) => Some(data),
    }
}
