//! Signed files that several commands read and write.

use clap::Args;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    state::State,
};
use crate::baseline::{
    envelope::{Envelope, MOST_BYTES},
    kind::DocumentKind,
    refusal::Refusal,
    trust::Trust,
    trust_store::TrustStore,
};
use crate::store::atomic;

/// Largest SSH signature file, in bytes.
const MOST_SSH_BYTES: usize = 64 << 10;

/// The time that counts as now.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct NowArgs {
    /// Take this time for now, as in a rehearsal: 2026-11-02T09:00:00Z. Needs --state, so that
    /// the usual state learns nothing from a made-up time.
    #[arg(long, value_name = "TIME", requires = "state")]
    pub at: Option<Timestamp>,
}

impl NowArgs {
    /// The time.
    pub fn now(self) -> Timestamp {
        self.at.unwrap_or_else(Timestamp::now)
    }
}

/// Reads a file of at most so many bytes that must be there.
///
/// # Errors
/// When it is not, or is larger.
pub fn read(path: &Path, most: usize) -> Result<Vec<u8>, Trouble> {
    atomic::read(path, most)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("{}: there is no such file", path.display()).into())
}

/// Reads an envelope, or a bare document with an SSH signature beside it.
/// The inner result says why the file is refused.
///
/// # Errors
/// When a file cannot be read.
pub fn envelope(
    path: &Path,
    ssh_signature: Option<&Path>,
    kind: DocumentKind,
) -> Result<Result<Envelope, Refusal>, Trouble> {
    let bytes = read(path, MOST_BYTES)?;
    let Some(ssh) = ssh_signature else {
        return Ok(Envelope::read(&bytes));
    };
    let armored = ssh_text(ssh)?;
    let mut envelope = Envelope::unsigned(bytes);
    Ok(envelope.add_ssh(&armored, kind).map(|_| envelope))
}

/// Reads a file that `ssh-keygen -Y sign` wrote.
///
/// # Errors
/// When it cannot be read.
pub fn ssh_text(path: &Path) -> Result<String, Trouble> {
    String::from_utf8(read(path, MOST_SSH_BYTES)?)
        .map_err(|_| format!("{}: it is not an SSH signature", path.display()).into())
}

/// Goes from the trusted roster through the files given. The inner result says
/// which file is refused and why.
///
/// # Errors
/// When a file cannot be read.
pub fn follow(
    store: &TrustStore,
    rosters: &[PathBuf],
    now: Timestamp,
) -> Result<Result<Trust, Refused>, Trouble> {
    let mut envelopes = Vec::with_capacity(rosters.len());
    for path in rosters {
        match envelope(path, None, DocumentKind::Roster)? {
            Ok(envelope) => envelopes.push(envelope),
            Err(refusal) => return Ok(Err(Refused::new(path, refusal))),
        }
    }
    let last = rosters
        .last()
        .map(PathBuf::as_path)
        .unwrap_or(Path::new(""));
    let followed = store.follow(&envelopes, now);
    Ok(followed.map_err(|refusal| Refused::new(last, refusal)))
}

/// A file that is not trusted, and why.
#[derive(Debug)]
pub struct Refused {
    file: PathBuf,
    refusal: Refusal,
}

impl Refused {
    /// A refused file.
    pub fn new(file: &Path, refusal: Refusal) -> Self {
        Self {
            file: file.to_owned(),
            refusal,
        }
    }

    /// Says why, and ends with 1.
    pub fn tell(&self, console: &mut Console) -> Exit {
        let word = match self.refusal {
            Refusal::Unlisted => "not accepted",
            _ => "refused",
        };
        console.note(format!("{}: {word}: {}", self.file.display(), self.refusal));
        Exit::GateFailed
    }
}

/// Keeps what is trusted, if it changed.
///
/// # Errors
/// When it cannot be written.
pub fn keep(state: &State, old: &TrustStore, new: &TrustStore) -> Result<(), Trouble> {
    match old == new {
        true => Ok(()),
        false => state.keep_trust(new),
    }
}
