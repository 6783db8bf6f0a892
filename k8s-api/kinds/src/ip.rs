//! Addresses and address ranges, for old fields that took more than they should and for new ones that do not.
//!
//! Old fields read IPv4 octets with leading zeros and IPv4 addresses dressed as IPv6, but refuse them in new objects;
//! an update may keep what was stored. New fields want the canonical form.
//!
//! Upstream: `k8s.io/apimachinery/pkg/util/validation/ip.go`, `k8s.io/utils/net`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use k8s_api::field::{Error, ErrorList, quote};

/// Reads an address as leniently as upstream does; IPv4 dressed as IPv6 comes out as IPv4.
pub fn parse_sloppy(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        parse_v6_sloppy(text).map(|v6| IpAddr::V6(v6).to_canonical())
    } else {
        parse_v4_sloppy(text).map(IpAddr::V4)
    }
}

/// Whether a text is an IPv6 address, read leniently.
pub fn is_v6(text: &str) -> bool {
    matches!(parse_sloppy(text), Some(IpAddr::V6(_)))
}

/// Whether the addresses are of both families; `None` when one is no address.
pub fn is_dual_stack(addresses: &[String]) -> Option<bool> {
    let (mut v4, mut v6) = (false, false);
    for address in addresses {
        match parse_sloppy(address)? {
            IpAddr::V4(_) => v4 = true,
            IpAddr::V6(_) => v6 = true,
        }
    }
    Some(v4 && v6)
}

/// A range of addresses as it was written: the address, and how many bits of it name the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The address before the slash; IPv4 dressed as IPv6 is IPv4.
    pub address: IpAddr,
    /// The bits of the network.
    pub prefix: u8,
}

impl Cidr {
    /// Reads a range as leniently as upstream does.
    pub fn parse_sloppy(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        if prefix.is_empty() || prefix.len() > 9 || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let prefix: u32 = prefix.parse().ok()?;
        let written_v6 = address.contains(':');
        let address = parse_sloppy(address)?;
        if prefix > if written_v6 { 128 } else { 32 } {
            return None;
        }
        let dressed = written_v6 && address.is_ipv4();
        let prefix = if dressed { prefix.saturating_sub(96) } else { prefix };
        Some(Self { address, prefix: prefix as u8 })
    }

    /// The range with the bits beyond its prefix cleared.
    pub fn network(self) -> Self {
        let address = match self.address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
            }
        };
        Self { address, prefix: self.prefix }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Checks the address in an old field; one of `old_values` is valid as it is.
pub fn validate_legacy_ip(value: &str, old_values: &[String], field: &dyn fmt::Display) -> Option<Error> {
    if old_values.iter().any(|old| old == value) { None } else { strict_ip(value, field).err() }
}

/// Checks the address in a new field: well-formed and in canonical form.
pub fn validate_ip(value: &str, field: &dyn fmt::Display) -> Option<Error> {
    match strict_ip(value, field) {
        Err(error) => Some(error),
        Ok(address) => not_canonical(value, &address.to_string(), field),
    }
}

fn not_canonical(value: &str, canonical: &str, field: &dyn fmt::Display) -> Option<Error> {
    (canonical != value)
        .then(|| Error::invalid(field, value, format!("must be in canonical form ({})", quote(canonical))))
}

