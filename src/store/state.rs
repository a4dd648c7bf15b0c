//! The folder in which this program remembers things between commands.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{StoreError, atomic};

/// Largest file of the state, in bytes.
const MOST_BYTES: usize = 16 << 20;
/// How often a lock is asked for, and how long apart.
const TRIES: u32 = 100;
const APART: Duration = Duration::from_millis(100);

/// The state folder, locked against other commands until it is dropped.
#[derive(Debug)]
pub struct StateFolder {
    folder: PathBuf,
    _lock: File,
}

impl StateFolder {
    /// Opens a state folder, and makes it (0700) where there is none. Waits up to
    /// ten seconds for other commands to end.
    ///
    /// # Errors
    /// When it cannot be made, or another command keeps it locked.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        make_private(folder)?;
        let path = folder.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| StoreError::io(&path, "open the lock", &error))?;
        for _ in 0..TRIES {
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        folder: folder.to_owned(),
                        _lock: lock,
                    });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(APART),
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io(&path, "lock the state", &error));
                }
            }
        }
        let message = "is in use by another scrutineer: wait for it to end";
        Err(StoreError::new(folder, message))
    }

    /// A file of the state; `None` when there is none yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        atomic::read(&self.path(name), MOST_BYTES)
    }

    /// Puts new content in the place of a file, at once, readable for its owner
    /// alone. Folders in its name are made.
    ///
    /// # Errors
    /// When it cannot be written; then the old content stands.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(name);
        if let Some(folder) = path.parent() {
            make_private(folder)?;
        }
        atomic::replace(&path, bytes, atomic::Mode::Private)
    }

    /// The path of a file of the state.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn make_private(folder: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .map_err(|error| StoreError::io(folder, "make the folder", &error))
}

/// Where the state lies unless the user says otherwise: `$XDG_STATE_HOME/scrutineer`, or
/// `~/.local/state/scrutineer` (XDG Base Directory Specification 0.8). `None` without a home.
pub fn usual_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/state")))
        .map(|folder| folder.join("scrutineer"))
}
