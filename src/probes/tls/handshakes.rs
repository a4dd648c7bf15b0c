//! Handshakes by rustls beyond the first: with no name and with a wrong one,
//! taken up again, with another application protocol.

use rustls::pki_types::ServerName;
use std::sync::Arc;

use super::certificates::{is_rsa, other_certificate};
use super::enumerate::{SuiteFacts, VersionFacts};
use super::exchange::{Ask, Endpoint, OpenError};
use super::facts::NameAnswer;
use super::first_contact::First;
use super::jobs::FIRST_CONTACT;
use super::limited::Held;
use super::names::{all_refused, names};
use super::prober::Prober;
use crate::model::gap::GapReason;
use crate::net::{
    NetError,
    tls::{Attempt, HandshakeError, Offer, Sessions, Versions},
};
use crate::wire::tls::{Version, suites};

/// What these handshakes showed.
#[derive(Debug)]
pub struct Handshakes {
    /// With no name.
    pub without_name: Result<NameAnswer, NetError>,
    /// With a name that exists nowhere.
    pub wrong_name: Result<NameAnswer, NetError>,
    /// Whether certificates come compressed; `None` without TLS 1.3.
    pub compresses: Option<bool>,
    /// Whether TLS 1.3 was taken up again, and early data accepted; `None`
    /// where the first handshake was not TLS 1.3.
    pub tls13: Option<Result<(bool, bool), NetError>>,
    /// Schemes with which an RSA key signed TLS 1.3 when no other was offered.
    pub schemes: Vec<u16>,
}

/// Makes those that need nothing but the first one, which is `attempt`; and one for
/// the other kind of certificate.
pub async fn handshakes<A: Ask>(
    endpoint: &Endpoint<'_>,
    prober: &Prober<'_, A>,
    first: &First,
    attempt: &Attempt,
    live: Option<Held>,
) -> (Result<Option<Attempt>, NetError>, Handshakes) {
    let other = other_certificate(endpoint, prober, &first.offer, attempt);
    let names = async {
        if attempt.certificates.is_empty() {
            return (other.await, all_refused());
        }
        if is_rsa(attempt) {
            let names = names(endpoint, prober, &first.offer, [attempt, attempt]);
            return tokio::join!(other, names);
        }
        // With the other kind, the names show schemes of an RSA key too.
        let other = other.await;
        let rsa = other.as_ref().ok().and_then(Option::as_ref);
        let seen = [attempt, rsa.unwrap_or(attempt)];
        let names = names(endpoint, prober, &first.offer, seen).await;
        (other, names)
    };
    let ((other, names), tls13) = tokio::join!(names, resume_tls13(endpoint, first, live));
    let in_tls13 = first.version() == Some(Version::Tls13);
    let agreed = names.without.as_ref().or(names.wrong.as_ref());
    let agreed = agreed.is_ok_and(|answer| *answer != NameAnswer::Refused);
    let handshakes = Handshakes {
        compresses: names
            .zlib
            .filter(|_| in_tls13 && agreed)
            .map(|zlib| zlib.was_used()),
        without_name: names.without,
        wrong_name: names.wrong,
        tls13,
        schemes: names.schemes,
    };
    (other, handshakes)
}

/// Makes a handshake for a name.
pub(super) async fn attempt(
    endpoint: &Endpoint<'_>,
    name: &str,
    offer: &Offer,
) -> Result<Attempt, NetError> {
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| NetError::new(GapReason::Internal, "no name for a TLS server"))?;
    match endpoint.handshake(name, offer, FIRST_CONTACT).await {
        Ok(attempt) => Ok(attempt),
        Err(OpenError::Net(error)) => Err(error),
        Err(OpenError::NoTls) => Err(NetError::new(
            GapReason::Malformed,
            "STARTTLS is offered at times only",
        )),
    }
}

/// Takes up the session of the first handshake, if it was TLS 1.3.
async fn resume_tls13(
    endpoint: &Endpoint<'_>,
    first: &First,
    live: Option<Held>,
) -> Option<Result<(bool, bool), NetError>> {
    let sessions = first.offer.sessions.as_ref()?;
    if first.version() != Some(Version::Tls13) {
        return None;
    }
    if let Some(live) = live {
        sessions.wait_for_ticket(live).await;
    }
    if !sessions.any() {
        return Some(Ok((false, false)));
    }
    Some(resume(endpoint, &first.offer).await)
}

