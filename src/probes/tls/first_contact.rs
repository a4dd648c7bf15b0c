//! The handshake of one modern client, and what to make of its failure.

use rustls::pki_types::ServerName;
use std::sync::Arc;
use tokio::time::sleep;

use super::enumerate::Agreed;
use super::exchange::{Ask, Endpoint, OpenError, Purpose, Reply};
use super::jobs::{Contact, FIRST_CONTACT, PAUSE, is_final};
use super::limited::Held;
use super::prober::Prober;
use crate::model::{gap::GapReason, level::Level};
use crate::net::{
    NetError,
    tls::{Agreement, Attempt, HandshakeError, Offer, Sessions, provider},
};
use crate::wire::tls::{Version, client_hello::ClientHello, groups, suites};

/// What came of it.
pub struct First {
    /// What the server is.
    pub contact: Contact,
    /// The handshake that told it.
    pub attempt: Option<Attempt>,
    /// What was offered in it.
    pub offer: Offer,
    /// Whether it needed a smaller hello; `None` where that cannot be said.
    pub needs_small: Option<bool>,
}

impl First {
    fn agreement(&self) -> Option<&Agreement> {
        self.attempt.as_ref()?.result.as_ref().ok()
    }

    /// Whether the handshake was completed.
    pub fn agreed(&self) -> bool {
        self.agreement().is_some()
    }

    /// The version agreed on.
    pub fn version(&self) -> Option<Version> {
        Version::from_code(self.agreement()?.version)
    }

    /// What was agreed on; `None` without a group.
    pub fn agreed_on(&self) -> Option<Agreed> {
        let agreement = self.agreement()?;
        let offered = provider().cipher_suites;
        Some(Agreed {
            group: agreement.group?,
            suite: agreement.suite,
            offered: offered.iter().map(|one| one.suite().into()).collect(),
        })
    }

    /// The application protocol agreed on.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.agreement()?.alpn.as_deref()
    }
}

/// The handshake of one modern client; where it fails, once more with a
/// smaller hello, and from level standard on with a plain old one.
pub async fn first_contact<A: Ask>(
    endpoint: &Endpoint<'_>,
    offer: &Offer,
    prober: &Prober<'_, A>,
    level: Level,
) -> (First, Option<Held>) {
    let mut offer = offer.clone();
    if level >= Level::Standard {
        offer.sessions = Some(Arc::new(Sessions::default()));
    }
    let done = |contact, attempt: Option<Attempt>, offer: Offer| {
        let first = First {
            needs_small: attempt.as_ref().map(|_| offer.small),
            contact,
            attempt,
            offer,
        };
        (first, None)
    };
    let name = match ServerName::try_from(endpoint.host.clone()) {
        Ok(name) => name,
        Err(_) => {
            let detail = format!("{} is no name for a TLS server", endpoint.host);
            let error = NetError::new(GapReason::Unresolved, detail);
            return done(Contact::Unseen(error), None, offer);
        }
    };
    let mut failure = None;
    for small in [false, true] {
        offer.small = small;
        if small {
            sleep(PAUSE).await;
        }
        let (attempt, live) = match endpoint
            .handshake_and_hold(name.clone(), &offer, FIRST_CONTACT)
            .await
        {
            Ok(done) => done,
            Err(OpenError::NoTls) => return done(Contact::NoTls, None, offer),
            Err(OpenError::Net(error)) if error.is_refused() => {
                return done(Contact::NoTls, None, offer);
            }
            Err(OpenError::Net(error)) => return done(Contact::Unseen(error), None, offer),
        };
        match &attempt.result {
            Ok(_) => return (done(Contact::Agreed, Some(attempt), offer).0, live),
            Err(error @ (HandshakeError::Alert(_) | HandshakeError::Incompatible(_))) => {
                let error = NetError::from(error);
                return done(Contact::Refused(error), Some(attempt), offer);
            }
            Err(HandshakeError::Net(error)) if is_final(error) => {
                return done(Contact::Unseen(error.clone()), None, offer);
            }
            Err(error) => {
                let not_tls = matches!(error, HandshakeError::Invalid(_));
                failure = Some(NetError::from(error));
                if not_tls {
                    break;
                }
            }
        }
    }
    let failure = failure.unwrap_or_else(|| NetError::new(GapReason::Internal, "no attempt"));
    let silent = failure.reason == GapReason::Timeout;
    if silent || (level == Level::Passive && failure.reason != GapReason::Malformed) {
        return done(Contact::Unseen(failure), None, offer);
    }
    // Is it TLS at all? Servers older than TLS 1.2 may choke on newer hellos.
    for version in [Version::Tls12, Version::Tls10] {
        let hello = general_hello(prober, version);
        match endpoint
            .ask(&hello.encode(), Purpose::Enumeration, FIRST_CONTACT)
            .await
        {
            Reply::NotTls => return done(Contact::NoTls, None, offer),
            Reply::Flight(_) => {
                prober.set_known_good(&hello);
                return done(Contact::Unclear(failure), None, offer);
            }
            Reply::Alert(_) => return done(Contact::Unclear(failure), None, offer),
            Reply::Closed => {}
            Reply::Failed(error) if is_final(&error) || error.reason == GapReason::Timeout => break,
            Reply::Failed(_) => {}
        }
    }
    done(Contact::Unseen(failure), None, offer)
}

/// A hello with the usual suites and groups of a version.
pub fn general_hello<A: Ask>(prober: &Prober<'_, A>, version: Version) -> ClientHello {
    let mut hello = prober.hello(version);
    hello.suites = suites::all()
        .iter()
        .filter(|suite| suite.legal_in(version) && suite.cipher.starts_with("AES"))
        .filter(|suite| matches!(suite.key_exchange, "any" | "ECDHE" | "DHE" | "RSA"))
        .map(|suite| suite.id)
        .collect();
    hello.groups = groups::all()
        .iter()
        .filter(|group| match version {
            Version::Tls13 => group.in_tls13(),
            _ => group.curve_before_tls13(),
        })
        .map(|group| group.id)
        .collect();
    hello
}
