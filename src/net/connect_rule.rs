//! Rules that lead a connection elsewhere, as curl's `--connect-to`.

use std::{fmt, net::IpAddr, net::Ipv6Addr, str::FromStr};

/// Leads connections for one name or address to another place:
/// `NAME:PORT:ADDR:PORT`, as curl's `--connect-to`.
///
/// IPv6 addresses stand in brackets. An empty name or first port matches any;
/// an empty `ADDR` or last port keeps what was asked. A name that is an IP
/// literal matches that address after resolution. An `ADDR` that is given is
/// the user's leave to connect there, whether it is public or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectRule {
    host: Option<Host>,
    port: Option<u16>,
    to_host: Option<Host>,
    to_port: Option<u16>,
}

/// A host as a rule names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name, lower case, without the last dot.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// A rule that cannot be read, with what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectRuleError(String);

impl ConnectRule {
    /// Whether the rule is about this name or address, on some port.
    pub fn names(&self, host: &str, ip: Option<IpAddr>) -> bool {
        match &self.host {
            None => true,
            Some(Host::Name(name)) => name.eq_ignore_ascii_case(host.trim_end_matches('.')),
            Some(Host::Address(address)) => {
                ip == Some(*address) || host.parse::<IpAddr>() == Ok(*address)
            }
        }
    }

    /// Whether the rule leads this connection.
    pub fn matches(&self, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
        self.port.is_none_or(|own| own == port) && self.names(host, ip)
    }

    /// Where it leads to; `None` keeps the host that was asked.
    pub fn to_host(&self) -> Option<&Host> {
        self.to_host.as_ref()
    }

    /// The port that it leads to, given the one that was asked.
    pub fn to_port(&self, port: u16) -> u16 {
        self.to_port.unwrap_or(port)
    }
}

impl FromStr for ConnectRule {
    type Err = ConnectRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |what: &str| ConnectRuleError(format!("{what} in `{text}`"));
        let (host, rest) = take_host(text).map_err(|what| wrong(&what))?;
        let (port, rest) = rest
            .split_once(':')
            .ok_or_else(|| wrong("expected NAME:PORT:ADDR:PORT"))?;
        let (to_host, to_port) = take_host(rest).map_err(|what| wrong(&what))?;
        let port_of = |text: &str| match text {
            "" => Ok(None),
            digits => match digits.parse::<u16>() {
                Ok(port) if port > 0 => Ok(Some(port)),
                _ => Err(wrong(&format!("`{digits}` is not a port"))),
            },
        };
        Ok(Self {
            host,
            port: port_of(port)?,
            to_host,
            to_port: port_of(to_port)?,
        })
    }
}

/// Takes a host and the colon after it from the front.
fn take_host(text: &str) -> Result<(Option<Host>, &str), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, rest) = rest.split_once(']').ok_or("missing `]`")?;
        let address: Ipv6Addr = inside
            .parse()
            .map_err(|_| format!("`{inside}` is not an IPv6 address"))?;
        let rest = rest.strip_prefix(':').ok_or("expected `:` after `]`")?;
        return Ok((Some(Host::Address(IpAddr::V6(address))), rest));
    }
    let (host, rest) = text
        .split_once(':')
        .ok_or("expected NAME:PORT:ADDR:PORT (IPv6 in brackets)")?;
    if host.is_empty() {
        return Ok((None, rest));
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok((Some(Host::Address(address)), rest));
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let valid = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if name.is_empty() || !valid || name.len() > 253 {
        return Err(format!("`{host}` is neither a name nor an address"));
    }
    Ok((Some(Host::Name(name)), rest))
}

impl fmt::Display for ConnectRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConnectRuleError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> ConnectRule {
        text.parse().expect("a rule")
    }

    #[test]
    fn rules_match_as_in_curl() {
        let ip = |text: &str| -> IpAddr { text.parse().expect("an address") };
        // rule, host, address, port, matches
        let cases = [
            (
                "a.example:443:127.0.0.1:8443",
                "a.example",
                "192.0.2.1",
                443,
                true,
            ),
            (
                "a.example:443:127.0.0.1:8443",
                "A.Example.",
                "192.0.2.1",
                443,
                true,
            ),
            (
                "a.example:443:127.0.0.1:8443",
                "a.example",
                "192.0.2.1",
                80,
                false,
            ),
            (
                "a.example:443:127.0.0.1:8443",
                "b.example",
                "192.0.2.1",
                443,
                false,
            ),
            ("::127.0.0.1:8443", "b.example", "192.0.2.1", 443, true),
            (":443:127.0.0.1:", "b.example", "192.0.2.1", 443, true),
            ("a.example::127.0.0.1:", "a.example", "192.0.2.1", 25, true),
            (
                "192.0.2.1:443:127.0.0.1:1",
                "b.example",
                "192.0.2.1",
                443,
                true,
            ),
            (
                "192.0.2.1:443:127.0.0.1:1",
                "b.example",
                "192.0.2.2",
                443,
                false,
            ),
            (
                "[2001:db8::1]:443:[::1]:1",
                "b.example",
                "2001:db8::1",
                443,
                true,
            ),
        ];
        for (text, host, address, port, expected) in cases {
            assert_eq!(
                rule(text).matches(host, Some(ip(address)), port),
                expected,
                "{text} for {host} {address} {port}"
            );
        }
        let rule = rule("a.example:443::8443");
        assert_eq!((rule.to_host(), rule.to_port(443)), (None, 8443));
    }

    #[test]
    fn unreadable_rules_say_what_is_wrong() {
        for text in [
            "",
            "a",
            "a:1",
            "a:1:b",
            "a:x:b:1",
            "a:0:b:1",
            "a:1:b:70000",
            "[::1:1:b:1",
            "[x]:1:b:1",
            "a b:1:c:1",
            "2001:db8::1:443:a:1",
        ] {
            let error = text.parse::<ConnectRule>().expect_err(text);
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
