//! What facts there are: the observation's JSON Schema as types.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::level::{Area, Level};

/// Types deeper than this are not followed: facts are flat.
const MAX_DEPTH: usize = 32;

/// Fields of an inventory's target that say nothing about the target itself.
const NOT_FACTS: [&str; 1] = ["source"];

/// Every fact of an observation, with its type and what it takes to see it.
///
/// The root is that of checks: the areas, and the fields of `target`.
#[derive(Clone, Debug)]
pub struct FactSchema {
    root: Arc<Record>,
    words: BTreeMap<String, Arc<Words>>,
}

/// A type of the check language.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Null,
    Bool,
    Int,
    /// Text, out of a closed list of words where there is one.
    Text(Option<Arc<Words>>),
    Timestamp,
    Date,
    Duration,
    List(Arc<List>),
    Record(Arc<Record>),
    /// Any text to a type; only in parameters.
    Map(Arc<Slot>),
    /// Something that checks cannot use.
    Opaque,
}

/// A closed list of words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    /// Name of the enumeration in the schema, where it has one.
    pub name: Option<String>,
    pub words: Vec<String>,
}

/// A list and the field that identifies its items.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct List {
    pub item: Slot,
    pub key: Option<String>,
}

/// An object with known fields.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub fields: BTreeMap<String, Slot>,
}

/// A place for a value: its type, and what the schema says of the place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    pub kind: Type,
    /// `null` or, in parameters, really absent.
    pub nullable: bool,
    /// The probe behind it, where this place says so.
    pub area: Option<Area>,
    /// The level it takes, where this place says so.
    pub level: Option<Level>,
    key: Option<String>,
}

impl FactSchema {
    /// Reads the JSON Schema of the observation. What it does not understand
    /// is a fact that no check can use.
    pub fn new(schema: &Value) -> Self {
        let mut reader = Reader {
            definitions: schema
                .get("$defs")
                .or_else(|| schema.get("definitions"))
                .and_then(Value::as_object),
            words: BTreeMap::new(),
        };
        let mut fields = BTreeMap::new();
        for (name, place) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if let Some(area) = Area::ALL.into_iter().find(|area| area.key() == name) {
                let mut slot = reader.slot(place, 0);
                slot.area = slot.area.or(Some(area));
                fields.insert(name.clone(), slot);
            } else if name == "target"
                && let Type::Record(target) = reader.slot(place, 0).kind
            {
                for (name, slot) in &target.fields {
                    if !NOT_FACTS.contains(&name.as_str()) {
                        fields.entry(name.clone()).or_insert_with(|| slot.clone());
                    }
                }
            }
        }
        // Words that no fact uses yet can still be the type of a parameter.
        for (name, definition) in reader.definitions.into_iter().flatten() {
            if let Some(words) = closed_words(definition) {
                reader.keep_words(name, words);
            }
        }
        Self {
            root: Arc::new(Record { fields }),
            words: reader.words,
        }
    }

    /// The words of an enumeration of the schema, by its name there.
    pub fn words(&self, definition: &str) -> Option<&[String]> {
        self.words.get(definition).map(|words| &*words.words)
    }

    pub(super) fn vocabulary(&self, definition: &str) -> Option<Arc<Words>> {
        self.words.get(definition).cloned()
    }

    pub(super) fn root(&self) -> &Arc<Record> {
        &self.root
    }
}

impl Slot {
    pub(super) fn of(kind: Type) -> Self {
        Self {
            kind,
            nullable: false,
            area: None,
            level: None,
            key: None,
        }
    }

    pub(super) fn optional(kind: Type) -> Self {
        Self {
            nullable: true,
            ..Self::of(kind)
        }
    }
}

struct Reader<'a> {
    definitions: Option<&'a Map<String, Value>>,
    words: BTreeMap<String, Arc<Words>>,
}

