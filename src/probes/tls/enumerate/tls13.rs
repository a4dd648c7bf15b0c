//! Suites and groups of TLS 1.3.

use super::beside::Narrow;
use super::choice::{Question, Step, are_ours, candidates, choice, decider, malformed, preference};
use super::{Ask, Groups, Outcome, Prober, Purpose, SuiteFacts, VersionFacts};
use crate::net::NetError;
use crate::probes::tls::facts::PreferenceBy;
use crate::probes::tls::fingerprint::Shape;
use crate::wire::tls::{Version, client_hello::ClientHello, groups};

/// The three suites of TLS 1.3 that nearly every server has.
const USUAL: [u16; 3] = [0x1301, 0x1302, 0x1303];

/// What an elimination of TLS 1.3 shrinks in a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seek {
    Both,
    Groups,
    Suites,
    /// Either: what was found stands behind all others, so that the hello is
    /// accepted, and tells who decides the order of suites.
    Either,
}

/// What was found out about TLS 1.3.
pub(super) struct Tls13 {
    pub(super) facts: VersionFacts,
    pub(super) groups: Vec<u16>,
    /// Why there may be more groups.
    pub(super) groups_open: Option<NetError>,
    /// Who decides which group is taken.
    pub(super) order: Groups,
    /// Whether it passes over values that nobody registered, if it was asked.
    pub(super) tolerates_unknown: Option<bool>,
}

