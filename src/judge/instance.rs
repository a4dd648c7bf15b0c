//! The items that prove a finding, and their fingerprints.

use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::address::strip;
use super::digest::digest;
use crate::model::{finding::Instance, shared::Shared, verdict::Verdict};
use crate::rules::SubjectOutcome;

/// Most instances that a finding lists.
const MAX_INSTANCES: usize = 1000;
/// Most places that an instance lists.
const MAX_PLACES: usize = 64;
/// Digits of the hash in a fingerprint: 128 bits.
const FINGERPRINT_DIGITS: usize = 32;

/// What identifies the finding that instances belong to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Identity<'a> {
    /// Id of the check.
    pub check: &'a str,
    /// The `as` of the entry.
    #[serde(rename = "as")]
    pub variant: Option<&'a str>,
    /// Key of the target.
    pub target: &'a str,
}

/// The instances of a finding, and how many were left out.
pub struct Instances {
    /// Failures first, each group in the order of the observation.
    pub listed: Vec<Instance>,
    /// How many were left out.
    pub more: u64,
}

/// Folds the outcomes of a check into instances: one for each fingerprint,
/// naming every place and address where it was seen.
pub fn instances(
    identity: Identity<'_>,
    observation: &Value,
    outcomes: &[SubjectOutcome],
    title: &str,
) -> Instances {
    let mut fold = Fold {
        identity,
        observation,
        found: Vec::new(),
        known: HashMap::new(),
    };
    for outcome in outcomes {
        if outcome.verdict == Verdict::Fail {
            for item in &outcome.items {
                let item = Found {
                    pointer: &item.pointer,
                    keys: &item.keys,
                    message: &item.message,
                };
                fold.add(outcome, Some(item), title);
            }
            if outcome.items.is_empty() {
                fold.add(outcome, None, title);
            }
        }
    }
    for outcome in outcomes {
        if outcome.verdict == Verdict::Inconclusive {
            fold.add(outcome, None, title);
        }
    }
    let more = fold.known.len().saturating_sub(fold.found.len());
    Instances {
        listed: fold.found.into_iter().map(Draft::into_instance).collect(),
        more: u64::try_from(more).unwrap_or(u64::MAX),
    }
}

/// `v1:` and the first digits of the SHA-256 over the canonical JSON of
/// identity and keys.
fn fingerprint(identity: Identity<'_>, subject: &[String], items: &[String]) -> String {
    #[derive(Serialize)]
    struct Identified<'a> {
        #[serde(flatten)]
        identity: Identity<'a>,
        keys: Vec<&'a String>,
    }
    let keys = subject.iter().chain(items).collect();
    let hash =
        digest(&Identified { identity, keys }).expect("strings and lists have a canonical form");
    format!("v1:{}", hash.get(..FINGERPRINT_DIGITS).unwrap_or(&hash))
}

struct Found<'a> {
    pointer: &'a str,
    keys: &'a [String],
    message: &'a str,
}

struct Draft {
    instance: Instance,
    addresses: BTreeSet<IpAddr>,
}

impl Draft {
    fn into_instance(self) -> Instance {
        Instance {
            addresses: self
                .addresses
                .iter()
                .map(|address| Shared::new(address.to_string()))
                .collect(),
            ..self.instance
        }
    }
}

struct Fold<'a> {
    identity: Identity<'a>,
    observation: &'a Value,
    found: Vec<Draft>,
    /// Index into `found` for each fingerprint; past its end for those left out.
    known: HashMap<String, usize>,
}

impl Fold<'_> {
    fn add(&mut self, outcome: &SubjectOutcome, item: Option<Found<'_>>, title: &str) {
        let mut addresses = BTreeSet::new();
        let subject = self.plain_keys(&outcome.pointer, 0, &outcome.keys, &mut addresses);
        let items = match &item {
            None => Vec::new(),
            Some(item) => {
                // Items of `each: target...` have their keys from the root.
                let skip = match item.pointer.strip_prefix(outcome.pointer.as_str()) {
                    Some(below) if below.is_empty() || below.starts_with('/') => {
                        outcome.pointer.len()
                    }
                    _ => 0,
                };
                self.plain_keys(item.pointer, skip, item.keys, &mut addresses)
            }
        };
        let fingerprint = fingerprint(self.identity, &subject, &items);
        let place = item
            .as_ref()
            .map_or(outcome.pointer.as_str(), |i| i.pointer);
        let next = self.known.len();
        let index = *self.known.entry(fingerprint.clone()).or_insert(next);
        if index == next && self.found.len() < MAX_INSTANCES {
            let message = match &item {
                Some(item) if !item.message.is_empty() => item.message.to_owned(),
                _ if outcome.verdict == Verdict::Fail => format!("Not so: {title}"),
                _ => String::new(),
            };
            let shared = |keys: Vec<String>| keys.into_iter().map(Shared::new).collect();
            self.found.push(Draft {
                instance: Instance {
                    fingerprint,
                    verdict: outcome.verdict,
                    subject: shared(subject),
                    items: shared(items),
                    message,
                    places: Vec::new(),
                    more_places: 0,
                    addresses: Vec::new(),
                    change: None,
                    addresses_before: None,
                },
                addresses: BTreeSet::new(),
            });
        }
        let Some(draft) = self.found.get_mut(index) else {
            return;
        };
        // A place that is open adds nothing to a failure seen elsewhere.
        if draft.instance.verdict != outcome.verdict {
            return;
        }
        if draft.instance.places.len() < MAX_PLACES {
            draft.instance.places.push(place.into());
            draft.addresses.append(&mut addresses);
        } else {
            draft.instance.more_places = draft.instance.more_places.saturating_add(1);
        }
    }

    /// The keys along a pointer from its byte `skip` on, with addresses taken out.
    fn plain_keys(
        &self,
        pointer: &str,
        skip: usize,
        keys: &[String],
        addresses: &mut BTreeSet<IpAddr>,
    ) -> Vec<String> {
        let elements = self.elements(pointer, skip);
        let mut plain = Vec::with_capacity(keys.len());
        for (number, key) in keys.iter().enumerate() {
            let host = elements
                .get(number)
                .and_then(|element| element.get("host"))
                .and_then(Value::as_str);
            let stripped = strip(key, host);
            addresses.extend(stripped.address);
            plain.push(stripped.key);
        }
        plain
    }

    /// The list elements that a pointer steps into, those before `skip` left out.
    fn elements(&self, pointer: &str, skip: usize) -> Vec<&Value> {
        let mut found = Vec::new();
        let mut node = self.observation;
        let mut at = 0usize;
        for segment in pointer.split('/').skip(1) {
            at = at.saturating_add(segment.len()).saturating_add(1);
            let next = match node {
                Value::Array(list) => {
                    let element = segment.parse::<usize>().ok().and_then(|n| list.get(n));
                    if at > skip {
                        found.extend(element);
                    }
                    element
                }
                Value::Object(map) => map.get(segment),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        found
    }
}
