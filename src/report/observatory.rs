//! The score of a front page by the algorithm of the MDN HTTP Observatory, in words.

use crate::model::{
    finding::{Findings, TargetSummary},
    observatory::ObservatoryScore,
};
use serde::Serialize;
use std::io;

use super::page::{Page, Style, line};

/// What the block is called, and what it is not.
pub const TITLE: &str = "Scores by the algorithm of the MDN HTTP Observatory";
/// What the numbers mean.
pub const NOTE: &str = "Front pages alone, from 0 to 100 and extra credit. They decide nothing: the findings above do.";
/// Most targets whose score is shown.
pub const MOST: usize = 100;

/// Targets with a score or the reason why there is none, and how many more there are.
pub fn scored(document: &Findings) -> (Vec<(&TargetSummary, &ObservatoryScore)>, usize) {
    let all = document
        .targets
        .iter()
        .filter_map(|summary| Some((summary, summary.observatory.as_ref()?)));
    let count = all.clone().count();
    (all.take(MOST).collect(), count.saturating_sub(MOST))
}

/// Grade and score, or why there is none.
pub fn grade(score: &ObservatoryScore) -> String {
    match (&score.grade, score.score) {
        (Some(grade), Some(number)) => format!("{grade} {number}"),
        _ => {
            let why = score.not_computed.as_deref().unwrap_or("no reason given");
            format!("not computed: {}", line(why))
        }
    }
}

/// The results that add or take something, in words: `csp-not-implemented -25`.
pub fn results(score: &ObservatoryScore) -> String {
    let telling = score
        .tests
        .iter()
        .filter_map(|test| match (&test.result, &test.not_computed) {
            (Some(result), _) if test.modifier != 0 => {
                Some(format!("{} {:+}", line(result), test.modifier))
            }
            (None, Some(why)) if score.not_computed.as_ref() != Some(why) => {
                Some(format!("{} not computed ({})", line(&test.test), line(why)))
            }
            _ => None,
        });
    let telling: Vec<String> = telling.collect();
    telling.join(", ")
}

/// A target with its score, as a table has it.
#[derive(Serialize)]
pub struct Row {
    of: String,
    grade: String,
    because: String,
}

/// A row for each of the first targets with a score.
pub fn rows(document: &Findings) -> Vec<Row> {
    let (scored, _) = scored(document);
    scored
        .into_iter()
        .map(|(summary, score)| Row {
            of: line(&summary.key),
            grade: grade(score),
            because: results(score),
        })
        .collect()
}

/// Writes the scores of all targets.
pub(super) fn write(document: &Findings, page: &mut Page<'_>) -> io::Result<()> {
    let (scored, more) = scored(document);
    if scored.is_empty() {
        return Ok(());
    }
    page.heading(TITLE)?;
    page.text(Style::Faint, NOTE)?;
    for (summary, score) in scored {
        let mut text = format!("{}: {}", line(&summary.key), grade(score));
        let results = results(score);
        if !results.is_empty() {
            text.push_str(&format!(" ({results})"));
        }
        page.text(Style::Plain, &text)?;
    }
    if more > 0 {
        page.text(Style::Faint, &format!("and {more} more targets"))?;
    }
    Ok(())
}
