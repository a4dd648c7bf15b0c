//! What clients of the catalogue end up with at a TLS endpoint, for a person.

use std::fmt::Write as _;

use super::prose::{count, paragraph};
use crate::model::gap::Gap;
use crate::probes::tls::facts::{
    ClientDoubtName, ClientOutcome, ClientRefusal, ClientStanding, TlsEndpoint,
};

/// Width of the name of a client.
const NAME: usize = 34;
/// Below this width, in columns, what a client gets stands under its name.
const NARROW: usize = 100;

/// Groups of clients as they are shown, with their heading.
const STANDINGS: [(ClientStanding, &str); 4] = [
    (ClientStanding::Current, "Kept up to date"),
    (ClientStanding::Aging, "Without updates, still met"),
    (ClientStanding::Obsolete, "Hardly met any more"),
    (ClientStanding::Program, "Programs"),
];

/// The outcomes at an endpoint: a line for each standing with who is shut out, or with
/// `all` a line for each client. `at` is the place of the endpoint among the gaps.
pub fn clients(endpoint: &TlsEndpoint, at: &str, gaps: &[Gap], all: bool, width: usize) -> String {
    let mut text = String::new();
    let Some(outcomes) = endpoint.clients.known().filter(|list| !list.is_empty()) else {
        return text;
    };
    text.push_str("  Clients\n");
    for (standing, heading) in STANDINGS {
        let of: Vec<(usize, &ClientOutcome)> = outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| outcome.standing == standing)
            .collect();
        if of.is_empty() {
            continue;
        }
        summary(&mut text, heading, &of, width);
        if all {
            for (number, outcome) in of {
                let place = format!("{at}/clients/{number}/connects");
                let gap = gaps.iter().find(|gap| gap.at == place);
                line(&mut text, outcome, gap, width);
            }
        }
    }
    text
}

/// How many connect, and the names of those that do not.
fn summary(text: &mut String, heading: &str, of: &[(usize, &ClientOutcome)], width: usize) {
    let with = |wanted: Option<bool>| {
        let outcomes = of.iter().map(|(_, outcome)| *outcome);
        let found = outcomes.filter(move |one| one.connects.known().copied() == wanted);
        found.collect::<Vec<_>>()
    };
    let (connect, refused, open) = (with(Some(true)), with(Some(false)), with(None));
    let mut parts = vec![format!("{} of {} connect", connect.len(), of.len())];
    let names = |list: &[&ClientOutcome]| {
        let names: Vec<&str> = list.iter().map(|outcome| outcome.name.as_str()).collect();
        names.join(", ")
    };
    if !refused.is_empty() {
        parts.push(format!("shut out: {}", names(&refused)));
    }
    if !open.is_empty() {
        parts.push(format!("not determined: {}", names(&open)));
    }
    let plain = connect
        .iter()
        .filter(|outcome| outcome.forward_secret == Some(false));
    let plain = plain.count();
    if plain > 0 {
        parts.push(format!(
            "{} without forward secrecy",
            count(plain, "client")
        ));
    }
    let line = format!("{heading}: {}", parts.join("; "));
    paragraph(text, 4, &line, width);
}

/// One client and what it gets.
fn line(text: &mut String, outcome: &ClientOutcome, gap: Option<&Gap>, width: usize) {
    let got = match outcome.connects.known() {
        Some(true) => agreed(outcome),
        Some(false) => match outcome.refused {
            Some(refusal) => format!("shut out: {}", words(refusal)),
            None => "shut out".to_owned(),
        },
        None => {
            let because = gap.map(|gap| match &gap.detail {
                Some(detail) => detail.clone(),
                None => gap.reason.words().to_owned(),
            });
            format!("not determined: {}", because.unwrap_or_default())
        }
    };
    if width < NARROW {
        paragraph(text, 6, &outcome.name, width);
        paragraph(text, 10, &got, width);
    } else {
        let mut broken = String::new();
        paragraph(&mut broken, 6 + NAME + 1, &got, width);
        let rest = broken.get(6 + NAME + 1..).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(text, "      {:<NAME$} {rest}", outcome.name);
    }
}

fn agreed(outcome: &ClientOutcome) -> String {
    let either = |list: &[String]| list.join(" or ");
    let mut parts = Vec::new();
    if let Some(version) = outcome.version {
        parts.push(super::tls_table::word(version));
    }
    parts.push(either(&outcome.suites));
    for list in [&outcome.groups, &outcome.certificates] {
        if !list.is_empty() {
            parts.push(either(list));
        }
    }
    let doubts = outcome.open.iter().map(|doubt| doubt_words(doubt.name));
    let doubts: Vec<&str> = doubts.collect();
    let mut text = parts.join(", ");
    if !doubts.is_empty() {
        let _ = write!(text, " ({})", doubts.join("; "));
    }
    if outcome.forward_secret == Some(false) {
        text.push_str(", not forward secret");
    }
    text
}

fn words(refusal: ClientRefusal) -> &'static str {
    match refusal {
        ClientRefusal::NoCommonVersion => "no version in common",
        ClientRefusal::NoCommonSuite => "no suite in common",
        ClientRefusal::NoCommonGroup => "no group in common",
        ClientRefusal::NoUsableCertificate => "it can use none of the certificates",
        ClientRefusal::NoServerName => "it names no host, which the server demands",
        ClientRefusal::HelloTooLarge => "the server does not answer a hello as large as its",
        ClientRefusal::FiniteFieldTooSmall => "the finite field is too small for it",
        ClientRefusal::FiniteFieldTooLarge => "the finite field is too large for it",
        ClientRefusal::CertificateKeyTooSmall => "the key of the certificate is too short for it",
        ClientRefusal::NoSecureRenegotiation => "it demands secure renegotiation",
    }
}

fn doubt_words(doubt: ClientDoubtName) -> &'static str {
    match doubt {
        ClientDoubtName::SuiteOrder => "which suite was not seen",
        ClientDoubtName::ChachaPriority => "whether it yields to this client was not seen",
        ClientDoubtName::GroupOrder => "which group was not seen",
        ClientDoubtName::KeyShare => "the group in hand or the one liked better",
        ClientDoubtName::CertificateChoice => "whichever certificate it takes",
        ClientDoubtName::MoreSuites => "there may be more suites",
    }
}
