//! Recognises documents among files, without trusting them: to find one's own
//! earlier document, and never to learn what somebody else says.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::document::{BASELINE, Baseline, Statement, payload_digest};

/// A document as it lies in a file, verified by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Digest of its payload.
    pub payload: String,
    /// What it says.
    pub baseline: Baseline,
}

#[derive(Deserialize)]
struct Envelope {
    payload: String,
}

/// The baseline in a file: a statement, or an envelope (DSSE) around one.
pub fn baseline_in(bytes: &[u8]) -> Option<Found> {
    let payload = match serde_json::from_slice::<Envelope>(bytes) {
        Ok(envelope) => STANDARD.decode(envelope.payload).ok()?,
        Err(_) => bytes.strip_suffix(b"\n").unwrap_or(bytes).to_vec(),
    };
    let statement: Statement<Baseline> = serde_json::from_slice(&payload).ok()?;
    (statement.predicate_type == BASELINE).then(|| Found {
        payload: payload_digest(&payload),
        baseline: statement.predicate,
    })
}
