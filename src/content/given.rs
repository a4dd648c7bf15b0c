//! What an example gives must be facts that a probe can write.

use serde_json::{Map, Value};

use super::diagnostic::did_you_mean;
use super::reader::{Reader, head};
use super::yaml::{Key, Kind, Node};

/// Deepest fact that is looked at.
const DEEPEST: usize = 40;
/// Keys of an observation that an example may give, besides the areas.
const OTHER_KEYS: [&str; 3] = ["target", "gaps", "observed_at"];
/// Keys of an observation that no check reads.
const NOT_GIVEN: [&str; 5] = ["schema", "conditions", "fact_versions", "evidence", "cost"];

/// The observation's JSON Schema, as a description of facts.
#[derive(Clone, Copy)]
pub struct FactShape<'a> {
    properties: Option<&'a Map<String, Value>>,
    definitions: Option<&'a Map<String, Value>>,
}

impl<'a> FactShape<'a> {
    /// Reads the schema of an observation.
    pub fn new(schema: &'a Value) -> Self {
        Self {
            properties: schema.get("properties").and_then(Value::as_object),
            definitions: schema.get("$defs").and_then(Value::as_object),
        }
    }

    /// Tells every part of a partial observation that is no fact: unknown
    /// keys, wrong types, words outside a closed list, a `null` where a fact
    /// is never null, gaps that point nowhere. Nothing is required.
    pub fn check(self, reader: &mut Reader, given: &Node) {
        let Some(properties) = self.properties else {
            return;
        };
        let known: Vec<&str> = properties
            .keys()
            .map(String::as_str)
            .filter(|key| !NOT_GIVEN.contains(key))
            .collect();
        let Some(_) = reader.fields(given, "`given`", &known, &[]) else {
            return;
        };
        let Kind::Map(entries) = &given.kind else {
            return;
        };
        for (key, value) in entries {
            if let Some(schema) = properties.get(&key.text)
                && known.contains(&key.text.as_str())
            {
                self.value(reader, value, schema, &key.text, 0);
            }
        }
        if let Some(Kind::List(gaps)) = given.get("gaps").map(|gaps| &gaps.kind) {
            for gap in gaps {
                if let Some(at) = gap.get("at")
                    && let Kind::Text(pointer) = &at.kind
                {
                    self.pointer(reader, at, pointer);
                }
            }
        }
    }

    fn value(self, reader: &mut Reader, node: &Node, schema: &'a Value, name: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let shape = self.resolve(schema, 0);
        if node.kind == Kind::Null {
            if !shape.nullable {
                reader.error_help(
                    &node.span,
                    format!("`{name}` is never null"),
                    Some(
                        "leave it out for a fact that was not seen, and add a gap that says why"
                            .to_owned(),
                    ),
                );
            }
            return;
        }
        if let Some(words) = shape.words() {
            self.word(reader, node, name, &words);
            return;
        }
        let Some(object) = shape.schema else { return };
        match kind_of(object) {
            Some("object") => self.object(reader, node, object, name, depth),
            Some("array") => {
                if let Some(items) = reader.list(node, name) {
                    if let Some(schema) = object.get("items") {
                        for item in items {
                            self.value(reader, item, schema, name, depth + 1);
                        }
                    }
                    check_keys(reader, items, shape.key);
                }
            }
            Some("boolean") if !matches!(node.kind, Kind::Bool(_)) => {
                reader.wrong_type(node, name, "true or false");
            }
            Some("integer") => whole_number(reader, node, name, object),
            Some("string") => {
                let Some(text) = reader.text(node, name) else {
                    return;
                };
                let format = object.get("format").and_then(Value::as_str);
                if format == Some("date-time") && text.value.parse::<jiff::Timestamp>().is_err() {
                    reader.error_help(
                        &node.span,
                        format!("`{name}` is not a time"),
                        Some("write it as 2026-03-31T12:00:00Z".to_owned()),
                    );
                }
            }
            _ => {}
        }
    }

    fn object(
        self,
        reader: &mut Reader,
        node: &Node,
        object: &'a Map<String, Value>,
        name: &str,
        depth: usize,
    ) {
        let Some(properties) = object.get("properties").and_then(Value::as_object) else {
            return;
        };
        let Kind::Map(entries) = &node.kind else {
            reader.wrong_type(node, name, "a mapping");
            return;
        };
        for (key, value) in entries {
            match properties.get(&key.text) {
                Some(schema) => self.value(reader, value, schema, &key.text, depth + 1),
                None => unknown_fact(reader, key, name, properties),
            }
        }
    }

    fn word(self, reader: &mut Reader, node: &Node, name: &str, words: &[&str]) {
        let Some(text) = reader.text(node, name) else {
            return;
        };
        if !words.contains(&text.value.as_str()) {
            let help = did_you_mean(&text.value, words.iter().copied())
                .unwrap_or_else(|| format!("one of: {}", words.join(", ")));
            reader.error_help(
                &node.span,
                format!("`{}` is not a value of `{name}`", text.value),
                Some(help),
            );
        }
    }

