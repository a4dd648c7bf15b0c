//! `controls.yaml`: the lines of the common baseline.

use std::collections::BTreeMap;

use super::diagnostic::Diagnostic;
use super::reader::{Reader, Text};
use super::source::Place;
use super::yaml::{self, Limits, Node};
use super::{diagnostic::Diagnostics, files::FoundFile};
use crate::model::control::{Control, Mapping, Relation};

const RELATIONS: [(&str, Relation); 5] = [
    ("equal", Relation::Equal),
    ("stricter", Relation::Stricter),
    ("looser", Relation::Looser),
    ("partial", Relation::Partial),
    ("conflict", Relation::Conflict),
];

/// A control and where it is defined.
#[derive(Clone, Debug)]
pub struct LoadedControl {
    /// The control.
    pub control: Control,
    /// Its id in the file.
    pub place: Place,
    /// Whether it is part of the program.
    pub embedded: bool,
}

/// Reads a file of controls, in its order.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &FoundFile) -> Result<Vec<LoadedControl>, Diagnostics> {
    let root = yaml::parse(&file.source, Limits::CONTENT)?;
    let mut reader = Reader::new(&file.source);
    let mut controls: Vec<LoadedControl> = Vec::new();
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    let items = reader
        .fields(&root, "a file of controls", &["controls"], &["controls"])
        .and_then(|fields| fields.get("controls"))
        .and_then(|node| reader.list(node, "controls"))
        .unwrap_or_default();
    for item in items {
        let Some((id, control)) = control(&mut reader, item) else {
            continue;
        };
        let place = reader.place(&id.span);
        if let Some(first) = seen.get(&id.value) {
            reader.problems.push(
                Diagnostic::error(
                    place,
                    format!("the control `{}` is defined twice", id.value),
                )
                .also(first.clone(), "it is defined here first"),
            );
            continue;
        }
        seen.insert(id.value, place.clone());
        controls.push(LoadedControl {
            control,
            place,
            embedded: file.embedded,
        });
    }
    if reader.problems.has_errors() {
        Err(reader.problems)
    } else {
        Ok(controls)
    }
}

fn control(reader: &mut Reader, node: &Node) -> Option<(Text, Control)> {
    let fields = reader.fields(
        node,
        "a control",
        &["id", "title", "maps_to", "source"],
        &["id", "title"],
    )?;
    let id = reader.text_at(&fields, "id");
    let title = reader.text_at(&fields, "title");
    let source = reader.text_at(&fields, "source");
    let mappings = fields
        .get("maps_to")
        .and_then(|node| reader.list(node, "maps_to"))
        .unwrap_or_default();
    let maps_to = mappings
        .iter()
        .filter_map(|node| mapping(reader, node))
        .collect();
    let id = id?;
    if !is_control_id(&id.value) {
        reader.error_help(
            &id.span,
            format!("`{}` is not the id of a control", id.value),
            Some("write capital letters, a hyphen and a number, as TLS-01".to_owned()),
        );
    }
    let control = Control {
        id: id.value.clone(),
        title: title?.value,
        maps_to,
        source: source.map(|text| text.value),
    };
    Some((id, control))
}

fn mapping(reader: &mut Reader, node: &Node) -> Option<Mapping> {
    let fields = reader.fields(
        node,
        "a mapping of a control",
        &["requirement", "relation"],
        &["requirement", "relation"],
    )?;
    let requirement = reader.text_at(&fields, "requirement");
    let relation = fields
        .get("relation")
        .and_then(|node| reader.word(node, "relation", &RELATIONS));
    Some(Mapping {
        requirement: requirement?.value,
        relation: relation?,
    })
}

/// `TLS-01`: capital letters, a hyphen, digits.
fn is_control_id(id: &str) -> bool {
    id.split_once('-').is_some_and(|(area, number)| {
        !area.is_empty()
            && area
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            && (2..=4).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
