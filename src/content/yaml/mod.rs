//! YAML with the place of every value.
//!
//! serde-saphyr parses, with budgets that bound depth, size and the expansion
//! of aliases, and with the booleans of YAML 1.2 alone: `NO` is Norway. The
//! files that are part of the program are parsed when it is built.

mod node;
mod packed;

use serde_json::{Map, Number, Value};
use serde_saphyr::Location;
use std::{ops::Range, sync::Arc};

use self::node::DEEPEST;
pub use self::node::{Key, Kind, Limits, Node};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::source::{Place, Source};

impl Node {
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
    if source.text.len() as u64 > limits.bytes {
        return Err(Diagnostics::from(Diagnostic::error(
            source.place(0..0),
            format!(
                "the file is larger than {} KiB, the most that is read",
                limits.bytes / 1024
            ),
        )));
    }
    if let Some(node) = source
        .packed
        .and_then(|bytes| packed::unpack(bytes, &source.text))
    {
        return Ok(node);
    }
    node::read(&source.text, limits).map_err(|error| explain(source, &error, limits).into())
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

    #[test]
    fn files_of_the_program_are_packed_as_they_are_read() {
        let mut seen = 0;
        for folder in ["checks", "clients", "profiles"] {
            for file in crate::content::files::embedded(folder) {
                let bytes = file.source.packed.unwrap();
                let read = node::read(&file.source.text, Limits::CONTENT).unwrap();
                assert_eq!(
                    packed::pack(&read, &file.source.text),
                    bytes,
                    "{}",
                    file.path
                );
                let unpacked = packed::unpack(bytes, &file.source.text);
                assert!(unpacked == Some(read), "{}", file.path);
                seen += 1;
            }
        }
        assert!(seen > 250, "only {seen} files");
    }

    #[test]
    fn what_was_not_packed_is_not_unpacked() {
        let text = "a: [1, -2.5, true, null, 'it''s']\n";
        let bytes = packed::pack(&node(text), text);
        assert_eq!(packed::unpack(&bytes, text), Some(node(text)));
        for end in 0..bytes.len() {
            assert_eq!(packed::unpack(&bytes[..end], text), None);
        }
        // No damage makes it panic or take more than its bytes.
        for at in 0..bytes.len() {
            for value in [0, 7, 8, 0x7f, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = packed::unpack(&damaged, text);
            }
        }
    }
}
