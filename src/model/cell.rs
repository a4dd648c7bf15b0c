//! Cells of a baseline: how many targets of a kind meet an entry of the
//! profile, told in bands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

use super::target::Role;

/// A kind of names that a baseline counts together.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Websites, registration portals, pages of results and interfaces.
    Web,
    /// Domains in mail addresses.
    Mail,
    /// Zones.
    Dns,
}

impl Kind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Web, Self::Mail, Self::Dns];

    /// The kind of names with a role.
    pub fn of(role: Role) -> Self {
        match role {
            Role::Website | Role::RegistrationPortal | Role::Results | Role::Api => Self::Web,
            Role::MailDomain => Self::Mail,
            Role::DnsZone => Self::Dns,
        }
    }

    /// The kinds of a name with these roles.
    pub fn of_roles<'r>(roles: impl IntoIterator<Item = &'r Role>) -> BTreeSet<Self> {
        roles.into_iter().copied().map(Self::of).collect()
    }

    /// The kind as it is written.
    pub fn key(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Mail => "mail",
            Self::Dns => "dns",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// How many targets (or organisations) were judged.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Judged {
    /// 10 to 19.
    #[serde(rename = "10-19")]
    From10,
    /// 20 to 49.
    #[serde(rename = "20-49")]
    From20,
    /// 50 to 99.
    #[serde(rename = "50-99")]
    From50,
    /// 100 and over.
    #[serde(rename = "100+")]
    From100,
}

/// How many of those to be judged could be: judged of judged and inconclusive.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Coverage {
    /// From 80 % to below 95 %.
    #[serde(rename = "80-94")]
    From80,
    /// 95 % and over.
    #[serde(rename = "95-100")]
    From95,
}

/// How many of those judged meet the entry.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Passing {
    /// Below 50 %.
    #[serde(rename = "0-49")]
    Below50,
    /// From 50 % to below 90 %: where fewer than 20 were judged, the two bands in one.
    #[serde(rename = "50-89")]
    From50To90,
    /// From 50 % to below 75 %, where at least 20 were judged.
    #[serde(rename = "50-74")]
    From50To75,
    /// From 75 % to below 90 %, where at least 20 were judged.
    #[serde(rename = "75-89")]
    From75To90,
    /// 90 % and over.
    #[serde(rename = "90-100")]
    From90,
}

impl Passing {
    /// The band in percent: from, and up to but not with; 101 is above everything.
    pub fn percent(self) -> (u8, u8) {
        match self {
            Self::Below50 => (0, 50),
            Self::From50To90 => (50, 90),
            Self::From50To75 => (50, 75),
            Self::From75To90 => (75, 90),
            Self::From90 => (90, 101),
        }
    }
}

/// What names of a kind were measured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Panel {
    /// Every name of that kind which the participant answers for, by its own word.
    Complete,
    /// A choice of them.
    Chosen,
}

/// A cell: how the targets of a kind stand to an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Digest of the entry, SHA-256 in lower-case hexadecimal: only cells with
    /// equal ones are compared.
    pub entry: String,
    /// Kind of the names that are counted.
    pub kind: Kind,
    /// What the profile calls the entry; several names where it asks for the
    /// same under several rows. Sorted.
    pub rows: Vec<RowName>,
    /// Controls that its checks serve, sorted.
    pub controls: BTreeSet<String>,
    /// How many were judged.
    pub judged: Judged,
    /// How many of those to be judged could be.
    pub coverage: Coverage,
    /// How many of those judged meet the entry.
    pub passing: Passing,
}

/// What a profile calls an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowName {
    /// Key of the requirement (`guideline#slug` or `control#ID`).
    pub row: String,
    /// Tells entries of the same row apart; `null` for the plain one.
    #[serde(rename = "as")]
    pub variant: Option<String>,
}

impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variant {
            Some(variant) => write!(f, "{} as {variant}", self.row),
            None => f.write_str(&self.row),
        }
    }
}
