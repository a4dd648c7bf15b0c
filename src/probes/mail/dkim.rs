//! The domain's DKIM keys (RFC 6376).
//!
//! DNS does not say which selectors there are. Those that the inventory names
//! are all that the domain signs with; without them a few common ones are
//! tried, and the list stays open: a key that is not seen is not absent.

use futures_util::future::join_all;
use std::sync::Arc;

use super::{
    facts::{Dkim, DkimKey, DkimRecord, MailProblem},
    notes::Notes,
};
use crate::{
    model::{gap::GapReason, level::Level, seen::Seen, target::Target},
    net::{Answer, NetError, RecordType, Session},
    wire::{dkim, text::clean_bytes},
};

/// Selectors that many services and programs use.
const COMMON: [&str; 12] = [
    "default",
    "dkim",
    "google",
    "k1",
    "k2",
    "k3",
    "mail",
    "s1",
    "s2",
    "selector1",
    "selector2",
    "smtp",
];
/// Most characters of a record.
const RECORD_CHARS: usize = 2_000;
/// Where the list stands.
const KEYS: &str = "/mail/dkim/keys";

/// The selectors that are looked up, and whether the inventory names each.
pub(super) fn selectors(target: &Target, level: Level) -> Vec<(&str, bool)> {
    let given = &target.dkim_selectors;
    let common = COMMON
        .into_iter()
        .filter(|_| level >= Level::Standard)
        .filter(|selector| !given.iter().any(|other| other == selector));
    given
        .iter()
        .map(|selector| (selector.as_str(), true))
        .chain(common.map(|selector| (selector, false)))
        .collect()
}

pub(super) async fn observe(session: &Session, target: &Target, level: Level) -> (Dkim, Notes) {
    let lookups = selectors(target, level)
        .into_iter()
        .map(async |(selector, given)| {
            let name = format!("{selector}._domainkey.{}", target.name);
            let answer = session.lookup(&name, RecordType::TXT).await;
            Lookup {
                selector: selector.to_owned(),
                given,
                answer,
            }
        });
    fold(join_all(lookups).await, level)
}

/// One selector, and what was answered.
struct Lookup {
    selector: String,
    given: bool,
    answer: Result<Arc<Answer>, NetError>,
}

fn fold(lookups: Vec<Lookup>, level: Level) -> (Dkim, Notes) {
    let mut notes = Notes::default();
    let mut keys: Vec<DkimKey> = Vec::new();
    let selectors_given = lookups.iter().any(|lookup| lookup.given);
    let common = lookups.iter().filter(|lookup| !lookup.given).count();
    let mut found: Vec<(DkimKey, Arc<Answer>)> = Vec::new();
    for lookup in lookups {
        let at = format!("{KEYS}/{}", keys.len());
        let mut key = DkimKey {
            key: lookup.selector.clone(),
            selector: lookup.selector,
            given: lookup.given,
            record: Seen::Unseen,
        };
        match lookup.answer {
            Ok(answer) => {
                let record = read(&answer);
                if key.given {
                    notes.prove(&at, &answer);
                    key.record = record.into();
                    keys.push(key);
                } else if record.is_some() {
                    key.record = record.into();
                    found.push((key, answer));
                }
            }
            Err(error) if key.given => {
                notes.miss(&format!("{at}/record"), &error);
                keys.push(key);
            }
            Err(error) => notes.miss(&format!("{KEYS}/-"), &error),
        }
    }
    if let Some((first, _)) = found.first()
        && found.len() == common
        && common > 1
        && found.iter().all(|(key, _)| key.record == first.record)
    {
        // A wildcard, as domains without mail have it.
        found.truncate(1);
        for (key, _) in &mut found {
            "*".clone_into(&mut key.key);
            "*".clone_into(&mut key.selector);
        }
    }
    for (key, answer) in found {
        notes.prove(&format!("{KEYS}/{}", keys.len()), &answer);
        keys.push(key);
    }
    if !selectors_given {
        let detail = if level >= Level::Standard {
            "DNS does not list selectors: of the keys of the domain only those of common selectors can be seen until the inventory names its `dkim_selectors`"
        } else {
            "DNS does not list selectors: name those of the domain as `dkim_selectors` in the inventory; common ones are tried from level standard on"
        };
        notes.gap(&format!("{KEYS}/-"), GapReason::NotAsked, detail);
    }
    let dkim = Dkim {
        selectors_given,
        keys: keys.into(),
    };
    (dkim, notes)
}

