//! What of a profile applies on a day, and what begins or ends when.

use jiff::civil::Date;
use std::collections::BTreeMap;

use super::profile::{ResolvedEntry, ResolvedProfile};
use crate::model::finding::NotApplied;

/// A profile seen from a day.
pub struct Calendar<'a> {
    /// What applies on the day.
    pub applies: Vec<&'a ResolvedEntry>,
    /// What ended before it, the latest end first.
    pub ended: Vec<&'a ResolvedEntry>,
    /// What begins or ends after it, by the day of the change.
    pub changes: BTreeMap<Date, Turn<'a>>,
}

/// What changes on a day.
#[derive(Default)]
pub struct Turn<'a> {
    /// What applies on this day for the first time.
    pub begins: Vec<&'a ResolvedEntry>,
    /// What applies on this day for the last time.
    pub ends: Vec<&'a ResolvedEntry>,
}

impl ResolvedProfile {
    /// The profile seen from a day.
    pub fn calendar(&self, day: Date) -> Calendar<'_> {
        let mut calendar = Calendar {
            applies: Vec::new(),
            ended: Vec::new(),
            changes: BTreeMap::new(),
        };
        for entry in &self.entries {
            let season = entry.out_of_season(day);
            match season {
                None => calendar.applies.push(entry),
                Some(NotApplied::Ended) => calendar.ended.push(entry),
                Some(_) => {}
            }
            if let Some(from) = entry.from.filter(|from| *from > day) {
                calendar.changes.entry(from).or_default().begins.push(entry);
            }
            if let Some(until) = entry.until.filter(|until| *until >= day) {
                calendar.changes.entry(until).or_default().ends.push(entry);
            }
        }
        calendar
            .ended
            .sort_by_key(|entry| std::cmp::Reverse(entry.until));
        calendar
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;
    use std::path::PathBuf;

    #[test]
    fn what_applies_ends_and_begins() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |row: &str, dates: &str| {
            format!(
                "  - {{ row: \"control#{row}\", level: must{dates}, checks: [{{ id: dns.caa.valid }}] }}\n"
            )
        };
        let text = [
            "id: dated\ntitle: dated\nentries:\n".to_owned(),
            entry("DNS-01", ""),
            entry("DNS-02", ", until: 2026"),
            entry("DNS-03", ", from: 2027"),
            entry("DNS-04", ", from: 2027, until: 2029"),
        ]
        .concat();
        std::fs::write(folder.path().join("dated.yaml"), text).unwrap();
        let content = Content::load(&[], &[PathBuf::from(folder.path())]).unwrap();
        let profile = content.resolve("dated").unwrap();
        let rows = |entries: &[&ResolvedEntry]| {
            let rows = entries.iter().map(|entry| &entry.row[8..]);
            rows.collect::<Vec<_>>().join(" ")
        };
        let seen = |day: &str| {
            let calendar = profile.calendar(day.parse().unwrap());
            let turns = calendar
                .changes
                .iter()
                .map(|(day, turn)| format!("{day} +{} -{}", rows(&turn.begins), rows(&turn.ends)));
            (
                rows(&calendar.applies),
                rows(&calendar.ended),
                turns.collect::<Vec<_>>().join("; "),
            )
        };
        let text = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let begin = "2027-01-01 +DNS-03 DNS-04 -";
        let end = "2029-12-31 + -DNS-04";
        assert_eq!(
            seen("2026-12-31"),
            text(
                "DNS-01 DNS-02",
                "",
                &format!("2026-12-31 + -DNS-02; {begin}; {end}")
            )
        );
        assert_eq!(
            seen("2027-01-01"),
            text("DNS-01 DNS-03 DNS-04", "DNS-02", end)
        );
        assert_eq!(
            seen("2030-01-01"),
            text("DNS-01 DNS-03", "DNS-04 DNS-02", "")
        );
    }
}