    /// Tells a gap whose pointer leads to no fact.
    fn pointer(self, reader: &mut Reader, node: &Node, pointer: &str) {
        let mut segments = pointer.split('/');
        let rooted = segments.next() == Some("");
        let segments: Vec<String> = segments
            .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
            .collect();
        let (Some(properties), Some(area), true) = (self.properties, segments.first(), rooted)
        else {
            reader.error_help(
                &node.span,
                format!("`{pointer}` is not a JSON Pointer"),
                Some("write it as /tls/endpoints/0/suites/-".to_owned()),
            );
            return;
        };
        let mut schema = properties.get(area).filter(|_| {
            !NOT_GIVEN.contains(&area.as_str()) && !OTHER_KEYS.contains(&area.as_str())
        });
        for segment in segments.iter().skip(1).take(DEEPEST) {
            let Some(object) = schema.and_then(|schema| self.resolve(schema, 0).schema) else {
                break;
            };
            schema = match kind_of(object) {
                Some("object") => object
                    .get("properties")
                    .and_then(|properties| properties.get(segment)),
                Some("array") if segment == "-" || segment.parse::<u32>().is_ok() => {
                    object.get("items")
                }
                _ => None,
            };
        }
        if schema.is_none() {
            reader.error(
                &node.span,
                format!("the gap `{pointer}` leads to no fact that a probe writes"),
            );
        }
    }

    /// Follows references and takes `null` out of alternatives.
    fn resolve(self, schema: &'a Value, depth: usize) -> Shape<'a> {
        let mut shape = Shape {
            schema: schema.as_object(),
            nullable: false,
            key: schema.get("x-key").and_then(Value::as_str),
        };
        let Some(object) = shape.schema.filter(|_| depth < DEEPEST) else {
            return shape;
        };
        let inner = if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            reference
                .rsplit('/')
                .next()
                .and_then(|name| self.definitions?.get(name))
        } else if let Some(variants) = object.get("anyOf").and_then(Value::as_array) {
            shape.nullable = variants.iter().any(is_null);
            variants.iter().find(|variant| !is_null(variant))
        } else {
            None
        };
        if let Some(inner) = inner {
            let resolved = self.resolve(inner, depth + 1);
            return Shape {
                nullable: shape.nullable || resolved.nullable,
                key: shape.key.or(resolved.key),
                ..resolved
            };
        }
        if let Some(Value::Array(types)) = object.get("type") {
            shape.nullable = types.iter().any(|name| name == "null");
        }
        shape
    }
}

/// A schema with its references followed.
#[derive(Clone, Copy)]
struct Shape<'a> {
    schema: Option<&'a Map<String, Value>>,
    nullable: bool,
    /// Field that identifies the items of a list.
    key: Option<&'a str>,
}

impl<'a> Shape<'a> {
    /// The words of an enumeration.
    fn words(self) -> Option<Vec<&'a str>> {
        let object = self.schema?;
        if let Some(Value::String(word)) = object.get("const") {
            return Some(vec![word]);
        }
        if let Some(Value::Array(words)) = object.get("enum") {
            return Some(words.iter().filter_map(Value::as_str).collect());
        }
        let variants = object.get("oneOf")?.as_array()?;
        let mut words = Vec::new();
        for variant in variants {
            match (variant.get("const"), variant.get("enum")) {
                (Some(Value::String(word)), _) => words.push(word.as_str()),
                (_, Some(Value::Array(more))) => {
                    words.extend(more.iter().filter_map(Value::as_str))
                }
                _ => return None,
            }
        }
        Some(words)
    }
}

fn kind_of(object: &Map<String, Value>) -> Option<&str> {
    match object.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null"),
        _ => None,
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn whole_number(reader: &mut Reader, node: &Node, name: &str, object: &Map<String, Value>) {
    let Kind::Int(number) = node.kind else {
        reader.wrong_type(node, name, "a whole number");
        return;
    };
    let bound = |key: &str| object.get(key).and_then(Value::as_i64);
    if bound("minimum").is_some_and(|least| number < least)
        || bound("maximum").is_some_and(|most| number > most)
    {
        reader.error(
            &node.span,
            format!("`{name}` cannot be {number}: it is out of range"),
        );
    }
}

fn unknown_fact(reader: &mut Reader, key: &Key, name: &str, known: &Map<String, Value>) {
    let help = did_you_mean(&key.text, known.keys().map(String::as_str)).unwrap_or_else(|| {
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        format!("facts of `{name}`: {}", names.join(", "))
    });
    reader.error_help(
        &key.span,
        format!("no probe writes the fact `{}` of `{name}`", key.text),
        Some(help),
    );
}

/// Tells items of a list without the key that identifies them, or with one
/// that stands twice.
fn check_keys(reader: &mut Reader, items: &[Node], key: Option<&str>) {
    let Some(key) = key else { return };
    let mut seen: Vec<&str> = Vec::new();
    for item in items {
        if !matches!(item.kind, Kind::Map(_)) {
            continue;
        }
        match item.get(key).map(|value| &value.kind) {
            None => reader.error(
                &head(item),
                format!("the item lacks `{key}`, which identifies it"),
            ),
            // A suite or a name may stand twice, in other company: only `key` is unique.
            Some(Kind::Text(text)) if key == "key" => {
                if seen.contains(&text.as_str()) {
                    reader.error(
                        &head(item),
                        format!("two items of the list have the key `{text}`"),
                    );
                }
                seen.push(text);
            }
            Some(_) => {}
        }
    }
}
