//! A page of facts for each area, walked out of the observation's JSON Schema.

use serde_json::Value;
use std::collections::BTreeMap;

use super::{
    MARK,
    markdown::{cell, code, table},
};
use crate::model::level::Area;

/// Types deeper than this are not followed: facts are flat.
const MAX_DEPTH: usize = 16;

/// `observation.md`, and `observation-AREA.md` for each area.
pub(super) fn pages(schema: &Value) -> BTreeMap<String, String> {
    let mut index = format!(
        "{MARK}\n\n# Facts\n\nWhat checks may read, by area. A fact that may be `null` was then looked for and not there. A fact that is \
         absent was not observed, and a gap says why. `scrutineer schema observation` prints the same as JSON Schema, with the rest of \
         the document: the target, the conditions, gaps, evidence and cost.\n\n"
    );
    let mut pages = BTreeMap::new();
    for area in Area::ALL {
        let Some(place) = schema.pointer(&format!("/properties/{}", area.key())) else {
            continue;
        };
        let mut walk = Walk {
            schema,
            rows: Vec::new(),
        };
        walk.place(area.key(), place, "passive", 0);
        let file = format!("observation-{area}.md");
        index += &format!("* [{area}]({file}): {} facts\n", walk.rows.len());
        let page = format!(
            "{MARK}\n\n# Facts of the area `{area}`\n\n{}",
            table(&["fact", "type", "level", "meaning"], &walk.rows)
        );
        pages.insert(file, page);
    }
    pages.insert("observation.md".to_owned(), index);
    pages
}

struct Walk<'s> {
    schema: &'s Value,
    rows: Vec<Vec<String>>,
}

/// A place of the schema without references around it.
struct Kind<'s> {
    schema: &'s Value,
    nullable: bool,
}

impl<'s> Walk<'s> {
    fn place(&mut self, path: &str, place: &'s Value, level: &str, depth: usize) {
        let Some(kind) = self.resolved(place) else {
            return;
        };
        let own = [place, kind.schema]
            .iter()
            .find_map(|part| part.get("x-level")?.as_str());
        let level = own.unwrap_or(level).to_owned();
        let meaning = [place, kind.schema]
            .iter()
            .find_map(|part| part.get("description")?.as_str())
            .map(plain)
            .unwrap_or_default();
        let key = place.get("x-key").and_then(Value::as_str);
        let mut words = self.type_of(kind.schema);
        if let Some(key) = key {
            words += &format!(", each known by {}", code(key));
        }
        if kind.nullable {
            words += " or `null`";
        }
        if depth > 0 {
            self.rows
                .push(vec![code(path), words, level.clone(), cell(&meaning)]);
        }
        if depth >= MAX_DEPTH {
            return;
        }
        let (path, inner) = match kind.schema.get("items") {
            Some(items) => match self.resolved(items) {
                Some(item) => (format!("{path}[]"), item.schema),
                None => return,
            },
            None => (path.to_owned(), kind.schema),
        };
        let Some(fields) = inner.get("properties").and_then(Value::as_object) else {
            return;
        };
        for (name, field) in fields {
            self.place(&format!("{path}.{name}"), field, &level, depth + 1);
        }
    }

    /// Follows references and takes `null` out of a choice.
    fn resolved(&self, place: &'s Value) -> Option<Kind<'s>> {
        let mut schema = place;
        let mut nullable = false;
        for _ in 0..MAX_DEPTH {
            if let Some(choice) = schema.get("anyOf").and_then(Value::as_array) {
                let mut real = choice.iter().filter(|one| !is_null(one));
                nullable |= choice.iter().any(is_null);
                match (real.next(), real.next()) {
                    (Some(only), None) => schema = only,
                    _ => break,
                }
            } else if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#')?;
                schema = self.schema.pointer(pointer)?;
            } else {
                break;
            }
        }
        let types = schema.get("type").and_then(Value::as_array);
        nullable |= types.is_some_and(|types| types.iter().any(|one| one == "null"));
        Some(Kind { schema, nullable })
    }

    fn type_of(&self, schema: &'s Value) -> String {
        if let Some(items) = schema.get("items") {
            let item = self.resolved(items).map(|kind| self.type_of(kind.schema));
            return format!("list of {}", item.unwrap_or_default());
        }
        if let Some(words) = words_of(schema) {
            return words
                .iter()
                .map(|word| code(word))
                .collect::<Vec<_>>()
                .join(", ");
        }
        let first = match schema.get("type") {
            Some(Value::Array(types)) => types.iter().find(|one| *one != "null"),
            other => other,
        };
        let format = schema.get("format").and_then(Value::as_str);
        match (first.and_then(Value::as_str), format) {
            (Some("string"), Some("date-time")) => "time",
            (Some("string"), Some("date")) => "date",
            (Some("string"), _) => "text",
            (Some("integer"), _) => "whole number",
            (Some("boolean"), _) => "yes or no",
            (Some("object"), _) => "group",
            _ => "value",
        }
        .to_owned()
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "null")
}

/// The words of a closed list, as `enum` or as a choice of constants.
fn words_of(schema: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Some(words.iter().filter_map(text).collect());
    }
    let choice = schema.get("oneOf")?.as_array()?;
    let mut all = Vec::new();
    for one in choice {
        match (one.get("const"), one.get("enum").and_then(Value::as_array)) {
            (Some(word), _) => all.extend(text(word)),
            (None, Some(words)) => all.extend(words.iter().filter_map(text)),
            (None, None) => return None,
        }
    }
    Some(all)
}

/// A description without the links of the source's documentation.
fn plain(description: &str) -> String {
    description.replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn facts_are_walked_with_type_level_and_meaning() {
        let schema = json!({
            "properties": { "dns": { "$ref": "#/$defs/Dns" } },
            "$defs": {
                "Dns": { "x-level": "passive", "properties": {
                    "ns": { "type": "array", "x-key": "name", "description": "Servers, [`Ns`].",
                            "items": { "$ref": "#/$defs/Ns" } },
                    "soa": { "anyOf": [{ "type": "integer" }, { "type": "null" }], "x-level": "standard" },
                } },
                "Ns": { "type": "object", "properties": {
                    "kind": { "oneOf": [{ "const": "a" }, { "enum": ["b", "c"] }] },
                } },
            },
        });
        let page = &pages(&schema)["observation-dns.md"];
        for line in [
            "| `dns.ns` | list of group, each known by `name` | passive | Servers, `Ns`. |",
            "| `dns.ns[].kind` | `a`, `b`, `c` | passive |  |",
            "| `dns.soa` | whole number or `null` | standard |  |",
        ] {
            assert!(page.contains(line), "{page}");
        }
    }
}
