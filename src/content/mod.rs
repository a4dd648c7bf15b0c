//! Finds, loads and lints checks, controls and profiles.
//!
//! The files of `checks` and `profiles` are part of the program; folders that
//! the user names add to them and take the place of what has the same id.
//! Everything is read strictly: what is wrong is told with its file, line and
//! column, all of it at once.

#[cfg(test)]
mod bad_input;
pub mod check_file;
pub mod controls;
pub mod dates;
pub mod diagnostic;
pub mod examples;
pub mod files;
pub mod given;
pub mod guidance;
pub mod inventory;
pub mod lists;
pub mod profile_file;
pub mod reader;
pub mod resolve;
pub mod source;
pub mod target_name;
pub mod text_map;
pub mod yaml;

use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use self::check_file::{LoadedCheck, Surroundings};
use self::controls::LoadedControl;
use self::diagnostic::{Diagnostic, Diagnostics, Weight, did_you_mean};
use self::files::FoundFile;
use self::given::FactShape;
use self::guidance::Guidance;
use self::lists::Lists;
use self::profile_file::LoadedProfile;
use self::source::Place;
use crate::probes::registry::observation_schema;
use crate::rules::FactSchema;

/// All checks, controls, lists, guidance and profiles.
pub struct Content {
    /// Checks by id.
    pub checks: BTreeMap<String, LoadedCheck>,
    /// Controls, in the order of their files.
    pub controls: Vec<LoadedControl>,
    /// Long lists.
    pub lists: Lists,
    /// Requirements of guidelines.
    pub guidance: Guidance,
    /// Profiles by id.
    pub profiles: BTreeMap<String, LoadedProfile>,
    /// Warnings, and what took the place of what.
    pub notes: Diagnostics,
    /// The facts that there are.
    pub facts: FactSchema,
    /// JSON Schema of an observation.
    pub observation_schema: Value,
    /// Folders and files that the user named, as named.
    pub added: Vec<String>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("checks", &self.checks.len())
            .field("profiles", &self.profiles.len())
            .finish_non_exhaustive()
    }
}

impl Content {
    /// Loads what is part of the program, and over it the folders (or single
    /// files) of checks and of profiles, in order.
    ///
    /// # Errors
    /// Everything that is wrong in any of the files, and folders that cannot be read.
    pub fn load(checks: &[PathBuf], profiles: &[PathBuf]) -> Result<Self, Diagnostics> {
        Self::load_over(
            files::embedded("checks"),
            files::embedded("profiles"),
            checks,
            profiles,
        )
    }

