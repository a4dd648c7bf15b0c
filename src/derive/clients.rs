//! What would each client of a catalogue end up with at an endpoint? (RFC 8446
//! section 4.1, RFC 5246 section 7.4.1)
//!
//! No connection is made for it: the facts say which versions, suites, groups and
//! signatures the server accepts and who decides their order, and a client's hello
//! is known. Where they do not decide, nothing is guessed: several outcomes are
//! told with the reason, or whether it connects stays a gap.
//!
//! It stands here and not in the judging, because verdicts are about saved facts
//! that everybody can read, and because the edition of the catalogue is one of
//! the tables that a run names in its header.

mod offer;
mod suites;

use self::offer::Endpoint;
use self::suites::{Deal, Possible};
use super::typed;
use crate::model::{
    gap::{Gap, GapReason},
    level::Area,
    observation::Observation,
    seen::Seen,
};
use crate::probes::tls::facts::{
    ClientDoubt, ClientDoubtName, ClientOutcome, ClientRefusal, ClientStanding, EndpointPurpose,
    NameAnswer, TlsFacts, VersionName,
};
pub use crate::wire::tls::client::Client;
use crate::wire::tls::{Version, client::Standing};

/// Hellos up to this length, in bytes with their record header, are what every server takes.
const SMALL_HELLO: u32 = 516;

/// Why it is open whether a client connects: reason and detail of the gap.
type Open = (GapReason, String);

/// Fills `clients` of every endpoint.
pub(super) fn join(observation: &mut Observation, clients: &[Client]) {
    let Some(mut tls) = typed::<TlsFacts>(observation, Area::Tls) else {
        return;
    };
    let gaps = fill(&mut tls, &observation.gaps, clients);
    if let Ok(value) = serde_json::to_value(&tls) {
        observation.facts.insert(Area::Tls, value);
        observation.gaps.extend(gaps);
    }
}

/// Fills `clients` of every endpoint of the facts, and gives the gaps of what stays
/// open. `gaps` are those of the facts themselves.
pub fn fill(tls: &mut TlsFacts, gaps: &[Gap], clients: &[Client]) -> Vec<Gap> {
    let mut found = Vec::new();
    let endpoints = tls.endpoints.known_mut();
    for (number, endpoint) in endpoints.into_iter().flatten().enumerate() {
        let at = format!("/tls/endpoints/{number}");
        let idle = endpoint.purpose == EndpointPurpose::Smtp;
        if idle || endpoint.speaks_tls.known() == Some(&false) {
            endpoint.clients = Seen::Known(Vec::new());
            continue;
        }
        let server = Endpoint {
            facts: endpoint,
            gaps,
            at: at.clone(),
        };
        // Nothing of it was seen, and a gap of the endpoint says why.
        if gaps.iter().any(|gap| gap.at == at) {
            continue;
        }
        if endpoint.speaks_tls.is_unseen() || endpoint.preference.is_unseen() {
            found.push(Gap {
                at: format!("{at}/clients"),
                reason: server.why("preference").0,
                detail: Some("handshakes were not enumerated".to_owned()),
            });
            continue;
        }
        let mut outcomes = Vec::new();
        for client in clients {
            let result = outcome(client, &server);
            if let Err((reason, detail)) = &result {
                found.push(Gap {
                    at: format!("{at}/clients/{}/connects", outcomes.len()),
                    reason: *reason,
                    detail: Some(detail.clone()),
                });
            }
            outcomes.push(facts_of(client, result));
        }
        endpoint.clients = Seen::Known(outcomes);
    }
    found
}

/// What a client ends up with at a server.
fn outcome(client: &Client, server: &Endpoint<'_>) -> Result<Result<Deal, ClientRefusal>, Open> {
    if let Some(refusal) = hello_refused(client, server)? {
        return Ok(Err(refusal));
    }
    let Some(version) = newest_common(client, server)? else {
        return Ok(Err(ClientRefusal::NoCommonVersion));
    };
    match suites::possible(client, server, version)? {
        Possible::Deal(deal) => Ok(limits(client, server, *deal)?),
        Possible::Refused(refusal) => {
            let mut older = client.offer.versions.iter().filter(|own| **own < version);
            let may_go_lower = older.any(|older| {
                server.accepts(*older)
                    && !matches!(
                        suites::possible(client, server, *older),
                        Ok(Possible::Refused(_))
                    )
            });
            match may_go_lower {
                // RFC 5246 and RFC 8446 have it refuse; some servers look further.
                true => Err((
                    GapReason::NotAsked,
                    "nothing in common in the newest version that both have; whether it takes \
                     an older one then was not tried"
                        .to_owned(),
                )),
                false => Ok(Err(refusal)),
            }
        }
    }
}

