//! Finds, loads and lints checks, controls and profiles.
//!
//! The files of `checks` and `profiles` are part of the program; folders that
//! the user names add to them and take the place of what has the same id.
//! Everything is read strictly: what is wrong is told with its file, line and
//! column, all of it at once.

#[cfg(test)]
mod bad_input;
pub mod changes;
pub mod check_file;
pub mod clients;
pub mod controls;
pub mod coverage;
pub mod dates;
pub mod diagnostic;
pub mod disagreements;
pub mod examples;
pub mod exchange_file;
pub mod files;
pub mod given;
pub mod guidance;
pub mod inventory;
pub mod layers;
pub mod lists;
pub mod merge;
pub mod pack;
pub mod pack_diff;
mod points;
pub mod pool_file;
pub mod profile_file;
pub mod reader;
pub mod resolve;
pub mod source;
pub mod target_name;
pub mod text_map;
pub mod waivers;
pub mod yaml;

use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use self::changes::LoadedChange;
use self::check_file::{LoadedCheck, Surroundings};
use self::controls::LoadedControl;
use self::diagnostic::{Diagnostic, Diagnostics, Weight, did_you_mean};
use self::files::FoundFile;
use self::given::FactShape;
use self::guidance::Guidance;
use self::layers::{Layers, Part, part_of};
use self::lists::Lists;
use self::profile_file::LoadedProfile;
use self::source::Place;
use crate::judge::Crosswalk;
use crate::model::control::Control;
use crate::probes::registry::observation_schema;
use crate::rules::FactSchema;

/// Most replacements that are told one by one.
const MOST_TOLD: usize = 5;

