//! What the neglected office has mended.

use std::collections::BTreeSet;

/// Changes that the neglected office has made, by the ids that a plan gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended(BTreeSet<&'static str>);

impl Mended {
    /// Every change that the office can make.
    pub const CHANGES: [&'static str; 31] = [
        "caa",
        "certificate",
        "csp",
        "dkim",
        "dmarc-policy",
        "dmarc-record",
        "dns.name.ipv6",
        "dns.ns.ipv6",
        "dnssec",
        "expo.components.no-exploited",
        "expo.error-page.silent",
        "forms",
        "headers",
        "hsts",
        "http-redirect",
        "mail.starttls.offered",
        "mta-sts",
        "name",
        "name-servers",
        "portal.form.forgery-protected",
        "portal.page.no-store",
        "security-txt",
        "session-cookies",
        "spf",
        "third-party-scripts",
        "tls-reports",
        "tls-suites",
        "tls-versions",
        "tlsa",
        "web.banner.no-version",
        "web.content.no-mixed",
    ];

    /// Makes a change. Returns whether the office can make it.
    pub fn make(&mut self, change: &str) -> bool {
        let known = Self::CHANGES.iter().find(|known| **known == change);
        if let Some(known) = known {
            self.0.insert(known);
        }
        known.is_some()
    }

    /// Whether a change was made.
    pub(super) fn has(&self, change: &'static str) -> bool {
        debug_assert!(
            Self::CHANGES.contains(&change),
            "the office cannot make this change"
        );
        self.0.contains(change)
    }
}
