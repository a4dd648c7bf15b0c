//! Layers of files: those that are part of the program, and over them those
//! that the user names. What a later layer has takes the place of what has the
//! same id in an earlier one.

use std::path::{Path, PathBuf};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::files::{self, FoundFile};
use super::lists;

/// Files of checks and of profiles, the lowest layer first.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Checks, controls, changes and lists.
    pub checks: Vec<Vec<FoundFile>>,
    /// Profiles and guidance.
    pub profiles: Vec<Vec<FoundFile>>,
    /// Folders and files that the user named, as named.
    pub added: Vec<String>,
}

impl Layers {
    /// Reads folders (or single files) of checks and of profiles, in order; with
    /// `own`, over what is part of the program.
    ///
    /// # Errors
    /// Folders and files that cannot be read, and folders without a YAML file.
    pub fn read(own: bool, checks: &[PathBuf], profiles: &[PathBuf]) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::default();
        let mut layers = Self {
            added: checks
                .iter()
                .chain(profiles)
                .map(|path| path.display().to_string())
                .collect(),
            ..Self::default()
        };
        if own {
            layers.checks.push(files::embedded("checks"));
            layers.profiles.push(files::embedded("profiles"));
        }
        for path in checks {
            named(path, "folder of checks", &mut layers.checks, &mut problems);
        }
        for path in profiles {
            let what = "folder of profiles";
            named(path, what, &mut layers.profiles, &mut problems);
        }
        match problems.has_errors() {
            true => Err(problems),
            false => Ok(layers),
        }
    }
}

/// Adds the files of a path that the user names.
fn named(path: &Path, what: &str, to: &mut Vec<Vec<FoundFile>>, problems: &mut Diagnostics) {
    match files::on_disk(path, what) {
        Ok(found) if found.is_empty() => problems.push(Diagnostic::placeless(format!(
            "the {what} `{}` holds no YAML file",
            path.display()
        ))),
        Ok(found) => to.push(found),
        Err(more) => problems.extend(more),
    }
}

/// What a file below a folder of checks holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Controls,
    Changes,
    List,
    Check,
}

/// What a file below a folder of checks holds, by its path there.
pub(super) fn part_of(path: &str) -> Part {
    if path == "controls.yaml" || path.ends_with("/controls.yaml") {
        Part::Controls
    } else if path == "changes.yaml" || path.ends_with("/changes.yaml") {
        Part::Changes
    } else if lists::list_name(path).is_some() {
        Part::List
    } else {
        Part::Check
    }
}
