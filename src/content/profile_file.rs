//! One profile: its YAML file, read strictly.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use super::dates::{self, Edge};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::files::FoundFile;
use super::guidance::OBLIGATIONS;
use super::inventory::ROLES;
use super::reader::{Fields, Reader};
use super::source::{Place, Source};
use super::yaml::{self, Kind, Limits, Node};
use crate::model::profile::{CheckUse, LeftOut, Profile, ProfileEntry, ProfileSource, Scope};
use crate::model::target::Role;

/// Keys of a profile.
pub(super) const KEYS: [&str; 7] = [
    "id", "title", "source", "extends", "covers", "left_out", "entries",
];
/// Keys of an entry.
pub(super) const ENTRY_KEYS: [&str; 11] = [
    "row",
    "as",
    "level",
    "roles",
    "over",
    "from",
    "until",
    "checks",
    "any_of",
    "because",
    "not_judged",
];
const SCOPES: [(&str, Scope); 3] = [
    ("target", Scope::Target),
    ("organisation", Scope::Organisation),
    ("any-target", Scope::AnyTarget),
];

/// A profile and its file.
#[derive(Clone, Debug)]
pub struct LoadedProfile {
    /// The profile. Parameters are as they stand in the file, lists not put in place.
    pub profile: Profile,
    /// Its file.
    pub source: Arc<Source>,
    /// The file's values with their places.
    pub root: Node,
    /// Whether it is part of the program.
    pub embedded: bool,
}

impl LoadedProfile {
    /// Where its id stands.
    pub fn place(&self) -> Place {
        let span = self.root.get("id").map_or(0..0, |id| id.span.clone());
        self.source.place(span)
    }

    /// An entry's values with their places.
    pub fn entry_node(&self, index: usize) -> Option<&Node> {
        self.item("entries", index)
    }

    /// Where an item of a list stands, or the value under one of its keys.
    pub fn item_place(&self, list: &str, index: usize, key: Option<&str>) -> Place {
        let item = self.item(list, index);
        let node = key.and_then(|key| item?.get(key)).or(item);
        self.source
            .place(node.map_or(0..0, |node| node.span.clone()))
    }

    fn item(&self, list: &str, index: usize) -> Option<&Node> {
        match &self.root.get(list)?.kind {
            Kind::List(items) => items.get(index),
            _ => None,
        }
    }
}

/// Reads a profile.
///
/// # Errors
/// Everything that is wrong with the file by itself.
pub fn read(file: &FoundFile) -> Result<LoadedProfile, Diagnostics> {
    let root = yaml::parse(&file.source, Limits::CONTENT)?;
    let mut reader = Reader::new(&file.source);
    let profile = profile(&mut reader, &root);
    match profile {
        Some(profile) if !reader.problems.has_errors() => Ok(LoadedProfile {
            profile,
            source: Arc::clone(&file.source),
            root,
            embedded: file.embedded,
        }),
        _ => Err(reader.problems),
    }
}

fn profile(reader: &mut Reader, root: &Node) -> Option<Profile> {
    let fields = reader.fields(root, "a profile", &KEYS, &["id", "title", "entries"])?;
    let id = reader.text_at(&fields, "id");
    if let Some(id) = &id {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        if !id.value.chars().all(fits) || id.value.len() > 100 {
            reader.error_help(
                &id.span,
                format!("`{}` is not the id of a profile", id.value),
                Some("write lower-case letters, digits, hyphens and dots".to_owned()),
            );
        }
    }
    let title = reader.text_at(&fields, "title");
    let source = fields
        .get("source")
        .and_then(|node| profile_source(reader, node));
    let extends = reader.text_at(&fields, "extends");
    let covers = fields
        .get("covers")
        .map(|node| reader.texts(node, "covers"))
        .unwrap_or_default();
    let left_out = fields
        .get("left_out")
        .map(|node| left_out(reader, node))
        .unwrap_or_default();
    let nodes = fields
        .get("entries")
        .and_then(|node| reader.list(node, "entries"))
        .unwrap_or_default();
    if nodes.is_empty() && extends.is_none() && fields.get("entries").is_some() {
        reader.error(&fields.start(), "the profile demands nothing");
    }
    let mut seen: BTreeMap<(String, Option<String>), Range<usize>> = BTreeMap::new();
    let mut entries = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some((entry, span)) = entry(reader, node) else {
            continue;
        };
        let key = (entry.row.clone(), entry.variant.clone());
        if let Some(first) = seen.get(&key) {
            let diagnostic = Diagnostic::error(
                reader.place(&span),
                format!("the row `{}` stands twice", entry.row),
            )
            .also(reader.place(first), "it stands here first")
            .help("tell the two apart with `as`");
            reader.problems.push(diagnostic);
        } else {
            seen.insert(key, span);
        }
        entries.push(entry);
    }
    Some(Profile {
        id: id?.value,
        title: title?.value,
        source,
        extends: extends.map(|text| text.value),
        covers: covers.into_iter().map(|text| text.value).collect(),
        left_out,
        entries,
    })
}

fn profile_source(reader: &mut Reader, node: &Node) -> Option<ProfileSource> {
    let fields = reader.fields(
        node,
        "`source`",
        &["publisher", "edition", "date", "status"],
        &["publisher", "edition"],
    )?;
    let publisher = reader.text_at(&fields, "publisher");
    let edition = fields
        .get("edition")
        .and_then(|node| reader.raw(node, "edition"));
    let date = day(reader, &fields, "date", Edge::First);
    let status = reader.text_at(&fields, "status");
    Some(ProfileSource {
        publisher: publisher?.value,
        edition: edition?.value,
        date,
        status: status.map(|text| text.value),
    })
}

