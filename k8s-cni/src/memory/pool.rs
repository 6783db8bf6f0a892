use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::{Error, Result};

/// The addresses of one range, given out in order and again only after all others had their turn: an address that
/// was freed rests as long as it can.
///
/// The first address is the gateway's; an IPv4 range keeps its last for broadcasts.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    range: IpNet,
    used: BTreeSet<u128>,
    /// Offset that is tried next.
    next: u128,
    first: u128,
    last: u128,
}

impl Pool {
    pub(super) fn new(range: IpNet) -> Result<Self> {
        let range = range.trunc();
        let bits = u32::from(range.max_prefix_len() - range.prefix_len());
        let size = if bits >= 128 { u128::MAX } else { 1 << bits };
        if size < 4 {
            return Err(Error::Invalid { message: format!("{range} is too small for pods") });
        }
        let last = if range.addr().is_ipv4() { size - 2 } else { size - 1 };
        Ok(Self { range, used: BTreeSet::new(), next: 2, first: 2, last })
    }

    pub(super) fn range(&self) -> IpNet {
        self.range
    }

    pub(super) fn gateway(&self) -> IpAddr {
        self.at(1)
    }

    pub(super) fn take(&mut self) -> Result<IpAddr> {
        let offset = self
            .free_from(self.next)
            .or_else(|| self.free_from(self.first))
            .ok_or_else(|| Error::Exhausted { range: format!("{}-{}", self.at(1), self.at(self.last)) })?;
        self.used.insert(offset);
        self.next = offset + 1;
        Ok(self.at(offset))
    }

    /// Frees an address. Fine when it is none of this range's.
    pub(super) fn free(&mut self, address: IpAddr) {
        if let Some(offset) = self.offset(address) {
            self.used.remove(&offset);
        }
    }

    /// Marks an address that was given out before the range was known.
    pub(super) fn keep(&mut self, address: IpAddr) {
        self.used.extend(self.offset(address));
    }

    fn free_from(&self, start: u128) -> Option<u128> {
        let mut offset = start;
        for used in self.used.range(start..) {
            if *used != offset {
                break;
            }
            offset += 1;
        }
        (offset <= self.last).then_some(offset)
    }

    fn at(&self, offset: u128) -> IpAddr {
        match self.range.addr() {
            IpAddr::V4(base) => Ipv4Addr::from_bits(base.to_bits().wrapping_add(offset as u32)).into(),
            IpAddr::V6(base) => Ipv6Addr::from_bits(base.to_bits().wrapping_add(offset)).into(),
        }
    }

    fn offset(&self, address: IpAddr) -> Option<u128> {
        if !self.range.contains(&address) {
            return None;
        }
        Some(match (self.range.addr(), address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => u128::from(address.to_bits() - base.to_bits()),
            (IpAddr::V6(base), IpAddr::V6(address)) => address.to_bits() - base.to_bits(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;

    #[test]
    fn freed_addresses_rest_until_the_range_is_used_up() {
        let mut pool = Pool::new("10.0.0.0/29".parse().unwrap()).unwrap();
        let taken: Vec<_> = (0..5).map(|_| pool.take().unwrap().to_string()).collect();
        assert_eq!(taken, ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]);
        let error = pool.take().unwrap_err();
        assert_eq!(error.to_string(), "no IP addresses available in range set: 10.0.0.1-10.0.0.6");
        pool.free("10.0.0.5".parse().unwrap());
        pool.free("10.0.0.3".parse().unwrap());
        assert_eq!(pool.take().unwrap().to_string(), "10.0.0.3");
        assert_eq!(pool.take().unwrap().to_string(), "10.0.0.5");
    }

    #[test]
    fn ranges_without_room_are_refused() {
        assert!(Pool::new("10.0.0.0/31".parse().unwrap()).is_err());
        let mut pool = Pool::new("fd00::/64".parse().unwrap()).unwrap();
        assert_eq!(pool.take().unwrap().to_string(), "fd00::2");
    }
}
