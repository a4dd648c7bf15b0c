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

mod pins;

use self::pins::pins;
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
/// Most paths of a target.
const MOST_PATHS: usize = 100;
/// Most DKIM selectors of a target.
const MOST_SELECTORS: usize = 30;

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

/// The file, for its JSON Schema. The reader below goes by the same keys; a
/// test holds them together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Inventory of scrutineer")]
#[allow(dead_code, missing_docs)]
pub struct InventoryFile {
    /// Whose targets they are.
    organisation: Option<Organisation>,
    /// Mail address or URL that goes into the user agent.
    contact: Option<String>,
    /// The leave to go further than a visitor would; needed for the level `intrusive`.
    authorisation: Option<AuthorisationFile>,
    /// What may be contacted besides the targets' own names.
    scope: Option<ScopeFile>,
    /// The targets: a name, a host with port, a URL, or a mapping.
    #[schemars(length(min = 1))]
    targets: Vec<TargetFile>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct AuthorisationFile {
    /// Who gave it.
    by: String,
    /// Its last day, YYYY-MM-DD.
    until: String,
    /// The targets that it covers, by name.
    #[schemars(length(min = 1))]
    targets: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct ScopeFile {
    /// Whether private, loopback and link-local addresses may be contacted.
    allow_private: Option<bool>,
    /// Domains whose names belong to the organisation.
    domains: Option<Vec<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum TargetFile {
    /// A name, a host with port, or a URL.
    Name(String),
    /// A name and more.
    Full(Box<FullTarget>),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct FullTarget {
    /// A name, a host with port, or a URL.
    name: String,
    /// What it is used for. Default: website and mail-domain for a bare name, else website.
    roles: Option<BTreeSet<Role>>,
    /// Paths that must be visited, each beginning with `/`.
    paths: Option<Vec<String>>,
    /// Whether robots.txt is heeded when links are followed. Default: `respect`.
    robots: Option<RobotsWord>,
    /// Selectors of all DKIM keys that the domain signs its mail with, such as `s2026`.
    #[schemars(length(min = 1))]
    dkim_selectors: Option<Vec<String>>,
    /// Values that records must have.
    pins: Option<Pins>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
enum RobotsWord {
    /// Pages that robots.txt asks crawlers to leave alone are not visited.
    Respect,
    /// They are visited: the site is the user's own.
    Ignore,
}

const KEYS: [&str; 5] = [
    "organisation",
    "contact",
    "authorisation",
    "scope",
    "targets",
];
const ORGANISATION_KEYS: [&str; 2] = ["name", "country"];
const AUTHORISATION_KEYS: [&str; 3] = ["by", "until", "targets"];
const SCOPE_KEYS: [&str; 2] = ["allow_private", "domains"];
const TARGET_KEYS: [&str; 6] = ["name", "roles", "paths", "robots", "dkim_selectors", "pins"];
/// Whether robots.txt is passed over.
const ROBOTS: [(&str, bool); 2] = [("respect", false), ("ignore", true)];
const PIN_KEYS: [&str; 6] = ["ns", "a", "aaaa", "mx", "spf", "pages"];
const PAGE_PIN_KEYS: [&str; 5] = ["path", "digest", "third_parties", "linked_sites", "text"];

/// Every role with its word.
pub(super) const ROLES: [(&str, Role); 6] = [
    ("website", Role::Website),
    ("registration-portal", Role::RegistrationPortal),
    ("results", Role::Results),
    ("api", Role::Api),
    ("mail-domain", Role::MailDomain),
    ("dns-zone", Role::DnsZone),
];

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

fn targets(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Target> {
    let Some(node) = fields.get("targets") else {
        return Vec::new();
    };
    let items = match &node.kind {
        Kind::Null => &[],
        _ => match reader.list(node, "targets") {
            Some(items) => items,
            None => return Vec::new(),
        },
    };
    let key = fields
        .key("targets")
        .map_or_else(|| node.span.clone(), |key| key.span.clone());
    if items.is_empty() {
        reader.error_help(
            &key,
            "the inventory names no target",
            Some("add at least one, such as `- vote.example.gov`".to_owned()),
        );
    }
    if items.len() > MOST_TARGETS {
        reader.error(&key, format!("more than {MOST_TARGETS} targets"));
        return Vec::new();
    }
    let mut targets = Vec::with_capacity(items.len());
    let mut seen: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for item in items {
        let Some((target, span)) = target(reader, item) else {
            continue;
        };
        if let Some(first) = seen.get(&target.key()) {
            let diagnostic = Diagnostic::error(
                reader.place(&span),
                format!(
                    "the target `{}` stands twice in the inventory",
                    target.key()
                ),
            )
            .also(reader.place(first), "it stands here first");
            reader.problems.push(diagnostic);
            continue;
        }
        seen.insert(target.key(), span);
        targets.push(target);
    }
    targets
}

fn target(reader: &mut Reader, node: &Node) -> Option<(Target, Range<usize>)> {
    if let Kind::Text(text) = &node.kind {
        let target = fit(reader, &node.span, parse_target(text))?;
        return Some((located(reader, target, &node.span), node.span.clone()));
    }
    let fields = reader.fields(node, "a target", &TARGET_KEYS, &["name"])?;
    let name = reader.text_at(&fields, "name");
    let roles = fields.get("roles").map(|node| roles(reader, node));
    let paths = fields.get("paths").map(|node| paths(reader, node));
    let robots = fields
        .get("robots")
        .and_then(|node| reader.word(node, "robots", &ROBOTS));
    let selectors = fields
        .get("dkim_selectors")
        .map(|node| dkim_selectors(reader, node));
    let pins = fields.get("pins").map(|node| pins(reader, node));
    let name = name?;
    let mut target = fit(reader, &name.span, parse_target(&name.value))?;
    if let Some(roles) = roles {
        target.roles = roles;
    }
    for path in paths.unwrap_or_default() {
        if !target.paths.contains(&path) {
            target.paths.push(path);
        }
    }
    if !target.paths.is_empty() && !target.roles.is_empty() && !target.has_website() {
        let span = fields
            .key("paths")
            .map_or_else(|| name.span.clone(), |key| key.span.clone());
        reader.error_help(
            &span,
            "paths are visited on a website, and the target has no role that is one",
            Some("add the role `website`, or leave the paths out".to_owned()),
        );
    }
    target.dkim_selectors = selectors.unwrap_or_default();
    if !target.dkim_selectors.is_empty()
        && !target.roles.is_empty()
        && !target.roles.contains(&Role::MailDomain)
    {
        let span = fields
            .key("dkim_selectors")
            .map_or_else(|| name.span.clone(), |key| key.span.clone());
        reader.error_help(
            &span,
            "selectors are looked up for a mail domain, and the target has not that role",
            Some("add the role `mail-domain`, or leave the selectors out".to_owned()),
        );
    }
    target.ignore_robots = robots.unwrap_or_default();
    target.pins = pins.unwrap_or_default();
    Some((located(reader, target, &name.span), name.span))
}

fn located(reader: &Reader, mut target: Target, span: &Range<usize>) -> Target {
    let (line, _) = reader.source.position(span.start);
    target.source = Some(SourceLine {
        file: reader.source.name.clone(),
        line: line as u64,
    });
    target
}

/// A list of roles that is not empty.
fn roles(reader: &mut Reader, node: &Node) -> BTreeSet<Role> {
    let items = reader.list(node, "roles").unwrap_or_default();
    if items.is_empty() && matches!(node.kind, Kind::List(_)) {
        reader.error_help(
            &node.span,
            "the list of roles is empty",
            Some("leave `roles` out for a website and mail domain".to_owned()),
        );
    }
    items
        .iter()
        .filter_map(|item| reader.word(item, "roles", &ROLES))
        .collect()
}

fn paths(reader: &mut Reader, node: &Node) -> Vec<String> {
    let texts = reader.texts(node, "paths");
    if texts.len() > MOST_PATHS {
        reader.error(
            &node.span,
            format!("more than {MOST_PATHS} paths of one target"),
        );
    }
    texts
        .into_iter()
        .filter_map(|text| fit(reader, &text.span, check_path(&text.value)))
        .collect()
}

/// A list of DKIM selectors that is not empty, each once.
fn dkim_selectors(reader: &mut Reader, node: &Node) -> Vec<String> {
    let texts = reader.texts(node, "dkim_selectors");
    if texts.is_empty() && matches!(node.kind, Kind::List(_)) {
        reader.error_help(
            &node.span,
            "the list of selectors is empty",
            Some("leave `dkim_selectors` out where they are not known".to_owned()),
        );
    }
    if texts.len() > MOST_SELECTORS {
        reader.error(
            &node.span,
            format!("more than {MOST_SELECTORS} selectors of one target"),
        );
    }
    let mut selectors = Vec::new();
    for text in texts {
        let Some(selector) = fit(reader, &text.span, dkim_selector(&text.value)) else {
            continue;
        };
        if selectors.contains(&selector) {
            reader.error(
                &text.span,
                format!("the selector `{selector}` stands twice"),
            );
        } else {
            selectors.push(selector);
        }
    }
    selectors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(text: &str) -> Inventory {
        read(&Source::new("inventory.yaml", text)).unwrap_or_else(|d| panic!("{d}"))
    }

    #[test]
    fn an_inventory_is_read_whole() {
        let inventory = inventory(
            r#"
organisation: { name: Example County Clerk, country: NO }
contact: security@example.gov
authorisation: { by: A. Clerk, until: 2026-12-31, targets: [Vote.example.gov.] }
scope: { allow_private: false, domains: [Example.gov] }
targets:
  - name: https://vote.example.gov/register
    roles: [website, registration-portal]
    paths: [/register, /lookup]
    robots: ignore
    pins: { ns: [NS1.example.gov.], a: [192.0.2.1], aaaa: ["2001:DB8:0::1"], mx: null }
  - example.gov
  - vote.example.gov:8443
"#,
        );
        let organisation = inventory.organisation.unwrap();
        assert_eq!(organisation.country.as_deref(), Some("NO"), "not false");
        assert_eq!(inventory.contact.as_deref(), Some("security@example.gov"));
        assert_eq!(inventory.scope.domains, ["example.gov"]);
        let [vote, apex, staging] = inventory.targets.as_slice() else {
            panic!("three targets")
        };
        assert_eq!(vote.paths, ["/register", "/lookup"]);
        assert_eq!(vote.pins.ns, Some(vec!["ns1.example.gov".to_owned()]));
        assert_eq!(vote.pins.aaaa, Some(vec!["2001:db8::1".to_owned()]));
        assert_eq!(vote.pins.mx, None);
        assert_eq!(vote.source.as_ref().map(|s| s.line), Some(7));
        assert!(apex.roles.contains(&Role::MailDomain));
        assert_eq!(staging.key(), "vote.example.gov:8443");
        let authorisation = inventory.authorisation.unwrap();
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert!(authorisation.covers(vote, day("2026-12-31")));
        assert!(!authorisation.covers(vote, day("2027-01-01")));
        assert!(!authorisation.covers(apex, day("2026-01-01")));
    }

    #[test]
    fn the_schema_has_the_keys_of_the_reader() {
        let schema = schemars::schema_for!(InventoryFile).to_value();
        let keys = |pointer: &str| -> BTreeSet<String> {
            let object = schema.pointer(pointer).and_then(|v| v.as_object());
            object.unwrap().keys().cloned().collect()
        };
        let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(keys("/properties"), set(&KEYS));
        for (name, known) in [
            ("Organisation", &ORGANISATION_KEYS[..]),
            ("AuthorisationFile", &AUTHORISATION_KEYS),
            ("ScopeFile", &SCOPE_KEYS),
            ("FullTarget", &TARGET_KEYS),
            ("Pins", &PIN_KEYS),
            ("PagePin", &PAGE_PIN_KEYS),
        ] {
            assert_eq!(keys(&format!("/$defs/{name}/properties")), set(known));
        }
        for (word, role) in ROLES {
            assert_eq!(word, role.key());
        }
    }
}
