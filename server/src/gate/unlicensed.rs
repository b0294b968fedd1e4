//! How often a client without a license may ask: so many times an hour, by address.
//!
//! Always true: no more than `ADDRESSES_MAX` addresses are kept in mind, whatever comes; those that
//! have not asked for longest are forgotten first. IPv6 counts by /64, which is one subscriber.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

/// The most addresses kept in mind.
pub(super) const ADDRESSES_MAX: usize = 100_000;
const HOUR_NANOS: i64 = 3_600_000_000_000;

/// Counts requests by address. An address starts with a whole hour's worth, which refills evenly.
pub(super) struct Unlicensed {
    per_hour: u32,
    known: Mutex<Generations>,
}

/// Two halves: what was asked for recently, and what was before those. When the newer is full it
/// takes the older one's place.
#[derive(Default)]
struct Generations {
    newer: HashMap<u64, i64>,
    older: HashMap<u64, i64>,
}

impl Unlicensed {
    /// Lets each address ask `per_hour` times an hour; never where it is zero.
    pub fn new(per_hour: u32) -> Self {
        Self { per_hour, known: Mutex::default() }
    }

    /// Counts one request.
    ///
    /// # Errors
    ///
    /// Seconds after which the next one is let through.
    pub fn take(&self, address: IpAddr, now: DateTime<Utc>) -> Result<(), u64> {
        if self.per_hour == 0 {
            return Err(HOUR_NANOS.unsigned_abs() / 1_000_000_000);
        }
        let interval = HOUR_NANOS / i64::from(self.per_hour);
        let now = now.timestamp_nanos_opt().unwrap_or(i64::MAX / 2);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // The instant at which the address has a whole hour's worth again.
        let full_at = known.recall(subscriber(address));
        let next = (*full_at).max(now).saturating_add(interval);
        let over = next.saturating_sub(now).saturating_sub(HOUR_NANOS);
        if over > 0 {
            return Err(over.unsigned_abs().div_ceil(1_000_000_000));
        }
        *full_at = next;
        Ok(())
    }

    #[cfg(test)]
    pub fn addresses(&self) -> usize {
        let known = self.known.lock().unwrap();
        known.newer.len() + known.older.len()
    }
}

impl Generations {
    fn recall(&mut self, subscriber: u64) -> &mut i64 {
        if self.newer.len() >= ADDRESSES_MAX / 2 && !self.newer.contains_key(&subscriber) {
            self.older = std::mem::take(&mut self.newer);
        }
        let before = self.older.remove(&subscriber).unwrap_or(0);
        self.newer.entry(subscriber).or_insert(before)
    }
}

/// What counts as one client. No /64 of the internet begins with the zeros that mark IPv4 here.
fn subscriber(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => u64::from(v4.to_bits()),
        IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 64).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn start() -> DateTime<Utc> {
        "2026-11-22T07:50:00Z".parse().unwrap()
    }

    #[test]
    fn an_address_has_its_hundred_an_hour() {
        let unlicensed = Unlicensed::new(100);
        let address = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
        for n in 0..100 {
            assert_eq!(unlicensed.take(address, start()), Ok(()), "{n}");
        }
        assert_eq!(unlicensed.take(address, start()), Err(36));
        assert_eq!(unlicensed.take(address, start() + TimeDelta::seconds(35)), Err(1));
        assert_eq!(unlicensed.take(address, start() + TimeDelta::seconds(36)), Ok(()));
        let other = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 8));
        assert_eq!(unlicensed.take(other, start()), Ok(()));
        assert_eq!(Unlicensed::new(0).take(other, start()), Err(3600));
    }

    #[test]
    fn a_subscriber_of_ipv6_is_a_64() {
        let unlicensed = Unlicensed::new(2);
        for low in 0..2 {
            let address = Ipv6Addr::from(0x2001_0db8_0000_0001_u128 << 64 | low);
            assert_eq!(unlicensed.take(address.into(), start()), Ok(()));
        }
        let same = Ipv6Addr::from(0x2001_0db8_0000_0001_u128 << 64 | 77);
        assert!(unlicensed.take(same.into(), start()).is_err());
        let other = Ipv6Addr::from(0x2001_0db8_0000_0002_u128 << 64);
        assert_eq!(unlicensed.take(other.into(), start()), Ok(()));
    }

    #[test]
    fn however_many_come_few_are_kept_in_mind() {
        let unlicensed = Unlicensed::new(2);
        let busy = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
        unlicensed.take(busy, start()).unwrap();
        unlicensed.take(busy, start()).unwrap();
        for n in 0..1_000_000_u32 {
            unlicensed.take(Ipv4Addr::from_bits(n).into(), start()).unwrap();
            if n.is_multiple_of(10_000) {
                assert!(unlicensed.take(busy, start()).is_err(), "who keeps asking is remembered");
            }
        }
        assert!(unlicensed.addresses() <= ADDRESSES_MAX, "{}", unlicensed.addresses());
    }
}
