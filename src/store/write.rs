//! Writes a run so that it can be stopped at any moment and taken up again.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{KnownFacts, RunReader, StoreError};
use crate::model::{gap::GapReason, observation::Observation, run::RunHeader};

/// Appends observations to a run file.
pub struct RunWriter {
    path: PathBuf,
    file: File,
}

impl RunWriter {
    /// Begins a run in a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn create(path: &Path, header: &RunHeader) -> Result<Self, StoreError> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => StoreError::new(
                    path,
                    "exists already: name another file, or go on with it by --resume",
                ),
                _ => StoreError::io(path, "create the run", &error),
            })?;
        let mut writer = Self::locked(path, file)?;
        writer.line(header)?;
        Ok(writer)
    }

    /// Writes one observation.
    ///
    /// # Errors
    /// When the file cannot be written, for example on a full disk.
    pub fn write(&mut self, observation: &Observation) -> Result<(), StoreError> {
        self.line(observation)
    }

    fn locked(path: &Path, file: File) -> Result<Self, StoreError> {
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::new(
                path,
                "is being written by another scrutineer: wait for it to end",
            ),
            TryLockError::Error(error) => StoreError::io(path, "lock the run", &error),
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    fn line(&mut self, value: &impl serde::Serialize) -> Result<(), StoreError> {
        let mut text = serde_json::to_vec(value).map_err(|error| {
            StoreError::new(&self.path, format!("cannot be put as JSON: {error}"))
        })?;
        text.push(b'\n');
        // One call for the whole line: a kill between two lines tears nothing.
        self.file
            .write_all(&text)
            .map_err(|error| StoreError::io(&self.path, "write to the run", &error))
    }
}

/// Takes up a run: drops a torn last line and the observations that an
/// interrupt cut short, and returns the header, the keys that are done, and a
/// writer for the rest.
///
/// # Errors
/// When the file is not a run or cannot be written.
pub fn resume(
    path: &Path,
    known: &KnownFacts,
) -> Result<(RunHeader, BTreeSet<String>, RunWriter), StoreError> {
    let mut reader = RunReader::open(path, known)?;
    let header = reader.header().clone();
    let mut cut_short = BTreeSet::new();
    while let Some(observation) = reader.next_observation()? {
        if was_interrupted(&observation) {
            cut_short.insert(observation.target.key());
        }
    }
    let mut done = reader.seen().clone();
    if cut_short.is_empty() {
        let cannot = |error: io::Error| StoreError::io(path, "go on with the run", &error);
        let file = OpenOptions::new().append(true).open(path).map_err(cannot)?;
        let writer = RunWriter::locked(path, file)?;
        writer.file.set_len(reader.good_bytes()).map_err(cannot)?;
        return Ok((header, done, writer));
    }
    done.retain(|key| !cut_short.contains(key));
    // Rewritten beside the old file and put in its place at once, so that a kill loses neither.
    let fresh = path.with_extension("resuming");
    if let Err(error) = std::fs::remove_file(&fresh)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(StoreError::io(&fresh, "remove an old working copy", &error));
    }
    let mut writer = RunWriter::create(&fresh, &header)?;
    let mut reader = RunReader::open(path, known)?;
    while let Some(observation) = reader.next_observation()? {
        if !cut_short.contains(&observation.target.key()) {
            writer.write(&observation)?;
        }
    }
    std::fs::rename(&fresh, path)
        .map_err(|error| StoreError::io(path, "put the shortened run in place", &error))?;
    writer.path = path.to_owned();
    Ok((header, done, writer))
}

fn was_interrupted(observation: &Observation) -> bool {
    observation
        .gaps
        .iter()
        .any(|gap| gap.reason == GapReason::Interrupted)
}
