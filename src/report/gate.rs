//! The gate alone, one line a reason, for the log of a job.

use super::marks;
use super::page::{line, words};
use crate::model::finding::{Finding, Findings};

/// Findings that are named; more are counted.
const MAX_NAMED: usize = 50;

/// The outcome, why, and the findings that decide: those that fail the gate, and those
/// that keep it from passing.
pub fn lines(document: &Findings, fails: &[&Finding], open: &[&Finding]) -> String {
    let gate = &document.gate;
    let outcome = match gate.exit {
        0 => "passed",
        1 => "failed",
        _ => "cannot say",
    };
    let mut text = format!("gate {outcome} (exit {})\n", gate.exit);
    let mut say = |line: String| {
        text.push_str("  ");
        text.push_str(&line);
        text.push('\n');
    };
    for why in &gate.why {
        say(line(why));
    }
    for (findings, what) in [(fails, "fails"), (open, "open")] {
        for finding in findings.iter().take(MAX_NAMED) {
            say(named(finding, what));
        }
        if let more @ 1.. = findings.len().saturating_sub(MAX_NAMED) {
            say(format!("{what:<6} and {more} more"));
        }
    }
    for target in document
        .targets
        .iter()
        .filter(|t| t.observed_at.is_none())
        .take(MAX_NAMED)
    {
        say(format!("unseen {}", line(&target.key)));
    }
    for note in marks::waiver_notes(document) {
        say(note);
    }
    if let Some(against) = &document.against {
        say(marks::against(against));
        let apart = u64::try_from(against.not_compared.len()).unwrap_or(u64::MAX);
        if apart > 0 {
            say(format!("not compared: {}", words(apart, "place", "places")));
        }
        for one in against.not_compared.iter().take(MAX_NAMED) {
            say(format!("  {}", marks::not_compared(one)));
        }
    }
    text
}

fn named(finding: &Finding, what: &str) -> String {
    let change = finding
        .change
        .map(|change| format!(", {change}"))
        .unwrap_or_default();
    let about = match finding.message.is_empty() {
        true => finding.title.as_str(),
        false => &finding.message,
    };
    line(&format!(
        "{what:<6} {}: {} on {}{change}: {about}",
        finding.severity,
        finding.check.as_str(),
        finding.target.as_str(),
    ))
}
