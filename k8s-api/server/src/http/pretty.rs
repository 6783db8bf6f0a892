use bytes::Bytes;

/// JSON with each member and each item on a line of its own, as Go indents it: by two spaces.
///
/// The order of members stays what it is.
pub(super) fn indent(json: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(2 * json.len());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for &byte in json {
        if quoted {
            out.push(byte);
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b' ' | b'\n' | b'\t' | b'\r' => continue,
            b'}' | b']' => {
                depth = usize::saturating_sub(depth, 1);
                // What is empty stays on its line.
                if !matches!(out.last(), Some(b'{' | b'[')) {
                    line(&mut out, depth);
                }
            }
            _ if matches!(out.last(), Some(b'{' | b'[' | b',')) => line(&mut out, depth),
            _ => {}
        }
        out.push(byte);
        match byte {
            b'{' | b'[' => depth += 1,
            b':' => out.push(b' '),
            b'"' => quoted = true,
            _ => {}
        }
    }
    out.into()
}

fn line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use super::indent;

    #[test]
    fn what_is_nested_is_indented_and_what_is_quoted_stays() {
        let json = br#"{"b":{"x":"{[,:\\\""},"a":[1,[],{}],"c":[]}"#;
        let expected = "{\n  \"b\": {\n    \"x\": \"{[,:\\\\\\\"\"\n  },\n  \"a\": [\n    1,\n    [],\n    {}\n  ],\n  \"c\": []\n}";
        assert_eq!(indent(json), expected);
    }
}
