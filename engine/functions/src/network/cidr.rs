//! Networks: an address, and how many of its first bits count.

use crate::define::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cidr {
    address: IpAddr,
    bits: u32,
}

impl Cidr {
    /// `bits` is at most as many as the address has.
    pub(super) fn new(address: IpAddr, bits: u32) -> Cidr {
        Cidr { address, bits }
    }

    /// Reads `10.0.0.0/8`; an address alone is a network of one.
    pub(super) fn read(text: &str) -> Result<Cidr, FunctionError> {
        let unreadable = || FunctionError::unreadable("a network such as 10.0.0.0/8", text);
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| unreadable())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(unreadable)?,
        };
        Ok(Cidr { address, bits })
    }

    /// The network in a place of a call, if it is a constant.
    pub(super) fn constant(site: &CallSite<'_>, argument: usize) -> Result<Option<Cidr>, BadArgument> {
        let Some(text) = site.string(argument) else { return Ok(None) };
        Cidr::read(text).map(Some).map_err(|_| {
            BadArgument::new(argument, format!("this is no network: {text:?}"))
                .note("a network is an address and the number of its bits: \"10.0.0.0/8\", \"2001:db8::/32\"")
        })
    }

    /// The network's first address.
    pub(super) fn first(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        }
    }

    pub(super) fn holds(self, address: IpAddr) -> bool {
        let same_kind = address.is_ipv4() == self.address.is_ipv4();
        same_kind && Cidr::new(address, self.bits).first() == self.first()
    }
}
