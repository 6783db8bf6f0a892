use crate::image::Image;

const SIZE: u64 = 4 << 20;

/// A reference in full: `registry/path:tag` or `registry/path@digest`.
pub(super) fn canonical(reference: &str) -> String {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let (path, tag) = split_tag(name);
    let path = with_registry(path);
    match (digest, tag) {
        (Some(digest), _) => format!("{path}@{digest}"),
        (None, Some(tag)) => format!("{path}:{tag}"),
        (None, None) => format!("{path}:latest"),
    }
}

/// Whether a registry could know it at all.
pub(super) fn is_valid(reference: &str) -> bool {
    let (name, _) = split_tag(reference.split('@').next().unwrap_or_default());
    !name.is_empty()
        && name.split('/').all(|part| !part.is_empty())
        && name.rsplit('/').next().is_some_and(|last| !last.contains(|c: char| c.is_ascii_uppercase()))
        && reference.chars().all(|c| c.is_ascii_alphanumeric() || "./:@_-+".contains(c))
}

/// The image that a registry has under a canonical reference: the same on every machine.
pub(super) fn image(canonical: &str) -> Image {
    let (name, digest) = match canonical.split_once('@') {
        Some((name, digest)) => (name, digest.to_owned()),
        None => (split_tag(canonical).0, format!("sha256:{}", hex(canonical, 1))),
    };
    let tags = if canonical.contains('@') { Vec::new() } else { vec![canonical.to_owned()] };
    let id = format!("sha256:{}", hex(&digest, 2));
    Image { id, tags, digests: vec![format!("{name}@{digest}")], size: SIZE, ..Image::default() }
}

/// Cuts the tag off: what follows the last colon, unless that is a registry's port.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (name, None),
    }
}

fn with_registry(path: &str) -> String {
    match path.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => path.to_owned(),
        Some(_) => format!("docker.io/{path}"),
        None => format!("docker.io/library/{path}"),
    }
}

/// 64 hex digits that depend on `text` alone; they stand for a digest and are none.
fn hex(text: &str, salt: u64) -> String {
    let mut seed = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325 ^ salt, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut digits = String::with_capacity(64);
    for _ in 0..4 {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        let nibbles = (0..16).rev().map(|i| char::from_digit((word >> (4 * i)) as u32 & 15, 16).unwrap_or('0'));
        digits.extend(nibbles);
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::{canonical, image, is_valid};

    #[test]
    fn short_references_mean_dockers_library() {
        assert_eq!(canonical("busybox"), "docker.io/library/busybox:latest");
        assert_eq!(canonical("acme/web:2"), "docker.io/acme/web:2");
        assert_eq!(canonical("localhost:5000/web"), "localhost:5000/web:latest");
        assert_eq!(canonical("quay.io/a/b:1@sha256:00"), "quay.io/a/b@sha256:00");
    }

    #[test]
    fn odd_references_are_refused() {
        assert!(is_valid("registry.k8s.io/pause:3.10"));
        assert!(!is_valid("Busybox"));
        assert!(!is_valid(""));
        assert!(!is_valid("a b"));
    }

    #[test]
    fn a_tag_and_its_digest_are_one_image() {
        let tagged = image("docker.io/library/busybox:1");
        assert_eq!(image(&tagged.digests[0]).id, tagged.id);
        assert_eq!(tagged.id.len(), "sha256:".len() + 64);
    }
}
