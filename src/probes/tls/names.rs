//! How a server answers clients that name no host, and those that name a wrong one
//! (RFC 6066 section 3).

use std::sync::Arc;
use tokio::time::sleep;

use super::enumerate::{Enumeration, newest_older};
use super::exchange::{Ask, Endpoint, Purpose};
use super::facts::NameAnswer;
use super::handshakes::{Handshakes, attempt};
use super::jobs::{PAUSE, is_final};
use super::prober::{Outcome, Prober};
use super::signatures;
use crate::model::gap::GapReason;
use crate::net::{
    NetError,
    tls::{Attempt, HandshakeError, Offer, Zlib},
};
use crate::wire::tls::{Version, client_hello::ClientHello};

/// A host that exists nowhere (RFC 6761 section 6.4).
const NOBODY: &str = "nobody.invalid";

/// What a server answers to other names.
pub(super) struct Names {
    pub(super) without: Result<NameAnswer, NetError>,
    pub(super) wrong: Result<NameAnswer, NetError>,
    pub(super) schemes: Vec<u16>,
    pub(super) zlib: Option<Arc<Zlib>>,
}

/// Asks with no name and with a wrong one. What is `seen` are the first handshake, and
/// one that showed an RSA key where the server has such a key.
pub(super) async fn names<A: Ask>(
    endpoint: &Endpoint<'_>,
    prober: &Prober<'_, A>,
    offer: &Offer,
    seen: [&Attempt; 2],
) -> Names {
    let zlib = Zlib::borrow().map(Arc::new);
    // Each of the two shows one more scheme on the way.
    let mut left = signatures::left(seen[1]).into_iter();
    let unnamed = Offer {
        names_host: false,
        pss: left.next(),
        sessions: None,
        compression: zlib.clone(),
        ..offer.clone()
    };
    let wrong = Offer {
        names_host: true,
        pss: left.next(),
        ..unnamed.clone()
    };
    let leaves = seen.map(|attempt| attempt.certificates.first());
    let ((without, one), (wrong, other)) = tokio::join!(
        answer(endpoint, prober, &endpoint.host, &unnamed, leaves),
        answer(endpoint, prober, NOBODY, &wrong, leaves),
    );
    Names {
        without,
        wrong,
        schemes: one.into_iter().chain(other).collect(),
        zlib,
    }
}

/// What a server answers to a name, or to none, and the scheme of
/// [`Offer::pss`] if it signed with that. Where it refuses, the scheme may be
/// the reason, and it is asked again with all.
async fn answer<A: Ask>(
    endpoint: &Endpoint<'_>,
    prober: &Prober<'_, A>,
    name: &str,
    offer: &Offer,
    leaves: [Option<&Vec<u8>>; 2],
) -> (Result<NameAnswer, NetError>, Option<u16>) {
    if let Some(scheme) = offer.pss
        && let Ok(attempt) = attempt(endpoint, name, offer).await
        && let (Some(seen), Ok(agreed)) = (attempt.certificates.first(), &attempt.result)
        && agreed.version == Version::Tls13.code()
        && attempt.scheme == Some(scheme)
    {
        let answer = match Some(seen) == leaves[1] {
            true => NameAnswer::SameCertificate,
            false => NameAnswer::OtherCertificate,
        };
        return (Ok(answer), Some(scheme));
    }
    let offer = Offer {
        pss: None,
        ..offer.clone()
    };
    (
        answer_to_all(endpoint, prober, name, &offer, leaves[0]).await,
        None,
    )
}

/// What a server answers to a name, or to none.
async fn answer_to_all<A: Ask>(
    endpoint: &Endpoint<'_>,
    prober: &Prober<'_, A>,
    name: &str,
    offer: &Offer,
    leaf: Option<&Vec<u8>>,
) -> Result<NameAnswer, NetError> {
    let mut last = NetError::new(GapReason::Internal, "no attempt");
    for again in [false, true] {
        if again {
            sleep(PAUSE).await;
        }
        let attempt = match attempt(endpoint, name, offer).await {
            Ok(attempt) => attempt,
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                last = error;
                continue;
            }
        };
        match (attempt.certificates.first(), &attempt.result) {
            (Some(seen), _) if Some(seen) == leaf => return Ok(NameAnswer::SameCertificate),
            (Some(_), _) => return Ok(NameAnswer::OtherCertificate),
            (None, Err(HandshakeError::Alert(_) | HandshakeError::Incompatible(_))) => {
                return Ok(NameAnswer::Refused);
            }
            // Closing twice, while other hellos get answers, is a refusal.
            (None, Err(HandshakeError::Closed)) if again => {
                return prober
                    .confirm_alive(Purpose::Other)
                    .await
                    .map(|()| NameAnswer::Refused);
            }
            (None, Err(HandshakeError::Net(error)))
                if error.reason == GapReason::Reset && again =>
            {
                return prober
                    .confirm_alive(Purpose::Other)
                    .await
                    .map(|()| NameAnswer::Refused);
            }
            (None, Err(error)) => last = error.into(),
            (None, Ok(_)) => last = no_certificate(),
        }
    }
    Err(last)
}

/// Asks both by hellos of the newest version below TLS 1.3, where the server refuses all
/// clients of today and a refusal says nothing about names.
pub(super) async fn names_by_hello<A: Ask>(
    prober: &Prober<'_, A>,
    found: &Enumeration,
    handshakes: &mut Handshakes,
) {
    let Some(hello) = newest_older(prober, found) else {
        return;
    };
    let ask = async |name: Option<&str>| {
        let hello = ClientHello {
            server_name: name.map(str::to_owned),
            ..hello.clone()
        };
        match prober.ask(&hello, Purpose::Other).await {
            Outcome::Refused(_) => Ok(NameAnswer::Refused),
            Outcome::Unclear(error) => Err(error),
            Outcome::Accepted(flight) => {
                let leaf = flight.certificates.as_ref().and_then(|sent| sent.first());
                let mut known = found.chains.iter().map(|chain| chain.certificates.first());
                match leaf {
                    None => Err(no_certificate()),
                    Some(_) if known.any(|known| known == leaf) => Ok(NameAnswer::SameCertificate),
                    Some(_) => Ok(NameAnswer::OtherCertificate),
                }
            }
        }
    };
    (handshakes.without_name, handshakes.wrong_name) = tokio::join!(ask(None), ask(Some(NOBODY)));
}

/// What stands for both until then.
pub(super) fn all_refused() -> Names {
    let error = NetError::new(
        GapReason::TlsFailed,
        "it refuses clients of today whatever the name",
    );
    Names {
        without: Err(error.clone()),
        wrong: Err(error),
        schemes: Vec::new(),
        zlib: None,
    }
}

fn no_certificate() -> NetError {
    NetError::new(GapReason::TlsFailed, "no certificate was sent")
}
