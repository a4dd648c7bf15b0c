//! Pages that the inventory pins, compared with their pins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::seen::Seen;

/// A page that the inventory pins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinnedPage {
    /// Its path in the inventory.
    pub key: String,
    /// What it shows now.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub now: Seen<PinnedText>,
    /// What differs from the pin, in the order of the page; empty when nothing does.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub changes: Seen<Vec<PinChange>>,
}

/// The content of a page in the form that pins have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinnedText {
    /// SHA-256 of its text in the stable form, hexadecimal.
    pub digest: String,
    /// Other sites that it loads parts from, by registrable domain.
    pub third_parties: Vec<String>,
    /// Other sites that its links and forms lead to, by registrable domain.
    pub linked_sites: Vec<String>,
    /// The first lines of its text, cleaned.
    pub text: Vec<String>,
}

/// One difference between a page and its pin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinChange {
    /// Kind and number, as `line gone 1`.
    pub key: String,
    /// What happened.
    pub kind: PinChangeKind,
    /// The line or site, cleaned.
    pub text: String,
}

/// How a page differs from its pin.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PinChangeKind {
    /// A line of the pin is not on the page any more.
    LineGone,
    /// The page has a line that the pin has not.
    LineNew,
    /// The page loads parts from another site that the pin does not name.
    PartyNew,
    /// The page does not load from a site of the pin any more.
    PartyGone,
    /// The page leads to another site that the pin does not name.
    LinkNew,
    /// The page does not lead to a site of the pin any more.
    LinkGone,
    /// There are more differences than are shown.
    More,
}
