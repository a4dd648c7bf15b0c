//! Which hosts make one site.

use std::net::IpAddr;

/// Whether two hosts lie on the same site: the same registrable domain by the public suffix
/// list, or the same host where there is none.
pub(super) fn same_site(a: &str, b: &str) -> bool {
    let (a, b) = (normal(a), normal(b));
    if a == b {
        return !a.is_empty();
    }
    match (registrable(&a), registrable(&b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// The registrable domain of a host by the public suffix list; `None` for addresses and suffixes.
pub(super) fn registrable(host: &str) -> Option<&str> {
    if host.parse::<IpAddr>().is_ok() {
        return None;
    }
    psl::domain_str(host)
}

fn normal(host: &str) -> String {
    host.trim_end_matches('.')
        .trim_matches(['[', ']'])
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_follow_the_public_suffix_list() {
        let cases = [
            ("vote.county.gov", "forms.county.gov", true),
            ("vote.county.gov", "VOTE.county.gov.", true),
            ("county.gov", "city.gov", false),
            ("a.co.uk", "b.co.uk", false),
            ("x.a.co.uk", "a.co.uk", true),
            ("a.github.io", "b.github.io", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "198.0.2.1", false),
            ("[2001:db8::1]", "2001:db8::1", true),
            ("gov", "gov", true),
            ("gov", "county.gov", false),
            ("", "", false),
        ];
        for (a, b, expected) in cases {
            assert_eq!(same_site(a, b), expected, "{a} {b}");
        }
    }
}
