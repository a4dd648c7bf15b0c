//! The commands of the demo's exchange: run as if they had been typed, and
//! kept, so that whoever looks later can type them.

use std::{
    ffi::{OsStr, OsString},
    fmt::Write,
    path::{Path, PathBuf},
};

use super::{exit::Trouble, typed};

/// The commands that were run, one a line, with comments between them.
pub struct Script {
    folder: String,
    text: String,
}

impl Script {
    /// Nothing yet, to be typed in a folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: format!("{}/", folder.display()),
            text: String::new(),
        }
    }

    /// The commands.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Says what the next commands are for.
    pub fn comment(&mut self, text: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{gap}# {text}");
    }

    /// Runs a command and keeps it, as typed in the folder. Each `{}` takes the next of the arguments.
    ///
    /// # Errors
    /// What the command said, unless it ends with 0.
    pub fn call(
        &mut self,
        words: &str,
        arguments: &[&dyn AsRef<OsStr>],
    ) -> Result<String, Trouble> {
        let mut arguments = arguments.iter();
        let mut next = || arguments.next().map(|word| word.as_ref().to_owned());
        let words: Vec<OsString> = words
            .split(' ')
            .map(|word| match word {
                "{}" => next().ok_or("a command of the demo lacks an argument"),
                word => Ok(word.into()),
            })
            .collect::<Result<_, _>>()?;
        let shown = words
            .iter()
            .map(|word| quoted(&word.to_string_lossy().replace(&self.folder, "")));
        let shown = shown.collect::<Vec<_>>().join(" ");
        let _ = writeln!(self.text, "scrutineer {shown}");
        typed(&words).map_err(|trouble| match trouble {
            Trouble::Plain(why) => Trouble::Plain(format!("scrutineer {shown}: {}", why.trim())),
            rendered => rendered,
        })
    }
}

/// A place in a command for each of several files.
pub fn slots(files: &[PathBuf]) -> String {
    vec!["{}"; files.len()].join(" ")
}

/// Files as arguments of a command.
pub fn paths<'p>(files: impl IntoIterator<Item = &'p PathBuf>) -> Vec<&'p dyn AsRef<OsStr>> {
    let word = |path: &'p PathBuf| -> &'p dyn AsRef<OsStr> { path };
    files.into_iter().map(word).collect()
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:,+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
