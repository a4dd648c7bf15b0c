//! Long lists, kept in files of their own: `{ $list: suites/de-bsi-2025 }`.

use serde_json::Value;
use std::collections::BTreeMap;

use super::diagnostic::Diagnostics;
use super::files::FoundFile;
use super::yaml::{self, Limits};

/// Lists by name: the path below `checks/lists`, without its ending.
#[derive(Clone, Debug, Default)]
pub struct Lists(BTreeMap<String, Value>);

impl Lists {
    /// A list by its name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Reads a file below `lists/`. A later list takes the place of an earlier
    /// one with the same name.
    ///
    /// # Errors
    /// A file that is not YAML.
    pub fn add(&mut self, file: &FoundFile) -> Result<(), Diagnostics> {
        if let Some(name) = list_name(&file.path) {
            let root = yaml::parse(&file.source, Limits::CONTENT)?;
            self.0.insert(name.to_owned(), root.to_json());
        }
        Ok(())
    }
}

/// The name of the list that a file holds, if it holds one.
pub fn list_name(path: &str) -> Option<&str> {
    let below = path
        .strip_prefix("lists/")
        .or_else(|| path.split_once("/lists/").map(|(_, below)| below))?;
    below
        .strip_suffix(".yaml")
        .or_else(|| below.strip_suffix(".yml"))
}