fn strict_ip(value: &str, field: &dyn fmt::Display) -> Result<IpAddr, Error> {
    let Some(address) = parse_sloppy(value) else {
        return Err(Error::invalid(field, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
    };
    match value.parse::<IpAddr>() {
        Err(_) => Err(Error::invalid(field, value, "must not have leading 0s")),
        Ok(written) if written != address => {
            Err(Error::invalid(field, value, "must not be an IPv4-mapped IPv6 address"))
        }
        Ok(_) => Ok(address),
    }
}

/// What a client should be told of an address that was taken though it is written oddly.
pub fn warnings_for_ip(value: &str, field: &dyn fmt::Display) -> Option<String> {
    let address = parse_sloppy(value)?;
    match value.parse::<IpAddr>() {
        Ok(written) if written == address => (address.is_ipv6() && address.to_string() != value).then(|| {
            let canonical = quote(&address.to_string());
            format!("{field}: IPv6 address {} should be in RFC 5952 canonical format ({canonical})", quote(value))
        }),
        _ => {
            let canonical = quote(&address.to_string());
            Some(format!("{field}: non-standard IP address {} is invalid: use {canonical}", quote(value)))
        }
    }
}

/// Checks the range in an old field; one of `old_values` is valid as it is.
pub fn validate_legacy_cidr(value: &str, old_values: &[String], field: &dyn fmt::Display) -> Option<Error> {
    if old_values.iter().any(|old| old == value) { None } else { strict_cidr(value, field).err() }
}

/// Checks the range in a new field: well-formed and in canonical form.
pub fn validate_cidr(value: &str, field: &dyn fmt::Display) -> Option<Error> {
    match strict_cidr(value, field) {
        Err(error) => Some(error),
        Ok(cidr) => not_canonical(value, &cidr.network().to_string(), field),
    }
}

fn strict_cidr(value: &str, field: &dyn fmt::Display) -> Result<Cidr, Error> {
    let Some(cidr) = Cidr::parse_sloppy(value) else {
        let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        return Err(Error::invalid(field, value, detail));
    };
    let wrong = match written_strictly(value) {
        None => "must not have leading 0s in IP or prefix length",
        Some(written) if written != cidr.address => "must not have an IPv4-mapped IPv6 address",
        Some(_) if cidr.network() != cidr => "must not have bits set beyond the prefix length",
        Some(_) => return Ok(cidr),
    };
    Err(Error::invalid(field, value, wrong))
}

/// The address of a range whose address and prefix have no leading zeros.
fn written_strictly(value: &str) -> Option<IpAddr> {
    let (address, prefix) = value.split_once('/')?;
    if prefix.len() > 1 && prefix.starts_with('0') { None } else { address.parse().ok() }
}

/// What a client should be told of a range that was taken though it is written oddly.
pub fn warnings_for_cidr(value: &str, field: &dyn fmt::Display) -> Vec<String> {
    let mut warnings = Vec::new();
    let Some(cidr) = Cidr::parse_sloppy(value) else { return warnings };
    let network = cidr.network();
    if network != cidr {
        let single = Cidr { address: cidr.address, prefix: if cidr.address.is_ipv4() { 32 } else { 128 } };
        warnings.push(format!(
            "{field}: CIDR value {} is ambiguous in this context (should be {} or {}?)",
            quote(value),
            quote(&network.to_string()),
            quote(&single.to_string())
        ));
    }
    if written_strictly(value) != Some(cidr.address) {
        let canonical = quote(&network.to_string());
        warnings.push(format!("{field}: non-standard CIDR value {} is invalid: use {canonical}", quote(value)));
    }
    if warnings.is_empty() && cidr.address.is_ipv6() && cidr.to_string() != value {
        let canonical = quote(&cidr.to_string());
        warnings.push(format!(
            "{field}: IPv6 CIDR value {} should be in RFC 5952 canonical format ({canonical})",
            quote(value)
        ));
    }
    warnings
}

/// Checks an address with the length of its network, as an interface carries it.
pub fn validate_interface_address(value: &str, field: &dyn fmt::Display) -> Option<Error> {
    match Cidr::parse_sloppy(value) {
        None => {
            let detail = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)";
            Some(Error::invalid(field, value, detail))
        }
        Some(cidr) => not_canonical(value, &cidr.to_string(), field),
    }
}

/// Checks that traffic can be sent to an address: it is no placeholder, loopback, link-local or multicast one.
pub fn validate_endpoint_ip(value: &str, field: &dyn fmt::Display) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut refuse = |detail: &str| errors.push(Error::invalid(field, value, detail));
    match parse_sloppy(value) {
        None => refuse("must be a valid IP address"),
        Some(address) => {
            if address.is_unspecified() {
                refuse(&format!("may not be unspecified ({value})"));
            }
            if address.is_loopback() {
                refuse("may not be in the loopback range (127.0.0.0/8, ::1/128)");
            }
            let (link_local, link_local_multicast) = match address {
                IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
                IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
            };
            if link_local {
                refuse("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
            }
            if link_local_multicast {
                refuse("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
            }
        }
    }
    errors
}

fn parse_v4_sloppy(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digits = part.trim_start_matches('0');
        *octet = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

fn parse_v6_sloppy(text: &str) -> Option<Ipv6Addr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    // An IPv4 tail may have leading zeros.
    let (head, tail) = text.rsplit_once(':')?;
    let [a, b, c, d] = parse_v4_sloppy(tail)?.octets();
    format!("{head}:{a:x}{b:02x}:{c:x}{d:02x}").parse().ok()
}
