//! What a participant remembers of its own documents, so that it does not cut
//! a period twice. The ledger guards against slips; the roster's list of
//! accepted payloads guards against intent.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the ledger file.
pub const LEDGER_SCHEMA: &str = "scrutineer.ledger/1";

/// The documents that were cut on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Always [`LEDGER_SCHEMA`].
    pub schema: String,
    /// The documents, in the order in which they were cut.
    pub cuts: Vec<Cut>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            schema: LEDGER_SCHEMA.to_owned(),
            cuts: Vec::new(),
        }
    }
}

/// A document that was cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Id of the exchange.
    pub exchange: String,
    /// Id of the participant.
    pub participant: String,
    /// Id of the period.
    pub period: String,
    /// Digest of the payload.
    pub payload: String,
    /// When it was made.
    pub created: Timestamp,
    /// Digest of the payload that it takes the place of.
    pub replaces: Option<String>,
}

impl Ledger {
    /// The newest document of a participant for a period: the one that no later one replaced.
    pub fn find(&self, exchange: &str, participant: &str, period: &str) -> Option<&Cut> {
        self.cuts.iter().rev().find(|cut| {
            cut.exchange == exchange && cut.participant == participant && cut.period == period
        })
    }

    /// Remembers a document. One that is known already is not added again.
    pub fn record(&mut self, cut: Cut) {
        if !self.cuts.iter().any(|known| known.payload == cut.payload) {
            self.cuts.push(cut);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_cut_of_a_period_is_found() {
        let cut = |period: &str, payload: &str| Cut {
            exchange: "x".to_owned(),
            participant: "p".to_owned(),
            period: period.to_owned(),
            payload: payload.to_owned(),
            created: Timestamp::UNIX_EPOCH,
            replaces: None,
        };
        let mut ledger = Ledger::default();
        for one in [
            cut("2026H1", "a"),
            cut("2026H2", "b"),
            cut("2026H1", "c"),
            cut("2026H1", "c"),
        ] {
            ledger.record(one);
        }
        assert_eq!(ledger.cuts.len(), 3);
        let found = |period| {
            ledger
                .find("x", "p", period)
                .map(|cut| cut.payload.as_str())
        };
        assert_eq!(found("2026H1"), Some("c"));
        assert_eq!(found("2026H2"), Some("b"));
        assert_eq!(found("2027H1"), None);
        assert_eq!(ledger.find("y", "p", "2026H1"), None);
    }
}
