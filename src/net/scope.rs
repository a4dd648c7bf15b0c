//! Which hosts belong to a scan.

use std::{collections::BTreeSet, sync::Arc};

use crate::model::level::Level;

/// The hosts that belong to a scan, shared by all its targets.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// How far the scan goes; mail exchangers are asked from `standard` on.
    pub level: Level,
    hosts: Arc<BTreeSet<String>>,
    domains: Arc<BTreeSet<String>>,
}

impl Scope {
    /// The scope of an inventory: the names of its targets, and the domains
    /// below which everything belongs to the scan (`scope.domains`).
    pub fn new<H, D>(level: Level, hosts: H, domains: D) -> Self
    where
        H: IntoIterator<Item: AsRef<str>>,
        D: IntoIterator<Item: AsRef<str>>,
    {
        Self {
            level,
            hosts: Arc::new(hosts.into_iter().map(|h| normal(h.as_ref())).collect()),
            domains: Arc::new(domains.into_iter().map(|d| normal(d.as_ref())).collect()),
        }
    }

    /// Whether a host belongs to the scan of `target`: it is the target, its
    /// sibling with or without `www.`, another target, or lies in a domain of
    /// the scope.
    pub fn contains(&self, target: &str, host: &str) -> bool {
        let (target, host) = (normal(target), normal(host));
        host == target
            || host.strip_prefix("www.") == Some(target.as_str())
            || target.strip_prefix("www.") == Some(host.as_str())
            || self.hosts.contains(&host)
            || self.in_domains(&host)
    }

    fn in_domains(&self, host: &str) -> bool {
        let mut rest = Some(host);
        while let Some(name) = rest {
            if self.domains.contains(name) {
                return true;
            }
            rest = name.split_once('.').map(|(_, parent)| parent);
        }
        false
    }
}

/// A host as it is compared: lower case, without the last dot or brackets.
pub(super) fn normal(host: &str) -> String {
    host.trim_end_matches('.')
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_scan() {
        let scope = Scope::new(
            Level::Standard,
            ["results.example"],
            ["county.example", "city.example."],
        );
        let cases = [
            ("vote.example", "vote.example", true),
            ("vote.example", "VOTE.example.", true),
            ("vote.example", "www.vote.example", true),
            ("www.vote.example", "vote.example", true),
            ("vote.example", "results.example", true),
            ("vote.example", "a.b.county.example", true),
            ("vote.example", "county.example", true),
            ("vote.example", "city.example", true),
            ("vote.example", "notcounty.example", false),
            ("vote.example", "a.vote.example", false),
            ("vote.example", "example", false),
            ("vote.example", "", false),
            ("::1", "[::1]", true),
        ];
        for (target, host, expected) in cases {
            assert_eq!(
                scope.contains(target, host),
                expected,
                "{host} for {target}"
            );
        }
    }
}
