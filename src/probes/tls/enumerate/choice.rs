//! What is offered, what was chosen, and by whom.

use super::beside::Narrow;
use super::{Ask, Enumeration, Features, Outcome, Prober, Purpose, RawChain};
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::probes::tls::facts::PreferenceBy;
use crate::probes::tls::features::is_signed;
use crate::wire::tls::{
    Version,
    client_hello::ClientHello,
    flight::Flight,
    groups,
    key_exchange::{KeyExchange, signature_scheme},
    suites::{self, Authentication, Suite},
};

/// An offer of everything but suites in a version up to TLS 1.2.
pub(super) fn offer<A: Ask>(
    prober: &Prober<'_, A>,
    version: Version,
    features: &Features,
) -> ClientHello {
    let curves = groups::all()
        .iter()
        .filter(|group| group.curve_before_tls13());
    let mut hello = ClientHello {
        groups: curves.map(|group| group.id).collect(),
        status_request: true,
        ..prober.hello(version)
    };
    if version > Version::Ssl3 {
        features.tempt(&mut hello);
    }
    hello
}

/// Takes what else the answer to a hello tells; gives the size of the key exchange.
pub(super) fn learn(
    flight: &Flight,
    hello: &ClientHello,
    suite: u16,
    version: Version,
    found: &mut Enumeration,
) -> Option<u32> {
    if let Some(certificates) = &flight.certificates {
        found.add_chain(RawChain {
            certificates: certificates.clone(),
            sent: flight.certificates_sent,
            staple: flight.staple.clone(),
        });
    }
    let answer = flight.hello.as_ref()?;
    if found.timestamps.is_none() {
        found.timestamps.clone_from(&answer.timestamps);
    }
    if let Some(authorities) = flight.certificate_request {
        found.client_authorities = Some(authorities);
    }
    let suite = suites::by_id(suite)?;
    let shared = suite.authentication == Authentication::Shared;
    let body = flight.key_exchange.as_ref()?;
    found.exchanges.note(body, suite, shared);
    if version == Version::Tls12 && is_signed(suite) {
        found
            .schemes
            .extend(signature_scheme(body, suite.key_exchange));
    }
    let exchange = KeyExchange::parse(body, suite.key_exchange, shared)?;
    if let Some(group) = exchange.ffdhe_name().and_then(groups::by_name) {
        found.add_older_group(group.id);
    }
    match exchange {
        KeyExchange::Curve(group) => {
            found.add_older_group(group);
            found.groups_older.note(&hello.groups, group);
            None
        }
        KeyExchange::FiniteField { bits, .. } | KeyExchange::TemporaryRsa(bits) => Some(bits),
        KeyExchange::ExplicitCurve => None,
    }
}

/// Puts what was seen already at the end of each list, so that a server that
/// follows the client shows something new, and one that does not is offered
/// the same as ever.
pub(super) fn rotate(hello: &mut ClientHello, found: &Enumeration) {
    hello
        .groups
        .sort_by_key(|group| found.groups.contains(group));
    hello
        .signature_schemes
        .sort_by_key(|scheme| found.schemes.contains(scheme));
}

/// One step of an elimination.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) chosen: u16,
    pub(super) offered: Vec<u16>,
    /// Which lists beside the suites lacked what was seen.
    pub(super) narrow: Narrow,
    /// The groups offered.
    pub(super) groups: Vec<u16>,
    /// The signature schemes offered.
    pub(super) schemes: Vec<u16>,
}

impl Step {
    /// The step of a hello; `offered` are its suites without those known before.
    pub(super) fn new(chosen: u16, offered: Vec<u16>, narrow: Narrow, hello: ClientHello) -> Self {
        Self {
            chosen,
            offered,
            narrow,
            groups: hello.groups,
            schemes: hello.signature_schemes,
        }
    }
}

/// How to ask who decides.
pub(super) struct Question {
    /// All but the suites.
    pub(super) template: ClientHello,
    /// The version.
    pub(super) version: Version,
    /// Whether all that the template offers was accepted before.
    pub(super) sure: bool,
    /// Whether the steps fit a server that follows the client.
    pub(super) ours: bool,
}

