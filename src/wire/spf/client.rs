//! Who sends a message (RFC 7208 section 4.1).

use std::net::IpAddr;

/// The sender of a message, as a receiver knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Address that the connection came from. An IPv4-mapped one is an IPv4 address.
    pub ip: IpAddr,
    /// What stands before the `@` of the sender; `postmaster` when there is nothing.
    pub local: String,
    /// Domain of the sender.
    pub domain: String,
    /// Name in HELO or EHLO.
    pub helo: String,
    /// Name of the receiver, for explanations (`%{r}`).
    pub receiver: String,
    /// Seconds since 1970, for explanations (`%{t}`).
    pub time: u64,
}

impl Client {
    /// The client of a message. Without a sender (a bounce) it is the
    /// postmaster of the name in HELO (section 2.4).
    pub fn new(ip: IpAddr, sender: &str, helo: &str) -> Self {
        let (local, domain) = match sender.rsplit_once('@') {
            Some((local, domain)) => (local, domain),
            None if sender.is_empty() => ("", helo),
            None => ("", sender),
        };
        let local = if local.is_empty() {
            "postmaster"
        } else {
            local
        };
        Self {
            ip: ip.to_canonical(),
            local: local.to_owned(),
            domain: domain.to_owned(),
            helo: helo.to_owned(),
            receiver: "unknown".to_owned(),
            time: 0,
        }
    }

    /// The address as `%{i}` writes it (section 7.3).
    pub(super) fn dotted(&self) -> String {
        match self.ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => {
                let nibbles = ip.octets().into_iter().flat_map(|b| [b >> 4, b & 0xf]);
                let nibbles: Vec<String> = nibbles.map(|n| format!("{n:X}")).collect();
                nibbles.join(".")
            }
        }
    }

    /// The zone of reverse look-ups, as `%{v}` writes it.
    pub(super) fn reverse_zone(&self) -> &'static str {
        match self.ip {
            IpAddr::V4(_) => "in-addr",
            IpAddr::V6(_) => "ip6",
        }
    }

    /// Name under which the address is looked up in reverse.
    pub(super) fn reverse_name(&self) -> String {
        let dotted = self.dotted();
        let mut parts: Vec<&str> = dotted.split('.').collect();
        parts.reverse();
        format!("{}.{}.arpa", parts.join("."), self.reverse_zone()).to_ascii_lowercase()
    }
}
