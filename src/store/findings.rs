//! Reads a findings document from a file that nobody vouches for.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use super::StoreError;
use super::read::{check_schema, read_line};
use crate::model::{
    finding::{CheckVerdict, FINDINGS_SCHEMA, Finding, Findings},
    marks::ResultKind,
    run::RUN_SCHEMA,
    verdict::Verdict,
};

/// Largest findings document that is read, in bytes. A run has no such limit.
pub const MAX_FINDINGS: u64 = 256 * 1024 * 1024;

/// Tells a run from a findings document by its first line.
///
/// # Errors
/// When the file cannot be read.
pub fn kind_of(path: &Path) -> Result<ResultKind, StoreError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        schema: String,
    }
    let file = File::open(path).map_err(|error| StoreError::io(path, "open it", &error))?;
    // A document on one line may be longer than a line of a run.
    let Ok(Some((line, _))) = read_line(path, &mut BufReader::new(file), 1) else {
        return Ok(ResultKind::Findings);
    };
    Ok(match serde_json::from_slice::<Versioned>(&line) {
        Ok(found) if found.schema == RUN_SCHEMA => ResultKind::Run,
        _ => ResultKind::Findings,
    })
}

/// Reads a findings document, whole and true to itself.
///
/// # Errors
/// When the file is no findings document, is cut off or too large, or says one thing
/// in one place and another elsewhere.
pub fn read_findings(path: &Path) -> Result<Findings, StoreError> {
    let file = File::open(path).map_err(|error| StoreError::io(path, "open it", &error))?;
    let mut text = Vec::new();
    file.take(MAX_FINDINGS + 1)
        .read_to_end(&mut text)
        .map_err(|error| StoreError::io(path, "read it", &error))?;
    if text.len() as u64 > MAX_FINDINGS {
        return Err(StoreError::new(
            path,
            format!(
                "is larger than {} MiB: give the run instead",
                MAX_FINDINGS / 1024 / 1024
            ),
        ));
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(StoreError::new(path, "is empty, not a result"));
    }
    check_schema(path, None, &text, FINDINGS_SCHEMA, "a findings document")?;
    let document: Findings = serde_json::from_slice(&text)
        .map_err(|error| StoreError::new(path, format!("is not a findings document: {error}")))?;
    match contradiction(&document) {
        None => Ok(document),
        Some(what) => Err(StoreError::new(
            path,
            format!("is not a whole findings document: {what}"),
        )),
    }
}

type Row<'a> = (&'a str, Option<&'a str>, &'a str);

/// Where a document contradicts itself, as after somebody took parts out of it.
fn contradiction(document: &Findings) -> Option<String> {
    let mut rows: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    let mut observed: BTreeMap<&str, bool> = BTreeMap::new();
    for target in &document.targets {
        let key = target.key.as_str();
        let seen = target.observed_at.is_some();
        if seen != target.conditions.is_some() {
            return Some(format!("{key:?} is half observed"));
        }
        if observed.insert(key, seen).is_some() {
            return Some(format!("the target {key:?} stands twice"));
        }
        rows.insert(key, Vec::new());
    }
    let mut findings: HashMap<(&str, Row<'_>), &Finding> = HashMap::new();
    for finding in &document.findings {
        let key = (finding.target.as_str(), row_of(finding));
        let what = format!(
            "{} on {:?}",
            finding.check.as_str(),
            finding.target.as_str()
        );
        if observed.get(key.0) != Some(&true) {
            return Some(format!("a finding of {what}, which was not observed"));
        }
        if findings.insert(key, finding).is_some() {
            return Some(format!("two findings of {what}"));
        }
        let gap = |index: &u64| document.gaps.get(usize::try_from(*index).ok()?);
        let own = |index| gap(index).is_some_and(|gap| gap.target == finding.target);
        if !finding.gaps.iter().all(own) {
            return Some(format!(
                "the finding of {what} names a gap that is not there"
            ));
        }
    }
    let mut told = 0usize;
    for verdict in &document.verdicts {
        let target = verdict.target.as_str();
        let row = (
            verdict.check.as_str(),
            verdict.variant.as_deref().map(String::as_str),
            verdict.digest.as_str(),
        );
        let Some(of_target) = rows.get_mut(target) else {
            return Some(format!("a verdict on {target:?}, which is no target of it"));
        };
        of_target.push(row);
        if let Some(what) = wrong_roll_up(verdict) {
            return Some(what);
        }
        if observed.get(target) != Some(&true) || verdict.verdict < Verdict::Inconclusive {
            continue;
        }
        let finding = findings.get(&(target, row)).map(|f| f.verdict);
        if finding != Some(verdict.verdict) {
            return Some(format!(
                "{} on {target:?} is told as {}, and no finding says so",
                row.0, verdict.verdict
            ));
        }
        told += 1;
    }
    if told != findings.len() {
        return Some("a finding without its verdict".to_owned());
    }
    // Each check is told for each target, also where it does not apply.
    let mut all = rows.into_values().map(|mut rows| {
        rows.sort_unstable();
        rows
    });
    let first = all.next().unwrap_or_default();
    let distinct: BTreeSet<&Row<'_>> = first.iter().collect();
    if distinct.len() != first.len() {
        return Some("a verdict stands twice".to_owned());
    }
    (!all.all(|rows| rows == first)).then(|| "verdicts of a target are missing".to_owned())
}

fn row_of(finding: &Finding) -> Row<'_> {
    (
        &finding.check,
        finding.variant.as_deref().map(String::as_str),
        &finding.digest,
    )
}

fn wrong_roll_up(row: &CheckVerdict) -> Option<String> {
    let subjects = row.subjects.iter().map(|subject| subject.verdict);
    let wrong = !row.subjects.is_empty() && Verdict::roll_up(subjects) != row.verdict;
    wrong.then(|| {
        format!(
            "{} on {:?} is told as {}, and its subjects say otherwise",
            row.check.as_str(),
            row.target.as_str(),
            row.verdict
        )
    })
}
