//! Packs: builds one from layers of files, and loads one in their place.
//!
//! A pack stands alone: nothing that is part of the program goes below it. What
//! it says of itself is computed again when it is loaded, since the digest of a
//! check also covers the facts and functions of the program that judges.

use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use super::diagnostic::{Diagnostic, Diagnostics, Weight};
use super::files::FoundFile;
use super::guidance;
use super::layers::{Layers, Part, part_of};
use super::lists::list_name;
use super::source::Source;
use super::{Content, pack_diff};
use crate::baseline::document::payload_digest;
use crate::baseline::envelope::Envelope;
use crate::baseline::exchange::LONGEST_TEXT;
use crate::baseline::pack::{
    MOST_CHANGES, MOST_RELEASES, PACK_SCHEMA, Pack, PackFile, Previous, Release,
};
use crate::wire::text::clean;

/// How findings and runs name a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its file digest.
    pub file: String,
}

/// A pack with its file digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The pack.
    pub pack: Pack,
    /// Its file digest.
    pub file: String,
}

/// What a pack says of itself beside its files.
#[derive(Debug)]
pub struct Draft<'a> {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The exchange that hands it out, and whether that is made up.
    pub exchange: Option<(String, bool)>,
    /// When it is built.
    pub created: Timestamp,
    /// Name and version of the program, and its moving tables.
    pub program: (&'a str, &'a [(&'a str, &'a str)]),
    /// What changed; `None`: what differs from the version before.
    pub changes: Option<Vec<String>>,
    /// The version before, and what it holds.
    pub previous: Option<(&'a Opened, &'a Content)>,
}

/// Builds a pack from layers of files: those of their files that count. Returns
/// also what took the place of what, and warnings.
///
/// # Errors
/// Everything that is wrong with the files, their paths, and the draft.
pub fn build(layers: Layers, draft: Draft<'_>) -> Result<(Pack, Diagnostics), Diagnostics> {
    let content = Content::of(layers.clone())?;
    let problem = |message: String| Diagnostics::from(Diagnostic::placeless(message));
    let mut log = vec![Release {
        version: draft.version.clone(),
        changes: Vec::new(),
    }];
    if let Some((previous, _)) = draft.previous {
        let before = &previous.pack;
        if before.version == draft.version || before.name != draft.name {
            return Err(problem(format!(
                "the version before is {} {}: a new version has the same name and another version",
                before.name, before.version
            )));
        }
        log.extend(before.log.iter().take(MOST_RELEASES - 1).cloned());
    }
    let (exchange, simulated) = draft.exchange.unzip();
    let (tool, tables) = draft.program;
    let mut pack = Pack {
        schema: PACK_SCHEMA.to_owned(),
        name: draft.name,
        version: draft.version,
        exchange,
        simulated: simulated.unwrap_or_default(),
        created: Timestamp::from_second(draft.created.as_second()).unwrap_or(draft.created),
        tool: tool.to_owned(),
        digest: content.pack().digest,
        tables: tables
            .iter()
            .map(|(name, edition)| ((*name).to_owned(), (*edition).to_owned()))
            .collect(),
        checks: content.check_digests(),
        profiles: content.profile_digests()?,
        previous: draft.previous.map(|(previous, _)| Previous {
            version: previous.pack.version.clone(),
            file: previous.file.clone(),
        }),
        log,
        layers: files(&layers, &content),
    };
    let changes = match (draft.changes, draft.previous) {
        (Some(changes), _) => changes,
        (None, Some((before, old))) => {
            pack_diff::difference((&before.pack, old), (&pack, &content))?.lines()
        }
        (None, None) => Vec::new(),
    };
    if let Some(release) = pack.log.first_mut() {
        let lines = changes.iter().take(MOST_CHANGES);
        release.changes = lines.map(|line| clean(line, LONGEST_TEXT)).collect();
    }
    match pack.check() {
        Ok(()) => Ok((pack, content.notes)),
        Err(wrong) => Err(problem(format!("the pack would not be valid: {wrong}"))),
    }
}

/// The files that count: a check, a profile, a list or a guideline whose place a
/// later layer took is left out.
fn files(layers: &Layers, content: &Content) -> Vec<Vec<PackFile>> {
    let checks = content.checks.values().map(|check| &check.source);
    let profiles = content.profiles.values().map(|profile| &profile.source);
    let used: BTreeSet<*const Source> = checks.chain(profiles).map(Arc::as_ptr).collect();
    // Of lists and of guidelines with one name, the last counts.
    let mut newest: BTreeMap<(&str, &str), *const Source> = BTreeMap::new();
    for (folder, below) in [("checks", &layers.checks), ("profiles", &layers.profiles)] {
        for file in below.iter().flatten() {
            if let Some(name) = overriding(folder, &file.path) {
                newest.insert((folder, name), Arc::as_ptr(&file.source));
            }
        }
    }
    let counts = |folder: &str, file: &FoundFile| {
        let source = Arc::as_ptr(&file.source);
        match overriding(folder, &file.path) {
            Some(name) => newest.get(&(folder, name)) == Some(&source),
            // Controls and changes of several files are put together.
            None if folder == "checks" && part_of(&file.path) != Part::Check => true,
            None => used.contains(&source),
        }
    };
    let mut packed = Vec::new();
    for index in 0..layers.checks.len().max(layers.profiles.len()) {
        let mut layer = Vec::new();
        for (folder, below) in [("checks", &layers.checks), ("profiles", &layers.profiles)] {
            let found = below.get(index).into_iter().flatten();
            let found = found.filter(|file| counts(folder, file));
            layer.extend(found.map(|file| PackFile {
                path: format!("{folder}/{}", file.path),
                text: file.source.text.clone(),
            }));
        }
        layer.sort_by(|one, other| one.path.cmp(&other.path));
        if !layer.is_empty() {
            packed.push(layer);
        }
    }
    packed
}

