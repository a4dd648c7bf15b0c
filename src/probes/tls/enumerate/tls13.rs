//! Suites and groups of TLS 1.3.

use super::beside::Narrow;
use super::choice::{Step, candidates, choice, decider, malformed, preference};
use super::{Ask, Outcome, Prober, SuiteFacts, VersionFacts};
use crate::net::NetError;
use crate::probes::tls::facts::PreferenceBy;
use crate::wire::tls::{Version, client_hello::ClientHello, groups};

/// The three suites of TLS 1.3 that nearly every server has.
const USUAL: [u16; 3] = [0x1301, 0x1302, 0x1303];

/// What an elimination of TLS 1.3 shrinks in a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seek {
    Both,
    Groups,
    Suites,
}

/// What was found out about TLS 1.3.
pub(super) struct Tls13 {
    pub(super) facts: VersionFacts,
    pub(super) groups: Vec<u16>,
    /// Why there may be more groups.
    pub(super) groups_open: Option<NetError>,
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
    let (mut more_suites, mut more_groups, mut together) = (true, true, true);
    // Whether it refused what was left of both lists at once.
    let mut both_refused = false;
    let mut told = None;
    loop {
        let found: Vec<u16> = facts.suites.iter().map(|suite| suite.id).collect();
        // Once the three usual suites are found, more are unlikely: they are
        // asked for once, at the end.
        together &= more_suites && more_groups && !USUAL.iter().all(|id| found.contains(id));
        let seek = match (together, more_groups, more_suites) {
            (true, ..) => Seek::Both,
            (false, true, _) => Seek::Groups,
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
        hello.groups = if seek == Seek::Suites {
            found_groups.clone()
        } else {
            groups.clone()
        };
        let answer = match prober.ask(&hello).await {
            Outcome::Accepted(flight) => flight,
            Outcome::Refused(_) if facts.suites.is_empty() => break,
            Outcome::Refused(_) => {
                match seek {
                    Seek::Both => (together, both_refused) = (false, true),
                    Seek::Groups => more_groups = false,
                    Seek::Suites => more_suites = false,
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
                    if let Some(known) = known.filter(|known| *known != group) {
                        groups.retain(|group| *group != known);
                        found_groups.push(known);
                    }
                }
                let is_new = suites.contains(&suite);
                if seek == Seek::Groups && tries_new && !is_new {
                    more_suites = false;
                }
                if seek != Seek::Groups || is_new {
                    let offered = hello.suites.clone();
                    steps.push(Step::new(suite, offered, Narrow::default(), hello));
                    suites.retain(|known| *known != suite);
                    facts.suites.push(SuiteFacts {
                        id: suite,
                        kex_bits: None,
                    });
                    more_suites = !suites.is_empty();
                }
                if seek == Seek::Groups && !is_new {
                    told = told.or_else(|| decider(suite, &found));
                    // With a group that it accepts, it refused all other suites.
                    more_suites &= !both_refused;
                }
                if seek != Seek::Suites {
                    groups.retain(|known| *known != group);
                    found_groups.push(group);
                    more_groups = !groups.is_empty();
                }
            }
            // A retry that names no group says that none is shared.
            (Some(_), None) if !facts.suites.is_empty() => match seek {
                Seek::Both => (together, both_refused) = (false, true),
                Seek::Groups => more_groups = false,
                Seek::Suites => more_suites = false,
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
            groups: found_groups.clone(),
            ..template
        };
        facts.preference =
            preference(prober, template, Version::Tls13, &steps, told, &mut unknown).await;
    }
    Tls13 {
        facts,
        groups: found_groups,
        groups_open,
        tolerates_unknown: unknown,
    }
}
