//! What a reader remembers between commands: rosters that are trusted, and
//! which documents were accepted.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    canonical::{self, Fault},
    envelope::Envelope,
    refusal::Refusal,
    trust::Trust,
};
use jiff::Timestamp;

/// Version of the file.
pub const TRUST_SCHEMA: &str = "scrutineer.trust/1";

/// Everything that is remembered, in one document, so that it changes at once or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustStore {
    /// Always [`TRUST_SCHEMA`].
    pub schema: String,
    /// Exchanges by id.
    pub exchanges: BTreeMap<String, Known>,
}

/// An exchange whose roster is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Payload of the highest roster that was trusted: its root keys, version and digest.
    pub roster: String,
    /// Who reads here: the id that audiences name.
    pub reader: Option<String>,
    /// Digests of documents that were accepted here.
    pub seen: BTreeSet<String>,
}

impl Default for TrustStore {
    fn default() -> Self {
        Self {
            schema: TRUST_SCHEMA.to_owned(),
            exchanges: BTreeMap::new(),
        }
    }
}

impl TrustStore {
    /// Reads what [`TrustStore::write`] wrote.
    ///
    /// # Errors
    /// When it is something else. A damaged file is never taken for an empty one.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let store: Self = canonical::parse(bytes)?;
        if store.schema != TRUST_SCHEMA {
            return Err(Fault::Content(format!("it is no {TRUST_SCHEMA}")));
        }
        Ok(store)
    }

    /// Its canonical bytes.
    ///
    /// # Errors
    /// When it grew beyond what can be read back.
    pub fn write(&self) -> Result<Vec<u8>, Fault> {
        let bytes = canonical::write(self)?;
        match bytes.len() {
            0..=canonical::MOST_BYTES => Ok(bytes),
            _ => Err(Fault::TooLarge),
        }
    }

    /// The roster that is trusted for an exchange.
    ///
    /// # Errors
    /// [`Refusal::NotTrusted`], or a file that was tampered with.
    pub fn trusted(&self, exchange: &str) -> Result<Trust, Refusal> {
        let known = self
            .exchanges
            .get(exchange)
            .ok_or_else(|| Refusal::NotTrusted(exchange.to_owned()))?;
        Trust::stored(known.roster.clone().into_bytes())
    }

    /// Goes from the roster that is trusted through newer ones, in the order given.
    /// Nothing is remembered yet.
    ///
    /// # Errors
    /// The first refusal.
    pub fn follow(&self, rosters: &[Envelope], now: Timestamp) -> Result<Trust, Refusal> {
        let first = rosters.first().ok_or(Refusal::NotSigned)?;
        // Unverified: it only says whose keys to ask, and these decide.
        let mut trust = self.trusted(&claimed_exchange(first)?)?;
        for envelope in rosters {
            trust = trust.advance(envelope, now)?;
        }
        Ok(trust)
    }

    /// Remembers a roster, and documents that were accepted with it.
    pub fn remember(
        &mut self,
        trust: &Trust,
        reader: Option<&str>,
        seen: impl IntoIterator<Item = String>,
    ) {
        let known = self
            .exchanges
            .entry(trust.roster().exchange.id.clone())
            .or_insert_with(|| Known {
                roster: String::new(),
                reader: None,
                seen: BTreeSet::new(),
            });
        known.roster = String::from_utf8_lossy(trust.payload()).into_owned();
        if let Some(reader) = reader {
            known.reader = Some(reader.to_owned());
        }
        known.seen.extend(seen);
    }

    /// Who reads here, in an exchange.
    pub fn reader(&self, exchange: &str) -> Option<&str> {
        self.exchanges.get(exchange)?.reader.as_deref()
    }

    /// Documents that were accepted here, in an exchange.
    pub fn seen(&self, exchange: &str) -> BTreeSet<String> {
        let known = self.exchanges.get(exchange);
        known.map(|known| known.seen.clone()).unwrap_or_default()
    }
}

/// The exchange that a roster says it is of. Nothing vouches for it.
fn claimed_exchange(roster: &Envelope) -> Result<String, Refusal> {
    let value = canonical::read_canonical(&roster.payload)?;
    let id = value.pointer("/predicate/exchange/id");
    id.and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Refusal::Content("it names no exchange".to_owned()))
}
