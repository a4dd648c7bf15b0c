//! The manifest of the runs that a baseline was cut from. It stays at home;
//! the baseline names its digest, so that the runs cannot be changed later.
//!
//! Each line is hashed with a salt of its own, and the digest is taken over
//! these hashes. So a reviewer can be shown some lines with their salts, check
//! that they are part of what was signed, and scan these names again, without
//! learning the others. Without the salt nobody can try names against the digest.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::judge::digest;
use crate::model::tlp::Tlp;

/// Version of the manifest.
pub const MANIFEST_SCHEMA: &str = "scrutineer.manifest/1";

/// The runs that a baseline was cut from, name by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always [`MANIFEST_SCHEMA`].
    pub schema: String,
    /// Always TLP:AMBER+STRICT: it names targets.
    pub tlp: Tlp,
    /// Id of the exchange.
    pub exchange: String,
    /// Id of the participant.
    pub participant: String,
    /// Id of the period.
    pub period: String,
    /// SHA-256 of each run file, in the order given.
    pub runs: Vec<String>,
    /// Digest of the panel that was pinned before the window opened, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<String>,
    /// Each name of the panel, sorted.
    pub lines: Vec<Line>,
}

/// A name of the panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// 64 hexadecimal digits that nobody can guess.
    pub salt: String,
    /// The target's key.
    pub target: String,
    /// When it was seen; `null` when it was not seen in the window.
    pub observed_at: Option<Timestamp>,
}

impl Manifest {
    /// A manifest over names and when each was seen. The salts of the lines
    /// are derived from `seed`, which must come from a source of random bytes
    /// and is not kept.
    pub fn new(
        [exchange, participant, period]: [&str; 3],
        runs: Vec<String>,
        observed: &BTreeMap<String, Option<Timestamp>>,
        seed: &[u8; 32],
    ) -> Self {
        let seed = crate::judge::hex(seed);
        let line = |(target, observed_at): (&String, &Option<Timestamp>)| Line {
            salt: canonical_digest(&("scrutineer.salt", &seed, target)),
            target: target.clone(),
            observed_at: *observed_at,
        };
        Self {
            schema: MANIFEST_SCHEMA.to_owned(),
            tlp: Tlp::AmberStrict,
            exchange: exchange.to_owned(),
            participant: participant.to_owned(),
            period: period.to_owned(),
            runs,
            panel: None,
            lines: observed.iter().map(line).collect(),
        }
    }

    /// The digest that the baseline names as its subject.
    pub fn digest(&self) -> String {
        let lines: Vec<String> = self.lines.iter().map(Line::digest).collect();
        canonical_digest(&(
            &self.schema,
            [&self.exchange, &self.participant, &self.period],
            &self.runs,
            &self.panel,
            lines,
        ))
    }
}

impl Line {
    /// SHA-256 over the canonical form of the line, its salt included.
    pub fn digest(&self) -> String {
        canonical_digest(self)
    }
}

fn canonical_digest(value: &impl Serialize) -> String {
    digest(value).expect("manifests hold texts and times alone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_binds_every_line_and_tells_none() {
        let at = Some(Timestamp::UNIX_EPOCH);
        let names = |second| {
            BTreeMap::from([
                ("a.example".to_owned(), at),
                ("b.example".to_owned(), second),
            ])
        };
        let make = |seed: u8, second| {
            let runs = vec!["0f".repeat(32)];
            Manifest::new(["x", "p", "2026H2"], runs, &names(second), &[seed; 32])
        };
        let manifest = make(1, None);
        assert_eq!(manifest.digest(), make(1, None).digest());
        assert_ne!(manifest.digest(), make(2, None).digest(), "salted");
        assert_ne!(manifest.digest(), make(1, at).digest());
        assert_ne!(manifest.lines[0].salt, manifest.lines[1].salt);
        let mut other = manifest.clone();
        other.runs.clear();
        assert_ne!(manifest.digest(), other.digest());
    }
}
