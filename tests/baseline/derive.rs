//! Derives the common baseline from the guidance and the checks that there are.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use super::choices::{ALSO, BACKING, COVERED_BY, LEFT_OUT, OWN, PARAMS, SPECIAL_CASES, of};

/// Bodies of several nations, which are no nation.
const NO_NATIONS: [&str; 2] = ["EU", "INT"];
/// Nations that make a control a `must`.
const NATIONS_FOR_MUST: usize = 3;
/// Nations whose asking makes a control a `should`.
const NATIONS_FOR_SHOULD: usize = 2;
/// Roles with a website.
const WEB_ROLES: &str = "[website, registration-portal, results, api]";

/// A requirement, as far as deriving needs it.
#[derive(Clone, Debug)]
pub struct Row {
    country: String,
    level: String,
    read: bool,
}

#[derive(Deserialize)]
struct Guideline {
    country: String,
    #[serde(default)]
    requirements: Vec<Requirement>,
}

#[derive(Deserialize)]
struct Requirement {
    key: String,
    level: String,
    evidence: String,
}

/// The crosswalk, as far as deriving needs it.
#[derive(Deserialize)]
pub struct Crosswalk {
    /// Its controls, in order.
    pub controls: Vec<CrosswalkControl>,
}

/// A control of the crosswalk.
#[derive(Deserialize)]
pub struct CrosswalkControl {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Rows and how they relate.
    pub maps_to: Vec<Mapped>,
}

/// A row of a control.
#[derive(Deserialize)]
pub struct Mapped {
    /// Key of the row.
    pub requirement: String,
    /// How it relates to the control.
    pub relation: String,
}

/// A check, as far as deriving needs it.
pub struct Served {
    /// Its id.
    pub id: String,
    /// The control that it serves.
    pub control: String,
}

/// Where a control stands.
#[derive(Debug)]
enum Standing {
    Must(String),
    Should(String),
    /// Ruled out, by whom.
    RuledOut(BTreeSet<String>),
    /// Too few ask for it; who does.
    TooFew(BTreeSet<String>),
}

/// Reads a YAML file of the guidance.
pub fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path:?}: {error}"))?;
    serde_saphyr::from_str(&text).map_err(|error| format!("{path:?}: {error}"))
}

/// Every row of every guideline below `folder`.
pub fn rows(folder: &Path) -> Result<BTreeMap<String, Row>, String> {
    let mut rows = BTreeMap::new();
    let files = std::fs::read_dir(folder).map_err(|error| format!("{folder:?}: {error}"))?;
    for file in files {
        let path = file.map_err(|error| error.to_string())?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.filter(|name| name.ends_with(".yaml")) else {
            continue;
        };
        if ["crosswalk.yaml", "disagreements.yaml"].contains(&name) {
            continue;
        }
        let guideline: Guideline = read(&path)?;
        for requirement in guideline.requirements {
            let row = Row {
                country: guideline.country.clone(),
                level: requirement.level,
                read: requirement.evidence == "read",
            };
            rows.insert(requirement.key, row);
        }
    }
    Ok(rows)
}

