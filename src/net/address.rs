//! The addresses of a name, and whether each may be connected to.

use std::net::IpAddr;

use super::{answer::Alias, error::NetError};

/// The addresses of a name.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressSet {
    /// The name that was looked up.
    pub name: String,
    /// Whether the name exists, as far as an answer came.
    pub exists: bool,
    /// CNAME records on the way to the addresses.
    pub aliases: Vec<Alias>,
    /// The addresses, IPv4 first, sorted.
    pub addresses: Vec<ScopedAddress>,
    /// Families that could not be looked up: there may be more addresses.
    pub failures: Vec<(Family, NetError)>,
}

/// An address of a name.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopedAddress {
    /// The address.
    pub ip: IpAddr,
    /// Whether it can be reached from the public Internet.
    pub public: bool,
    /// Whether it may be connected to; the error is the gap to record. A rule
    /// of `--connect-to` for another port than the one that is asked counts
    /// here, and not when connecting.
    pub may_connect: Result<(), NetError>,
}

/// Address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4, looked up as A.
    V4,
    /// IPv6, looked up as AAAA.
    V6,
}
