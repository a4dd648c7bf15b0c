//! What can be wrong with a file that is kept.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A file that cannot be read or written. Displays as one sentence that
/// names the file, the line where there is one, and what to do.
#[derive(Debug)]
pub struct StoreError {
    path: PathBuf,
    line: Option<u64>,
    message: String,
}

impl StoreError {
    pub(crate) fn new(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            message: message.into(),
        }
    }

    pub(crate) fn at_line(path: &Path, line: u64, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: Some(line),
            message: message.into(),
        }
    }

    pub(crate) fn io(path: &Path, doing: &str, error: &io::Error) -> Self {
        Self::new(path, format!("cannot {doing}: {error}"))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.line {
            Some(line) => write!(f, "{path}:{line}: {}", self.message),
            None => write!(f, "{path}: {}", self.message),
        }
    }
}

impl std::error::Error for StoreError {}