/// The file of the profile.
pub fn profile(
    crosswalk: &Crosswalk,
    rows: &BTreeMap<String, Row>,
    own: &[(String, String)],
    checks: &[Served],
) -> Result<String, String> {
    let mut standings = Vec::new();
    for control in &crosswalk.controls {
        standings.push((control, standing(control, rows)?));
    }
    let binding: BTreeSet<&str> = standings
        .iter()
        .filter(|(_, standing)| matches!(standing, Standing::Must(_)))
        .map(|(control, _)| control.id.as_str())
        .collect();

    let (mut entries, mut notes) = (String::new(), Notes::default());
    for (control, standing) in &standings {
        let id = control.id.as_str();
        let name = format!("{id} {}", control.title);
        let (level, because) = match standing {
            Standing::Must(because) => ("must", because),
            Standing::Should(because) => ("should", because),
            Standing::RuledOut(by) => {
                notes.ruled_out.push(format!("{name} ({})", list(by)));
                continue;
            }
            Standing::TooFew(nations) => {
                notes.too_few.push(match nations.len() {
                    0 => format!("{name} (nobody)"),
                    _ => format!("{name} ({})", list(nations)),
                });
                continue;
            }
        };
        if let Some(stricter) = of(COVERED_BY, id).filter(|stricter| binding.contains(stricter)) {
            notes.covered.push(format!("{name}, by {stricter}"));
            continue;
        }
        if !entry(&mut entries, id, level, because, checks) {
            notes.unchecked.push(format!("{name} ({level})"));
        }
    }
    for (id, source) in own {
        let level = of(OWN, id).ok_or_else(|| format!("{id} has no level in OWN"))?;
        if level == "portals" {
            continue;
        }
        if !entry(
            &mut entries,
            id,
            level,
            &format!("our own: {source}"),
            checks,
        ) {
            return Err(format!("no check serves {id}"));
        }
    }
    Ok(format!("{}{HEAD}{entries}", notes.comment(binding.len())))
}

/// What stands above the entries.
const HEAD: &str = "\
id: common-baseline
title: Common baseline for election offices
entries:
";

/// Applies the rules to one control.
fn standing(control: &CrosswalkControl, rows: &BTreeMap<String, Row>) -> Result<Standing, String> {
    let (mut demand, mut ask, mut looser, mut against) = (
        BTreeSet::new(),
        BTreeSet::new(),
        BTreeSet::new(),
        BTreeSet::new(),
    );
    for mapped in &control.maps_to {
        let key = mapped.requirement.as_str();
        let row = rows
            .get(key)
            .ok_or_else(|| format!("{} names the unknown row {key}", control.id))?;
        let special = SPECIAL_CASES
            .iter()
            .any(|(id, special, _)| (*id, *special) == (control.id.as_str(), key));
        if !row.read || special {
            continue;
        }
        if mapped.relation == "conflict" {
            // Anybody's: what a body outside nations rules out is common ground for nobody.
            let guideline = key.split('#').next().unwrap_or(key);
            against.insert(match NO_NATIONS.contains(&row.country.as_str()) {
                true => guideline.to_owned(),
                false => row.country.clone(),
            });
            continue;
        }
        if NO_NATIONS.contains(&row.country.as_str()) || row.level == "may" {
            continue;
        }
        match mapped.relation.as_str() {
            "equal" | "stricter" => {
                ask.insert(row.country.clone());
                if row.level == "must" {
                    demand.insert(row.country.clone());
                }
            }
            "looser" => {
                looser.insert(row.country.clone());
            }
            _ => {}
        }
    }
    if !against.is_empty() {
        return Ok(Standing::RuledOut(against));
    }
    let only: BTreeSet<String> = ask.difference(&demand).cloned().collect();
    let also: BTreeSet<String> = looser.difference(&ask).cloned().collect();
    let parts = [("must", &demand), ("should", &only), ("looser", &also)];
    let mut because = parts
        .iter()
        .filter(|(_, nations)| !nations.is_empty())
        .map(|(word, nations)| format!("{word} in {}", list(nations)))
        .collect::<Vec<_>>()
        .join("; ");
    if demand.len() >= NATIONS_FOR_MUST {
        return Ok(Standing::Must(because));
    }
    if ask.len() >= NATIONS_FOR_SHOULD {
        return Ok(Standing::Should(because));
    }
    match of(BACKING, &control.id) {
        Some(backing) if !(ask.is_empty() && looser.is_empty()) => {
            let _ = write!(because, "; backed by {backing}");
            Ok(Standing::Should(because))
        }
        _ => Ok(Standing::TooFew(ask)),
    }
}

