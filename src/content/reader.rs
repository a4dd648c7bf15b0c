//! Turns YAML values into typed ones, and tells everything that does not fit.

use std::{ops::Range, sync::Arc};

use super::diagnostic::{Diagnostic, Diagnostics, did_you_mean, nearest};
use super::source::{Place, Source};
use super::yaml::{Key, Kind, Node};

/// Words that YAML 1.1 takes for booleans when they are not in quotes.
const BOOLEAN_WORDS: [&str; 16] = [
    "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off",
    "OFF",
];

/// Reads the values of one file, collecting what is wrong.
pub struct Reader {
    /// The file.
    pub source: Arc<Source>,
    /// What is wrong so far.
    pub problems: Diagnostics,
}

/// A mapping whose keys are known to be allowed.
#[derive(Clone, Copy)]
pub struct Fields<'n> {
    node: &'n Node,
    entries: &'n [(Key, Node)],
}

impl<'n> Fields<'n> {
    /// The value under a key; nothing where the key is absent.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(known, _)| known.text == key)
            .map(|(_, value)| value)
    }

    /// A key as it stands in the file.
    pub fn key(&self, key: &str) -> Option<&'n Key> {
        self.entries
            .iter()
            .find(|(known, _)| known.text == key)
            .map(|(key, _)| key)
    }

    /// Where the mapping begins: its first key.
    pub fn start(&self) -> Range<usize> {
        self.entries
            .first()
            .map_or_else(|| self.node.span.clone(), |(key, _)| key.span.clone())
    }
}

/// A text and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub value: String,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

