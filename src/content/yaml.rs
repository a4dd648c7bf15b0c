//! YAML with the place of every value.
//!
//! serde-saphyr parses, with budgets that bound depth, size and the expansion
//! of aliases, and with the booleans of YAML 1.2 alone: `NO` is Norway.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Location, Spanned};
use std::{fmt, ops::Range, sync::Arc};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::source::{Place, Source};

/// Deepest nesting of lists and mappings.
const DEEPEST: usize = 48;
/// Most aliases in a file.
const MOST_ALIASES: usize = 200;

/// What bounds the reading of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub bytes: u64,
    /// Most values in it, those that aliases repeat included.
    pub values: usize,
}

impl Limits {
    /// For a check, a profile or a list.
    pub const CONTENT: Self = Self {
        bytes: 256 * 1024,
        values: 60_000,
    };
    /// For an inventory, which may name many thousand targets.
    pub const INVENTORY: Self = Self {
        bytes: 16 * 1024 * 1024,
        values: 1_000_000,
    };
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its bytes in the source. For a mapping or a block list, where it begins.
    pub span: Range<usize>,
    /// The value.
    pub kind: Kind,
}

/// A YAML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file; keys are unique.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub text: String,
    /// Its bytes in the source.
    pub span: Range<usize>,
}

