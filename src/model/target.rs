//! What a user answers for and wants looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::level::Area;

/// A name that the user answers for. A copy stands in the observation, so that
/// judging needs nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Host or domain name in A-label form, lower case, no trailing dot.
    pub name: String,
    /// Port of the website when it is not 443.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What the name is used for.
    pub roles: BTreeSet<Role>,
    /// Paths of the website that must be visited, each beginning with `/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Whether pages are visited that robots.txt asks crawlers to leave alone (`robots: ignore`
    /// in an inventory).
    #[serde(default, skip_serializing_if = "is_false")]
    pub ignore_robots: bool,
    /// Addresses of the server behind a network that stands in front of the website.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origin: Vec<String>,
    /// Selectors of the DKIM keys that the domain signs its mail with (RFC 6376
    /// section 3.1). Empty: not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dkim_selectors: Vec<String>,
    /// Values that the records of the name must have.
    #[serde(default)]
    pub pins: Pins,
    /// Where the inventory names this target, for reports that point at a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceLine>,
}

impl Target {
    /// What identifies the target in findings: the name, and the port if it is unusual.
    pub fn key(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.name),
            None => self.name.clone(),
        }
    }

    /// The areas that the roles of the target ask for.
    pub fn areas(&self) -> BTreeSet<Area> {
        let mut areas = BTreeSet::from([Area::Dns]);
        for role in &self.roles {
            match role {
                Role::Website | Role::RegistrationPortal | Role::Results | Role::Api => {
                    areas.extend([Area::Tls, Area::Web]);
                }
                Role::MailDomain => areas.extend([Area::Tls, Area::Mail]),
                Role::DnsZone => {}
            }
        }
        areas
    }

    /// Whether the target has a website of any kind.
    pub fn has_website(&self) -> bool {
        self.roles.iter().any(|role| {
            matches!(
                role,
                Role::Website | Role::RegistrationPortal | Role::Results | Role::Api
            )
        })
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// What a target is used for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A public website.
    Website,
    /// A website where voters register or look up their registration.
    RegistrationPortal,
    /// A website that publishes results.
    Results,
    /// A machine interface over HTTPS.
    Api,
    /// A domain in mail addresses.
    MailDomain,
    /// A zone that the user runs.
    DnsZone,
}

impl Role {
    /// The role as written in an inventory.
    pub fn key(self) -> &'static str {
        match self {
            Self::Website => "website",
            Self::RegistrationPortal => "registration-portal",
            Self::Results => "results",
            Self::Api => "api",
            Self::MailDomain => "mail-domain",
            Self::DnsZone => "dns-zone",
        }
    }
}

/// Values that records must have; `null` means that nothing is pinned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pins {
    /// Names of the name servers.
    pub ns: Option<Vec<String>>,
    /// IPv4 addresses.
    pub a: Option<Vec<String>>,
    /// IPv6 addresses.
    pub aaaa: Option<Vec<String>>,
    /// Names of the mail exchangers.
    pub mx: Option<Vec<String>>,
    /// The SPF record, letter by letter.
    pub spf: Option<String>,
    /// Pages of the website whose content must stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-key" = "path"))]
    pub pages: Option<Vec<PagePin>>,
}

/// What a page of the website must show, as `scrutineer web URL --pin` writes it down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagePin {
    /// Path of the page, beginning with `/`.
    pub path: String,
    /// SHA-256 of its text in the stable form, hexadecimal; `null` while it is not pinned yet.
    pub digest: Option<String>,
    /// Other sites that it loads parts from, by registrable domain.
    #[serde(default)]
    pub third_parties: Vec<String>,
    /// Other sites that its links and forms lead to, by registrable domain.
    #[serde(default)]
    pub linked_sites: Vec<String>,
    /// The first lines of its text, by which a difference is shown.
    #[serde(default)]
    pub text: Vec<String>,
}

/// A line of a file of the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceLine {
    /// The file as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
}
