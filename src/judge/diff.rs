//! What changed between two results.
//!
//! Only what may be compared is ([`super::compare`]). Fixed is only what passes now under
//! the same digest; what vanished because it could not be seen, or because there is
//! nothing left to judge, is no longer observable.

use std::collections::{BTreeSet, HashSet};

use super::against::{Earlier, nothing};
use super::compare::{Indexed, Known, Match, compare, differences, moved, strangers};
use crate::model::{
    diff::{
        DIFF_SCHEMA, Diff, DiffCounts, DiffEntry, DiffInstance, DiffKind, InstanceChange, Side,
    },
    finding::{CheckVerdict, Finding, Findings, Instance},
    marks::NotComparable,
    tlp::Tlp,
    verdict::Verdict,
};

/// Compares two results.
///
/// # Errors
/// In words, when they are of different organisations, share no target, or have nothing
/// that can be compared.
pub fn diff(tool: &str, old: &Earlier, new: &Earlier) -> Result<Diff, String> {
    let (before, now) = (&old.document, &new.document);
    let keys = |document: &Findings| -> BTreeSet<String> {
        document.targets.iter().map(|t| t.key.clone()).collect()
    };
    let (had, has) = (keys(before), keys(now));
    let had = had.iter().map(String::as_str).collect();
    let has = has.iter().map(String::as_str).collect();
    if let Some(why) = strangers(
        (before.organisation.as_deref(), &had),
        (now.organisation.as_deref(), &has),
    ) {
        return Err(format!("{}: {why}", old.source));
    }
    let (indexed, current) = (Indexed::new(before), Indexed::new(now));
    let compared = compare(&indexed, &current);
    let mut counts = DiffCounts::default();
    let mut changes = Vec::new();
    for pair in &compared.pairs {
        let found = (indexed.finding(pair.before), current.finding(pair.now));
        match kind(pair.before, pair.now, found) {
            Some(kind) => changes.push(entry(kind, pair.before, Some(pair.now.verdict), found)),
            None if pair.now.verdict == Verdict::Pass => counts.still_pass += 1,
            None => {}
        }
    }
    // What the newer result did not get to see at all.
    let unseen: HashSet<&str> = compared
        .not_compared
        .iter()
        .filter(|one| one.reason == NotComparable::NotObservedNow)
        .map(|one| one.target.as_str())
        .collect();
    for row in &before.verdicts {
        if unseen.contains(row.target.as_str()) && row.verdict != Verdict::NotApplicable {
            let found = (indexed.finding(row), None);
            changes.push(entry(DiffKind::NoLongerObservable, row, None, found));
        }
    }
    if compared.pairs.is_empty() && changes.is_empty() {
        return Err(nothing(&old.source, &compared.not_compared));
    }
    changes.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
    for change in &changes {
        *match change.kind {
            DiffKind::New => &mut counts.new,
            DiffKind::Fixed => &mut counts.fixed,
            DiffKind::Unchanged => &mut counts.unchanged,
            DiffKind::NoLongerObservable => &mut counts.no_longer_observable,
        } += 1;
    }
    counts.not_compared = u64::try_from(compared.not_compared.len()).unwrap_or(u64::MAX);
    Ok(Diff {
        schema: DIFF_SCHEMA.to_owned(),
        tool: tool.to_owned(),
        tlp: label(&before.tlp, &now.tlp),
        organisation: now.organisation.clone().or(before.organisation.clone()),
        old: side(old),
        new: side(new),
        differences: differences(before, now),
        counts,
        changes,
        not_compared: compared.not_compared,
    })
}

/// The stricter of two labels; the strictest for scans where one cannot be read.
fn label(one: &str, other: &str) -> String {
    let labels = [one, other].map(|label| Tlp::parse(label).unwrap_or(Tlp::AmberStrict));
    Tlp::strictest(labels)
        .unwrap_or(Tlp::AmberStrict)
        .to_string()
}