/// Suites and groups of TLS 1.3. `known` is a group that a handshake showed.
pub(super) async fn tls13<A: Ask>(prober: &Prober<'_, A>, known: Option<u16>) -> Tls13 {
    let mut unknown = None;
    let mut facts = VersionFacts::default();
    let mut steps: Vec<Step> = Vec::new();
    let mut suites = candidates(Version::Tls13, false);
    let mut groups: Vec<u16> = groups::all()
        .iter()
        .filter(|group| group.in_tls13())
        .map(|group| group.id)
        .collect();
    // Others first: an answer then shows a second one.
    groups.sort_by_key(|group| Some(*group) == known);
    let mut found_groups: Vec<u16> = Vec::new();
    let mut groups_open = None;
    let mut order = Groups::default();
    // Whether a group that was found stood once behind those that are left.
    let mut tried_behind = false;
    let (mut more_suites, mut more_groups, mut together) = (true, true, true);
    // Whether it refused what was left of both lists at once.
    let mut both_refused = false;
    let mut told = None;
    // Whether what was found has been offered behind the rest, with nothing new shown.
    let mut both_known = false;
    loop {
        let found: Vec<u16> = facts.suites.iter().map(|suite| suite.id).collect();
        // Once the three usual suites are found, more are unlikely: they are
        // asked for once, at the end.
        let usual = USUAL.iter().filter(|id| found.contains(id)).count();
        together &= more_suites && more_groups && usual < USUAL.len();
        let untold = told.is_none() && are_ours(&steps) && !both_known;
        // With two of the usual suites, the third is likelier than another group.
        let suites_first = both_refused && usual == 2 && found.len() == 2;
        let seek = match (together, more_groups, more_suites) {
            (true, ..) => Seek::Both,
            // Of other suites there may be few, and of groups many.
            (false, true, true) if both_refused && untold && usual == found.len() => Seek::Either,
            (false, true, true) if suites_first => Seek::Suites,
            (false, true, _) => Seek::Groups,
            (false, false, true) if untold && usual == USUAL.len() => Seek::Either,
            (false, false, true) => Seek::Suites,
            (false, false, false) => break,
        };
        let tries_new = told == Some(PreferenceBy::Client) && more_suites && !both_refused;
        let mut hello = prober.hello(Version::Tls13);
        if seek == Seek::Groups {
            // In this order, the answer tells who decides; and whoever follows the
            // client shows a new suite first, if it has one.
            let new: &[u16] = if tries_new { &suites } else { &[] };
            let known = found.iter().rev();
            hello.suites = new.iter().chain(known).copied().collect();
        } else {
            hello.suites.clone_from(&suites);
            if steps.len() % 2 == 1 {
                hello.suites.reverse();
            }
        }
        hello.groups = match seek {
            Seek::Suites => found_groups.clone(),
            Seek::Groups if !tried_behind && order.is_open(&found_groups) => {
                // Who follows the client takes a new one, if there is one; then this
                // hello costs nothing, and tells who decides.
                tried_behind = true;
                groups.iter().chain(found_groups.first()).copied().collect()
            }
            Seek::Both | Seek::Groups => groups.clone(),
            // The other way round, so that the answer tells who decides.
            Seek::Either if more_groups => {
                let known = found_groups.iter().rev();
                groups.iter().chain(known).copied().collect()
            }
            Seek::Either => found_groups.iter().rev().copied().collect(),
        };
        let offered = hello.suites.clone();
        if seek == Seek::Either {
            hello.suites.extend(found.iter().rev());
            hello.grease = unknown.is_none();
        }
        let answer = match prober.ask(&hello, Purpose::Enumeration).await {
            Outcome::Accepted(flight) => flight,
            Outcome::Refused(alert) if facts.suites.is_empty() => {
                facts.refusals.insert(alert);
                break;
            }
            Outcome::Refused(alert) => {
                facts.refusals.insert(alert);
                match seek {
                    Seek::Both => (together, both_refused) = (false, true),
                    Seek::Groups => more_groups = false,
                    Seek::Suites => more_suites = false,
                    // All that it offers beside was accepted before.
                    Seek::Either if hello.grease => unknown = Some(false),
                    Seek::Either => both_known = true,
                }
                continue;
            }
            Outcome::Unclear(error) => {
                if facts.suites.is_empty() {
                    facts.accepted = Err(error.clone());
                }
                facts.open = more_suites.then(|| error.clone());
                groups_open = more_groups.then_some(error);
                break;
            }
        };
        let group = answer.hello.as_ref().and_then(|hello| hello.group);
        match (choice(&answer, &hello, Version::Tls13), group) {
            (Some(suite), Some(group)) if hello.groups.contains(&group) => {
                if facts.suites.is_empty() {
                    facts.accepted = Ok(true);
                    facts.head.clone_from(&answer.head);
                    facts.shape = Shape::of(&answer);
                    if let Some(known) = known.filter(|known| *known != group) {
                        groups.retain(|group| *group != known);
                        found_groups.push(known);
                    }
                }
                order.note(&hello.groups, group);
                if hello.grease {
                    unknown = Some(true);
                }
                let is_new = suites.contains(&suite);
                let is_new_group = groups.contains(&group);
                if seek == Seek::Groups && tries_new && !is_new {
                    more_suites = false;
                }
                if both_refused {
                    // What is left of one list was refused together with what is
                    // accepted of the other; with both at once it cannot have been.
                    both_refused = !(is_new && is_new_group);
                    more_groups &= !is_new || is_new_group;
                    more_suites &= !is_new_group || is_new;
                }
                if seek == Seek::Either && !is_new {
                    told = decider(suite, &found);
                    both_known = !is_new_group;
                    // It would have taken what stands in front of all that it knows.
                    let follows = told == Some(PreferenceBy::Client);
                    more_suites &= !(follows && usual == USUAL.len());
                }
                if is_new {
                    steps.push(Step::new(suite, offered, Narrow::default(), hello));
                    suites.retain(|known| *known != suite);
                    facts.suites.push(SuiteFacts {
                        id: suite,
                        kex_bits: None,
                    });
                    more_suites &= !suites.is_empty();
                }
                if seek == Seek::Groups && !is_new {
                    told = told.or_else(|| decider(suite, &found));
                }
                if is_new_group {
                    groups.retain(|known| *known != group);
                    found_groups.push(group);
                    more_groups &= !groups.is_empty();
                }
            }
            // A retry that names no group says that none is shared.
            (Some(_), None) if !facts.suites.is_empty() => match seek {
                Seek::Both => (together, both_refused) = (false, true),
                Seek::Groups => more_groups = false,
                Seek::Suites => more_suites = false,
                Seek::Either => both_known = true,
            },
            // An older version, although none was offered, or nothing in common.
            (None, _) | (Some(_), None) if facts.suites.is_empty() => break,
            _ => {
                let error = malformed();
                facts.open = more_suites.then(|| error.clone());
                groups_open = more_groups.then_some(error);
                break;
            }
        }
    }
    if facts.open.is_none() {
        let template = prober.hello(Version::Tls13);
        let template = ClientHello {
            groups: found_groups.iter().rev().copied().collect(),
            ..template
        };
        let question = Question {
            template,
            version: Version::Tls13,
            sure: true,
        };
        let offered = question.template.groups.clone();
        let asked = preference(prober, question, &steps, told, &mut unknown).await;
        facts.preference = asked.0;
        let answer = asked.1.and_then(|(flight, _)| flight.hello);
        if let Some(group) = answer.and_then(|hello| hello.group) {
            order.note(&offered, group);
        }
    }
    order.accepted.clone_from(&found_groups);
    Tls13 {
        facts,
        groups: found_groups,
        groups_open,
        order,
        tolerates_unknown: unknown,
    }
}
