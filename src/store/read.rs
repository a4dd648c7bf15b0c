//! Reads a run, one observation at a time, from a file that nobody vouches for.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{StoreError, shape};
use crate::model::{
    level::Area,
    observation::{OBSERVATION_SCHEMA, Observation},
    run::{RUN_SCHEMA, RunHeader},
};

/// Longest line of a run file that is read, in bytes.
pub const MAX_LINE: usize = 32 * 1024 * 1024;

/// How to read the facts of an area.
#[derive(Clone, Debug)]
pub struct FactReader {
    /// The newest version of them that this program knows.
    pub version: u32,
    /// Says what is wrong with facts that are not of that version's types.
    pub check: fn(&Value) -> Result<(), String>,
    /// JSON Schema of that version, with its definitions: facts of older versions are held
    /// against its kinds of values.
    pub schema: Arc<Value>,
}

/// The facts that this program can read.
pub type KnownFacts = BTreeMap<Area, FactReader>;

/// How a run file ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// With a whole line.
    Whole,
    /// With a line that was cut off while it was written. Its target counts as not reached.
    Torn {
        /// Number of the torn line, from 1.
        line: u64,
    },
}

/// Reads a run line by line. Memory is bounded by the longest line.
pub struct RunReader {
    path: PathBuf,
    lines: BufReader<File>,
    line: u64,
    header: RunHeader,
    known: KnownFacts,
    expected: BTreeSet<String>,
    seen: BTreeSet<String>,
    end: Option<RunEnd>,
    good_bytes: u64,
}

