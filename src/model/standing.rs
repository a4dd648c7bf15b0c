//! How a name stands to which a record points.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a name stands to which a record points: whether somebody answers for it, and
/// if nobody does, who could.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It has the records that are looked for, or is an alias on the way to them.
    Resolves,
    /// It exists and has none of them.
    NoRecords,
    /// It does not exist (NXDOMAIN); the domain that it lies in is registered.
    Missing,
    /// It does not exist, and lies where a provider hands out names to its customers
    /// (the private part of the list of public suffixes): whoever orders it may get it.
    FreeAtProvider,
    /// Its registrable domain does not exist, says the zone above it: whoever registers
    /// it gets the name.
    Unregistered,
}

impl Standing {
    /// The word that documents use.
    pub fn key(self) -> &'static str {
        match self {
            Self::Resolves => "resolves",
            Self::NoRecords => "no_records",
            Self::Missing => "missing",
            Self::FreeAtProvider => "free_at_provider",
            Self::Unregistered => "unregistered",
        }
    }

    /// The standing in words, as the end of "NAME ...".
    pub fn words(self) -> &'static str {
        match self {
            Self::Resolves => "resolves",
            Self::NoRecords => "exists without such records",
            Self::Missing => "does not exist",
            Self::FreeAtProvider => "does not exist, and a provider hands out such names",
            Self::Unregistered => "lies in a domain that is not registered",
        }
    }
}
