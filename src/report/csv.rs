//! A table for spreadsheets (RFC 4180): a row for each instance of a finding.
//!
//! A finding without instances, such as one that is open, has one row. Column
//! `finding` numbers findings from 1, so that rows of the same one are told.
//!
//! Spreadsheets run a cell that begins with `=`, `+`, `-`, `@`, a tab or a
//! carriage return as a formula, which a server that is scanned must not be
//! able to write. Control characters are taken out of every cell, and a cell
//! that begins with one of these characters, their full-width forms or an
//! apostrophe, white space before it included, gets an apostrophe in front: a
//! program that reads the file takes one leading apostrophe away.

use std::io::{self, Write};

use super::wording::{line, message, open_because, word};
use crate::model::finding::{Finding, Findings, Instance};

/// Places that a cell names at most.
const MAX_NAMED: usize = 64;

/// The columns.
pub const COLUMNS: [&str; 23] = [
    "finding",
    "target",
    "check",
    "as",
    "control",
    "title",
    "verdict",
    "effect",
    "obligation",
    "severity",
    "effort",
    "message",
    "addresses",
    "open_because",
    "waived_until",
    "waived_by",
    "waived_because",
    "soft",
    "change",
    "requirements",
    "verify",
    "fingerprint",
    "tlp",
];

/// Writes the column names and a row for each instance, in the document's order.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &Findings, out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    table.write_record(COLUMNS)?;
    for (number, finding) in document.findings.iter().enumerate() {
        let number = number.saturating_add(1).to_string();
        let left_out = (finding.more_instances > 0).then_some(None);
        let listed = finding.instances.iter().map(Some).chain(left_out);
        let alone = finding.instances.is_empty().then_some(None);
        for instance in listed.chain(alone.filter(|_| finding.more_instances == 0)) {
            table.write_record(row(document, finding, instance, &number).map(harmless))?;
        }
    }
    table.flush()
}

fn row(
    document: &Findings,
    finding: &Finding,
    instance: Option<&Instance>,
    number: &str,
) -> [String; COLUMNS.len()] {
    let message = match instance {
        Some(instance) if !instance.message.is_empty() => line(&instance.message),
        None if finding.more_instances > 0 => {
            format!("and {} more that are not listed", finding.more_instances)
        }
        _ => message(document, finding),
    };
    let verdict = instance.map_or(finding.verdict, |instance| instance.verdict);
    let addresses = instance.map_or(&[][..], |instance| &instance.addresses);
    let change = instance
        .and_then(|instance| instance.change)
        .or(finding.change);
    let waived = finding.waived.as_ref();
    let requirements = finding
        .requirements
        .iter()
        .take(MAX_NAMED)
        .map(|requirement| line(requirement.printed.as_ref().unwrap_or(&requirement.row)));
    let verify = finding.evidence.first().map(|e| line(&e.reproduce));
    [
        number.to_owned(),
        line(&finding.target),
        line(&finding.check),
        finding
            .variant
            .as_deref()
            .map(|v| line(v))
            .unwrap_or_default(),
        line(&finding.control),
        line(&finding.title),
        word(verdict),
        word(finding.effect),
        word(finding.obligation),
        word(finding.severity),
        word(finding.effort),
        message,
        joined(
            addresses
                .iter()
                .take(MAX_NAMED)
                .map(|address| line(address)),
        ),
        open_because(document, finding, MAX_NAMED),
        waived.map(|w| w.expires.to_string()).unwrap_or_default(),
        waived.map(|w| line(&w.owner)).unwrap_or_default(),
        waived.map(|w| line(&w.reason)).unwrap_or_default(),
        if finding.soft { "yes" } else { "no" }.to_owned(),
        change.map(word).unwrap_or_default(),
        joined(requirements),
        verify.unwrap_or_default(),
        instance.map(|i| line(&i.fingerprint)).unwrap_or_default(),
        line(&document.tlp),
    ]
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

/// Keeps a spreadsheet from taking a cell for a formula.
pub(super) fn harmless(cell: String) -> String {
    let risky = |c: char| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\'' | '＝' | '＋' | '－' | '＠'
        )
    };
    if cell.starts_with(risky) || cell.trim_start().starts_with(risky) {
        return format!("'{cell}");
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_become_text() {
        let cases = [
            ("=1+1", "'=1+1"),
            ("  =1+1", "'  =1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("'quoted", "''quoted"),
            ("a=b", "a=b"),
            ("", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(harmless(given.to_owned()), expected);
        }
    }
}