    fn load_over(
        own_checks: Vec<FoundFile>,
        own_profiles: Vec<FoundFile>,
        checks: &[PathBuf],
        profiles: &[PathBuf],
    ) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::default();
        let check_layers = layers(own_checks, checks, "folder of checks", &mut problems);
        let profile_layers = layers(own_profiles, profiles, "folder of profiles", &mut problems);
        if problems.has_errors() {
            return Err(problems);
        }
        let schema = observation_schema();
        let mut content = Self {
            checks: BTreeMap::new(),
            controls: Vec::new(),
            lists: Lists::default(),
            guidance: Guidance::default(),
            profiles: BTreeMap::new(),
            notes: Diagnostics::default(),
            facts: FactSchema::new(&schema),
            observation_schema: schema,
            added: checks
                .iter()
                .chain(profiles)
                .map(|path| path.display().to_string())
                .collect(),
        };
        // Controls and lists of all layers first: a check of one layer may name those of a later one.
        for layer in &check_layers {
            for file in layer {
                let result = match kind_of(&file.path) {
                    Part::Controls => content.add_controls(file),
                    Part::List => content.lists.add(file),
                    Part::Check => Ok(()),
                };
                if let Err(more) = result {
                    problems.extend(more);
                }
            }
        }
        for layer in &check_layers {
            content.add_checks(layer, &mut problems);
        }
        for layer in profile_layers {
            content.add_profiles(layer, &mut problems);
        }
        if problems.has_errors() {
            problems.sort();
            return Err(problems);
        }
        Ok(content)
    }

    fn add_controls(&mut self, file: &FoundFile) -> Result<(), Diagnostics> {
        for loaded in controls::read(file)? {
            let id = &loaded.control.id;
            match self
                .controls
                .iter_mut()
                .find(|known| known.control.id == *id)
            {
                Some(known) => {
                    self.notes
                        .push(replaced("control", id, &known.place, &loaded.place));
                    *known = loaded;
                }
                None => self.controls.push(loaded),
            }
        }
        Ok(())
    }

    fn add_checks(&mut self, layer: &[FoundFile], problems: &mut Diagnostics) {
        let mut of_layer: BTreeMap<String, LoadedCheck> = BTreeMap::new();
        for file in layer {
            if !matches!(kind_of(&file.path), Part::Check) {
                continue;
            }
            match self.read_check(file) {
                Ok((check, warnings)) => {
                    self.notes.extend(warnings);
                    let id = check.check.id.clone();
                    if let Some(first) = of_layer.get(&id) {
                        problems.push(twice("check", &id, &check.place(), &first.place()));
                    } else {
                        of_layer.insert(id, check);
                    }
                }
                Err(more) => problems.extend(more),
            }
        }
        for (id, check) in of_layer {
            if let Some(known) = self.checks.get(&id) {
                self.notes
                    .push(replaced("check", &id, &known.place(), &check.place()));
            }
            self.checks.insert(id, check);
        }
    }

    /// Reads a check against the facts, controls and lists that there are.
    ///
    /// # Errors
    /// Everything that is wrong with it. Warnings alone are returned beside the check.
    pub fn read_check(&self, file: &FoundFile) -> Result<(LoadedCheck, Diagnostics), Diagnostics> {
        let controls: Vec<&str> = self
            .controls
            .iter()
            .map(|loaded| loaded.control.id.as_str())
            .collect();
        check_file::read(
            file,
            Surroundings {
                facts: &self.facts,
                shape: FactShape::new(&self.observation_schema),
                controls: &controls,
                lists: &self.lists,
            },
        )
    }

    fn add_profiles(&mut self, layer: Vec<FoundFile>, problems: &mut Diagnostics) {
        let mut of_layer: BTreeMap<String, LoadedProfile> = BTreeMap::new();
        for file in layer {
            if file.path.starts_with("guidance/") || file.path.contains("/guidance/") {
                self.guidance.add(file);
                continue;
            }
            match profile_file::read(&file) {
                Ok(profile) => {
                    let id = profile.profile.id.clone();
                    if let Some(first) = of_layer.get(&id) {
                        problems.push(twice("profile", &id, &profile.place(), &first.place()));
                    } else {
                        of_layer.insert(id, profile);
                    }
                }
                Err(more) => problems.extend(more),
            }
        }
        for (id, profile) in of_layer {
            if let Some(known) = self.profiles.get(&id) {
                self.notes
                    .push(replaced("profile", &id, &known.place(), &profile.place()));
            }
            self.profiles.insert(id, profile);
        }
    }

    /// A control by its id.
    pub fn control(&self, id: &str) -> Option<&LoadedControl> {
        self.controls.iter().find(|known| known.control.id == id)
    }

    /// A check by its id.
    ///
    /// # Errors
    /// That there is none, with the nearest one.
    pub fn check(&self, id: &str) -> Result<&LoadedCheck, Diagnostics> {
        self.checks.get(id).ok_or_else(|| {
            Diagnostic::placeless(format!("there is no check `{id}`"))
                .maybe_help(
                    did_you_mean(id, self.checks.keys().map(String::as_str))
                        .or_else(|| Some("`scrutineer checks list` shows all".to_owned())),
                )
                .into()
        })
    }
}

/// What a file below a folder of checks holds.
enum Part {
    Controls,
    List,
    Check,
}

fn kind_of(path: &str) -> Part {
    if path == "controls.yaml" || path.ends_with("/controls.yaml") {
        Part::Controls
    } else if lists::list_name(path).is_some() {
        Part::List
    } else {
        Part::Check
    }
}

/// The program's own files and those of each path that the user names. A file
/// with the same path in a later layer hides an earlier one.
fn layers(
    own: Vec<FoundFile>,
    paths: &[PathBuf],
    what: &str,
    problems: &mut Diagnostics,
) -> Vec<Vec<FoundFile>> {
    let mut layers = vec![own];
    for path in paths {
        match files::on_disk(path, what) {
            Ok(found) => {
                if found.is_empty() {
                    problems.push(Diagnostic::placeless(format!(
                        "the {what} `{}` holds no YAML file",
                        path.display()
                    )));
                }
                for layer in &mut layers {
                    layer.retain(|file| {
                        matches!(kind_of(&file.path), Part::Controls)
                            || !found.iter().any(|later| later.path == file.path)
                    });
                }
                layers.push(found);
            }
            Err(more) => problems.extend(more),
        }
    }
    layers
}

fn twice(what: &str, id: &str, place: &Place, first: &Place) -> Diagnostic {
    Diagnostic::error(place.clone(), format!("the {what} `{id}` is defined twice"))
        .also(first.clone(), "it is defined here first")
}

fn replaced(what: &str, id: &str, old: &Place, new: &Place) -> Diagnostic {
    Diagnostic {
        weight: Weight::Note,
        ..Diagnostic::error(
            new.clone(),
            format!(
                "the {what} `{id}` takes the place of the one in {}",
                old.source.name
            ),
        )
    }
}

/// Whether a path of the user holds a file, itself or below it.
pub fn lies_below(name: &str, path: &Path) -> bool {
    Path::new(name).starts_with(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_part_of_the_program_loads() {
        let content = Content::load(&[], &[])
            .unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)));
        assert!(!content.controls.is_empty());
        assert!(content.notes.is_empty(), "{}", content.notes);
    }
}
