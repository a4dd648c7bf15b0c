//! Waivers: findings that somebody accepts for a while, with a reason.
//!
//! ```yaml
//! waivers:
//!   - check: tls.protocol.no-legacy
//!     target: "*.example.gov"
//!     reason: The county's kiosks are replaced in December.
//!     owner: ada@example.gov
//!     expires: 2026-12-31
//! ```

use jiff::{ToSpan, civil::Date};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::dates::{self, Edge};
use super::diagnostic::{Diagnostics, did_you_mean};
use super::files;
use super::reader::{Fields, Reader, Text};
use super::source::Source;
use super::target_name::parse_target;
use super::yaml::{self, Kind, Limits, Node};
use crate::judge::waivers::is_pattern;
use crate::model::{
    check::Severity,
    marks::{WaiverStanding, WaiverState},
    target::SourceLine,
};

/// Most waivers of a file.
const MOST_WAIVERS: usize = 10_000;
/// Longest reason, in characters.
const LONGEST_REASON: usize = 1_000;
/// Longest name of an owner, in characters.
const LONGEST_OWNER: usize = 200;
/// Days after the date of the gate on which a waiver may end.
const MOST_DAYS: i64 = 180;
/// The same for a check of severity critical.
const MOST_DAYS_CRITICAL: i64 = 90;