/// Makes a handshake that may take up a session.
async fn resume(endpoint: &Endpoint<'_>, offer: &Offer) -> Result<(bool, bool), NetError> {
    let attempt = attempt(endpoint, &endpoint.host, offer).await?;
    match &attempt.result {
        Ok(agreement) => Ok((agreement.resumed, agreement.early_data)),
        Err(error) => Err(error.into()),
    }
}

/// Whether our client has a suite of TLS 1.2.
fn is_modern(suite: &SuiteFacts) -> bool {
    suites::by_id(suite.id).is_some_and(|suite| {
        suite.key_exchange == "ECDHE" && matches!(suite.mode, "GCM" | "POLY1305")
    })
}

/// What handshakes showed that need to know which versions are accepted.
#[derive(Debug, Default)]
pub struct Later {
    /// Whether a session of TLS 1.2 was taken up by its id; `None` when it was not tried.
    pub tls12_id: Option<Result<bool, NetError>>,
    /// The application protocol chosen when `http/1.1` alone was offered, or that
    /// none was; `None` when it was not tried.
    pub plain_alpn: Option<Result<Option<Vec<u8>>, NetError>>,
    /// The scheme that signed the handshake of TLS 1.2, where one was asked for.
    pub tls12_scheme: Option<u16>,
}

/// Makes them. `gives_id` says whether sessions of TLS 1.2 get an id at all,
/// where TLS 1.2 is accepted; `scheme` is one that the server is likely to sign with.
pub async fn later(
    endpoint: &Endpoint<'_>,
    first: &First,
    tls12: Option<&VersionFacts>,
    gives_id: Option<bool>,
    scheme: Option<u16>,
) -> Later {
    let modern = tls12.is_some_and(|facts| facts.suites.iter().any(is_modern));
    let tls12 = tls12.is_some();
    let chose_h2 = first.alpn() == Some(b"h2");
    let mut found = Later::default();
    let plain = Offer {
        alpn: match first.offer.alpn.is_empty() {
            true => Vec::new(),
            false => vec![b"http/1.1".to_vec()],
        },
        sessions: None,
        ..first.offer.clone()
    };
    if tls12 && gives_id != Some(false) && !modern {
        let detail = "our client has none of the server's suites of TLS 1.2";
        found.tls12_id = Some(Err(NetError::new(GapReason::TlsFailed, detail)));
    } else if tls12 && gives_id != Some(false) {
        let sessions = Arc::new(Sessions::default());
        let mut offer = Offer {
            versions: Versions::Tls12WithIds,
            sessions: Some(sessions.clone()),
            pss: scheme,
            ..plain.clone()
        };
        let mut one = attempt(endpoint, &endpoint.host, &offer).await;
        if one.as_ref().is_ok_and(|attempt| attempt.result.is_ok()) {
            found.tls12_scheme = one.as_ref().ok().and_then(|attempt| attempt.scheme);
        } else if offer.pss.take().is_some() {
            // Perhaps for the scheme.
            one = attempt(endpoint, &endpoint.host, &offer).await;
        }
        let one = one.and_then(|attempt| attempt.result.map_err(|error| NetError::from(&error)));
        // Refused for its suites, say: that tells nothing of protocols.
        let refused = one
            .as_ref()
            .is_err_and(|error| error.reason == GapReason::Refused);
        found.plain_alpn = (!refused).then(|| one.clone().map(|agreement| agreement.alpn));
        found.tls12_id = Some(match one {
            Err(error) => Err(error),
            Ok(_) if !sessions.any() => Ok(false),
            Ok(_) => resume(endpoint, &offer).await.map(|(resumed, _)| resumed),
        });
    } else if tls12 {
        found.tls12_id = Some(Ok(false));
    }
    if found.plain_alpn.is_none() && chose_h2 {
        let one = attempt(endpoint, &endpoint.host, &plain).await;
        found.plain_alpn = Some(one.and_then(|attempt| match attempt.result {
            Ok(agreement) => Ok(agreement.alpn),
            Err(HandshakeError::Alert(_)) => Ok(None),
            Err(error) => Err(NetError::from(&error)),
        }));
    }
    found
}
