//! The Traffic Light Protocol, version 2.0 (FIRST, 2022): who may read a document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A label of the Traffic Light Protocol 2.0. The order is from the widest
/// circle of readers to the strictest, so that `max` is the strictest of several.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Tlp {
    /// Everybody.
    #[serde(rename = "TLP:CLEAR")]
    Clear,
    /// The community.
    #[serde(rename = "TLP:GREEN")]
    Green,
    /// The organisation and its clients, who need to know.
    #[serde(rename = "TLP:AMBER")]
    Amber,
    /// The organisation alone.
    #[serde(rename = "TLP:AMBER+STRICT")]
    AmberStrict,
    /// The persons addressed alone.
    #[serde(rename = "TLP:RED")]
    Red,
}

impl Tlp {
    /// All labels, the widest first.
    pub const ALL: [Self; 5] = [
        Self::Clear,
        Self::Green,
        Self::Amber,
        Self::AmberStrict,
        Self::Red,
    ];

    /// The label as it is written.
    pub fn key(self) -> &'static str {
        match self {
            Self::Clear => "TLP:CLEAR",
            Self::Green => "TLP:GREEN",
            Self::Amber => "TLP:AMBER",
            Self::AmberStrict => "TLP:AMBER+STRICT",
            Self::Red => "TLP:RED",
        }
    }

    /// Reads a label as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.key() == text)
    }

    /// The strictest label of several inputs, which their common output takes.
    /// `None` where there is no input.
    pub fn strictest(labels: impl IntoIterator<Item = Self>) -> Option<Self> {
        labels.into_iter().max()
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_ordered_by_strictness_and_written_one_way() {
        for label in Tlp::ALL {
            assert_eq!(Tlp::parse(label.key()), Some(label));
            let json = serde_json::to_string(&label).unwrap();
            assert_eq!(json, format!("\"{label}\""));
        }
        assert_eq!(Tlp::parse("AMBER"), None);
        assert_eq!(Tlp::parse("TLP:WHITE"), None, "a label of version 1.0");
        assert_eq!(
            Tlp::strictest([Tlp::Clear, Tlp::AmberStrict, Tlp::Green]),
            Some(Tlp::AmberStrict)
        );
        assert_eq!(Tlp::strictest([]), None);
    }
}