/// The key record of a selector, if it has one.
fn read(answer: &Answer) -> Option<DkimRecord> {
    let mut texts = answer.texts();
    texts.retain(|text| dkim::is_record(text));
    let text = texts.first()?;
    let record = dkim::parse(text);
    let mut problems: Vec<MailProblem> = record
        .problems
        .into_iter()
        .map(|(name, detail)| MailProblem {
            name: name.to_owned(),
            detail,
        })
        .collect();
    if texts.len() > 1 {
        // Which of them a receiver takes is undefined (section 3.6.2.2).
        problems.push(MailProblem {
            name: "multiple_records".to_owned(),
            detail: format!("{} records", texts.len()),
        });
    }
    Some(DkimRecord {
        text: clean_bytes(text, RECORD_CHARS),
        key_type: record.key_type,
        bits: record.bits,
        hashes: record.hashes,
        revoked: record.revoked,
        testing: record.testing,
        problems,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::test_resolver::txt_answer;

    const REVOKED: &[&str] = &["v=DKIM1; p="];
    const ED25519: &[&str] =
        &["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="];

    /// What each selector has; `None`: the look-up timed out.
    fn seen(lookups: &[(&str, bool, Option<&[&str]>)]) -> (Dkim, Notes) {
        let lookups = lookups.iter().map(|(selector, given, texts)| Lookup {
            selector: (*selector).to_owned(),
            given: *given,
            answer: match texts {
                Some(texts) => Ok(Arc::new(txt_answer("s._domainkey.county.example", texts))),
                None => Err(NetError::new(GapReason::Timeout, "no answer")),
            },
        });
        fold(lookups.collect(), Level::Standard)
    }

    fn keys(dkim: &Dkim) -> Vec<&str> {
        let keys = dkim.keys.known().expect("seen");
        keys.iter().map(|key| key.key.as_str()).collect()
    }

    fn gaps(notes: &Notes) -> Vec<(&str, GapReason)> {
        let gaps = notes.gaps.iter();
        gaps.map(|gap| (gap.at.as_str(), gap.reason)).collect()
    }

    #[test]
    fn given_selectors_are_listed_and_close_the_list() {
        let (dkim, notes) = seen(&[
            ("a", true, Some(ED25519)),
            ("b", true, Some(&[])),
            ("c", true, None),
            ("s1", false, Some(&["v=spf1 -all"])),
            ("s2", false, Some(REVOKED)),
        ]);
        assert!(dkim.selectors_given);
        assert_eq!(keys(&dkim), ["a", "b", "c", "s2"]);
        assert_eq!(
            gaps(&notes),
            [("/mail/dkim/keys/2/record", GapReason::Timeout)]
        );
        let records: Vec<_> = dkim.keys.known().expect("seen").iter().collect();
        assert_eq!(records[1].record, Seen::Known(None));
        assert!(records[2].record.is_unseen());
        let places: Vec<_> = notes.evidence.iter().map(|e| e.at.as_str()).collect();
        assert_eq!(
            places,
            [
                "/mail/dkim/keys/0",
                "/mail/dkim/keys/1",
                "/mail/dkim/keys/3"
            ]
        );
    }

    #[test]
    fn without_given_selectors_the_list_stays_open() {
        let open = ("/mail/dkim/keys/-", GapReason::NotAsked);
        let (dkim, notes) = seen(&[]);
        assert_eq!((keys(&dkim), gaps(&notes)), (vec![], vec![open]));
        let (dkim, notes) = seen(&[("s1", false, Some(&[])), ("s2", false, Some(ED25519))]);
        assert_eq!((keys(&dkim), gaps(&notes)), (vec!["s2"], vec![open]));
        let (dkim, notes) = seen(&[("s1", false, None), ("s2", false, Some(ED25519))]);
        let slow = ("/mail/dkim/keys/-", GapReason::Timeout);
        assert_eq!((keys(&dkim), gaps(&notes)), (vec!["s2"], vec![slow, open]));
    }

    #[test]
    fn a_wildcard_is_told_once() {
        let (dkim, _) = seen(&[("s1", false, Some(REVOKED)), ("s2", false, Some(REVOKED))]);
        assert_eq!(keys(&dkim), ["*"]);
        let (dkim, _) = seen(&[("s1", false, Some(REVOKED)), ("s2", false, Some(ED25519))]);
        assert_eq!(keys(&dkim), ["s1", "s2"]);
    }

    #[test]
    fn several_records_are_a_fault() {
        let (dkim, _) = seen(&[("a", true, Some(&[ED25519[0], REVOKED[0], "x"]))]);
        let keys = dkim.keys.known().expect("seen");
        let record = keys[0].record.known().expect("seen");
        let problems = &record.as_ref().expect("a record").problems;
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].name, "multiple_records");
    }
}
