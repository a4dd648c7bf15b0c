//! Name servers of the root zone to begin with: a file in the form of IANA's
//! `named.root` (RFC 9609), or the list that is built in.

use std::{collections::BTreeMap, net::IpAddr};

/// Servers of the root as IANA publishes them; the last to move was b, on 2023-11-27.
const IANA: [(&str, &str, &str); 13] = [
    ("a", "198.41.0.4", "2001:503:ba3e::2:30"),
    ("b", "170.247.170.2", "2801:1b8:10::b"),
    ("c", "192.33.4.12", "2001:500:2::c"),
    ("d", "199.7.91.13", "2001:500:2d::d"),
    ("e", "192.203.230.10", "2001:500:a8::e"),
    ("f", "192.5.5.241", "2001:500:2f::f"),
    ("g", "192.112.36.4", "2001:500:12::d0d"),
    ("h", "198.97.190.53", "2001:500:1::53"),
    ("i", "192.36.148.17", "2001:7fe::53"),
    ("j", "192.58.128.30", "2001:503:c27::2:30"),
    ("k", "193.0.14.129", "2001:7fd::1"),
    ("l", "199.7.83.42", "2001:500:9f::42"),
    ("m", "202.12.27.33", "2001:dc3::35"),
];
/// Most servers that are read from a file.
const SERVERS_MAX: usize = 50;

/// A name server of the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootServer {
    /// Its name, lower case, without the last dot.
    pub name: String,
    /// Its addresses, IPv4 first.
    pub addresses: Vec<IpAddr>,
}

/// The servers that IANA publishes.
pub fn iana_hints() -> Vec<RootServer> {
    IANA.iter()
        .map(|(letter, v4, v6)| RootServer {
            name: format!("{letter}.root-servers.net"),
            addresses: [v4, v6].iter().filter_map(|ip| ip.parse().ok()).collect(),
        })
        .collect()
}

/// Reads NS records of the root and the addresses of their hosts from a master
/// file (`. 3600000 NS A.ROOT-SERVERS.NET.`), one record a line.
///
/// # Errors
/// The line's number and what is wrong with it.
pub fn parse_hints(text: &str) -> Result<Vec<RootServer>, (usize, String)> {
    let mut names: Vec<String> = Vec::new();
    let mut addresses: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split(';').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let wrong = |what: &str| (number, what.to_owned());
        // A time to live and the class may stand between owner and type.
        let (owner, rtype, data) = match words.as_slice() {
            [] => continue,
            [directive, ..] if directive.starts_with('$') => continue,
            [owner, between @ .., rtype, data] if between.len() <= 2 => (*owner, *rtype, *data),
            _ => {
                return Err(wrong(
                    "expected a record such as `. 3600000 NS A.ROOT-SERVERS.NET.`",
                ));
            }
        };
        match rtype.to_ascii_uppercase().as_str() {
            "NS" if owner == "." => names.push(host(data)),
            "NS" => {
                return Err(wrong(
                    "the owner of NS records must be the root, written `.`",
                ));
            }
            "A" | "AAAA" => {
                let ip: IpAddr = data
                    .parse()
                    .map_err(|_| wrong(&format!("`{data}` is not an address")))?;
                if ip.is_ipv4() != rtype.eq_ignore_ascii_case("A") {
                    return Err(wrong(&format!("`{data}` does not fit type {rtype}")));
                }
                addresses.entry(host(owner)).or_default().push(ip);
            }
            _ => return Err(wrong(&format!("expected NS, A or AAAA, found `{rtype}`"))),
        }
    }
    names.sort();
    names.dedup();
    names.truncate(SERVERS_MAX);
    let servers: Vec<RootServer> = names
        .into_iter()
        .filter_map(|name| {
            let mut addresses = addresses.remove(&name)?;
            addresses.sort();
            addresses.dedup();
            Some(RootServer { name, addresses })
        })
        .collect();
    match servers.is_empty() {
        true => Err((
            1,
            "holds no name server of the root with an address".to_owned(),
        )),
        false => Ok(servers),
    }
}

fn host(text: &str) -> String {
    text.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_iana_is_read() {
        let text = ";  last update: November 20, 2025\n\
            .                        3600000      NS    A.ROOT-SERVERS.NET.\n\
            A.ROOT-SERVERS.NET.      3600000      A     198.41.0.4\n\
            A.ROOT-SERVERS.NET.      3600000      AAAA  2001:503:ba3e::2:30\n\
            . IN NS b.root.\nb.root. 10 IN A 192.0.2.1 ; here\nc.root. A 192.0.2.2\n";
        let servers = parse_hints(text).expect("servers");
        assert_eq!(servers.first(), iana_hints().first());
        assert_eq!(servers.len(), 2, "{servers:?}");
        assert_eq!(iana_hints().len(), 13);
        assert!(iana_hints().iter().all(|s| s.addresses.len() == 2));
    }

    #[test]
    fn wrong_lines_are_named() {
        for (text, line, what) in [
            ("", 1, "no name server"),
            (". NS a.root.\n", 1, "no name server"),
            ("\nexample. NS a.root.", 2, "the root"),
            (". IN MX a.root.", 1, "expected NS"),
            (". NS", 1, "expected a record"),
            ("a.root. A 192.0.2.x", 1, "`192.0.2.x`"),
            ("a.root. A 2001:db8::1", 1, "does not fit"),
        ] {
            let (at, said) = parse_hints(text).expect_err(text);
            assert_eq!(at, line, "{text}");
            assert!(said.contains(what), "{text}: {said}");
        }
    }
}
