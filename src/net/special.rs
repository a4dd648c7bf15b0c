//! Which addresses are public, by the special-purpose address registries of IANA
//! (RFC 6890 and its updates, as of 2025).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The use of addresses that stand in examples (RFC 5737, RFC 3849, RFC 9637).
pub(super) const DOCUMENTATION: &str = "documentation";

/// Whether an address can be reached from the public Internet, as one host.
pub fn is_public(ip: IpAddr) -> bool {
    special_use(ip).is_none()
}

/// What an address that is not public is for; `None` for a public one.
pub fn special_use(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => special_v4(ip),
        IpAddr::V6(ip) => special_v6(ip),
    }
}

fn special_v4(ip: Ipv4Addr) -> Option<&'static str> {
    const RANGES: &[([u8; 4], u32, &str)] = &[
        ([0, 0, 0, 0], 8, "this network"),
        ([10, 0, 0, 0], 8, "private use"),
        ([100, 64, 0, 0], 10, "shared address space"),
        ([127, 0, 0, 0], 8, "loopback"),
        ([169, 254, 0, 0], 16, "link-local"),
        ([172, 16, 0, 0], 12, "private use"),
        ([192, 0, 0, 0], 24, "IETF protocol assignments"),
        ([192, 0, 2, 0], 24, DOCUMENTATION),
        ([192, 88, 99, 0], 24, "6to4 relay anycast"),
        ([192, 168, 0, 0], 16, "private use"),
        ([198, 18, 0, 0], 15, "benchmarking"),
        ([198, 51, 100, 0], 24, DOCUMENTATION),
        ([203, 0, 113, 0], 24, DOCUMENTATION),
        ([224, 0, 0, 0], 4, "multicast"),
        ([240, 0, 0, 0], 4, "reserved or broadcast"),
    ];
    // Two anycast addresses within the protocol assignments are global.
    if [Ipv4Addr::new(192, 0, 0, 9), Ipv4Addr::new(192, 0, 0, 10)].contains(&ip) {
        return None;
    }
    RANGES
        .iter()
        .find(|(base, length, _)| same_prefix_v4(ip, Ipv4Addr::from(*base), *length))
        .map(|(_, _, name)| *name)
}

fn special_v6(ip: Ipv6Addr) -> Option<&'static str> {
    if let Some(embedded) = nat64(ip) {
        return special_v4(embedded);
    }
    // Exceptions that are global, within ranges that are not.
    const GLOBAL: &[(Ipv6Addr, u32)] = &[
        (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 1), 128),
        (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 2), 128),
        (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 3), 128),
        (Ipv6Addr::new(0x2001, 3, 0, 0, 0, 0, 0, 0), 32),
        (Ipv6Addr::new(0x2001, 4, 0x112, 0, 0, 0, 0, 0), 48),
        (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28),
        (Ipv6Addr::new(0x2001, 0x30, 0, 0, 0, 0, 0, 0), 28),
    ];
    const RANGES: &[(Ipv6Addr, u32, &str)] = &[
        (Ipv6Addr::LOCALHOST, 128, "loopback"),
        (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
        (
            Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0),
            96,
            "IPv4-mapped",
        ),
        (
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
            48,
            "local IPv4/IPv6 translation",
        ),
        (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 16, "discard"),
        (
            Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
            32,
            "Teredo tunnel",
        ),
        (
            Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
            23,
            "IETF protocol assignments",
        ),
        (
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
            32,
            DOCUMENTATION,
        ),
        (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
        (
            Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
            20,
            DOCUMENTATION,
        ),
        (
            Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0),
            16,
            "segment routing",
        ),
        (
            Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
            7,
            "unique-local",
        ),
        (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
        (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "site-local"),
        (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
    ];
    if GLOBAL
        .iter()
        .any(|(base, length)| same_prefix_v6(ip, *base, *length))
    {
        return None;
    }
    let named = RANGES
        .iter()
        .find(|(base, length, _)| same_prefix_v6(ip, *base, *length))
        .map(|(_, _, name)| *name);
    // Global unicast is assigned from 2000::/3 alone (RFC 4291 section 2.4).
    let assigned = same_prefix_v6(ip, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
    named.or((!assigned).then_some("not assigned"))
}

/// The IPv4 address within one of the well-known NAT64 prefix (RFC 6052).
fn nat64(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let prefix = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);
    if !same_prefix_v6(ip, prefix, 96) {
        return None;
    }
    let [.., a, b, c, d] = ip.octets();
    Some(Ipv4Addr::new(a, b, c, d))
}

fn same_prefix_v4(a: Ipv4Addr, b: Ipv4Addr, length: u32) -> bool {
    let mask = u32::MAX
        .checked_shl(32u32.saturating_sub(length))
        .unwrap_or(0);
    u32::from(a) & mask == u32::from(b) & mask
}

fn same_prefix_v6(a: Ipv6Addr, b: Ipv6Addr, length: u32) -> bool {
    let mask = u128::MAX
        .checked_shl(128u32.saturating_sub(length))
        .unwrap_or(0);
    u128::from(a) & mask == u128::from(b) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_where_the_registries_say() {
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.0.9",
            "192.0.1.0",
            "192.31.196.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "2001:4:112::1",
            "2001:1::1",
            "2620:4f:8000::1",
            "64:ff9b::101:101",
            "2a00::1",
        ];
        let special = [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.1",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "::7f00:1",
        ];
        for text in public {
            let ip: IpAddr = text.parse().expect("an address");
            assert_eq!(special_use(ip), None, "{text}");
        }
        for text in special {
            let ip: IpAddr = text.parse().expect("an address");
            assert!(!is_public(ip), "{text}");
        }
    }
}
