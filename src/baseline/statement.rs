//! Reads the in-toto Statement within an envelope whose signatures hold.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    canonical,
    document::{STATEMENT, Statement},
    kind::DocumentKind,
    refusal::Refusal,
};

/// Reads a payload: canonical JSON, a Statement v1, of the kind that is expected.
///
/// # Errors
/// A refusal for each of these.
pub fn read<P: DeserializeOwned>(
    payload: &[u8],
    kind: DocumentKind,
) -> Result<Statement<P>, Refusal> {
    let value = canonical::read_canonical(payload)?;
    expect(&value, kind)?;
    Ok(canonical::typed(value)?)
}

/// The kind of document that a payload says it is.
///
/// # Errors
/// When it is no Statement, or of a kind that this program does not know.
pub fn kind_of(payload: &[u8]) -> Result<DocumentKind, Refusal> {
    let value = canonical::read_canonical(payload)?;
    let found = predicate_type(&value)?;
    DocumentKind::of_predicate_type(found).ok_or_else(|| Refusal::UnknownKind(found.to_owned()))
}

fn expect(value: &Value, kind: DocumentKind) -> Result<(), Refusal> {
    match predicate_type(value)? {
        found if found == kind.predicate_type() => Ok(()),
        found => Err(Refusal::PredicateType {
            expected: kind,
            found: found.to_owned(),
        }),
    }
}

fn predicate_type(value: &Value) -> Result<&str, Refusal> {
    let field = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    match field("_type") {
        STATEMENT => Ok(field("predicateType")),
        other => Err(Refusal::NotAStatement(format!("its _type is \"{other}\""))),
    }
}
