//! What addresses answer that no visitor is sent to: the site itself, past the network in front.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::seen::Seen;

/// An address that was asked for the front page directly. Nothing was sent but what a browser
/// sends that believes the site to live there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectAddress {
    /// The address.
    pub key: String,
    /// What names it: `the inventory`, or records and certificates, as `MX mail.county.example,
    /// certificate old.county.example`.
    pub named_by: String,
    /// What it answers over HTTPS.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub https: Seen<DirectAnswer>,
    /// What it answers over HTTP.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub http: Seen<DirectAnswer>,
    /// What of its page agrees with the front page, where it shows one: `title`, `text`, `lines`
    /// (at least half of them), `forms`, `scripts`.
    pub agrees: Vec<String>,
}

/// What an address answers to somebody who asks it for the site.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DirectAnswer {
    /// The front page, told by its content.
    Site,
    /// Another page.
    OtherPage,
    /// A redirect that leads away from the address, or nowhere.
    Redirect,
    /// The network in front answers there too, by its headers.
    Fronted,
    /// No: a status from 400 to 499, or an alert of TLS.
    Refused,
    /// The port is closed, or speaks another protocol.
    Closed,
    /// No connection was accepted and none refused, twice.
    Silent,
}