impl Node {
    /// The value that stands under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(entries) => entries
                .iter()
                .find(|(k, _)| k.text == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// What it is, for a person: `a list`, `the number 3`.
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(value) => format!("the boolean {value}"),
            Kind::Int(value) => format!("the number {value}"),
            Kind::Float(value) => format!("the number {value}"),
            Kind::Text(text) if text.chars().count() <= 40 => format!("the text \"{text}\""),
            Kind::Text(_) => "a text".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    /// The value as JSON. Places are lost. A float that JSON cannot hold becomes `null`.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(value) => Value::Number((*value).into()),
            Kind::Float(value) => Number::from_f64(*value).map_or(Value::Null, Value::Number),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.text.clone(), value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// Parses one YAML document.
///
/// # Errors
/// The first thing that is wrong with its syntax, a key that stands twice, or
/// a budget that is exceeded, at its place.
pub fn parse(source: &Arc<Source>, limits: Limits) -> Result<Node, Diagnostics> {
    let values = limits.values;
    if source.text.len() as u64 > limits.bytes {
        return Err(Diagnostics::from(Diagnostic::error(
            source.place(0..0),
            format!(
                "the file is larger than {} KiB, the most that is read",
                limits.bytes / 1024
            ),
        )));
    }
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
        budget: serde_saphyr::budget! {
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_nodes: values,
            max_events: 4 * values,
            max_aliases: MOST_ALIASES,
            max_anchors: MOST_ALIASES,
            max_documents: 2,
            max_total_scalar_bytes: usize::try_from(limits.bytes).unwrap_or(usize::MAX).saturating_mul(2),
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: values.min(60_000),
            max_replay_stack_depth: 8,
            max_alias_expansions_per_anchor: MOST_ALIASES,
        },
    };
    serde_saphyr::from_str_with_options::<Node>(&source.text, options)
        .map_err(|error| explain(source, &error, limits).into())
}

/// The parser's error in our form.
fn explain(source: &Arc<Source>, error: &serde_saphyr::Error, limits: Limits) -> Diagnostic {
    use serde_saphyr::Error as E;
    let error = error.without_snippet();
    let span = error
        .location()
        .map_or(0..0, |location| span_of(source, &location));
    let place = source.place(span);
    match error {
        E::DuplicateMappingKey { key, .. } => {
            let message = match key {
                Some(key) => format!("the key `{key}` stands twice in this mapping"),
                None => "a key stands twice in this mapping".to_owned(),
            };
            Diagnostic::error(place, message).help("remove one of the two")
        }
        E::Eof { .. } => Diagnostic::error(place, "the file is empty"),
        E::MultipleDocuments { .. } => {
            Diagnostic::error(place, "a second YAML document begins here")
                .help("one file holds one document: remove the line `---`")
        }
        E::MergeKeyNotAllowed { .. } => {
            Diagnostic::error(place, "`<<` is not supported").help("write the entries out")
        }
        E::UnknownAnchor { .. } => Diagnostic::error(
            place,
            "this alias names an anchor that is not defined above",
        )
        .help("put text that begins with `*` in quotes"),
        E::AliasReplayLimitExceeded { .. }
        | E::AliasExpansionLimitExceeded { .. }
        | E::AliasReplayStackDepthExceeded { .. }
        | E::Budget { .. } => too_large(place, limits),
        other => {
            let text = other.to_string();
            if text.contains("limit exceeded") {
                return too_large(place, limits);
            }
            let message = text
                .split_once(": ")
                .filter(|(head, _)| head.starts_with("line ") || head.starts_with("error: line"))
                .map_or(text.as_str(), |(_, tail)| tail);
            let message = message.lines().next().unwrap_or(message);
            let message = strip_position(message);
            Diagnostic::error(place, format!("not valid YAML: {message}"))
        }
    }
}

fn too_large(place: Place, limits: Limits) -> Diagnostic {
    Diagnostic::error(
        place,
        format!(
            "the file is too deep or too large once its aliases are put in place (at most {DEEPEST} levels and {} values)",
            limits.values
        ),
    )
}

/// The parser's message without the position that it repeats.
fn strip_position(message: &str) -> &str {
    message
        .rfind(" at line ")
        .or_else(|| message.rfind(" at byte "))
        .and_then(|at| message.get(..at))
        .unwrap_or(message)
        .trim_end_matches('.')
}

fn span_of(source: &Source, location: &Location) -> Range<usize> {
    let span = location.span();
    match (span.byte_offset(), span.byte_len()) {
        (Some(start), Some(length)) => {
            let start = source.floor(usize::try_from(start).unwrap_or(usize::MAX));
            let length = usize::try_from(length).unwrap_or(0);
            start..source.floor(start.saturating_add(length))
        }
        _ => {
            // Only a position: find the character in its line.
            let line = source.line(usize::try_from(location.line()).unwrap_or(0));
            let skip = usize::try_from(location.column().saturating_sub(1)).unwrap_or(0);
            let text = source.text.get(line.clone()).unwrap_or_default();
            let at = text
                .char_indices()
                .nth(skip)
                .map_or(line.end, |(index, _)| line.start + index);
            at..at
        }
    }
}

/// Byte range of a location while parsing, when the source is not at hand.
fn raw_span(location: &Location) -> Range<usize> {
    let span = location.span();
    let start = span
        .byte_offset()
        .and_then(|at| usize::try_from(at).ok())
        .unwrap_or(0);
    let length = span
        .byte_len()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0);
    start..start.saturating_add(length)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self {
            span: raw_span(&spanned.defined),
            kind: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Kind, E> {
        i64::try_from(value)
            .map(Kind::Int)
            .map_err(|_| E::custom("this number is too large"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        Ok(Kind::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<Node>()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let span = raw_span(&key.defined);
            let value = access.next_value::<Node>()?;
            entries.push((
                Key {
                    text: key.value,
                    span,
                },
                value,
            ));
        }
        Ok(Kind::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        parse(&Source::new("t.yaml", text), Limits::CONTENT)
            .unwrap_or_else(|d| panic!("{}", d.render(false, 80)))
    }

    #[test]
    fn values_keep_their_places() {
        let text =
            "a: ü\nb: [1, 'x']\nc:\n  d: |\n    one\n    two\n  e: > \n    f\n  g: \"q\\n\"\n";
        let root = node(text);
        let show = |n: &Node| text.get(n.span.clone()).unwrap_or("?").to_owned();
        assert_eq!(show(root.get("a").unwrap()), "ü");
        let Kind::List(items) = &root.get("b").unwrap().kind else {
            panic!("no list")
        };
        assert_eq!(show(&items[0]), "1");
        assert_eq!(show(&items[1]), "'x'");
        let c = root.get("c").unwrap();
        assert!(show(c.get("d").unwrap()).starts_with("one\n    two\n"));
        assert!(show(c.get("e").unwrap()).starts_with("f\n"));
        assert_eq!(show(c.get("g").unwrap()), "\"q\\n\"");
        assert_eq!(
            c.get("d").unwrap().kind,
            Kind::Text("one\ntwo\n".to_owned())
        );
    }

    #[test]
    fn norway_stays_norway() {
        for word in ["NO", "no", "Yes", "on", "off", "y", "N"] {
            assert_eq!(
                node(&format!("country: {word}"))
                    .get("country")
                    .unwrap()
                    .kind,
                Kind::Text(word.to_owned())
            );
        }
        assert_eq!(node("x: true").get("x").unwrap().kind, Kind::Bool(true));
        assert_eq!(node("on: 1").get("on").unwrap().kind, Kind::Int(1));
    }
}
