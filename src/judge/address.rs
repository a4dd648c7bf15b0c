//! Takes addresses out of item keys.
//!
//! A fingerprint must stay the same when a server gets another address, and
//! one fault that shows on four addresses is one instance. Keys of items that
//! exist once an address hold it as `192.0.2.1:443`, `[2001:db8::1]:443`,
//! `http 192.0.2.1:80`, or `http://vote.example/ 192.0.2.1`.

use std::net::{IpAddr, SocketAddr};

/// A key without its address, and the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stripped {
    /// The key without its address; the port stays, since other ports are other services.
    pub key: String,
    /// The address, in canonical form; `None` when the key holds none.
    pub address: Option<IpAddr>,
}

/// Takes the address out of a key. `host` stands in for it where the item
/// names the host that the address belongs to: two mail exchangers are two
/// machines, whatever their addresses.
pub fn strip(key: &str, host: Option<&str>) -> Stripped {
    let (before, last) = match key.rsplit_once(' ') {
        Some((before, last)) => (Some(before), last),
        None => (None, key),
    };
    let Some((address, port)) = parse(last) else {
        return Stripped {
            key: key.to_owned(),
            address: None,
        };
    };
    let host = host.unwrap_or_default();
    let rest = match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let key = match before {
        Some(before) if rest.is_empty() => before.to_owned(),
        Some(before) => format!("{before} {rest}"),
        None => rest,
    };
    Stripped {
        key,
        address: Some(address),
    }
}

fn parse(word: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(socket) = word.parse::<SocketAddr>() {
        return Some((socket.ip(), Some(socket.port())));
    }
    let bare = word
        .strip_prefix('[')
        .and_then(|word| word.strip_suffix(']'))
        .unwrap_or(word);
    bare.parse().ok().map(|address| (address, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_leave_keys_and_ports_stay() {
        let cases = [
            ("192.0.2.1:443", None, ":443", Some("192.0.2.1")),
            (
                "192.0.2.1:443",
                Some("vote.example"),
                "vote.example:443",
                Some("192.0.2.1"),
            ),
            (
                "[2001:DB8::1]:25",
                Some("mx.example"),
                "mx.example:25",
                Some("2001:db8::1"),
            ),
            ("http 192.0.2.1:80", None, "http :80", Some("192.0.2.1")),
            (
                "http://vote.example/ 192.0.2.1",
                None,
                "http://vote.example/",
                Some("192.0.2.1"),
            ),
            (
                "http://vote.example/ 2001:db8::1",
                None,
                "http://vote.example/",
                Some("2001:db8::1"),
            ),
            ("2001:db8::1", None, "", Some("2001:db8::1")),
            ("[2001:db8::1]", None, "", Some("2001:db8::1")),
            // No addresses.
            ("TLS1.0", None, "TLS1.0", None),
            ("ecdsa leaf", Some("vote.example"), "ecdsa leaf", None),
            (
                "/register?ip=192.0.2.1",
                None,
                "/register?ip=192.0.2.1",
                None,
            ),
            (
                "https://192.0.2.1/x.js",
                None,
                "https://192.0.2.1/x.js",
                None,
            ),
            ("12345/13/2", None, "12345/13/2", None),
            ("1.2.3", None, "1.2.3", None),
            ("", None, "", None),
        ];
        for (key, host, expected, address) in cases {
            let stripped = strip(key, host);
            assert_eq!(stripped.key, expected, "{key}");
            assert_eq!(
                stripped.address.map(|a| a.to_string()).as_deref(),
                address,
                "{key}"
            );
        }
    }
}
