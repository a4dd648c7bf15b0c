//! JSON that has one form only: read strictly, written by RFC 8785.
//!
//! What is signed must mean the same to everybody. Parsers differ on repeated
//! keys, on numbers that a double cannot hold, and on halves of surrogate
//! pairs, so all of these are refused instead of guessed at.

mod reader;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::fmt;

use crate::wire::text::clean;

/// Largest document that is read, in bytes.
pub const MOST_BYTES: usize = 8 << 20;
/// Deepest nesting of lists and objects.
pub const DEEPEST: usize = 32;
/// Most values in a document, keys not counted.
pub const MOST_VALUES: usize = 1_000_000;
/// Largest integer, in both directions: 2^53 - 1 (RFC 8785, section 3.2.2.3; RFC 7493, section 2.2).
pub const LARGEST_INTEGER: i64 = (1 << 53) - 1;

/// Why bytes are no canonical document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More than [`MOST_BYTES`].
    TooLarge,
    /// Not UTF-8; the offset of the first bad byte.
    NotUtf8(usize),
    /// Not JSON: what was wrong there.
    Syntax(Position, &'static str),
    /// Nested deeper than [`DEEPEST`].
    TooDeep(Position),
    /// More than [`MOST_VALUES`].
    TooMany,
    /// A key that stands twice in one object.
    RepeatedKey(Position, String),
    /// A number with a fraction, an exponent, or minus zero.
    Float(Position),
    /// An integer beyond [`LARGEST_INTEGER`].
    LargeInteger(Position),
    /// Something behind the end of the document.
    Trailing(Position),
    /// Readable, but not in the form of RFC 8785: order of keys, spaces or escapes.
    NotCanonical,
    /// Canonical, but not what this document should hold.
    Content(String),
}

/// A place in a text: line and column in bytes, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "it is larger than {} MiB", MOST_BYTES >> 20),
            Self::NotUtf8(at) => write!(f, "it is not UTF-8 at byte {at}"),
            Self::Syntax(at, what) => write!(f, "it is not JSON: {what} at {at}"),
            Self::TooDeep(at) => write!(f, "it is nested deeper than {DEEPEST} levels at {at}"),
            Self::TooMany => write!(f, "it holds more than {MOST_VALUES} values"),
            Self::RepeatedKey(at, key) => {
                write!(
                    f,
                    "the key \"{}\" stands twice in one object, at {at}",
                    clean(key, 60)
                )
            }
            Self::Float(at) => write!(
                f,
                "it holds a number that is not a plain integer (a float), at {at}"
            ),
            Self::LargeInteger(at) => write!(f, "it holds an integer above 2^53-1, at {at}"),
            Self::Trailing(at) => write!(f, "something stands behind its end, at {at}"),
            Self::NotCanonical => {
                f.write_str("it is not in canonical form (RFC 8785): order, spaces or escapes")
            }
            Self::Content(what) => {
                write!(f, "it does not hold what it should: {}", clean(what, 300))
            }
        }
    }
}

impl std::error::Error for Fault {}

/// Reads one JSON document strictly; spaces and the order of keys are free.
///
/// # Errors
/// Every [`Fault`] except `NotCanonical` and `Content`.
pub fn read(bytes: &[u8]) -> Result<Value, Fault> {
    reader::read(bytes)
}

/// Reads one JSON document that must be in canonical form.
///
/// # Errors
/// Every [`Fault`] except `Content`.
pub fn read_canonical(bytes: &[u8]) -> Result<Value, Fault> {
    let value = read(bytes)?;
    if write(&value)? == bytes {
        Ok(value)
    } else {
        Err(Fault::NotCanonical)
    }
}

/// Reads a canonical document into a type.
///
/// # Errors
/// Every [`Fault`].
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    typed(read_canonical(bytes)?)
}

/// Puts a value that was read into a type.
///
/// # Errors
/// [`Fault::Content`] when it does not fit.
pub fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| Fault::Content(error.to_string()))
}

/// Writes a value by RFC 8785. No line end follows.
///
/// # Errors
/// When it holds a float, an integer above 2^53-1, or has no JSON form.
pub fn write(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let value = serde_json::to_value(value).map_err(|error| Fault::Content(error.to_string()))?;
    check(&value, 0)?;
    serde_json_canonicalizer::to_vec(&value).map_err(|error| Fault::Content(error.to_string()))
}

/// Refuses to write what [`read`] would refuse to read.
fn check(value: &Value, depth: usize) -> Result<(), Fault> {
    let nowhere = Position { line: 1, column: 1 };
    if depth > DEEPEST {
        return Err(Fault::TooDeep(nowhere));
    }
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(integer) if integer.unsigned_abs() <= LARGEST_INTEGER.unsigned_abs() => Ok(()),
            None if !number.is_u64() => Err(Fault::Float(nowhere)),
            _ => Err(Fault::LargeInteger(nowhere)),
        },
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Object(fields) => fields.values().try_for_each(|item| check(item, depth + 1)),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
