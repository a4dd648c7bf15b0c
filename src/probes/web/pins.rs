//! Compares pages with what the inventory pins. Pure.

use std::collections::BTreeSet;
use url::Url;

use super::{
    facts::{PinChange, PinChangeKind, PinnedPage, PinnedText},
    fold::Fold,
    jobs::{Answers, Visited},
    site::{registrable, same_site},
};
use crate::{
    model::{
        gap::GapReason,
        seen::Seen,
        target::{PagePin, Target},
    },
    net::NetError,
    wire::{html::Document, text::clean},
};

/// Most differences of a page that are noted.
const CHANGES_MAX: usize = 40;
/// Most other sites that a page leads to which are noted.
const LINKED_MAX: usize = 100;

/// The pins on pages of a target.
pub(super) fn pins_of(target: &Target) -> impl Iterator<Item = &PagePin> {
    target.pins.pages.iter().flatten()
}

impl Fold {
    /// Each pinned page with what differs.
    pub(super) fn pins(&mut self, answers: &Answers, target: &Target) -> Seen<Vec<PinnedPage>> {
        let mut list = Vec::new();
        for (number, pin) in pins_of(target).enumerate() {
            let at = format!("/web/pins/{number}");
            let mut page = PinnedPage {
                key: clean(&pin.path, 300),
                now: Seen::Unseen,
                changes: Seen::Unseen,
            };
            match shown(answers, number) {
                Ok(now) => {
                    page.changes = match &pin.digest {
                        Some(digest) => Seen::Known(changes(pin, digest, &now)),
                        None => {
                            let error =
                                NetError::new(GapReason::NotAsked, "nothing is pinned here yet");
                            self.unseen(&format!("{at}/changes"), &error)
                        }
                    };
                    page.now = Seen::Known(now);
                }
                Err(error) => {
                    self.gap(format!("{at}/now"), &error);
                    self.gap(format!("{at}/changes"), &error);
                }
            }
            list.push(page);
        }
        Seen::Known(list)
    }
}

/// What the page of a pin shows now.
fn shown(answers: &Answers, number: usize) -> Result<PinnedText, NetError> {
    let key = match answers.pinned.get(number) {
        Some(Ok(key)) => key,
        Some(Err(error)) => return Err(error.clone()),
        None => {
            return Err(answers.missed.last().cloned().unwrap_or_else(|| {
                NetError::new(GapReason::Internal, "a pinned page was not visited")
            }));
        }
    };
    let page = answers.pages.iter().find(|page| page.key == *key);
    let unread = || NetError::new(GapReason::Malformed, "the pinned page is no HTML document");
    let page = page.ok_or_else(unread)?;
    if let Some(error) = &page.sheet.response.body_gap {
        return Err(error.clone());
    }
    content(page).ok_or_else(unread)
}

fn content(page: &Visited) -> Option<PinnedText> {
    let document = page.sheet.document.as_ref()?;
    let text = page.sheet.text.as_ref()?;
    let base = page.sheet.base();
    let parties = super::parties::third_parties(document, &page.sheet.url, &base);
    Some(PinnedText {
        digest: text.digest.clone(),
        third_parties: parties.into_iter().map(|party| party.key).collect(),
        linked_sites: linked_sites(document, &page.sheet.url, &base),
        text: text.lines.clone(),
    })
}

/// Other sites that the links and forms of a document lead to, sorted.
fn linked_sites(document: &Document, page: &Url, base: &Url) -> Vec<String> {
    let own = page.host_str().unwrap_or_default();
    let links = document.links.iter().map(|link| link.href.as_str());
    let actions = document
        .forms
        .iter()
        .filter_map(|form| form.action.as_deref());
    let sites: BTreeSet<String> = links
        .chain(actions)
        .filter_map(|url| base.join(url.trim()).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .filter_map(|url| {
            let host = url.host_str()?;
            (!same_site(host, own)).then(|| clean(registrable(host).unwrap_or(host), 253))
        })
        .collect();
    sites.into_iter().take(LINKED_MAX).collect()
}

/// What differs between a pin and a page: sites first, then lines, in the order of the page.
fn changes(pin: &PagePin, digest: &str, now: &PinnedText) -> Vec<PinChange> {
    use PinChangeKind::{LineGone, LineNew, LinkGone, LinkNew, More, PartyGone, PartyNew};
    let mut found: Vec<(PinChangeKind, String)> = Vec::new();
    for (kind, own, other) in [
        (PartyNew, &now.third_parties, &pin.third_parties),
        (PartyGone, &pin.third_parties, &now.third_parties),
        (LinkNew, &now.linked_sites, &pin.linked_sites),
        (LinkGone, &pin.linked_sites, &now.linked_sites),
    ] {
        let differing = own.iter().filter(|site| !other.contains(site));
        found.extend(differing.map(|site| (kind, clean(site, 253))));
    }
    if digest != now.digest {
        let lines = difference(&pin.text, &now.text);
        if lines.is_empty() {
            let words = "the text differs beyond the lines that the pin holds";
            found.push((More, words.to_owned()));
        }
        found.extend(lines.into_iter().map(|(is_new, line)| {
            let kind = if is_new { LineNew } else { LineGone };
            (kind, clean(line, 300))
        }));
    }
    let more = found.len().saturating_sub(CHANGES_MAX);
    found.truncate(CHANGES_MAX);
    if more > 0 {
        found.push((More, format!("{more} more differences are not shown")));
    }
    let mut numbers = std::collections::BTreeMap::new();
    found
        .into_iter()
        .map(|(kind, text)| {
            let number: &mut u32 = numbers.entry(kind).or_default();
            *number = number.saturating_add(1);
            PinChange {
                key: format!("{} {number}", words(kind)),
                kind,
                text,
            }
        })
        .collect()
}

/// The kind as the key of a change begins.
fn words(kind: PinChangeKind) -> &'static str {
    match kind {
        PinChangeKind::LineGone => "line gone",
        PinChangeKind::LineNew => "line new",
        PinChangeKind::PartyNew => "third party new",
        PinChangeKind::PartyGone => "third party gone",
        PinChangeKind::LinkNew => "link new",
        PinChangeKind::LinkGone => "link gone",
        PinChangeKind::More => "more",
    }
}

