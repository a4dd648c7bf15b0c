//! What this program remembers between calls about exchanges: rosters that are
//! trusted, documents that were accepted, and those that were cut here.

use clap::Args;
use std::path::PathBuf;

use super::exit::Trouble;
use crate::baseline::ledger::{LEDGER_SCHEMA, Ledger};
use crate::baseline::trust_store::TrustStore;
use crate::store::{StateFolder, usual_folder};

/// The file with own documents.
const LEDGER: &str = "ledger.json";
/// The file with trusted rosters.
const TRUST: &str = "trust.json";

/// Where state lies.
#[derive(Args, Clone, Debug, Default)]
pub struct StateArgs {
    /// Keep trusted rosters, the ledger and manifests in this folder. Default: scrutineer in
    /// $XDG_STATE_HOME (~/.local/state).
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// The folder of the state, locked against other calls of this program.
pub struct State {
    folder: StateFolder,
}

impl StateArgs {
    /// Opens the folder, and makes it where it is missing, for its owner alone.
    ///
    /// # Errors
    /// When there is no place for it, or another call is at work on it.
    pub fn open(&self) -> Result<State, Trouble> {
        let folder = self.state.clone().or_else(usual_folder).ok_or(
            "there is no home folder to remember things in: name a folder with --state DIR",
        )?;
        let folder = StateFolder::open(&folder).map_err(said)?;
        Ok(State { folder })
    }
}

impl State {
    /// The ledger; an empty one where there is none yet.
    ///
    /// # Errors
    /// When it cannot be read. It is never taken for empty then.
    pub fn ledger(&self) -> Result<Ledger, Trouble> {
        let path = self.path(LEDGER);
        let Some(text) = self.folder.read(LEDGER).map_err(said)? else {
            return Ok(Ledger::default());
        };
        let ledger: Ledger = serde_json::from_slice(&text)
            .map_err(|error| format!("{}: is not a ledger: {error}", path.display()))?;
        match ledger.schema == LEDGER_SCHEMA {
            true => Ok(ledger),
            false => Err(format!(
                "{}: is of another version, expected {LEDGER_SCHEMA}",
                path.display()
            )
            .into()),
        }
    }

    /// Keeps the ledger.
    ///
    /// # Errors
    /// When it cannot be written; the old one stays then.
    pub fn keep_ledger(&self, ledger: &Ledger) -> Result<(), Trouble> {
        let mut text =
            serde_json::to_vec_pretty(ledger).expect("ledgers hold texts and times alone");
        text.push(b'\n');
        self.keep(LEDGER, &text)
    }

    /// What is trusted; nothing where nothing was trusted yet.
    ///
    /// # Errors
    /// When it cannot be read. It is never taken for empty then.
    pub fn trust(&self) -> Result<TrustStore, Trouble> {
        match self.folder.read(TRUST).map_err(said)? {
            None => Ok(TrustStore::default()),
            Some(bytes) => TrustStore::read(&bytes)
                .map_err(|fault| format!("{}: {fault}", self.path(TRUST).display()).into()),
        }
    }

    /// Keeps what is trusted.
    ///
    /// # Errors
    /// When it cannot be written; the old one stays then.
    pub fn keep_trust(&self, trust: &TrustStore) -> Result<(), Trouble> {
        let bytes = trust.write().map_err(said)?;
        self.keep(TRUST, &bytes)
    }

    /// A file of the state; `None` where there is none yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Trouble> {
        self.folder.read(name).map_err(said)
    }

    /// Keeps a file of the state, readable for its owner alone, all or nothing.
    ///
    /// # Errors
    /// When it cannot be written; what was there before stays then.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        self.folder.replace(name, bytes).map_err(said)
    }

    /// The path of a file of the state.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