/// All checks, controls, lists, guidance and profiles.
pub struct Content {
    /// Checks by id.
    pub checks: BTreeMap<String, LoadedCheck>,
    /// Controls, in the order of their files.
    pub controls: Vec<LoadedControl>,
    /// Changes that mend several checks, in the order of their files.
    pub changes: Vec<LoadedChange>,
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
    /// The pack that all of it comes from; `None` where it is no pack.
    pub pack: Option<pack::Named>,
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
        Self::of(Layers::read(true, checks, profiles)?)
    }

    /// Loads layers of files, each over those before it.
    ///
    /// # Errors
    /// Everything that is wrong in any of the files.
    pub fn of(layers: Layers) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::default();
        let schema = observation_schema();
        let mut content = Self {
            checks: BTreeMap::new(),
            controls: Vec::new(),
            changes: Vec::new(),
            lists: Lists::default(),
            guidance: Guidance::default(),
            profiles: BTreeMap::new(),
            notes: Diagnostics::default(),
            facts: FactSchema::new(&schema),
            observation_schema: schema,
            added: layers.added,
            pack: None,
        };
        // Controls and lists of all layers first: a check of one layer may name those of a later one.
        for layer in &layers.checks {
            for file in layer {
                let result = match part_of(&file.path) {
                    Part::Controls => content.add_controls(file),
                    Part::Changes => content.add_changes(file),
                    Part::List => content.lists.add(file),
                    Part::Check => Ok(()),
                };
                if let Err(more) = result {
                    problems.extend(more);
                }
            }
        }
        for (index, layer) in layers.checks.iter().enumerate() {
            let later = layers.checks.get(index + 1..).unwrap_or_default();
            content.add_checks(layer, later, &mut problems);
        }
        if !problems.has_errors() {
            problems.extend(changes::lint(&content.checks));
        }
        for layer in layers.profiles {
            content.add_profiles(layer, &mut problems);
        }
        // Those of the program are linted by its tests, and wherever they are used.
        if content
            .guidance
            .file(disagreements::NAME)
            .is_some_and(|file| !file.embedded)
            && let Err(more) = content.disagreements()
        {
            problems.extend(more);
        }
        if problems.has_errors() {
            problems.sort();
            return Err(problems);
        }
        Ok(content)
    }

    fn add_controls(&mut self, file: &FoundFile) -> Result<(), Diagnostics> {
        let mut taken = Vec::new();
        for loaded in controls::read(file)? {
            let id = &loaded.control.id;
            match self
                .controls
                .iter_mut()
                .find(|known| known.control.id == *id)
            {
                Some(known) => {
                    taken.push((id.clone(), known.place.clone(), loaded.place.clone()));
                    *known = loaded;
                }
                None => self.controls.push(loaded),
            }
        }
        self.note_replaced("control", &taken);
        Ok(())
    }

    fn add_changes(&mut self, file: &FoundFile) -> Result<(), Diagnostics> {
        let mut taken = Vec::new();
        for loaded in changes::read(file)? {
            let id = &loaded.change.id;
            match self.changes.iter_mut().find(|known| known.change.id == *id) {
                Some(known) => {
                    taken.push((id.clone(), known.place.clone(), loaded.place.clone()));
                    *known = loaded;
                }
                None => self.changes.push(loaded),
            }
        }
        self.note_replaced("change", &taken);
        Ok(())
    }

    /// Adds the checks of a layer. What is wrong with a file that a later layer
    /// has too is left out: it is being mended there.
    fn add_checks(
        &mut self,
        layer: &[FoundFile],
        later: &[Vec<FoundFile>],
        problems: &mut Diagnostics,
    ) {
        let mut of_layer: BTreeMap<String, LoadedCheck> = BTreeMap::new();
        for file in layer {
            if !matches!(part_of(&file.path), Part::Check) {
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
                Err(more) => {
                    if !later.iter().flatten().any(|other| other.path == file.path) {
                        problems.extend(more);
                    }
                }
            }
        }
        let mut taken = Vec::new();
        for (id, check) in of_layer {
            if let Some(known) = self.checks.get(&id) {
                taken.push((id.clone(), known.place(), check.place()));
            }
            self.checks.insert(id, check);
        }
        self.note_replaced("check", &taken);
    }

    /// Says what took the place of what: each by itself, or together where it is many.
    fn note_replaced(&mut self, what: &str, taken: &[(String, Place, Place)]) {
        if let (Some((first, _, place)), true) = (taken.first(), taken.len() > MOST_TOLD) {
            let message = format!(
                "{} {what}s take the place of others with the same id, the first is `{first}`",
                taken.len()
            );
            self.notes.push(Diagnostic {
                weight: Weight::Note,
                ..Diagnostic::error(place.clone(), message)
            });
        } else {
            for (id, old, new) in taken {
                self.notes.push(replaced(what, id, old, new));
            }
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
        let changes: Vec<&str> = self
            .changes
            .iter()
            .map(|loaded| loaded.change.id.as_str())
            .collect();
        check_file::read(
            file,
            Surroundings {
                facts: &self.facts,
                shape: FactShape::new(&self.observation_schema),
                controls: &controls,
                changes: &changes,
                lists: &self.lists,
            },
        )
    }

    fn add_profiles(&mut self, layer: Vec<FoundFile>, problems: &mut Diagnostics) {
        let mut of_layer: BTreeMap<String, LoadedProfile> = BTreeMap::new();
        for file in layer {
            if guidance::is_guidance(&file.path) {
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
        let mut taken = Vec::new();
        for (id, profile) in of_layer {
            if let Some(known) = self.profiles.get(&id) {
                taken.push((id.clone(), known.place(), profile.place()));
            }
            self.profiles.insert(id, profile);
        }
        self.note_replaced("profile", &taken);
    }

    /// A control by its id.
    pub fn control(&self, id: &str) -> Option<&LoadedControl> {
        self.controls.iter().find(|known| known.control.id == id)
    }

    /// The controls that each requirement maps to, and how it relates to them.
    pub fn crosswalk(&self) -> Crosswalk {
        let mut crosswalk = Crosswalk::new();
        for Control { id, maps_to, .. } in self.controls.iter().map(|loaded| &loaded.control) {
            for mapping in maps_to {
                let row = crosswalk.entry(mapping.requirement.clone()).or_default();
                row.insert(id.clone(), mapping.relation);
            }
        }
        crosswalk
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

    #[test]
    fn a_folder_adds_checks_and_takes_the_place_of_others() {
        let own = Content::load(&[], &[]).unwrap();
        let text = &own.checks["tls.protocol.no-legacy"].source.text;
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("tls/protocol.mine.yaml", &text.replace("no-legacy", "mine"));
        write(
            "tls/protocol.no-legacy.yaml",
            &text.replace("title: ", "title: New. "),
        );
        write("lists/suites/test.yaml", "[SSL3]\n");
        write(
            "tls/protocol.listed.yaml",
            &text
                .replace("no-legacy", "listed")
                .replace(
                    "default: [SSL2, SSL3, TLS1.0, TLS1.1]",
                    "default: { $list: suites/test }",
                )
                .replace("name: TLS1.0", "name: SSL3"),
        );
        let folder = [dir.path().to_path_buf()];
        let content =
            Content::load(&folder, &[]).unwrap_or_else(|p| panic!("{}", p.render(false, 120)));
        assert_eq!(content.checks.len(), own.checks.len() + 2);
        let check = |id: &str| &content.checks[id].check;
        assert!(check("tls.protocol.no-legacy").title.starts_with("New. "));
        assert_eq!(
            check("tls.protocol.listed").params["legacy"].default,
            serde_json::json!(["SSL3"])
        );
        let notes: Vec<String> = content
            .notes
            .iter()
            .map(|note| note.message.clone())
            .collect();
        assert_eq!(
            notes,
            [
                "the check `tls.protocol.no-legacy` takes the place of the one in embedded:checks/tls/protocol.no-legacy.yaml"
            ]
        );

        write("tls/again.yaml", &text.replace("no-legacy", "mine"));
        let problems = Content::load(&folder, &[]).unwrap_err();
        assert_eq!(problems.errors(), 1, "{problems}");
        let shown = problems.render(false, 120);
        for part in [
            "`tls.protocol.mine` is defined twice",
            "again.yaml:1:5",
            "protocol.mine.yaml:1:5",
        ] {
            assert!(shown.contains(part), "{shown}");
        }
        let empty = tempfile::tempdir().unwrap();
        let problems = Content::load(&[empty.path().to_path_buf()], &[]).unwrap_err();
        assert!(
            problems.to_string().contains("holds no YAML file"),
            "{problems}"
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn a_damaged_check_never_panics(
            at in 0..4000usize,
            length in 0..40usize,
            put in "[-:{}\\[\\]&*!|>'\"%@`a-zé\u{0}\u{1b} \n\t#]{0,6}",
        ) {
            static CONTENT: std::sync::OnceLock<Content> = std::sync::OnceLock::new();
            let content = CONTENT.get_or_init(|| Content::load(&[], &[]).unwrap());
            let text = &content.checks["tls.protocol.no-legacy"].source.text;
            let from = text.floor_char_boundary(at % text.len());
            let to = text.floor_char_boundary((from + length).min(text.len()));
            let mut damaged = text.clone();
            damaged.replace_range(from..to, &put);
            let file = FoundFile {
                path: "x.yaml".to_owned(),
                source: source::Source::new("x.yaml", damaged),
                embedded: false,
            };
            match content.read_check(&file) {
                Ok((check, _)) => examples::run(&check, &mut examples::Tally::default()),
                Err(problems) => {
                    let shown = problems.render(true, 80);
                    assert!(!shown.contains(char::from(0)));
                }
            }
        }
    }
}