impl RunReader {
    /// Opens a run and reads its header. `known` names the facts that this
    /// program reads; a run with newer ones is refused.
    ///
    /// # Errors
    /// When the file cannot be read or does not begin with the header of a run.
    pub fn open(path: &Path, known: &KnownFacts) -> Result<Self, StoreError> {
        let file =
            File::open(path).map_err(|error| StoreError::io(path, "open the run", &error))?;
        let mut lines = BufReader::new(file);
        let first = read_line(path, &mut lines, 1)?;
        let (text, whole) = match first {
            None => return Err(StoreError::new(path, "is empty, not a run")),
            Some(line) => line,
        };
        if !whole {
            return Err(StoreError::at_line(
                path,
                1,
                "the header is cut off: nothing was saved",
            ));
        }
        check_schema(path, Some(1), &text, RUN_SCHEMA, "a run")?;
        let header: RunHeader = serde_json::from_slice(&text).map_err(|error| {
            StoreError::at_line(path, 1, format!("is not the header of a run: {error}"))
        })?;
        let expected: BTreeSet<String> = header.targets.iter().map(|target| target.key()).collect();
        if expected.len() != header.targets.len() {
            return Err(StoreError::at_line(
                path,
                1,
                "the header names a target twice",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            lines,
            line: 1,
            good_bytes: text.len() as u64 + 1,
            expected,
            header,
            known: known.clone(),
            seen: BTreeSet::new(),
            end: None,
        })
    }

    /// The header.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// How the file ended; `None` until [`Self::next_observation`] returned `None`.
    pub fn end(&self) -> Option<&RunEnd> {
        self.end.as_ref()
    }

    /// Keys of the targets that had an observation so far.
    pub fn seen(&self) -> &BTreeSet<String> {
        &self.seen
    }

    /// Keys of targets of the header without an observation so far, in the header's order.
    pub fn missing(&self) -> impl Iterator<Item = String> {
        self.header
            .targets
            .iter()
            .map(|target| target.key())
            .filter(|key| !self.seen.contains(key))
    }

    /// Length of the file up to the end of the last good line.
    pub(super) fn good_bytes(&self) -> u64 {
        self.good_bytes
    }

    /// Number of the line read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next observation, or `None` at the end.
    ///
    /// # Errors
    /// When a line that is not the torn last one is not an observation of this run.
    pub fn next_observation(&mut self) -> Result<Option<Observation>, StoreError> {
        if self.end.is_some() {
            return Ok(None);
        }
        let line = self.line + 1;
        let Some((text, whole)) = read_line(&self.path, &mut self.lines, line)? else {
            self.end = Some(RunEnd::Whole);
            return Ok(None);
        };
        if !whole {
            self.end = Some(RunEnd::Torn { line });
            return Ok(None);
        }
        self.line = line;
        let observation = self.parse(line, &text)?;
        self.good_bytes += text.len() as u64 + 1;
        Ok(Some(observation))
    }

    fn parse(&mut self, line: u64, text: &[u8]) -> Result<Observation, StoreError> {
        check_schema(
            &self.path,
            Some(line),
            text,
            OBSERVATION_SCHEMA,
            "an observation",
        )?;
        let fault = |message: String| StoreError::at_line(&self.path, line, message);
        let observation: Observation = serde_json::from_slice(text)
            .map_err(|error| fault(format!("is not an observation: {error}")))?;
        for (area, version) in &observation.fact_versions {
            let known = self.known.get(area).map_or(0, |reader| reader.version);
            if *version > known {
                return Err(fault(format!(
                    "holds {area} facts of version {version}, this program reads up to {known}: use a newer scrutineer"
                )));
            }
        }
        for (area, facts) in &observation.facts {
            let Some(version) = observation.fact_versions.get(area) else {
                return Err(fault(format!("holds {area} facts without their version")));
            };
            // Else the first check that meets them would be blamed for it.
            if let Some(reader) = self.known.get(area) {
                let fits = match reader.version == *version {
                    true => (reader.check)(facts),
                    false => shape::check(&reader.schema, facts),
                };
                fits.map_err(|wrong| {
                    fault(format!(
                        "holds {area} facts that cannot be read: {wrong}. The file was changed or damaged: \
                         take it from a copy, or scan again"
                    ))
                })?;
            }
        }
        let key = observation.target.key();
        if !self.expected.contains(&key) {
            return Err(fault(format!(
                "observes {key:?}, which the header does not name"
            )));
        }
        if !self.seen.insert(key.clone()) {
            return Err(fault(format!("observes {key:?} a second time")));
        }
        Ok(observation)
    }
}

/// Reads one line of at most [`MAX_LINE`] bytes; `false` when it has no newline at its end.
pub(super) fn read_line(
    path: &Path,
    lines: &mut BufReader<File>,
    line: u64,
) -> Result<Option<(Vec<u8>, bool)>, StoreError> {
    let mut text = Vec::new();
    let read = lines
        .take(MAX_LINE as u64 + 1)
        .read_until(b'\n', &mut text)
        .map_err(|error| StoreError::io(path, "read the run", &error))?;
    if read == 0 {
        return Ok(None);
    }
    let whole = text.last() == Some(&b'\n');
    if whole {
        text.pop();
    } else if text.len() > MAX_LINE {
        return Err(StoreError::at_line(
            path,
            line,
            format!("is longer than {} MiB, not a run", MAX_LINE / 1024 / 1024),
        ));
    }
    Ok(Some((text, whole)))
}

/// Any JSON whose objects name no key twice: what programs make of a second one
/// differs, and verdicts must not hang on that.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            entries.next_value::<Self>()?;
            if let Some(twice) = keys.replace(key) {
                let key = crate::wire::text::clean(&twice, 60);
                return Err(A::Error::custom(format!("the key {key:?} stands twice")));
            }
        }
        Ok(self)
    }
}

/// Gives a clear word for documents of another kind or version, before parsing them.
pub(super) fn check_schema(
    path: &Path,
    line: Option<u64>,
    text: &[u8],
    expected: &str,
    what: &str,
) -> Result<(), StoreError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        schema: String,
    }
    let fault = |message: String| match line {
        Some(line) => StoreError::at_line(path, line, message),
        None => StoreError::new(path, message),
    };
    let found: Versioned = serde_json::from_slice(text).map_err(|error| {
        let message = if error.is_data() {
            format!("is not {what}: it has no \"schema\"")
        } else {
            format!("is not JSON: {error}")
        };
        fault(message)
    })?;
    serde_json::from_slice::<Unambiguous>(text)
        .map_err(|error| fault(format!("is not {what}: {error}")))?;
    if found.schema != expected {
        let schema = crate::wire::text::clean(&found.schema, 60);
        return Err(fault(format!(
            "is of schema {schema:?}, expected {expected:?} ({what})"
        )));
    }
    Ok(())
}
