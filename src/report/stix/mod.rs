//! What may be shared, as a bundle of STIX 2.1 (OASIS Standard, 10 June 2021)
//! for threat intelligence platforms.
//!
//! A control is a `course-of-action`, standing is a `note`. Ids follow from
//! what they identify, so that a control has the same id wherever it is written.
//! Every object carries its marking; the definitions that are used are in the bundle.

mod marking;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{self, Write};

use self::marking::{definition, marking};
use super::uuid::uuid;
use super::wording::{effort, line, lines, word};
use crate::model::{
    comparison::SELF_DECLARED,
    shareable::{Shareable, SharedCell, SharedControl, SharedDocument, Standing, Whose},
    tlp::Tlp,
};

/// When the ids were laid down: `created` of what is ours and never ends.
const LAID_DOWN: &str = "2026-11-01T00:00:00.000Z";
/// Longest description, in characters.
const LONGEST: usize = 7_500;

#[derive(Serialize)]
struct Bundle {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    objects: Vec<Value>,
}

/// What all of our objects have in common (section 3.2).
#[derive(Serialize)]
struct Common {
    #[serde(rename = "type")]
    kind: &'static str,
    spec_version: &'static str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by_ref: Option<String>,
    created: String,
    modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference>,
    object_marking_refs: [&'static str; 1],
}

/// An external reference (section 2.5).
#[derive(Serialize)]
struct Reference {
    source_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
}

/// Section 4.5.
#[derive(Serialize)]
struct Identity {
    #[serde(flatten)]
    common: Common,
    name: String,
    description: String,
    identity_class: &'static str,
}

/// Section 4.2.
#[derive(Serialize)]
struct CourseOfAction {
    #[serde(flatten)]
    common: Common,
    name: String,
    description: String,
}

/// Section 4.14.
#[derive(Serialize)]
struct Note {
    #[serde(flatten)]
    common: Common,
    #[serde(rename = "abstract")]
    summary: String,
    content: String,
    object_refs: Vec<String>,
}

/// Writes the bundle.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(shareable: &Shareable, out: &mut dyn Write) -> io::Result<()> {
    let mut objects = vec![value(&scrutineer())];
    let mut labels = BTreeSet::from([Tlp::Clear]);
    if let Some(identity) = exchange(shareable) {
        objects.push(value(&identity));
    }
    for control in &shareable.controls {
        labels.insert(shareable.controls_label);
        objects.push(value(&course(shareable, control)));
    }
    for document in &shareable.documents {
        labels.insert(document.label);
        if let Some(identity) = participant(document) {
            objects.push(value(&identity));
        }
        let cells = document.cells.iter();
        objects.extend(cells.map(|cell| value(&note(shareable, document, cell))));
    }
    let mut seen = BTreeSet::new();
    objects.retain(|object| seen.insert(object["id"].to_string()));
    let mut all: Vec<Value> = labels.into_iter().map(definition).collect();
    all.append(&mut objects);
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let bundle = Bundle {
        kind: "bundle",
        id: format!(
            "bundle--{}",
            uuid(&[&["stix-bundle"], texts.as_slice()].concat())
        ),
        objects: all,
    };
    super::json::write(&bundle, out)
}

/// The strictest label in the bundle: who writes it to a file tells it.
pub fn label(shareable: &Shareable) -> Tlp {
    let documents = shareable.documents.iter().map(|document| document.label);
    documents.fold(shareable.controls_label, Tlp::max)
}

fn value(object: &impl Serialize) -> Value {
    serde_json::to_value(object).expect("objects hold texts and lists alone")
}

