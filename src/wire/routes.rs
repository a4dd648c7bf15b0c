//! Routes and who may announce them: a routing table, and the validated payloads of
//! RPKI, both as files that the user gives (RFC 6811).

use serde::Deserialize;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Most routes or payloads that are read.
const ENTRIES_MAX: usize = 4_000_000;

/// A network: address and length of the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

/// A payload: this system may announce this network, in parts up to this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Payload {
    origin: u32,
    max_length: u8,
}

/// What payloads say of a route (RFC 6811 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// One covers the route and names its origin.
    Valid,
    /// Some cover it, and none names its origin.
    Invalid,
    /// None covers it.
    NotFound,
}

/// Who announces which networks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routes(HashMap<Prefix, u32>);

/// Who may announce which networks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payloads(HashMap<Prefix, Vec<Payload>>);

impl Prefix {
    /// The network of this length that an address lies in; `None` for a length that is too large.
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(ip) => {
                let mask = u32::MAX
                    .checked_shl(32u32.checked_sub(length.into())?)
                    .unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(ip) & mask))
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX
                    .checked_shl(128u32.checked_sub(length.into())?)
                    .unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(ip) & mask))
            }
        };
        Some(Self { address, length })
    }

    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        Self::new(address.parse().ok()?, length.parse().ok()?)
    }

    /// The networks that hold this one, itself first.
    fn above(self) -> impl Iterator<Item = Self> {
        (0..=self.length)
            .rev()
            .filter_map(move |length| Self::new(self.address, length))
    }

    fn of(address: IpAddr) -> Self {
        Self {
            address,
            length: if address.is_ipv4() { 32 } else { 128 },
        }
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl Routes {
    /// Reads a routing table, a network and its origin a line: `192.0.2.0/24 64496`, or with
    /// the length in a word of its own, as CAIDA's pfx2as files have it. Of several origins
    /// (`64496_64497`, `{64496,64497}`) the first counts.
    ///
    /// # Errors
    /// The line's number and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut routes = HashMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            let (network, origin) = match words.as_slice() {
                [] => continue,
                [network, origin] => (Prefix::parse(network), *origin),
                [address, length, origin] => {
                    (Prefix::parse(&format!("{address}/{length}")), *origin)
                }
                _ => (None, ""),
            };
            let origin = origin
                .trim_start_matches(['{', 'A', 'S'])
                .split(['_', ',', '}'])
                .next()
                .and_then(|text| text.parse().ok());
            let (Some(network), Some(origin)) = (network, origin) else {
                let what = "expected a network and its origin, as `192.0.2.0/24 64496`";
                return Err((number, what.to_owned()));
            };
            if routes.len() >= ENTRIES_MAX {
                return Err((number, format!("more than {ENTRIES_MAX} routes")));
            }
            routes.insert(network, origin);
        }
        match routes.is_empty() {
            true => Err((1, "holds no route".to_owned())),
            false => Ok(Self(routes)),
        }
    }

    /// The longest network announced that holds an address, and its origin.
    pub fn route(&self, address: IpAddr) -> Option<(Prefix, u32)> {
        Prefix::of(address)
            .above()
            .find_map(|network| Some((network, *self.0.get(&network)?)))
    }
}

impl Payloads {
    /// Reads the JSON of validators (Routinator, rpki-client, StayRTR):
    /// `{"roas": [{"asn": "AS64496", "prefix": "192.0.2.0/24", "maxLength": 24}]}`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let file: File = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if file.roas.len() > ENTRIES_MAX {
            return Err(format!("more than {ENTRIES_MAX} payloads"));
        }
        let mut payloads: HashMap<Prefix, Vec<Payload>> = HashMap::new();
        for (index, entry) in file.roas.into_iter().enumerate() {
            let wrong = |what: &str| format!("payload {}: {what}", index + 1);
            let network =
                Prefix::parse(&entry.prefix).ok_or_else(|| wrong("`prefix` is not a network"))?;
            let origin = match entry.asn {
                Origin::Number(number) => Some(number),
                Origin::Text(text) => text.trim_start_matches("AS").parse().ok(),
            };
            payloads.entry(network).or_default().push(Payload {
                origin: origin.ok_or_else(|| wrong("`asn` is not a number"))?,
                max_length: entry.max_length.unwrap_or(network.length),
            });
        }
        match payloads.is_empty() {
            true => Err("holds no payload (`roas`)".to_owned()),
            false => Ok(Self(payloads)),
        }
    }

    /// What the payloads say of a route.
    pub fn validity(&self, network: Prefix, origin: u32) -> Validity {
        let mut covered = false;
        for payload in network
            .above()
            .filter_map(|above| self.0.get(&above))
            .flatten()
        {
            covered = true;
            // AS 0 says that nobody may announce the network (RFC 6483 section 4).
            if payload.origin == origin && origin != 0 && network.length <= payload.max_length {
                return Validity::Valid;
            }
        }
        if covered {
            Validity::Invalid
        } else {
            Validity::NotFound
        }
    }
}

#[derive(Deserialize)]
struct File {
    roas: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    prefix: String,
    asn: Origin,
    #[serde(rename = "maxLength")]
    max_length: Option<u8>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Origin {
    Number(u32),
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_found_by_the_longest_network() {
        let routes = Routes::parse(
            "# a table\n192.0.2.0/24 64496\n192.0.0.0\t16\t64497_64498\n2001:db8::/32 AS64499\n",
        )
        .expect("a table");
        let origin = |ip: &str| {
            let (network, origin) = routes.route(ip.parse().expect("an address"))?;
            Some(format!("{network} {origin}"))
        };
        assert_eq!(origin("192.0.2.53").as_deref(), Some("192.0.2.0/24 64496"));
        assert_eq!(origin("192.0.9.1").as_deref(), Some("192.0.0.0/16 64497"));
        assert_eq!(
            origin("2001:db8::1").as_deref(),
            Some("2001:db8::/32 64499")
        );
        assert_eq!(origin("198.51.100.1"), None);
        for (text, line) in [
            ("", 1),
            ("\n192.0.2.0/33 1\n", 2),
            ("x 1", 1),
            ("192.0.2.0/24 x", 1),
        ] {
            assert_eq!(Routes::parse(text).expect_err(text).0, line, "{text}");
        }
    }

    #[test]
    fn payloads_say_who_may_announce() {
        let payloads = Payloads::parse(
            br#"{"metadata": {}, "roas": [
                {"asn": "AS64496", "prefix": "192.0.2.0/24", "maxLength": 24, "ta": "x"},
                {"asn": 0, "prefix": "198.51.100.0/24", "maxLength": 32}]}"#,
        )
        .expect("payloads");
        let says = |network: &str, origin| {
            payloads.validity(Prefix::parse(network).expect("a network"), origin)
        };
        assert_eq!(says("192.0.2.0/24", 64_496), Validity::Valid);
        assert_eq!(says("192.0.2.0/25", 64_496), Validity::Invalid);
        assert_eq!(says("192.0.2.0/24", 64_497), Validity::Invalid);
        assert_eq!(says("192.0.0.0/16", 64_496), Validity::NotFound);
        assert_eq!(says("198.51.100.0/24", 0), Validity::Invalid);
        for text in [
            "",
            "{}",
            "{\"roas\": []}",
            "{\"roas\": [{\"asn\": \"x\", \"prefix\": \"192.0.2.0/24\"}]}",
        ] {
            assert!(Payloads::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
