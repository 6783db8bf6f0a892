//! Subjects with any number of organizations.
//!
//! A user's groups are the organizations of their certificate, one entry each, and rcgen writes one entry of a type at
//! most. So the subject that it wrote is replaced, and the certificate signed again.

use rcgen::SigningKey;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const BIT_STRING: u8 = 0x03;
/// 2.5.4.3 and 2.5.4.10 as DER writes them.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ORGANIZATION: [u8; 3] = [0x55, 0x04, 0x0a];
/// Version, serial, algorithm, issuer and validity come before it.
const SUBJECT_AT: usize = 5;

/// The certificate `der` for the user `name` of `groups`, signed by `authority`.
pub(super) fn replace(
    der: &[u8],
    name: &str,
    groups: &[&str],
    authority: &impl SigningKey,
) -> Result<Vec<u8>, rcgen::Error> {
    if groups.is_empty() {
        return Ok(der.to_vec());
    }
    let broken = rcgen::Error::CouldNotParseCertificate;
    let parts = children(der).and_then(|outer| Some((children(outer.first()?)?, *outer.get(1)?)));
    let (mut fields, algorithm) = parts.ok_or(broken.clone())?;
    let subject = subject(name, groups);
    *fields.get_mut(SUBJECT_AT).ok_or(broken)? = &subject;
    let signed = element(SEQUENCE, &fields.concat());
    // A bit string begins with how many bits of its last byte are unused.
    let signature = [vec![0], authority.sign(&signed)?].concat();
    Ok(element(SEQUENCE, &[&signed, algorithm, &element(BIT_STRING, &signature)].concat()))
}

fn subject(name: &str, groups: &[&str]) -> Vec<u8> {
    let groups = groups.iter().map(|group| (ORGANIZATION, *group));
    let entries = groups.chain([(COMMON_NAME, name)]).map(|(kind, value)| {
        let pair = [element(OBJECT_IDENTIFIER, &kind), element(UTF8_STRING, value.as_bytes())].concat();
        element(SET, &element(SEQUENCE, &pair))
    });
    element(SEQUENCE, &entries.collect::<Vec<_>>().concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut der = vec![tag];
    if len < 0x80 {
        der.push(len as u8);
    } else {
        let bytes = len.to_be_bytes();
        let significant = &bytes[(len.leading_zeros() / 8) as usize..];
        der.push(0x80 | significant.len() as u8);
        der.extend_from_slice(significant);
    }
    der.extend_from_slice(content);
    der
}

/// The elements within the first element of `der`, each with its tag and length.
fn children(der: &[u8]) -> Option<Vec<&[u8]>> {
    let (header, len) = header(der)?;
    let mut rest = der.get(header..header + len)?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (header, len) = self::header(rest)?;
        let (child, after) = rest.split_at_checked(header + len)?;
        found.push(child);
        rest = after;
    }
    Some(found)
}

/// How long the tag and length are, and how long the content.
fn header(der: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*der.get(1)?);
    if first < 0x80 {
        return Some((2, first));
    }
    let n = first & 0x7f;
    let bytes = der.get(2..2 + n).filter(|_| n <= 4)?;
    Some((2 + n, bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte))))
}
