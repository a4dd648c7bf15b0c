//! Suites and groups of TLS 1.3.

use super::beside::Narrow;
use super::choice::{Question, Step, are_ours, candidates, choice, decider, malformed, preference};
use super::{Agreed, Ask, Groups, Outcome, Prober, Purpose, SuiteFacts, VersionFacts};
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

/// Suites and groups of TLS 1.3, after what a handshake showed.
pub(super) async fn tls13<A: Ask>(prober: &Prober<'_, A>, agreed: Option<Agreed>) -> Tls13 {
    let known = agreed.as_ref().map(|agreed| agreed.group);
    let mut unknown = None;
    let mut facts = VersionFacts::default();
    let mut steps: Vec<Step> = Vec::new();
    let mut suites = candidates(Version::Tls13, false);
    // Whether a hello of this search was answered.
    let mut answered = false;
    if let Some(agreed) = &agreed {
        // The suite of the handshake is the first step: what is offered without it shows
        // a second one.
        facts.accepted = Ok(true);
        facts.suites.push(suite(agreed.suite));
        suites.retain(|id| *id != agreed.suite);
        let hello = prober.hello(Version::Tls13);
        let step = Step::new(
            agreed.suite,
            agreed.offered.clone(),
            Narrow::default(),
            hello,
        );
        steps.push(step);
    }
    let handshakes = steps.len();
    // Whether the suite of the handshake may rank below another one.
    let unranked = |id: u16| {
        agreed
            .as_ref()
            .is_some_and(|agreed| !agreed.offered.contains(&id))
    };
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
    // Whether two suites of unknown rank were offered in the reverse order, and in both.
    let (mut reversed, mut ranked) = (false, false);
    // Whether what was found has been offered behind the rest, with nothing new shown.
    let mut both_known = false;
    loop {
        let found: Vec<u16> = facts.suites.iter().map(|suite| suite.id).collect();
        // Once the three usual suites are found, more are unlikely: they are
        // asked for once, at the end.
        let usual = USUAL.iter().filter(|id| found.contains(id)).count();
        together &= more_suites && more_groups && usual < USUAL.len();
        let untold = told.is_none() && are_ours(&steps, |_, _| true) && !both_known;
        // With two of the usual suites, or a single group after two looks, another suite is
        // likelier than another group.
        let few = usual == found.len() && usual < USUAL.len();
        let one_group = few && found_groups.len() == 1 && known.is_some();
        let suites_first = both_refused && (one_group || few && usual == 2);
        let seek = match (together, more_groups, more_suites) {
            (true, ..) => Seek::Both,
            // Of other suites there may be few, and of groups many.
            (false, true, true) if both_refused && untold && usual == found.len() && !one_group => {
                Seek::Either
            }
            (false, true, true) if suites_first => Seek::Suites,
            (false, true, _) => Seek::Groups,
            (false, false, true) if untold && usual == USUAL.len() => Seek::Either,
            (false, false, true) => Seek::Suites,
            (false, false, false) => break,
        };
        let tries_new = told == Some(PreferenceBy::Client) && more_suites && !both_refused;
        let pair = found.len() == 2 && found.iter().any(|id| unranked(*id));
        let mut hello = prober.hello(Version::Tls13);
        if seek == Seek::Groups && pair && reversed && !ranked {
            hello.suites.clone_from(&found);
        } else if seek == Seek::Groups {
            // In this order, the answer tells who decides; and whoever follows the
            // client shows a new suite first, if it has one.
            let new: &[u16] = if tries_new { &suites } else { &[] };
            let known = found.iter().rev();
            hello.suites = new.iter().chain(known).copied().collect();
        } else {
            hello.suites.clone_from(&suites);
            if (steps.len() - handshakes) % 2 == 1 {
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
                    // All groups were offered, and with them the one of the handshake.
                    Seek::Both if !answered => (together, more_suites) = (false, false),
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
                if !answered {
                    facts.accepted = Err(error.clone());
                    facts.suites.clear();
                    steps.clear();
                }
                facts.open = more_suites.then(|| error.clone());
                groups_open = more_groups.then_some(error);
                break;
            }
        };
        let group = answer.hello.as_ref().and_then(|hello| hello.group);
        match (choice(&answer, &hello, Version::Tls13), group) {
            (Some(suite), Some(group)) if hello.groups.contains(&group) => {
                if !answered {
                    answered = true;
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
                    told = decider(suite, &found).filter(|_| !unranked(suite));
                    both_known = !is_new_group;
                    // It would have taken what stands in front of all that it knows.
                    let follows = told == Some(PreferenceBy::Client);
                    more_suites &= !(follows && usual == USUAL.len());
                }
                if is_new {
                    steps.push(Step::new(suite, offered, Narrow::default(), hello));
                    suites.retain(|known| *known != suite);
                    facts.suites.push(self::suite(suite));
                    more_suites &= !suites.is_empty();
                }
                if seek == Seek::Groups && !is_new && pair && reversed && !ranked {
                    ranked = true;
                    // Taken behind the suite of the handshake, the other one ranks above it.
                    told = match unranked(suite) {
                        true => Some(PreferenceBy::Server),
                        false => Some(PreferenceBy::Client),
                    };
                    if unranked(suite) {
                        facts.suites.reverse();
                    }
                } else if seek == Seek::Groups && !is_new {
                    told = told.or(decider(suite, &found).filter(|_| !unranked(suite)));
                    reversed |= told.is_none();
                }
                if is_new_group {
                    groups.retain(|known| *known != group);
                    found_groups.push(group);
                    more_groups &= !groups.is_empty();
                }
            }
            // A retry that names no group says that none is shared.
            (Some(_), None) if !facts.suites.is_empty() => match seek {
                Seek::Both if !answered => (together, more_suites) = (false, false),
                Seek::Both => (together, both_refused) = (false, true),
                Seek::Groups => more_groups = false,
                Seek::Suites => more_suites = false,
                Seek::Either => both_known = true,
            },
            // An older version, although none was offered, or nothing in common.
            (None, _) | (Some(_), None) if !answered => {
                facts.suites.clear();
                break;
            }
            _ => {
                let error = malformed();
                facts.open = more_suites.then(|| error.clone());
                groups_open = more_groups.then_some(error);
                break;
            }
        }
    }
    if !answered && facts.accepted == Ok(true) {
        // No hello by hand was answered: nothing more can be said of suites and groups.
        let refusals = std::mem::take(&mut facts.refusals);
        facts = VersionFacts {
            refusals,
            ..VersionFacts::default()
        };
        steps.clear();
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
            ours: are_ours(&steps, |_, _| true),
        };
        let offered = question.template.groups.clone();
        let asked = preference(prober, question, &steps, told, &mut unknown).await;
        facts.preference = asked.0;
        let answer = asked.1.and_then(|(flight, _)| flight.hello);
        if let Some(group) = answer.and_then(|hello| hello.group) {
            order.note(&offered, group);
        }
        let in_doubt = !(ranked && facts.suites.len() == 2);
        if in_doubt && facts.suites.iter().any(|suite| unranked(suite.id)) {
            let known = agreed.as_ref().map(|agreed| agreed.suite);
            rank(prober, known, &mut facts, &found_groups).await;
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

/// A suite without a size of its own.
fn suite(id: u16) -> SuiteFacts {
    SuiteFacts { id, kex_bits: None }
}

/// Puts the suite of the handshake at its place in the server's order, where there are
/// suites that the handshake had not offered.
async fn rank<A: Ask>(
    prober: &Prober<'_, A>,
    known: Option<u16>,
    facts: &mut VersionFacts,
    groups: &[u16],
) {
    let mut others = facts.suites.clone();
    let at = others.iter().position(|suite| Some(suite.id) == known);
    let Some(known) = at.map(|at| others.remove(at)) else {
        return;
    };
    let taken = async |suites: Vec<u16>| {
        let hello = ClientHello {
            suites,
            groups: groups.to_vec(),
            ..prober.hello(Version::Tls13)
        };
        match prober.ask(&hello, Purpose::Enumeration).await {
            Outcome::Accepted(answer) => choice(&answer, &hello, Version::Tls13),
            Outcome::Refused(_) | Outcome::Unclear(_) => None,
        }
    };
    let ids = |suites: &[SuiteFacts]| suites.iter().map(|suite| suite.id).collect::<Vec<_>>();
    match (facts.preference, others.as_slice()) {
        // Offered in front of the suite of the handshake, it was taken: perhaps as it ranks
        // above that one.
        (Some(PreferenceBy::Client), [only]) => {
            let taken = taken(vec![known.id, only.id]).await;
            if taken == Some(only.id) {
                facts.preference = Some(PreferenceBy::Server);
                facts.suites.rotate_left(1);
            } else if taken != Some(known.id) {
                facts.preference = None;
            }
            return;
        }
        (Some(PreferenceBy::Server), _) => {}
        // With several, the one found last was taken in front of those found before.
        _ => return,
    }
    let mut at = 0;
    while let Some(above) = others.get(at).map(|suite| suite.id) {
        let rest = others.get(at..).unwrap_or_default();
        let taken = taken([&ids(rest), &[known.id][..]].concat()).await;
        if taken == Some(known.id) {
            break;
        }
        if taken != Some(above) {
            facts.preference = None;
            break;
        }
        at += 1;
    }
    others.insert(at, known);
    facts.suites = others;
}