/// The file, for its JSON Schema. The reader below goes by the same keys; a test
/// holds them together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Waivers of scrutineer")]
#[allow(dead_code, missing_docs)]
pub struct WaiversFile {
    /// The waivers; may be empty.
    waivers: Option<Vec<WaiverFile>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct WaiverFile {
    /// Id of the check.
    check: String,
    /// A target as in the inventory, or a pattern such as `*.example.gov`.
    target: String,
    /// Why its findings are accepted for now.
    reason: String,
    /// Who answers for it.
    owner: String,
    /// The last day on which it holds, YYYY-MM-DD, to its end in UTC.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    expires: String,
}

const KEYS: [&str; 1] = ["waivers"];
const WAIVER_KEYS: [&str; 5] = ["check", "target", "reason", "owner", "expires"];

/// Checks that may be waived, with their severities.
pub type KnownChecks = BTreeMap<String, Severity>;

/// Reads a file of waivers, for a gate at a date.
///
/// # Errors
/// Everything that is wrong with it, each with its place. A waiver that has ended
/// is no error.
pub fn load(
    path: &Path,
    checks: &KnownChecks,
    day: Date,
) -> Result<Vec<WaiverStanding>, Diagnostics> {
    read(
        &files::read(path, "file of waivers", Limits::INVENTORY)?,
        checks,
        day,
    )
}

/// Reads waivers, for a gate at a date.
///
/// # Errors
/// Everything that is wrong with them, each with its place.
pub fn read(
    source: &Arc<Source>,
    checks: &KnownChecks,
    day: Date,
) -> Result<Vec<WaiverStanding>, Diagnostics> {
    let root = yaml::parse(source, Limits::INVENTORY)?;
    let mut reader = Reader::new(source);
    let waivers = waivers(&mut reader, &root, checks, day);
    if reader.problems.has_errors() {
        reader.problems.sort();
        return Err(reader.problems);
    }
    Ok(waivers)
}

fn waivers(
    reader: &mut Reader,
    root: &Node,
    checks: &KnownChecks,
    day: Date,
) -> Vec<WaiverStanding> {
    let Some(fields) = reader.fields(root, "a file of waivers", &KEYS, &KEYS) else {
        return Vec::new();
    };
    let items = match fields.get("waivers") {
        None => return Vec::new(),
        Some(node) if node.kind == Kind::Null => return Vec::new(),
        Some(node) => reader.list(node, "waivers").unwrap_or_default(),
    };
    if items.len() > MOST_WAIVERS {
        reader.error(&fields.start(), format!("more than {MOST_WAIVERS} waivers"));
        return Vec::new();
    }
    items
        .iter()
        .filter_map(|item| waiver(reader, item, checks, day))
        .collect()
}

fn waiver(
    reader: &mut Reader,
    node: &Node,
    checks: &KnownChecks,
    day: Date,
) -> Option<WaiverStanding> {
    let fields = reader.fields(node, "a waiver", &WAIVER_KEYS, &WAIVER_KEYS)?;
    let check = check(reader, &fields, checks);
    let target = reader
        .text_at(&fields, "target")
        .and_then(|text| target(reader, &text));
    let reason = short(reader, &fields, "reason", LONGEST_REASON);
    let owner = short(reader, &fields, "owner", LONGEST_OWNER);
    let severity = check.as_ref().map(|(_, severity)| *severity);
    let expires = expires(reader, &fields, severity, day);
    let (line, _) = reader.place(&fields.start()).position();
    Some(WaiverStanding {
        check: check?.0,
        target: target?,
        reason: reason?,
        owner: owner?,
        expires: expires?,
        state: WaiverState::Unused,
        findings: 0,
        source: SourceLine {
            file: reader.source.name.clone(),
            line: u64::try_from(line).unwrap_or(u64::MAX),
        },
    })
}

fn check(
    reader: &mut Reader,
    fields: &Fields<'_>,
    checks: &KnownChecks,
) -> Option<(String, Severity)> {
    let text = reader.text_at(fields, "check")?;
    if let Some(severity) = checks.get(&text.value) {
        return Some((text.value, *severity));
    }
    let help = did_you_mean(&text.value, checks.keys().map(String::as_str)).unwrap_or_else(|| {
        "a waiver names one check by its id; `scrutineer checks list` shows all".to_owned()
    });
    reader.error_help(
        &text.span,
        format!("there is no check `{}`", text.value),
        Some(help),
    );
    None
}

/// The key of a target, or a pattern whose fixed part is somebody's own domain.
fn target(reader: &mut Reader, text: &Text) -> Option<String> {
    let given = text.value.trim();
    let (first, rest) = match given.split_once('.').filter(|_| is_pattern(given)) {
        Some((first, rest)) => (Some(first), rest),
        None => (None, given),
    };
    let mut refuse = |message: String, help: Option<String>| {
        reader.error_help(&text.span, message, help);
        None
    };
    if is_pattern(rest) || first.is_some_and(|first| first.matches('*').count() > 1) {
        return refuse(
            format!("`{given}` covers more than a waiver may"),
            Some(
                "name a target, or a domain as in `*.example.gov`: one `*`, in the first label"
                    .to_owned(),
            ),
        );
    }
    let fixed = match parse_target(rest) {
        Ok(target) if target.paths.is_empty() => target,
        Ok(_) => {
            return refuse(
                format!("`{given}` names a page, and findings belong to targets"),
                Some("write the name alone, with its port if the inventory has one".to_owned()),
            );
        }
        Err(error) => return refuse(error.message, error.help),
    };
    let Some(first) = first else {
        return Some(fixed.key());
    };
    if psl::domain_str(&fixed.name).is_none() {
        return refuse(
            format!("`{given}` covers the names of many owners"),
            Some(format!(
                "anybody can register a name below `{}`: name a domain of your own, as in `*.example.gov`",
                fixed.name
            )),
        );
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '*');
    let first = first.to_ascii_lowercase();
    if first.len() > 63 || !first.chars().all(plain) {
        return refuse(
            format!("`{given}` is not a pattern over host names"),
            Some("write it as in `*.example.gov` or `staging-*.example.gov`".to_owned()),
        );
    }
    Some(format!("{first}.{}", fixed.key()))
}

fn short(reader: &mut Reader, fields: &Fields<'_>, key: &str, most: usize) -> Option<String> {
    let text = reader.text_at(fields, key)?;
    if text.value.chars().count() > most {
        reader.error(
            &text.span,
            format!("`{key}` is longer than {most} characters"),
        );
        return None;
    }
    Some(text.value.trim().to_owned())
}

fn expires(
    reader: &mut Reader,
    fields: &Fields<'_>,
    severity: Option<Severity>,
    day: Date,
) -> Option<Date> {
    let text = reader.raw(fields.get("expires")?, "expires")?;
    // A year or a month would be a day only by guessing.
    let date = match dates::parse(&text.value, Edge::First) {
        Ok(date) if text.value.len() == "YYYY-MM-DD".len() => Ok(date),
        Ok(_) => Err(format!("`{}` is not a day", text.value)),
        Err(message) => Err(message),
    };
    let date = match date {
        Ok(date) => date,
        Err(message) => {
            let help = "write the last day on which it holds as YYYY-MM-DD".to_owned();
            reader.error_help(&text.span, message, Some(help));
            return None;
        }
    };
    let (most, why) = match severity? {
        Severity::Critical => (MOST_DAYS_CRITICAL, " of a critical check"),
        _ => (MOST_DAYS, ""),
    };
    let last = day.saturating_add(most.days());
    if date > last {
        reader.error_help(
            &text.span,
            format!("a waiver{why} may end at most {most} days after the gate ({day}), and this one ends on {date}"),
            Some(format!("write {last} or earlier, and renew it when it is still needed")),
        );
        return None;
    }
    Some(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn read_text(text: &str) -> Result<Vec<WaiverStanding>, Diagnostics> {
        let checks = KnownChecks::from([
            ("tls.protocol.no-legacy".to_owned(), Severity::High),
            ("portal.form.https-action".to_owned(), Severity::Critical),
        ]);
        let source = Source::new("waivers.yaml", text);
        read(&source, &checks, "2026-11-03".parse().unwrap())
    }

    fn one(check: &str, target: &str, expires: &str) -> Result<Vec<WaiverStanding>, Diagnostics> {
        read_text(&format!(
            "waivers:\n  - check: {check}\n    target: {target}\n    reason: kiosks\n    owner: ada\n    expires: {expires}\n"
        ))
    }

    #[test]
    fn days_quoted_or_not_within_the_limits() {
        let (high, critical) = ("tls.protocol.no-legacy", "portal.form.https-action");
        let table = [
            (high, "2026-11-03", None),
            (high, "\"2026-11-03\"", None),
            (high, "'2025-01-01'", None),
            // 180 and 181 days after the 3rd of November.
            (high, "2027-05-02", None),
            (
                high,
                "2027-05-03",
                Some("6:14 a waiver may end at most 180 days"),
            ),
            (critical, "2027-02-01", None),
            (
                critical,
                "2027-02-02",
                Some("6:14 a waiver of a critical check may end at most 90 days"),
            ),
            (high, "2027-02-29", Some("6:14 `2027-02-29` is not a date")),
            (high, "2027-02", Some("6:14 `2027-02` is not a day")),
            (high, "2027", Some("6:14 `2027` is not a day")),
            (high, "20270201", Some("6:14 `20270201` is not a date")),
            (high, "2027-02-01T00:00:00Z", Some("is not a date")),
            (high, "01.02.2027", Some("is not a date")),
            (high, "never", Some("6:14 `never` is not a date")),
            (high, "", Some("`expires` must be text")),
            (high, "[2026-11-03]", Some("`expires` must be text")),
            (high, "9999-99-99", Some("is not a date")),
        ];
        for (check, expires, error) in table {
            match (one(check, "vote.example.gov", expires), error) {
                (Ok(waivers), None) => assert_eq!(
                    waivers[0].expires.to_string(),
                    expires.trim_matches(['"', '\''])
                ),
                (Err(problems), Some(error)) => {
                    assert_eq!(problems.errors(), 1, "{expires}: {problems}");
                    let problem = problems.iter().next().unwrap();
                    let (line, column) = problem.place.as_ref().unwrap().position();
                    let told = format!("{line}:{column} {}", problem.message);
                    assert!(told.contains(error), "{expires}: {told}");
                }
                (outcome, _) => panic!("{expires}: {outcome:?}"),
            }
        }
    }

    #[test]
    fn targets_and_patterns_of_ones_own() {
        let table = [
            ("vote.example.gov", Some("vote.example.gov")),
            ("Vote.Example.GOV:8443", Some("vote.example.gov:8443")),
            ("\"*.example.gov\"", Some("*.example.gov")),
            ("\"*.example.gov:8443\"", Some("*.example.gov:8443")),
            ("staging-*.example.gov", Some("staging-*.example.gov")),
            ("\"*\"", None),
            ("\"**\"", None),
            ("\"*.*\"", None),
            ("\"*.gov\"", None),
            ("\"*.co.uk\"", None),
            ("\"*.*.example.gov\"", None),
            ("\"vote.*.gov\"", None),
            ("\"*a*.example.gov\"", None),
            ("\"*.example.*\"", None),
            ("\"_*.example.gov\"", None),
            ("vote.example.gov/register", None),
            ("192.0.2.1", None),
        ];
        for (given, expected) in table {
            let told = one("tls.protocol.no-legacy", given, "2026-12-31");
            let key = told.ok().map(|waivers| waivers[0].target.clone());
            assert_eq!(key.as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_told_at_its_place() {
        let table = [
            ("", "must be a mapping"),
            ("waivers: all\n", "`waivers` must be a list"),
            (
                "waivers:\n  - vote.example.gov\n",
                "2:5 a waiver must be a mapping",
            ),
            (
                "waivers:\n  - { check: tls.protocol.no-legacy, target: v.example.gov, expires: 2026-12-31 }\n",
                "2:7 a waiver lacks the keys `reason`, `owner`",
            ),
            (
                "waivers:\n  - { check: tls.protocol.no-legacy, target: v.example.gov, reason: \" \", owner: ada, expires: 2026-12-31 }\n",
                "`reason` is empty",
            ),
            (
                "waivers:\n  - { check: tls.protocol.no-legaci, target: v.example.gov, reason: x, owner: ada, expires: 2026-12-31 }\n",
                "2:14 there is no check `tls.protocol.no-legaci`",
            ),
            (
                "waivers:\n  - { check: \"*\", target: v.example.gov, reason: x, owner: ada, expires: 2026-12-31 }\n",
                "2:14 there is no check `*`",
            ),
            (
                "waivers:\n  - { check: tls.protocol.no-legacy, target: v.example.gov, reason: x, owner: ada, expires: 2026-12-31, until: 2027 }\n",
                "unknown key `until`",
            ),
        ];
        for (text, expected) in table {
            let problems = read_text(text).unwrap_err();
            let told: Vec<String> = problems
                .iter()
                .map(|problem| {
                    let (line, column) = problem.place.as_ref().map_or((0, 0), |p| p.position());
                    format!("{line}:{column} {}", problem.message)
                })
                .collect();
            assert!(told.iter().any(|told| told.contains(expected)), "{told:?}");
        }
        assert_eq!(read_text("waivers: []\n").unwrap(), []);
        assert_eq!(read_text("waivers:\n").unwrap(), []);
    }

    #[test]
    fn the_schema_has_the_keys_of_the_reader() {
        let schema = schemars::schema_for!(WaiversFile).to_value();
        let keys = |pointer: &str| -> BTreeSet<String> {
            let object = schema.pointer(pointer).and_then(|v| v.as_object());
            object.unwrap().keys().cloned().collect()
        };
        let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(keys("/properties"), set(&KEYS));
        assert_eq!(keys("/$defs/WaiverFile/properties"), set(&WAIVER_KEYS));
    }
}