fn left_out(reader: &mut Reader, node: &Node) -> Vec<LeftOut> {
    let items = reader.list(node, "left_out").unwrap_or_default();
    let mut seen: BTreeMap<String, Range<usize>> = BTreeMap::new();
    let mut left_out = Vec::with_capacity(items.len());
    for item in items {
        let keys = ["row", "because"];
        let Some(fields) = reader.fields(item, "a line of `left_out`", &keys, &keys) else {
            continue;
        };
        let row = reader.text_at(&fields, "row");
        let because = reader.text_at(&fields, "because");
        let (Some(row), Some(because)) = (row, because) else {
            continue;
        };
        if let Some(first) = seen.insert(row.value.clone(), row.span.clone()) {
            let message = format!("the row `{}` is left out twice", row.value);
            let diagnostic = Diagnostic::error(reader.place(&row.span), message)
                .also(reader.place(&first), "it stands here first");
            reader.problems.push(diagnostic);
        }
        left_out.push(LeftOut {
            row: row.value,
            because: because.value,
        });
    }
    left_out
}

/// A date as written, checked.
fn day(reader: &mut Reader, fields: &Fields<'_>, key: &str, edge: Edge) -> Option<String> {
    let text = reader.raw(fields.get(key)?, key)?;
    match dates::parse(&text.value, edge) {
        Ok(_) => Some(text.value),
        Err(message) => {
            reader.error(&text.span, message);
            None
        }
    }
}

fn entry(reader: &mut Reader, node: &Node) -> Option<(ProfileEntry, Range<usize>)> {
    let fields = reader.fields(node, "an entry", &ENTRY_KEYS, &["row", "level"])?;
    let row = reader.text_at(&fields, "row");
    let variant = reader.text_at(&fields, "as");
    let level = fields
        .get("level")
        .and_then(|node| reader.word(node, "level", &OBLIGATIONS));
    let roles = fields
        .get("roles")
        .map(|node| roles(reader, node))
        .unwrap_or_default();
    let over = match fields.get("over") {
        None => Some(Scope::Target),
        Some(node) => reader.word(node, "over", &SCOPES),
    };
    let from = day(reader, &fields, "from", Edge::First);
    let until = day(reader, &fields, "until", Edge::Last);
    if let (Some(first), Some(last)) = (&from, &until)
        && let (Ok(first), Ok(last)) = (
            dates::parse(first, Edge::First),
            dates::parse(last, Edge::Last),
        )
        && first > last
    {
        let span = fields.key("until").map_or(0..0, |key| key.span.clone());
        reader.error(&span, "the entry ends before it begins");
    }
    let because = reader.text_at(&fields, "because");
    let not_judged = reader.text_at(&fields, "not_judged");
    let (checks, any_of) = demands(reader, &fields);
    let row = row?;
    let entry = ProfileEntry {
        row: row.value,
        variant: variant.map(|text| text.value),
        level: level?,
        roles,
        over: over?,
        from,
        until,
        checks,
        any_of,
        because: because.map(|text| text.value),
        not_judged: not_judged.map(|text| text.value),
    };
    Some((entry, row.span))
}

fn roles(reader: &mut Reader, node: &Node) -> BTreeSet<Role> {
    let items = reader.list(node, "roles").unwrap_or_default();
    items
        .iter()
        .filter_map(|item| reader.word(item, "roles", &ROLES))
        .collect()
}

/// Either `checks` or `any_of`, not empty.
fn demands(reader: &mut Reader, fields: &Fields<'_>) -> (Vec<CheckUse>, Vec<Vec<CheckUse>>) {
    let checks = fields
        .get("checks")
        .map(|node| uses(reader, node, "checks"))
        .unwrap_or_default();
    let mut any_of = Vec::new();
    if let Some(node) = fields.get("any_of") {
        let groups = reader.list(node, "any_of").unwrap_or_default();
        if groups.is_empty() && matches!(node.kind, Kind::List(_)) {
            reader.error(&node.span, "`any_of` names no group of checks");
        }
        any_of = groups
            .iter()
            .map(|group| uses(reader, group, "any_of"))
            .collect();
    }
    match (fields.get("checks"), fields.get("any_of")) {
        (None, None) => reader.error_help(
            &fields.start(),
            "the entry demands nothing",
            Some("add `checks` or `any_of`".to_owned()),
        ),
        (Some(_), Some(_)) => {
            let span = fields.key("any_of").map_or(0..0, |key| key.span.clone());
            reader.error_help(
                &span,
                "an entry has either `checks` or `any_of`",
                Some("repeat the common checks in each group of `any_of`".to_owned()),
            );
        }
        _ => {}
    }
    (checks, any_of)
}

fn uses(reader: &mut Reader, node: &Node, name: &str) -> Vec<CheckUse> {
    let items = reader.list(node, name).unwrap_or_default();
    if items.is_empty() && matches!(node.kind, Kind::List(_)) {
        reader.error(&node.span, format!("a list of checks in `{name}` is empty"));
    }
    items
        .iter()
        .filter_map(|item| {
            let fields = reader.fields(item, "a check of an entry", &["id", "params"], &["id"])?;
            let id = reader.text_at(&fields, "id");
            let params = match fields.get("params") {
                None => BTreeMap::new(),
                Some(node) => reader
                    .entries(node, "params")
                    .iter()
                    .map(|(key, value)| (key.text.clone(), value.to_json()))
                    .collect(),
            };
            Some(CheckUse {
                id: id?.value,
                params,
            })
        })
        .collect()
}