/// Whether a file of a pack holds neither a check nor a profile.
pub(super) fn is_other(path: &str) -> bool {
    match path.split_once('/') {
        Some(("checks", below)) => part_of(below) != Part::Check,
        Some((_, below)) => guidance::is_guidance(below),
        None => false,
    }
}

/// The name of a list or a guideline, whose whole file takes the place of an earlier one.
fn overriding<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    match folder {
        "checks" => list_name(path),
        _ if guidance::is_guidance(path) => guidance::stem(path),
        _ => None,
    }
}

/// Reads the document of a pack, in an envelope or bare. Signatures are not
/// looked at: `pack verify` does.
///
/// # Errors
/// One diagnostic that says why it is none.
pub fn open(path: &Path, bytes: &[u8]) -> Result<Opened, Diagnostics> {
    let envelope = Envelope::read(bytes);
    let payload = match &envelope {
        Ok(envelope) => &envelope.payload,
        Err(_) => bytes.strip_suffix(b"\n").unwrap_or(bytes),
    };
    match Pack::read(payload) {
        Ok(pack) => Ok(Opened {
            pack,
            file: payload_digest(payload),
        }),
        Err(refusal) => Err(Diagnostic::placeless(format!(
            "{}: is no pack: {refusal}",
            path.display()
        ))
        .help("`scrutineer pack build` makes one")
        .into()),
    }
}

impl Opened {
    /// What the pack holds, whatever it says of itself.
    ///
    /// # Errors
    /// Everything that is wrong with its files, each with its place.
    pub fn content(&self) -> Result<Content, Diagnostics> {
        let Pack { name, version, .. } = &self.pack;
        let mut layers = Layers::default();
        for layer in &self.pack.layers {
            let below = |folder: &str| -> Vec<FoundFile> {
                let found = layer.iter().filter_map(|file| {
                    let path = file.path.strip_prefix(folder)?.strip_prefix('/')?;
                    Some(FoundFile {
                        path: path.to_owned(),
                        source: Source::new(
                            format!("{name}-{version}:{}", file.path),
                            file.text.as_str(),
                        ),
                        embedded: false,
                    })
                });
                found.collect()
            };
            layers.checks.push(below("checks"));
            layers.profiles.push(below("profiles"));
        }
        let mut content = Content::of(layers)?;
        // What took the place of what was told to whoever built the pack.
        content.notes = content.notes.without(Weight::Note);
        content.pack = Some(Named {
            name: name.clone(),
            version: version.clone(),
            file: self.file.clone(),
        });
        Ok(content)
    }

    /// What the pack holds, exactly as it says of itself.
    ///
    /// # Errors
    /// Everything that is wrong with its files, and digests that come out otherwise.
    pub fn exact(&self) -> Result<Content, Diagnostics> {
        let content = self.content()?;
        match self.differs(&content)? {
            Some(why) => Err(Diagnostic::placeless(why).into()),
            None => Ok(content),
        }
    }

    /// What comes out otherwise than the pack says, if so.
    ///
    /// # Errors
    /// When one of its profiles cannot be resolved.
    pub fn differs(&self, content: &Content) -> Result<Option<String>, Diagnostics> {
        let pack = &self.pack;
        let unlike = |what: &str, told: &BTreeMap<String, String>, found: &BTreeMap<_, _>| {
            let ids: BTreeSet<&String> = told.keys().chain(found.keys()).collect();
            let id = ids.into_iter().find(|id| told.get(*id) != found.get(*id))?;
            Some(format!("{what} {id}"))
        };
        let found = content.check_digests();
        let what = match unlike("the check", &pack.checks, &found) {
            Some(what) => Some(what),
            None => match content.pack().digest == pack.digest {
                true => unlike("the profile", &pack.profiles, &content.profile_digests()?),
                false => Some("its checks together".to_owned()),
            },
        };
        Ok(what.map(|what| {
            format!(
                "the pack {} {} was built by {}, and here {} comes out with another digest: use that release, whose facts and functions it was built for, or get the pack again",
                pack.name,
                pack.version,
                pack.tool,
                clean(&what, 120)
            )
        }))
    }
}

impl Content {
    /// The digest of each profile, by id.
    ///
    /// # Errors
    /// Everything in them that cannot be resolved.
    pub fn profile_digests(&self) -> Result<BTreeMap<String, String>, Diagnostics> {
        let mut digests = BTreeMap::new();
        let mut problems = Diagnostics::default();
        for id in self.profiles.keys() {
            match self.resolve(id) {
                Ok(profile) => {
                    digests.insert(id.clone(), profile.digest);
                }
                Err(more) => problems.extend(more),
            }
        }
        match problems.has_errors() {
            true => Err(problems),
            false => Ok(digests),
        }
    }
}
