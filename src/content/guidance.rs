//! What guidelines ask for: `profiles/guidance/*.yaml`, one file a guideline.
//!
//! A file is read when one of its rows is first asked for.

use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::diagnostic::{Diagnostics, did_you_mean};
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
    /// Its date, as far as one is known (YYYY, YYYY-MM or YYYY-MM-DD).
    pub date: Option<String>,
    /// `current`, or what is to be known of an edition that is not (`superseded`, `unverified`, ...).
    pub status: String,
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
    /// What it is about, as `tls.version`; empty where the file does not say.
    pub topic: String,
    /// What it asks for, in our words.
    pub text: String,
    /// The same in figures and names; empty where the file has none.
    pub parameters: Map<String, Value>,
    /// Whether nobody has read it in a source yet: then it decides nothing.
    pub memory: bool,
    /// The guideline.
    pub guideline: Arc<Guideline>,
}

/// A guideline with its requirements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// The guideline.
    pub guideline: Arc<Guideline>,
    /// Its requirements, in the order of the file.
    pub rows: Vec<Row>,
}

/// Whether a file below a folder of profiles holds what guidelines ask for.
pub(super) fn is_guidance(path: &str) -> bool {
    path.starts_with("guidance/") || path.contains("/guidance/")
}

/// The name of a file of guidance, without folder and ending.
pub(super) fn stem(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    name.rsplit_once('.').map(|(stem, _)| stem)
}

/// The guidelines that are known.
#[derive(Debug, Default)]
pub struct Guidance {
    files: BTreeMap<String, (FoundFile, OnceLock<Result<Requirements, Diagnostics>>)>,
}

impl Guidance {
    /// Takes note of a file; a later one takes the place of an earlier one.
    pub fn add(&mut self, file: FoundFile) {
        if let Some(name) = stem(&file.path).map(str::to_owned) {
            self.files.insert(name, (file, OnceLock::new()));
        }
    }

    /// Ids of the guidelines.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// A file of the folder by its name without ending.
    pub(super) fn file(&self, name: &str) -> Option<&FoundFile> {
        self.files.get(name).map(|(file, _)| file)
    }

    /// A requirement by its key; nothing where there is none.
    ///
    /// # Errors
    /// When its guideline's file is not valid.
    pub fn row(&self, key: &str) -> Result<Option<&Row>, &Diagnostics> {
        let Some((guideline, _)) = key.split_once('#') else {
            return Ok(None);
        };
        let found = self.requirements(guideline)?;
        Ok(found.and_then(|found| found.rows.iter().find(|row| row.key == key)))
    }

    /// What to do about a key that names no requirement.
    pub fn suggest(&self, key: &str) -> Option<String> {
        let guideline = key.split('#').next().unwrap_or_default();
        match self.requirements(guideline) {
            Ok(Some(found)) => did_you_mean(key, found.rows.iter().map(|row| row.key.as_str())),
            _ => did_you_mean(guideline, self.ids())
                .or_else(|| Some("a row is guideline#slug, as in profiles/guidance".to_owned())),
        }
    }

    /// A guideline with its requirements; nothing where there is none.
    ///
    /// # Errors
    /// When its file is not valid.
    pub fn requirements(&self, guideline: &str) -> Result<Option<&Requirements>, &Diagnostics> {
        let Some((file, cell)) = self.files.get(guideline) else {
            return Ok(None);
        };
        match cell.get_or_init(|| read(file)) {
            Ok(found) => Ok(Some(found)),
            Err(problems) => Err(problems),
        }
    }
}

/// Reads a guideline. Only what profiles and explanations need is looked at.
fn read(file: &FoundFile) -> Result<Requirements, Diagnostics> {
    let root = yaml::parse(&file.source, Limits::CONTENT)?;
    let mut reader = Reader::new(&file.source);
    let known = |key: &str| match &root.get(key)?.kind {
        Kind::Text(text) => Some(text.clone()),
        _ => None,
    };
    let word = |key: &str| known(key).unwrap_or_default();
    let guideline = Arc::new(Guideline {
        id: word("id"),
        title: word("title"),
        publisher: word("publisher"),
        country: word("country"),
        version: word("version"),
        date: known("date"),
        status: word("status"),
    });
    let mut rows = Vec::new();
    let items = root
        .get("requirements")
        .and_then(|node| reader.list(node, "requirements"))
        .unwrap_or_default();
    for item in items {
        if let Some(row) = row(&mut reader, item, &guideline) {
            rows.push(row);
        }
    }
    if reader.problems.has_errors() {
        Err(reader.problems)
    } else {
        Ok(Requirements { guideline, rows })
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
    let topic = node
        .get("topic")
        .and_then(|topic| reader.text(topic, "topic"));
    let parameters = match node.get("parameters").map(Node::to_json) {
        Some(Value::Object(parameters)) => parameters,
        _ => Map::new(),
    };
    let printed = node
        .get("id")
        .filter(|id| id.kind != Kind::Null)
        .and_then(|id| reader.raw(id, "id"));
    Some(Row {
        key: key.value,
        printed: printed.map(|text| text.value),
        level,
        topic: topic.map(|text| text.value).unwrap_or_default(),
        parameters,
        text: text.value.split_whitespace().collect::<Vec<_>>().join(" "),
        memory,
        guideline: Arc::clone(guideline),
    })
}