/// Whether the hello itself is refused, whatever it offers.
fn hello_refused(client: &Client, server: &Endpoint<'_>) -> Result<Option<ClientRefusal>, Open> {
    let facts = server.facts;
    if client.offer.length > SMALL_HELLO {
        match facts.takes_large_hello.known() {
            Some(true) => {}
            Some(false) => return Ok(Some(ClientRefusal::HelloTooLarge)),
            None => return Err(server.why("takes_large_hello")),
        }
    }
    if client.offer.grease {
        match facts.tolerates_unknown.known() {
            Some(true) => {}
            Some(false) => {
                let detail = "the server stumbles over values that nobody registered, and the \
                              client sends some";
                return Err((GapReason::NotAsked, detail.to_owned()));
            }
            None => return Err(server.why("tolerates_unknown")),
        }
    }
    if client.offer.server_name {
        return Ok(None);
    }
    match facts.without_name.known() {
        Some(NameAnswer::SameCertificate) => Ok(None),
        Some(NameAnswer::Refused) => Ok(Some(ClientRefusal::NoServerName)),
        Some(NameAnswer::OtherCertificate) => {
            let detail = "the client names no host, and is then shown another certificate";
            Err((GapReason::NotAsked, detail.to_owned()))
        }
        None => Err(server.why("without_name")),
    }
}

/// The newest version of both.
fn newest_common(client: &Client, server: &Endpoint<'_>) -> Result<Option<Version>, Open> {
    for version in client.offer.versions.iter().rev() {
        if server.accepts(*version) {
            return Ok(Some(*version));
        }
        if let Some(gap) = server.may_have_more("versions") {
            return Err(gap);
        }
    }
    Ok(None)
}

/// What the client says to the server's choice.
fn limits(
    client: &Client,
    server: &Endpoint<'_>,
    deal: Deal,
) -> Result<Result<Deal, ClientRefusal>, Open> {
    if client.limits.needs_secure_renegotiation && deal.version < Version::Tls13 {
        match server.facts.secure_renegotiation.known() {
            Some(Some(false)) => return Ok(Err(ClientRefusal::NoSecureRenegotiation)),
            Some(_) => {}
            None => return Err(server.why("secure_renegotiation")),
        }
    }
    let mut refusals = deal.choices.iter().map(|choice| &choice.refused);
    let first = refusals.next().cloned().unwrap_or(Ok(None));
    if refusals.any(|other| *other != first) {
        let detail = "the client accepts only some of what the server may choose";
        return Err((GapReason::NotAsked, detail.to_owned()));
    }
    Ok(match first? {
        Some(refusal) => Err(refusal),
        None => Ok(deal),
    })
}

fn facts_of(client: &Client, result: Result<Result<Deal, ClientRefusal>, Open>) -> ClientOutcome {
    let mut outcome = ClientOutcome {
        key: client.id.clone(),
        name: match client.platform.is_empty() {
            true => client.name.clone(),
            false => format!("{} ({})", client.name, client.platform),
        },
        standing: match client.standing {
            Standing::Current => ClientStanding::Current,
            Standing::Aging => ClientStanding::Aging,
            Standing::Obsolete => ClientStanding::Obsolete,
            Standing::Program => ClientStanding::Program,
        },
        connects: Seen::Unseen,
        refused: None,
        version: None,
        suites: Vec::new(),
        groups: Vec::new(),
        certificates: Vec::new(),
        forward_secret: None,
        open: Vec::new(),
    };
    match result {
        Err(_) => {}
        Ok(Err(refusal)) => {
            outcome.connects = Seen::Known(false);
            outcome.refused = Some(refusal);
        }
        Ok(Ok(deal)) => {
            outcome.connects = Seen::Known(true);
            outcome.version = Some(VersionName::from(deal.version));
            let mut doubts = deal.doubts;
            for choice in &deal.choices {
                add(&mut outcome.suites, std::slice::from_ref(&choice.suite));
                add(&mut outcome.groups, &choice.groups);
                add(&mut outcome.certificates, &choice.certificates);
                doubts.extend(&choice.doubts);
            }
            let mut secret = deal.choices.iter().map(|choice| choice.forward_secret);
            let first = secret.next();
            outcome.forward_secret = first.filter(|first| secret.all(|other| other == *first));
            doubts.sort_unstable();
            doubts.dedup();
            if doubts.contains(&ClientDoubtName::MoreSuites) {
                outcome.forward_secret = None;
            }
            outcome.open = doubts
                .into_iter()
                .map(|name| ClientDoubt { name })
                .collect();
        }
    }
    outcome
}

fn add(list: &mut Vec<String>, more: &[String]) {
    for one in more {
        if !list.contains(one) {
            list.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests;