impl Reader {
    /// A reader of a file.
    pub fn new(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            problems: Diagnostics::default(),
        }
    }

    /// A place in the file.
    pub fn place(&self, span: &Range<usize>) -> Place {
        self.source.place(span.clone())
    }

    /// Notes an error.
    pub fn error(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.problems
            .push(Diagnostic::error(self.source.place(span.clone()), message));
    }

    /// Notes an error with what to do.
    pub fn error_help(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.problems
            .push(Diagnostic::error(self.source.place(span.clone()), message).maybe_help(help));
    }

    /// Notes that a value is not what is expected there.
    pub fn wrong_type(&mut self, node: &Node, name: &str, expected: &str) {
        let help = match &node.kind {
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) if expected.starts_with("text") => {
                Some("put it in quotes".to_owned())
            }
            Kind::Text(text) if expected.contains("list") => {
                Some(format!("write `{name}: [{text}]`"))
            }
            _ => None,
        };
        let message = format!(
            "`{name}` must be {expected}, and this is {}",
            node.describe()
        );
        self.error_help(&head(node), message, help);
    }

    /// A mapping with none but known keys, and all that are required. Unknown
    /// ones are told with the nearest known one, which then counts as present.
    pub fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &'static str,
        known: &[&str],
        required: &[&str],
    ) -> Option<Fields<'n>> {
        let Kind::Map(entries) = &node.kind else {
            self.error(
                &head(node),
                format!("{what} must be a mapping, and this is {}", node.describe()),
            );
            return None;
        };
        let mut missing: Vec<&str> = required
            .iter()
            .copied()
            .filter(|key| node.get(key).is_none())
            .collect();
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) {
                let near = nearest(&key.text, known.iter().copied());
                missing.retain(|key| Some(*key) != near);
                let help = near.map_or_else(
                    || format!("known keys: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.error_help(
                    &key.span,
                    format!("unknown key `{}` in {what}", key.text),
                    Some(help),
                );
            }
        }
        let fields = Fields { node, entries };
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "key" } else { "keys" };
            self.error(
                &fields.start(),
                format!("{what} lacks the {plural} `{}`", missing.join("`, `")),
            );
        }
        Some(fields)
    }

    /// The entries of a mapping with free keys. Keys that other YAML readers
    /// take for booleans are told.
    pub fn entries<'n>(&mut self, node: &'n Node, name: &str) -> &'n [(Key, Node)] {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, name, "a mapping");
            return &[];
        };
        for (key, _) in entries {
            self.plain_key(key);
        }
        entries
    }

    /// Tells a key without quotes that other YAML readers take for a boolean.
    pub fn plain_key(&mut self, key: &Key) {
        let quoted = self
            .source
            .text
            .as_bytes()
            .get(key.span.start)
            .is_some_and(|byte| matches!(byte, b'"' | b'\''));
        if !quoted && BOOLEAN_WORDS.contains(&key.text.as_str()) {
            self.error_help(
                &key.span,
                format!(
                    "many YAML readers take the key `{0}` for a boolean",
                    key.text
                ),
                Some(format!(
                    "write \"{0}\" in quotes, or use another name",
                    key.text
                )),
            );
        }
    }

    /// A text.
    pub fn text(&mut self, node: &Node, name: &str) -> Option<Text> {
        match &node.kind {
            Kind::Text(text) => Some(Text {
                value: text.clone(),
                span: node.span.clone(),
            }),
            _ => {
                self.wrong_type(node, name, "text");
                None
            }
        }
    }

    /// A text that says something.
    pub fn filled(&mut self, node: &Node, name: &str) -> Option<Text> {
        let text = match &node.kind {
            Kind::Null => String::new(),
            _ => self.text(node, name)?.value,
        };
        if text.trim().is_empty() {
            self.error(&head(node), format!("`{name}` is empty"));
            return None;
        }
        Some(Text {
            value: text,
            span: node.span.clone(),
        })
    }

    /// The text under a key, which must say something. Nothing where the key is absent.
    pub fn text_at(&mut self, fields: &Fields<'_>, key: &str) -> Option<Text> {
        self.filled(fields.get(key)?, key)
    }

    /// A date, which may stand without quotes: the characters of the file count.
    pub fn raw(&mut self, node: &Node, name: &str) -> Option<Text> {
        let value = match &node.kind {
            Kind::Text(text) => text.clone(),
            Kind::Int(_) | Kind::Float(_) => self.source.text.get(node.span.clone())?.to_owned(),
            _ => {
                self.wrong_type(node, name, "text");
                return None;
            }
        };
        Some(Text {
            value,
            span: node.span.clone(),
        })
    }

    /// A whole number that is not negative.
    pub fn count(&mut self, node: &Node, name: &str) -> Option<u64> {
        let count = match node.kind {
            Kind::Int(number) => u64::try_from(number).ok(),
            _ => None,
        };
        if count.is_none() {
            self.wrong_type(node, name, "a whole number from 0");
        }
        count
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, node: &Node, name: &str) -> Option<bool> {
        match &node.kind {
            Kind::Bool(value) => Some(*value),
            Kind::Text(word) if BOOLEAN_WORDS.contains(&word.as_str()) => {
                self.error_help(
                    &node.span,
                    format!("`{name}` must be true or false, and this is the text \"{word}\""),
                    Some("only `true` and `false` are booleans here".to_owned()),
                );
                None
            }
            _ => {
                self.wrong_type(node, name, "true or false");
                None
            }
        }
    }

    /// A list.
    pub fn list<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            _ => {
                self.wrong_type(node, name, "a list");
                None
            }
        }
    }

    /// A list of texts that say something.
    pub fn texts(&mut self, node: &Node, name: &str) -> Vec<Text> {
        let items = self.list(node, name).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| self.filled(item, name))
            .collect()
    }

    /// One of a closed set of words.
    pub fn word<T: Copy>(&mut self, node: &Node, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, name)?;
        let found = words
            .iter()
            .find(|(word, _)| *word == text.value)
            .map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let help = did_you_mean(&text.value, known.iter().copied())
                .unwrap_or_else(|| format!("one of: {}", known.join(", ")));
            self.error_help(
                &text.span,
                format!("`{}` is not a value of `{name}`", text.value),
                Some(help),
            );
        }
        found
    }
}

/// Where to point for a value: the whole of a scalar, the beginning of others.
pub fn head(node: &Node) -> Range<usize> {
    match &node.kind {
        Kind::List(items) => items.first().map_or_else(
            || node.span.clone(),
            |first| node.span.start..head(first).start.max(node.span.start),
        ),
        Kind::Map(entries) => entries
            .first()
            .map_or_else(|| node.span.clone(), |(key, _)| key.span.clone()),
        _ => node.span.clone(),
    }
}