/// Writes an entry; false when no check serves the control.
fn entry(out: &mut String, id: &str, level: &str, because: &str, checks: &[Served]) -> bool {
    let mut uses: BTreeSet<&str> = checks
        .iter()
        .filter(|check| check.control == id && of(LEFT_OUT, &check.id).is_none())
        .map(|check| check.id.as_str())
        .collect();
    if let Some((_, stricter)) = COVERED_BY.iter().find(|(_, stricter)| *stricter == id) {
        let weaker: Vec<&str> = COVERED_BY
            .iter()
            .filter(|(_, by)| by == stricter)
            .map(|(weaker, _)| *weaker)
            .collect();
        let served = checks
            .iter()
            .filter(|check| weaker.contains(&check.control.as_str()));
        if uses.is_empty() {
            uses.extend(served.map(|check| check.id.as_str()));
        }
    }
    if uses.is_empty() {
        return false;
    }
    if let Some((_, also)) = ALSO.iter().find(|(control, _)| *control == id) {
        uses.extend(also.iter());
    }
    // Checks of an area that a target is not looked at for would leave the whole entry open.
    let mut groups: BTreeMap<(u8, &str, &str), Vec<&str>> = BTreeMap::new();
    for check in uses {
        let group = match check.split('.').next() {
            Some("dns") => (0, "dns", ""),
            Some("mail") => (1, "mail", "[mail-domain]"),
            _ => (2, "website", WEB_ROLES),
        };
        groups.entry(group).or_default().push(check);
    }
    let quoted = because.replace('\'', "''");
    for (number, ((_, variant, roles), uses)) in groups.iter().enumerate() {
        let _ = writeln!(out, "  - row: control#{id}");
        if number > 0 {
            let _ = writeln!(out, "    as: {variant}");
        }
        let _ = writeln!(out, "    level: {level}");
        if !roles.is_empty() {
            let _ = writeln!(out, "    roles: {roles}");
        }
        let _ = writeln!(out, "    checks:");
        for check in uses {
            let params = PARAMS
                .iter()
                .find(|(control, name, _)| control == &id && name == check);
            let _ = match params {
                Some((_, _, params)) => {
                    writeln!(out, "      - {{ id: {check}, params: {params} }}")
                }
                None => writeln!(out, "      - {{ id: {check} }}"),
            };
        }
        let _ = writeln!(out, "    because: '{quoted}'");
    }
    true
}

/// Controls without an entry, by reason.
#[derive(Default)]
struct Notes {
    unchecked: Vec<String>,
    covered: Vec<String>,
    ruled_out: Vec<String>,
    too_few: Vec<String>,
}

impl Notes {
    fn comment(&self, binding: usize) -> String {
        let mut out = format!(
            "\
# Derived from profiles/guidance and the checks by tests/baseline, which keeps this file true to
# its rules. Do not edit: `SCRUTINEER_BLESS=1 cargo test --test baseline` writes it anew.
#
# must    at least {NATIONS_FOR_MUST} nations make the control a `must`, in equal or stricter words, and nobody rules it
#         out ({binding} controls by this guidance; what follows tells which of them have no entry)
# should  at least {NATIONS_FOR_SHOULD} nations ask for it, or one does, if only in looser words, and an RFC or web
#         standard, a rule of the CA/Browser Forum or an attack on elections backs it
# out     somebody rules it out (a `conflict` in the crosswalk), or too few ask for it; both live in
#         national profiles
#
# Rows that nobody has read in a source do not count. The European Union, Mozilla and international
# bodies are no nations: they make nothing binding, but what one of them rules out is no common ground.
# Our own controls (PORTAL, EXPO, CONT, AVAIL) have no rows; their sources stand with them.
"
        );
        for (title, controls) in [
            ("No check can see it yet", &self.unchecked),
            ("Covered by a stricter control", &self.covered),
            ("Ruled out", &self.ruled_out),
            ("Asked for by too few", &self.too_few),
        ] {
            let _ = writeln!(out, "#\n# {title}:");
            for control in controls {
                let _ = writeln!(out, "#   {control}");
            }
        }
        out
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join(", ")
}