/// Who decides which suite is taken. Asks once more where the steps allow
/// both readings, and gives that answer with the suite that it chose.
pub(super) async fn preference<A: Ask>(
    prober: &Prober<'_, A>,
    question: Question,
    steps: &[Step],
    told: Option<PreferenceBy>,
    unknown: &mut Option<bool>,
) -> (Option<PreferenceBy>, Option<(Box<Flight>, u16)>) {
    match steps {
        [] => return (None, None),
        [_] => return (Some(PreferenceBy::Single), None),
        [_, _, ..] => {}
    }
    if !question.ours {
        return (Some(PreferenceBy::Server), None);
    }
    if told.is_some() {
        return (told, None);
    }
    let accepted: Vec<u16> = steps.iter().map(|step| step.chosen).collect();
    let Question {
        template: mut hello,
        version,
        sure,
        ours: _,
    } = question;
    hello.suites = accepted.iter().rev().copied().collect();
    hello.grease = version > Version::Ssl3 && unknown.is_none();
    let mut outcome = prober.ask(&hello, Purpose::Enumeration).await;
    if hello.grease {
        match &outcome {
            Outcome::Accepted(_) => *unknown = Some(true),
            // All that it offers was accepted before.
            Outcome::Refused(_) if sure => *unknown = Some(false),
            Outcome::Refused(_) | Outcome::Unclear(_) => {}
        }
        if sure && !matches!(outcome, Outcome::Accepted(_)) {
            hello.grease = false;
            outcome = prober.ask(&hello, Purpose::Enumeration).await;
        }
    }
    let Outcome::Accepted(flight) = outcome else {
        return (None, None);
    };
    match choice(&flight, &hello, version) {
        Some(suite) => (decider(suite, &accepted), Some((flight, suite))),
        None => (None, None),
    }
}

/// Whether each step chose what stood first in our offer, of all that is accepted and was
/// possible in that step.
pub(super) fn are_ours(steps: &[Step], possible: impl Fn(&Step, u16) -> bool) -> bool {
    steps.iter().all(|step| {
        let accepted = |suite: &&u16| {
            step.chosen == **suite
                || steps.iter().any(|step| step.chosen == **suite) && possible(step, **suite)
        };
        step.offered.iter().find(accepted) == Some(&step.chosen)
    })
}

/// Who chose a suite when all that are accepted were offered in the reverse of
/// the order in which they were found.
pub(super) fn decider(chosen: u16, found: &[u16]) -> Option<PreferenceBy> {
    match found {
        [first, .., _] if chosen == *first => Some(PreferenceBy::Server),
        [_, .., last] if chosen == *last => Some(PreferenceBy::Client),
        _ => None,
    }
}

/// The suite that was chosen, if version and suite were offered.
pub(super) fn choice(flight: &Flight, hello: &ClientHello, version: Version) -> Option<u16> {
    let chosen = flight.hello.as_ref()?;
    let offered = chosen.version() == Some(version) && hello.suites.contains(&chosen.suite);
    offered.then_some(chosen.suite)
}

pub(super) fn is_older(flight: &Flight, version: Version) -> bool {
    let chosen = flight.hello.as_ref().and_then(|hello| hello.version());
    chosen.is_some_and(|chosen| chosen < version)
}

pub(super) fn malformed() -> NetError {
    NetError::new(
        GapReason::Malformed,
        "the server chose what was not offered",
    )
}

/// Suites to offer in a version, the likeliest first; with or without a
/// shared secret.
pub(super) fn candidates(version: Version, shared: bool) -> Vec<u16> {
    let mut wanted: Vec<&Suite> = suites::all()
        .iter()
        .filter(|suite| suite.legal_in(version))
        .filter(|suite| (suite.authentication == Authentication::Shared) == shared)
        .collect();
    wanted.sort_by_key(|suite| {
        let exchange = match suite.key_exchange {
            "any" | "ECDHE" => 0,
            "DHE" => 1,
            "RSA" => 2,
            _ => 3,
        };
        let usual = ["AES_128", "AES_256", "CHACHA20", "3DES_EDE", "RC4_128"];
        let cipher = usual.iter().position(|cipher| *cipher == suite.cipher);
        let odd = suite.export || suite.anonymous() || cipher.is_none();
        (odd, exchange, cipher, suite.id)
    });
    wanted.iter().map(|suite| suite.id).collect()
}

/// Whether a suite needs a secret known beforehand.
pub(super) fn is_shared(id: u16) -> bool {
    suites::by_id(id).is_some_and(|suite| suite.authentication == Authentication::Shared)
}