fn id(kind: &str, parts: &[&str]) -> String {
    format!("{kind}--{}", uuid(&[&["stix", kind], parts].concat()))
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn scrutineer_id() -> String {
    id("identity", &["program", "scrutineer"])
}

/// Who speaks for the controls.
fn scrutineer() -> Identity {
    Identity {
        common: Common {
            kind: "identity",
            spec_version: "2.1",
            id: scrutineer_id(),
            created_by_ref: None,
            created: LAID_DOWN.to_owned(),
            modified: LAID_DOWN.to_owned(),
            labels: Vec::new(),
            external_references: Vec::new(),
            object_marking_refs: [marking(Tlp::Clear)],
        },
        name: "scrutineer".to_owned(),
        description: "A program that looks at public systems of elections from outside.".to_owned(),
        identity_class: "system",
    }
}

fn exchange_id(exchange: &str) -> String {
    id("identity", &["exchange", exchange])
}

/// The exchange, under the strictest label of its documents.
fn exchange(shareable: &Shareable) -> Option<Identity> {
    let exchange = shareable.exchange.as_ref()?;
    let documents = shareable.documents.iter();
    let label = Tlp::strictest(documents.clone().map(|document| document.label))?;
    let first = documents.map(|document| document.created).min()?;
    let simulated = match exchange.simulated {
        true => " It is made up.",
        false => "",
    };
    Some(Identity {
        common: Common {
            kind: "identity",
            spec_version: "2.1",
            id: exchange_id(&exchange.id),
            created_by_ref: None,
            created: time(first),
            modified: time(shareable.at),
            labels: Vec::new(),
            external_references: Vec::new(),
            object_marking_refs: [marking(label)],
        },
        name: line(&exchange.title),
        description: format!(
            "Election offices that compare how they stand without showing which target fails ({}).{simulated}",
            line(&exchange.id)
        ),
        identity_class: "group",
    })
}

/// Known by its id where it consented to be named, else by its document alone.
fn participant_id(document: &SharedDocument, whose: &Option<(String, String)>) -> String {
    match whose {
        Some((participant, _)) => id("identity", &["participant", participant]),
        None => id("identity", &["unnamed", &document.payload]),
    }
}

fn participant(document: &SharedDocument) -> Option<Identity> {
    let Whose::Participant(whose) = &document.whose else {
        return None;
    };
    let (name, description) = match whose {
        Some((participant, name)) => (
            line(name),
            format!("A participant of an exchange ({}).", line(participant)),
        ),
        None => (
            "A participant that is not named".to_owned(),
            "It did not consent to be named.".to_owned(),
        ),
    };
    Some(Identity {
        common: Common {
            kind: "identity",
            spec_version: "2.1",
            id: participant_id(document, whose),
            created_by_ref: None,
            created: time(document.created),
            modified: time(document.created),
            labels: Vec::new(),
            external_references: Vec::new(),
            object_marking_refs: [marking(document.label)],
        },
        name,
        description,
        identity_class: "organization",
    })
}

fn course_id(control: &str) -> String {
    id("course-of-action", &["control", control])
}

fn course(shareable: &Shareable, control: &SharedControl) -> CourseOfAction {
    let mut references = vec![Reference {
        source_name: "scrutineer-control".to_owned(),
        description: None,
        external_id: Some(line(&control.id)),
    }];
    references.extend(control.references.iter().map(|reference| Reference {
        source_name: "reference".to_owned(),
        description: Some(line(reference)),
        external_id: None,
    }));
    let mut description = format!("{}\n\nHow to meet it:\n", line(&control.why));
    for remedy in &control.remedies {
        let product = match &remedy.product {
            Some(product) => format!(" ({})", line(product)),
            None => String::new(),
        };
        description.push_str(&format!(
            "\n{}{product}, {}:\n{}\n",
            line(&remedy.title),
            effort(remedy.effort),
            lines(&remedy.advice)
        ));
    }
    CourseOfAction {
        common: Common {
            kind: "course-of-action",
            spec_version: "2.1",
            id: course_id(&control.id),
            created_by_ref: Some(scrutineer_id()),
            created: LAID_DOWN.to_owned(),
            modified: time(shareable.at).max(LAID_DOWN.to_owned()),
            labels: Vec::new(),
            external_references: references,
            object_marking_refs: [marking(shareable.controls_label)],
        },
        name: line(&format!("{} {}", control.id, control.title)),
        description: description.chars().take(LONGEST).collect(),
    }
}

fn note(shareable: &Shareable, document: &SharedDocument, cell: &SharedCell) -> Note {
    let known = |control: &&String| shareable.controls.iter().any(|one| one.id == **control);
    let controls = cell.controls.iter().filter(known);
    let mut about: Vec<String> = controls.map(|control| course_id(control)).collect();
    let exchange = shareable.exchange.as_ref().map(|one| exchange_id(&one.id));
    match &document.whose {
        Whose::Exchange => about.extend(exchange.clone()),
        Whose::Participant(whose) => about.push(participant_id(document, whose)),
    }
    let rows: Vec<String> = cell.rows.iter().map(ToString::to_string).collect();
    let rows = line(&rows.join(" / "));
    let standing = match cell.standing {
        Standing::Reach(count) => format!(
            "{} of {} participants reach 90 %",
            count.reach, count.participants
        ),
        Standing::Bands(bands) => format!(
            "{} % of the judged names meet it ({} judged, {} % of those to be judged)",
            word(bands.passing),
            word(bands.judged),
            word(bands.coverage)
        ),
    };
    let mut content = format!(
        "{} names in {}, {rows}: {standing}. {SELF_DECLARED}",
        cell.kind,
        line(&document.period)
    );
    for caution in &document.cautions {
        content.push_str(&format!(" {caution}"));
    }
    let payload = document.payload.as_str();
    Note {
        common: Common {
            kind: "note",
            spec_version: "2.1",
            id: id("note", &[payload, &cell.entry, cell.kind.key()]),
            created_by_ref: exchange,
            created: time(document.created),
            modified: time(document.created),
            labels: vec![
                "self-declared".to_owned(),
                cell.kind.key().to_owned(),
                line(&document.period),
            ],
            external_references: [
                ("scrutineer-payload", payload),
                ("scrutineer-entry", &cell.entry),
            ]
            .map(|(source, digest)| Reference {
                source_name: source.to_owned(),
                description: None,
                external_id: Some(line(digest)),
            })
            .into(),
            object_marking_refs: [marking(document.label)],
        },
        summary: format!("{rows}, {}: {standing}", cell.kind),
        content,
        object_refs: about,
    }
}
