//! The grades of TLS endpoints on the scale of SSL Labs, in words.

use crate::model::{
    finding::Findings,
    tls_grade::{EndpointGrade, TlsGrade, TlsGradeStep},
};
use serde::Serialize;
use std::io;

use super::page::{Page, Style, line};

/// What the block is called.
pub const TITLE: &str = "TLS grades on the scale of SSL Labs";
/// What the letters mean.
pub const NOTE: &str =
    "By SSL Labs' guide 2009r as testssl.sh reads it. They decide nothing: the findings above do.";
/// Most endpoints whose grade is shown.
const MOST: usize = 100;

/// The grade with its points, or why there is none: `A- 93 (100 versions, 90 keys, 90 ciphers)`.
pub fn in_words(grade: &TlsGrade) -> String {
    let points = match (
        grade.score,
        grade.protocol,
        grade.key_exchange,
        grade.cipher,
    ) {
        (Some(score), Some(protocol), Some(keys), Some(cipher)) => {
            format!(", {score} points ({protocol} versions, {keys} keys, {cipher} ciphers)")
        }
        _ => String::new(),
    };
    match (&grade.grade, &grade.at_best, &grade.not_determined) {
        (Some(letter), ..) => format!("{}{points}", line(letter)),
        (None, Some(best), Some(why)) => {
            format!("not determined, {} at best: {}", line(best), line(why))
        }
        (None, _, why) => {
            let why = why.as_deref().unwrap_or("no reason given");
            format!("none: {}", line(why))
        }
    }
}

/// What a step does: `B at best: tls10-accepted (it is accepted)`.
pub fn step(step: &TlsGradeStep) -> String {
    let (limit, rule, detail) = (line(&step.limit), line(&step.rule), line(&step.detail));
    match step.applies {
        Some(_) => format!("{limit} at best: {rule} ({detail})"),
        None => format!("{limit} at best, if it is so: {rule}, not seen ({detail})"),
    }
}

/// An endpoint with its grade, as a table has it.
#[derive(Serialize)]
pub struct Row {
    of: String,
    grade: String,
    because: String,
}

/// Endpoints that were graded, with their target, and how many more there are.
fn graded(document: &Findings) -> (Vec<(&str, &EndpointGrade)>, usize) {
    let all = document.targets.iter().flat_map(|target| {
        let grades = target.tls_grades.iter();
        grades.map(|grade| (target.key.as_str(), grade))
    });
    // Where the scale does not apply there is nothing to tell.
    let all = all.filter(|(_, one)| one.grade.at_best.is_some());
    let count = all.clone().count();
    (all.take(MOST).collect(), count.saturating_sub(MOST))
}

/// A row for each of the first endpoints with a grade.
pub fn rows(document: &Findings) -> Vec<Row> {
    let (graded, _) = graded(document);
    let row = |(target, one): (&str, &EndpointGrade)| {
        let limits: Vec<String> = one.grade.steps.iter().map(step).collect();
        Row {
            of: format!("{} {}", line(target), line(&one.endpoint)),
            grade: in_words(&one.grade),
            because: limits.join("; "),
        }
    };
    graded.into_iter().map(row).collect()
}

/// Writes the grades of all targets.
pub(super) fn write(document: &Findings, page: &mut Page<'_>) -> io::Result<()> {
    let rows = rows(document);
    if rows.is_empty() {
        return Ok(());
    }
    page.heading(TITLE)?;
    page.text(Style::Faint, NOTE)?;
    for row in rows {
        let mut text = format!("{}: {}", row.of, row.grade);
        if !row.because.is_empty() {
            text.push_str(&format!("; {}", row.because));
        }
        page.text(Style::Plain, &text)?;
    }
    let (_, more) = graded(document);
    if more > 0 {
        page.text(Style::Faint, &format!("and {more} more endpoints"))?;
    }
    Ok(())
}
