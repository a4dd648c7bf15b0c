//! What guidelines ask for: `profiles/guidance/*.yaml`, one file a guideline.
//!
//! A file is read when one of its rows is first asked for.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::diagnostic::Diagnostics;
use super::files::FoundFile;
use super::reader::Reader;
use super::yaml::{self, Kind, Limits, Node};
use crate::model::profile::Obligation;

/// Every word for how binding a demand is.
pub(super) const OBLIGATIONS: [(&str, Obligation); 3] = [
    ("must", Obligation::Must),
    ("should", Obligation::Should),
    ("may", Obligation::May),
];

/// A guideline, named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guideline {
    /// Its id, the name of its file.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// Code of its country; `EU` and `INT` for bodies of several.
    pub country: String,
    /// Its edition.
    pub version: String,
}

/// A requirement of a guideline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `guideline#slug`.
    pub key: String,
    /// The number that the guideline prints, where it has one.
    pub printed: Option<String>,
    /// How binding the guideline makes it.
    pub level: Obligation,
    /// What it asks for, in our words.
    pub text: String,
    /// Whether nobody has read it in a source yet: then it decides nothing.
    pub memory: bool,
    /// The guideline.
    pub guideline: Arc<Guideline>,
}

type Rows = BTreeMap<String, Row>;

/// The guidelines that are known.
#[derive(Debug, Default)]
pub struct Guidance {
    files: BTreeMap<String, (FoundFile, OnceLock<Result<Rows, Diagnostics>>)>,
}

impl Guidance {
    /// Takes note of a file; a later one takes the place of an earlier one.
    pub fn add(&mut self, file: FoundFile) {
        let name = file
            .path
            .rsplit('/')
            .next()
            .and_then(|name| name.rsplit_once('.'))
            .map(|(stem, _)| stem.to_owned());
        if let Some(name) = name {
            self.files.insert(name, (file, OnceLock::new()));
        }
    }

    /// Ids of the guidelines.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// A requirement by its key; nothing where there is none.
    ///
    /// # Errors
    /// When its guideline's file is not valid.
    pub fn row(&self, key: &str) -> Result<Option<&Row>, &Diagnostics> {
        let Some((guideline, _)) = key.split_once('#') else {
            return Ok(None);
        };
        Ok(self.rows(guideline)?.and_then(|rows| rows.get(key)))
    }

    /// Keys of a guideline's requirements, for suggestions.
    pub fn keys(&self, guideline: &str) -> Vec<&str> {
        match self.rows(guideline) {
            Ok(Some(rows)) => rows.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn rows(&self, guideline: &str) -> Result<Option<&Rows>, &Diagnostics> {
        let Some((file, cell)) = self.files.get(guideline) else {
            return Ok(None);
        };
        match cell.get_or_init(|| read(file)) {
            Ok(rows) => Ok(Some(rows)),
            Err(problems) => Err(problems),
        }
    }
}

/// Reads a guideline. Only what profiles and explanations need is looked at.
fn read(file: &FoundFile) -> Result<Rows, Diagnostics> {
    let root = yaml::parse(&file.source, Limits::CONTENT)?;
    let mut reader = Reader::new(&file.source);
    let word = |key: &str| {
        root.get(key)
            .map(|node| match &node.kind {
                Kind::Text(text) => text.clone(),
                _ => String::new(),
            })
            .unwrap_or_default()
    };
    let guideline = Arc::new(Guideline {
        id: word("id"),
        title: word("title"),
        publisher: word("publisher"),
        country: word("country"),
        version: word("version"),
    });
    let mut rows = Rows::new();
    let items = root
        .get("requirements")
        .and_then(|node| reader.list(node, "requirements"))
        .unwrap_or_default();
    for item in items {
        if let Some(row) = row(&mut reader, item, &guideline) {
            rows.insert(row.key.clone(), row);
        }
    }
    if reader.problems.has_errors() {
        Err(reader.problems)
    } else {
        Ok(rows)
    }
}

fn row(reader: &mut Reader, node: &Node, guideline: &Arc<Guideline>) -> Option<Row> {
    let mut need = |key: &str| {
        let found = node.get(key);
        if found.is_none() {
            reader.error(&super::reader::head(node), format!("the row lacks `{key}`"));
        }
        found
    };
    let (key, level, text, evidence) = (
        need("key")?,
        need("level")?,
        need("text")?,
        need("evidence")?,
    );
    let key = reader.filled(key, "key")?;
    let level = reader.word(level, "level", &OBLIGATIONS)?;
    let text = reader.filled(text, "text")?;
    let memory = reader.word(evidence, "evidence", &[("read", false), ("memory", true)])?;
    let printed = node
        .get("id")
        .filter(|id| id.kind != Kind::Null)
        .and_then(|id| reader.raw(id, "id"));
    Some(Row {
        key: key.value,
        printed: printed.map(|text| text.value),
        level,
        text: text.value.split_whitespace().collect::<Vec<_>>().join(" "),
        memory,
        guideline: Arc::clone(guideline),
    })
}
