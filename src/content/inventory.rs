//! The inventory: an organisation, its contact, its authorisation and its targets.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
    sync::Arc,
};

mod file;
mod pins;
mod targets;

pub use self::file::InventoryFile;
pub(super) use self::file::ROLES;
use self::file::{AUTHORISATION_KEYS, KEYS, ORGANISATION_KEYS, SCOPE_KEYS};
use self::pins::pins;
use self::targets::targets;
use super::dates::{self, Edge};
use super::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use super::files;
use super::reader::{Fields, Reader, Text};
use super::source::Source;
use super::target_name::{NameError, check_path, dkim_selector, host_name, parse_target};
use super::yaml::{self, Kind, Limits, Node};
use crate::model::target::{PagePin, Pins, Role, SourceLine, Target};

/// Most targets of an inventory.
const MOST_TARGETS: usize = 100_000;

/// What a user answers for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Whose targets they are.
    pub organisation: Option<Organisation>,
    /// A mail address or URL that goes into the user agent, so that an operator
    /// can reach whoever scans.
    pub contact: Option<String>,
    /// The leave to go further than a visitor would.
    pub authorisation: Option<Authorisation>,
    /// What may be contacted besides the targets' own names.
    pub scope: ScopeRules,
    /// The targets, in the order of the file, each with its line.
    pub targets: Vec<Target>,
}

/// Whose targets they are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// ISO 3166-1 code of its country, two capital letters.
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub country: Option<String>,
}

/// The leave to go further than a visitor would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// Who gave it.
    pub by: String,
    /// Its last day.
    pub until: Date,
    /// The targets that it covers, by name.
    pub targets: BTreeSet<String>,
}

impl Authorisation {
    /// Whether it covers a target on a day.
    pub fn covers(&self, target: &Target, day: Date) -> bool {
        day <= self.until && self.targets.contains(&target.name)
    }
}

/// What may be contacted besides the targets' own names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeRules {
    /// Whether private, loopback and link-local addresses may be contacted.
    pub allow_private: bool,
    /// Domains whose names belong to the organisation.
    pub domains: Vec<String>,
}

/// Reads an inventory file.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn load(path: &Path) -> Result<Inventory, Diagnostics> {
    read(&files::read(path, "inventory", Limits::INVENTORY)?)
}

/// Reads an inventory.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read(source: &Arc<Source>) -> Result<Inventory, Diagnostics> {
    let root = yaml::parse(source, Limits::INVENTORY)?;
    let mut reader = Reader::new(source);
    let inventory = inventory(&mut reader, &root);
    if reader.problems.has_errors() {
        reader.problems.sort();
        return Err(reader.problems);
    }
    Ok(inventory)
}

fn inventory(reader: &mut Reader, root: &Node) -> Inventory {
    let Some(fields) = reader.fields(root, "an inventory", &KEYS, &["targets"]) else {
        return Inventory::default();
    };
    let organisation = fields
        .get("organisation")
        .and_then(|node| organisation(reader, node));
    let contact = reader
        .text_at(&fields, "contact")
        .and_then(|text| contact(reader, &text));
    let scope = fields
        .get("scope")
        .map(|node| scope(reader, node))
        .unwrap_or_default();
    let targets = targets(reader, &fields);
    let authorisation = fields
        .get("authorisation")
        .and_then(|node| authorisation(reader, node, &targets));
    Inventory {
        organisation,
        contact,
        authorisation,
        scope,
        targets,
    }
}

fn organisation(reader: &mut Reader, node: &Node) -> Option<Organisation> {
    let fields = reader.fields(node, "`organisation`", &ORGANISATION_KEYS, &["name"])?;
    let name = reader.text_at(&fields, "name");
    let country = reader.text_at(&fields, "country");
    if let Some(code) = &country
        && !(code.value.len() == 2 && code.value.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        reader.error_help(
            &code.span,
            format!("`{}` is not a country code", code.value),
            Some("write the two capital letters of ISO 3166-1, such as NO or US".to_owned()),
        );
    }
    Some(Organisation {
        name: name?.value,
        country: country.map(|code| code.value),
    })
}

fn contact(reader: &mut Reader, text: &Text) -> Option<String> {
    let value = text.value.trim();
    let fits = value.len() <= 200
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && !value.contains(['(', ')', ';', '<', '>', '"', '\\'])
        && (value.contains('@') || value.starts_with("https://"));
    if !fits {
        reader.error_help(
            &text.span,
            format!("`{value}` is not a contact"),
            Some("write a mail address or an https URL, at most 200 characters of ASCII: it goes into the user agent".to_owned()),
        );
        return None;
    }
    Some(value.to_owned())
}

fn scope(reader: &mut Reader, node: &Node) -> ScopeRules {
    let Some(fields) = reader.fields(node, "`scope`", &SCOPE_KEYS, &[]) else {
        return ScopeRules::default();
    };
    let allow_private = fields
        .get("allow_private")
        .and_then(|node| reader.boolean(node, "allow_private"))
        .unwrap_or(false);
    let domains = fields
        .get("domains")
        .map(|node| names(reader, node, "domains"))
        .unwrap_or_default();
    ScopeRules {
        allow_private,
        domains,
    }
}

/// A list of host names, in A-label form.
fn names(reader: &mut Reader, node: &Node, name: &str) -> Vec<String> {
    let texts = reader.texts(node, name);
    texts
        .into_iter()
        .filter_map(|text| fit(reader, &text.span, host_name(&text.value)))
        .collect()
}

fn fit<T>(reader: &mut Reader, span: &Range<usize>, result: Result<T, NameError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            reader.error_help(span, error.message, error.help);
            None
        }
    }
}

fn authorisation(reader: &mut Reader, node: &Node, targets: &[Target]) -> Option<Authorisation> {
    let fields = reader.fields(
        node,
        "`authorisation`",
        &AUTHORISATION_KEYS,
        &AUTHORISATION_KEYS,
    )?;
    let by = reader.text_at(&fields, "by");
    let until = fields
        .get("until")
        .and_then(|node| reader.raw(node, "until"))
        .and_then(|text| match dates::parse(&text.value, Edge::Last) {
            Ok(date) => Some(date),
            Err(message) => {
                reader.error(&text.span, message);
                None
            }
        });
    let mut covered = BTreeSet::new();
    if let Some(node) = fields.get("targets") {
        let texts = reader.texts(node, "targets");
        if texts.is_empty() && matches!(node.kind, Kind::List(_)) {
            reader.error(&node.span, "the authorisation covers no target");
        }
        for text in texts {
            let Some(name) = fit(reader, &text.span, parse_target(&text.value)) else {
                continue;
            };
            let known: BTreeSet<&str> = targets.iter().map(|target| target.name.as_str()).collect();
            if known.contains(name.name.as_str()) {
                covered.insert(name.name);
            } else {
                reader.error_help(
                    &text.span,
                    format!("`{}` is authorised, and is not a target", text.value),
                    did_you_mean(&name.name, known),
                );
            }
        }
    }
    Some(Authorisation {
        by: by?.value,
        until: until?,
        targets: covered,
    })
}

#[cfg(test)]
mod tests;
