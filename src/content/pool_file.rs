//! Reads the file of a pool: whose targets one body may count, because they consented.

use jiff::civil::Date;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::dates::{self, Edge};
use super::diagnostic::Diagnostics;
use super::files;
use super::reader::Reader;
use super::source::Source;
use super::yaml::{self, Limits, Node};

const MEMBER_KEYS: [&str; 3] = ["organisation", "consent", "since"];

/// Reads the file of a pool: the organisations that consented, as inventories name them.
/// `opens` is the first day of the window: whoever consents later was not asked before it was scanned.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn load(path: &Path, opens: Date) -> Result<BTreeSet<String>, Diagnostics> {
    read(&files::read(path, "pool file", Limits::CONTENT)?, opens)
}

/// Reads a pool.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read(source: &Arc<Source>, opens: Date) -> Result<BTreeSet<String>, Diagnostics> {
    let root = yaml::parse(source, Limits::CONTENT)?;
    let mut reader = Reader::new(source);
    let mut members = BTreeSet::new();
    if let Some(fields) = reader.fields(&root, "a pool", &["members"], &["members"])
        && let Some(node) = fields.get("members")
    {
        for node in reader.list(node, "members").unwrap_or_default() {
            member(&mut reader, node, opens, &mut members);
        }
    }
    if reader.problems.has_errors() {
        reader.problems.sort();
        return Err(reader.problems);
    }
    Ok(members)
}

fn member(reader: &mut Reader, node: &Node, opens: Date, members: &mut BTreeSet<String>) {
    let Some(fields) = reader.fields(node, "a member", &MEMBER_KEYS, &MEMBER_KEYS) else {
        return;
    };
    // Who consented, for the body that keeps the file.
    let _ = reader.text_at(&fields, "consent");
    let since = fields.get("since");
    if let Some(text) = since.and_then(|node| reader.raw(node, "since")) {
        match dates::parse(&text.value, Edge::First) {
            Err(message) => reader.error(&text.span, message),
            Ok(since) if since > opens => reader.error_help(
                &text.span,
                format!("consents since {since}, after the window opened on {opens}"),
                Some("leave the member out until the next period".to_owned()),
            ),
            Ok(_) => {}
        }
    }
    let Some(organisation) = reader.text_at(&fields, "organisation") else {
        return;
    };
    if !members.insert(organisation.value.clone()) {
        let message = format!("`{}` is a member twice", organisation.value);
        reader.error(&organisation.span, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_says_who_consented_and_since_when() {
        let opens = jiff::civil::date(2026, 9, 1);
        let read = |text: &str| read(&Source::new("pool.yaml", text), opens);
        let members = read(
            "members:\n  - { organisation: Adams County, consent: clerk J. Doe by letter, since: 2026-05-02 }\n",
        );
        assert_eq!(
            members.unwrap(),
            BTreeSet::from(["Adams County".to_owned()])
        );
        for (text, words) in [
            (
                "members:\n  - { organisation: A }",
                "lacks the keys `consent`, `since`",
            ),
            (
                "members:\n  - { organisation: A, consent: x, since: soon }",
                "is not a date",
            ),
            (
                "members:\n  - { organisation: A, consent: x, since: 2026 }\n  - { organisation: A, consent: x, since: 2026 }",
                "a member twice",
            ),
            (
                "members:\n  - { organisation: A, consent: x, since: 2026-09-02 }",
                "after the window opened on 2026-09-01",
            ),
            (
                "members:\n  - { organisation: A, consent: , since: 2026 }",
                "`consent` is empty",
            ),
        ] {
            let said = read(text).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }
}
