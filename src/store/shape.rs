//! Whether facts of an older version have the shape that checks expect: at each place that
//! the JSON Schema of today knows, a value of its kind.
//!
//! What came since may be missing, what is gone may stand there, and words of a vocabulary
//! are not compared. What is left is damage, for which the first check that meets it would
//! be blamed.

use serde_json::{Map, Value};

use crate::wire::text::clean;

/// Most steps into schema and value together. Facts are flat.
const DEPTH_MAX: usize = 64;
/// Most characters of a key in a message.
const KEY_CHARS: usize = 60;

/// Holds facts against a schema with its definitions in `$defs`.
///
/// # Errors
/// The place that has a value of another kind, and which kind is expected.
pub(super) fn check(schema: &Value, facts: &Value) -> Result<(), String> {
    let shape = Shape {
        definitions: schema.get("$defs").and_then(Value::as_object),
    };
    shape.fits(schema, facts, "", DEPTH_MAX)
}

struct Shape<'a> {
    definitions: Option<&'a Map<String, Value>>,
}

impl Shape<'_> {
    fn fits(&self, schema: &Value, value: &Value, at: &str, depth: usize) -> Result<(), String> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(format!("{at}: too deep"));
        };
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let name = name.trim_start_matches("#/$defs/");
            return match self.definitions.and_then(|known| known.get(name)) {
                Some(definition) => self.fits(definition, value, at, depth),
                None => Ok(()),
            };
        }
        let one_of = ["anyOf", "oneOf"];
        if let Some(branches) = one_of.iter().find_map(|key| schema.get(key)?.as_array()) {
            let mut wrong = Ok(());
            for branch in branches {
                let fits = self.fits(branch, value, at, depth);
                if fits.is_ok() {
                    return Ok(());
                }
                // What is wrong inside says more than that it is not `null`.
                if branch.get("type").and_then(Value::as_str) != Some("null") {
                    wrong = fits;
                }
            }
            return wrong;
        }
        self.kind(schema, value, at)?;
        match value {
            Value::Object(fields) => {
                let known = schema.get("properties").and_then(Value::as_object);
                let other = schema.get("additionalProperties");
                for (key, field) in fields {
                    let schema = known.and_then(|known| known.get(key)).or(other);
                    if let Some(schema) = schema {
                        let at = format!("{at}/{}", clean(key, KEY_CHARS));
                        self.fits(schema, field, &at, depth)?;
                    }
                }
                Ok(())
            }
            Value::Array(items) => {
                let Some(schema) = schema.get("items") else {
                    return Ok(());
                };
                for (index, item) in items.iter().enumerate() {
                    self.fits(schema, item, &format!("{at}/{index}"), depth)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the value is of a kind that the schema allows here.
    fn kind(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let allowed: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return Ok(()),
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let fits = |allowed: &&str| *allowed == kind || *allowed == "number" && kind == "integer";
        match allowed.iter().any(fits) {
            true => Ok(()),
            false => {
                let at = if at.is_empty() { "the whole" } else { at };
                let expected = allowed.join(" or ");
                Err(format!("{at} is of kind {kind}, and should be {expected}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn damage_is_told_from_age() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": { "type": "string" },
                "caa": { "anyOf": [{ "$ref": "#/$defs/Caa" }, { "type": "null" }] },
                "ns": { "type": "array", "items": { "$ref": "#/$defs/Server" } },
                "bits": { "type": ["integer", "null"] },
                "other": { "type": "object", "additionalProperties": { "type": "boolean" } },
            },
            "required": ["name", "added"],
            "additionalProperties": false,
            "$defs": {
                "Caa": { "type": "object", "properties": { "at": { "type": "string" } } },
                "Server": { "type": "object", "properties": { "kind": { "type": "string", "enum": ["a"] } } },
            },
        });
        let cases = [
            // What came since is missing, and what is gone stands there.
            (json!({ "gone": 7, "ns": [{ "kind": "b" }] }), ""),
            (
                json!({ "caa": null, "bits": null, "other": { "x": true } }),
                "",
            ),
            (
                json!([]),
                "the whole is of kind array, and should be object",
            ),
            (
                json!({ "caa": 7 }),
                "/caa is of kind integer, and should be object",
            ),
            (
                json!({ "caa": { "at": 7 } }),
                "/caa/at is of kind integer, and should be string",
            ),
            (
                json!({ "ns": [{}, "x"] }),
                "/ns/1 is of kind string, and should be object",
            ),
            (
                json!({ "bits": 1.5 }),
                "/bits is of kind number, and should be integer or null",
            ),
            (json!({ "other": { "x\u{1b}": 1 } }), "/other/x"),
        ];
        for (facts, expected) in cases {
            let said = check(&schema, &facts).err().unwrap_or_default();
            assert!(said.starts_with(expected), "{facts}: {said}");
            assert_eq!(said.is_empty(), expected.is_empty(), "{facts}: {said}");
            assert!(!said.contains('\u{1b}'), "{said:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let schema = json!({ "$ref": "#/$defs/A", "$defs": { "A": { "$ref": "#/$defs/A" } } });
        assert!(check(&schema, &json!({})).is_err());
    }
}
