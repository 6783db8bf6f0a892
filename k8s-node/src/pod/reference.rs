//! Names of images as the distribution's grammar has them.
//!
//! Upstream: `github.com/distribution/reference.ParseNormalizedNamed`, `pkg/util/parsers.ParseImageName`.

/// The longest path of a repository.
const LONGEST: usize = 255;

/// Checks that a registry could know the image at all.
///
/// # Errors
/// What is wrong with the name, for people.
pub(crate) fn check(image: &str) -> Result<(), String> {
    wrong(image).map_or(Ok(()), |why| Err(format!("couldn't parse image name {image:?}: {why}")))
}

fn wrong(image: &str) -> Option<String> {
    let invalid = || Some("invalid reference format".to_owned());
    if image.len() == 64 && image.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Some(format!("invalid repository name ({image}), cannot specify 64-byte hexadecimal strings"));
    }
    let (domain, rest) = match image.split_once('/') {
        Some((first, rest)) if is_domain_like(first) => (Some(first), rest),
        _ => (None, image),
    };
    let (name, digest) = match rest.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (rest, None),
    };
    let (path, tag) = match name.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (name, None),
    };
    let shown = if domain.is_none() && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Some(format!("invalid reference format: repository name ({shown}) must be lowercase"));
    }
    let fine = domain.is_none_or(is_domain)
        && path.split('/').all(is_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    if !fine {
        return invalid();
    }
    (shown.len() > LONGEST).then(|| format!("repository name must not be more than {LONGEST} characters"))
}

/// Whether what stands before the first slash is a registry rather than a part of the path.
fn is_domain_like(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.bytes().any(|b| b.is_ascii_uppercase())
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (domain, None),
    };
    let is_label = |label: &str| {
        label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_ipv6 = |host: &str| {
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inner.is_some_and(|inner| !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'))
    };
    let port_fits = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    (is_ipv6(host) || host.split('.').all(is_label)) && port.is_none_or(port_fits)
}

/// Small letters and digits, between which stand a dot, one or two underscores, or any number of dashes.
fn is_component(part: &str) -> bool {
    let is_word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    let separators = bytes.split(is_word).filter(|between| !between.is_empty());
    ends.is_some_and(|(first, last)| is_word(first) && is_word(last))
        && separators.into_iter().all(|s| matches!(s, b"." | b"_" | b"__") || s.iter().all(|b| *b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = tag.bytes();
    tag.len() <= 128 && bytes.next().is_some_and(is_word) && bytes.all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let named = algorithm.split(['-', '_', '+', '.']).all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    named && hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_that_registries_know_pass() {
        let digest = format!("quay.io/a/b:1@sha256:{}", "0".repeat(64));
        let fine =
            ["busybox", "acme/web:2", "localhost:5000/web", "REG.example/a__b/c--d.e:v1.0-rc_1", "[::1]:5/a", &digest];
        for image in fine {
            assert_eq!(check(image), Ok(()), "{image}");
        }
    }

    #[test]
    fn others_are_refused_and_told_why() {
        let invalid = "invalid reference format";
        let library = "invalid reference format: repository name (library/Busybox) must be lowercase";
        let id = "a".repeat(64);
        let hex = format!("invalid repository name ({id}), cannot specify 64-byte hexadecimal strings");
        for (image, why) in [
            ("UPPER/case::bad", invalid),
            ("Busybox", library),
            ("", invalid),
            ("a b", invalid),
            ("a//b", invalid),
            ("a_-b", invalid),
            ("a:", invalid),
            ("a@sha256:00", invalid),
            ("-x.y/a", invalid),
            (id.as_str(), hex.as_str()),
        ] {
            assert_eq!(check(image), Err(format!("couldn't parse image name {image:?}: {why}")));
        }
    }
}