fn side(result: &Earlier) -> Side {
    let document = &result.document;
    Side {
        source: result.source.clone(),
        kind: result.kind,
        run_started: document.dates.run_started,
        as_of: document.dates.as_of,
        profile: document.profile.clone(),
        pack: document.pack.clone(),
    }
}

type SortKey<'a> = (DiffKind, &'a str, &'a str, Option<&'a str>, &'a str);

fn sort_key(entry: &DiffEntry) -> SortKey<'_> {
    (
        entry.kind,
        &entry.target,
        &entry.check,
        entry.variant.as_deref().map(String::as_str),
        &entry.digest,
    )
}

/// What a pair of verdicts comes to; nothing where there is nothing to tell.
fn kind(
    before: &CheckVerdict,
    now: &CheckVerdict,
    found: (Option<&Finding>, Option<&Finding>),
) -> Option<DiffKind> {
    use Verdict::{Fail, Inconclusive, NotApplicable, Pass};
    Some(match (before.verdict, now.verdict) {
        (Pass | NotApplicable, Fail) | (NotApplicable, Inconclusive) | (Inconclusive, Fail) => {
            DiffKind::New
        }
        (Fail | Inconclusive, Pass) => DiffKind::Fixed,
        (Pass | Fail, Inconclusive) | (Pass | Fail | Inconclusive, NotApplicable) => {
            DiffKind::NoLongerObservable
        }
        (Fail, Fail) | (Inconclusive, Inconclusive) => match found {
            (Some(before), Some(now)) if has_new(before, now) => DiffKind::New,
            _ => DiffKind::Unchanged,
        },
        (Pass | NotApplicable, Pass) | (NotApplicable, NotApplicable) => return None,
    })
}

fn has_new(before: &Finding, now: &Finding) -> bool {
    let known = Known::new(before);
    now.instances
        .iter()
        .any(|instance| known.find(instance) == Match::New)
}

fn entry(
    kind: DiffKind,
    row: &CheckVerdict,
    now: Option<Verdict>,
    found: (Option<&Finding>, Option<&Finding>),
) -> DiffEntry {
    let (before_finding, now_finding) = found;
    let finding = now_finding.or(before_finding);
    let cut = |finding: Option<&Finding>| finding.is_some_and(|f| f.more_instances > 0);
    DiffEntry {
        kind,
        target: row.target.clone(),
        check: row.check.clone(),
        variant: row.variant.clone(),
        digest: row.digest.clone(),
        severity: finding.map(|finding| finding.severity),
        title: finding.map_or_else(|| row.check.clone(), |finding| finding.title.clone()),
        before: row.verdict,
        now,
        instances: instances(before_finding, now_finding),
        more_instances: cut(before_finding) || cut(now_finding),
    }
}

fn instances(before: Option<&Finding>, now: Option<&Finding>) -> Vec<DiffInstance> {
    let mut all = Vec::new();
    let mut met: HashSet<&str> = HashSet::new();
    let known = before.map(Known::new);
    for instance in now.iter().flat_map(|finding| &finding.instances) {
        let found = known.as_ref().map(|known| known.find(instance));
        all.push(match found {
            Some(Match::Known(earlier)) => {
                met.insert(&earlier.fingerprint);
                told(
                    instance,
                    InstanceChange::Unchanged,
                    moved(earlier, instance),
                )
            }
            _ => told(instance, InstanceChange::New, None),
        });
        met.insert(&instance.fingerprint);
    }
    let earlier = before.iter().flat_map(|finding| &finding.instances);
    for instance in earlier.filter(|instance| !met.contains(instance.fingerprint.as_str())) {
        all.push(told(instance, InstanceChange::Gone, None));
    }
    all
}

fn told(
    instance: &Instance,
    change: InstanceChange,
    addresses_before: Option<Vec<crate::model::shared::Shared<String>>>,
) -> DiffInstance {
    DiffInstance {
        fingerprint: instance.fingerprint.clone(),
        change,
        message: instance.message.clone(),
        addresses: instance.addresses.clone(),
        addresses_before,
    }
}