impl Reader<'_> {
    fn slot(&mut self, schema: &Value, depth: usize) -> Slot {
        let mut slot = Slot::of(Type::Opaque);
        let Some(object) = schema.as_object().filter(|_| depth < MAX_DEPTH) else {
            return slot;
        };
        if let Some(variants) = ["anyOf", "oneOf", "allOf"]
            .iter()
            .find_map(|name| object.get(*name)?.as_array())
        {
            slot = self.variants(schema, variants, depth);
        } else if let Some(name) = object
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.rsplit('/').next())
        {
            slot = self.reference(name, depth);
        } else if let Some(words) = closed_words(schema) {
            slot.kind = Type::Text(Some(Arc::new(Words { name: None, words })));
            slot.nullable = allows_null(schema);
        } else {
            slot.kind = self.plain(object, depth);
            slot.nullable = allows_null(schema);
        }
        self.mark(slot, object)
    }

    /// `anyOf` of something and null, or an enumeration word by word.
    fn variants(&mut self, schema: &Value, variants: &[Value], depth: usize) -> Slot {
        if let Some(words) = closed_words(schema) {
            let mut slot = Slot::of(Type::Text(Some(Arc::new(Words { name: None, words }))));
            slot.nullable = allows_null(schema);
            return slot;
        }
        let mut real = variants.iter().filter(|variant| !is_null(variant));
        match (real.next(), real.next()) {
            (Some(only), None) => {
                let mut slot = self.slot(only, depth + 1);
                slot.nullable |= variants.iter().any(is_null);
                slot
            }
            _ => Slot::of(Type::Opaque),
        }
    }

    fn reference(&mut self, name: &str, depth: usize) -> Slot {
        let Some(definition) = self.definitions.and_then(|all| all.get(name)) else {
            return Slot::of(Type::Opaque);
        };
        if let Some(words) = closed_words(definition) {
            let kept = self.keep_words(name, words);
            return Slot::of(Type::Text(Some(kept)));
        }
        self.slot(definition, depth + 1)
    }

    fn keep_words(&mut self, name: &str, words: Vec<String>) -> Arc<Words> {
        self.words
            .entry(name.to_owned())
            .or_insert_with(|| {
                Arc::new(Words {
                    name: Some(name.to_owned()),
                    words,
                })
            })
            .clone()
    }

    fn plain(&mut self, object: &Map<String, Value>, depth: usize) -> Type {
        let format = object.get("format").and_then(Value::as_str);
        match main_type(object) {
            Some("boolean") => Type::Bool,
            Some("integer") => Type::Int,
            Some("string") if format == Some("date-time") => Type::Timestamp,
            Some("string") if format == Some("date") => Type::Date,
            Some("string") => Type::Text(None),
            Some("array") => {
                let item = object
                    .get("items")
                    .map_or_else(|| Slot::of(Type::Opaque), |item| self.slot(item, depth + 1));
                Type::List(Arc::new(List { item, key: None }))
            }
            Some("object") => self.object(object, depth),
            _ => Type::Opaque,
        }
    }

    fn object(&mut self, object: &Map<String, Value>, depth: usize) -> Type {
        let Some(properties) = object.get("properties").and_then(Value::as_object) else {
            return Type::Opaque;
        };
        let fields = properties
            .iter()
            .map(|(name, place)| (name.clone(), self.slot(place, depth + 1)))
            .collect();
        Type::Record(Arc::new(Record { fields }))
    }

    /// Adds what the schema says of the place itself. It may stand on a
    /// property beside a reference, on a list, or on the type.
    fn mark(&mut self, mut slot: Slot, object: &Map<String, Value>) -> Slot {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        if let Some(area) = text("x-probe") {
            slot.area = Area::ALL.into_iter().find(|known| known.key() == area);
        }
        let level = match text("x-level") {
            Some("passive") => Some(Level::Passive),
            Some("standard") => Some(Level::Standard),
            Some("intrusive") => Some(Level::Intrusive),
            _ => None,
        };
        slot.level = slot.level.max(level);
        if let Some(key) = text("x-key") {
            slot.key = Some(key.to_owned());
        }
        if let (Type::List(list), Some(key)) = (&slot.kind, &slot.key) {
            slot.kind = Type::List(Arc::new(List {
                item: list.item.clone(),
                key: Some(key.clone()),
            }));
        }
        slot
    }
}

/// The type that is not null.
fn main_type(object: &Map<String, Value>) -> Option<&str> {
    match object.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => {
            let mut real = names
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| *name != "null");
            let first = real.next();
            real.next().is_none().then_some(first).flatten()
        }
        _ => None,
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
        || schema.get("const").is_some_and(Value::is_null)
}

fn allows_null(schema: &Value) -> bool {
    let typed = match schema.get("type") {
        Some(Value::String(name)) => name == "null",
        Some(Value::Array(names)) => names.iter().any(|name| name == "null"),
        _ => false,
    };
    let variants = ["anyOf", "oneOf"]
        .iter()
        .find_map(|name| schema.get(*name)?.as_array());
    typed
        || variants.is_some_and(|all| all.iter().any(is_null))
        || schema
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(Value::is_null))
}

/// The words of an enumeration: `enum`, `const`, or `oneOf` of these.
fn closed_words(schema: &Value) -> Option<Vec<String>> {
    if let Some(Value::String(word)) = schema.get("const") {
        return Some(vec![word.clone()]);
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words
            .iter()
            .filter(|word| !word.is_null())
            .map(|word| word.as_str().map(str::to_owned))
            .collect();
    }
    let variants = ["oneOf", "anyOf"]
        .iter()
        .find_map(|name| schema.get(*name)?.as_array())?;
    let mut words = Vec::new();
    for variant in variants.iter().filter(|variant| !is_null(variant)) {
        if let Some(Value::String(word)) = variant.get("const") {
            words.push(word.clone());
        } else {
            let list = variant.get("enum").and_then(Value::as_array)?;
            for word in list {
                words.push(word.as_str()?.to_owned());
            }
        }
    }
    (!words.is_empty()).then_some(words)
}