/// The lines of two texts that are not in a longest common part, each with whether it is new.
/// Both have at most some hundreds of lines.
fn difference<'a>(old: &'a [String], new: &'a [String]) -> Vec<(bool, &'a str)> {
    let width = new.len().saturating_add(1);
    // Length of the longest common part of what follows in both, row by row of the old text.
    let mut lengths = vec![0u16; width.saturating_mul(old.len().saturating_add(1))];
    let cell = |row: usize, column: usize| row.saturating_mul(width).saturating_add(column);
    let value = |lengths: &[u16], row, column| lengths.get(cell(row, column)).copied().unwrap_or(0);
    for (row, before) in old.iter().enumerate().rev() {
        for (column, after) in new.iter().enumerate().rev() {
            let (below, right) = (row.saturating_add(1), column.saturating_add(1));
            let best = if before == after {
                value(&lengths, below, right).saturating_add(1)
            } else {
                value(&lengths, below, column).max(value(&lengths, row, right))
            };
            if let Some(own) = lengths.get_mut(cell(row, column)) {
                *own = best;
            }
        }
    }
    let (mut row, mut column) = (0usize, 0usize);
    let mut found = Vec::new();
    loop {
        let (below, right) = (row.saturating_add(1), column.saturating_add(1));
        match (old.get(row), new.get(column)) {
            (Some(before), Some(after)) if before == after => (row, column) = (below, right),
            (Some(before), Some(_))
                if value(&lengths, below, column) >= value(&lengths, row, right) =>
            {
                found.push((false, before.as_str()));
                row = below;
            }
            (_, Some(after)) => {
                found.push((true, after.as_str()));
                column = right;
            }
            (Some(before), None) => {
                found.push((false, before.as_str()));
                row = below;
            }
            (None, None) => return found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn lines_that_differ_are_told_in_order() {
        type Told<'a> = &'a [(bool, &'a str)];
        let cases: &[(&str, &str, Told<'_>)] = &[
            ("a b c", "a b c", &[]),
            ("a b c", "a x c", &[(false, "b"), (true, "x")]),
            ("", "a", &[(true, "a")]),
            ("a", "", &[(false, "a")]),
            (
                "a b c d",
                "b d e",
                &[(false, "a"), (false, "c"), (true, "e")],
            ),
        ];
        for (old, new, expected) in cases {
            let (old, new) = (lines(old), lines(new));
            assert_eq!(difference(&old, &new), *expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn changes_are_told_and_bounded() {
        let now = |text: &str, parties: &[&str]| PinnedText {
            digest: format!("digest of {text}"),
            third_parties: parties.iter().map(|party| (*party).to_owned()).collect(),
            linked_sites: vec!["state.gov".to_owned()],
            text: lines(text),
        };
        let pin = PagePin {
            path: "/".to_owned(),
            digest: Some("digest of a b".to_owned()),
            third_parties: vec!["cdn.example".to_owned()],
            linked_sites: vec!["state.gov".to_owned()],
            text: lines("a b"),
        };
        let told = |now: &PinnedText| -> Vec<String> {
            let digest = pin.digest.as_deref().unwrap_or_default();
            let changes = changes(&pin, digest, now);
            changes
                .into_iter()
                .map(|change| format!("{}: {}", change.key, change.text))
                .collect()
        };
        assert!(told(&now("a b", &["cdn.example"])).is_empty());
        assert_eq!(
            told(&now("a c", &["evil.example"])),
            [
                "third party new 1: evil.example",
                "third party gone 1: cdn.example",
                "line gone 1: b",
                "line new 1: c"
            ]
        );
        let beyond = PinnedText {
            digest: "another".to_owned(),
            ..now("a b", &["cdn.example"])
        };
        assert_eq!(
            told(&beyond),
            ["more 1: the text differs beyond the lines that the pin holds"]
        );
        let many = now(&"x ".repeat(100), &["cdn.example"]);
        assert_eq!(told(&many).len(), CHANGES_MAX + 1);
    }
}
