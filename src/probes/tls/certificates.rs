//! Servers with a certificate of each kind of key.

use rustls::pki_types::ServerName;
use tokio::time::sleep;

use super::exchange::{Ask, Endpoint, OpenError, Purpose};
use super::jobs::{FIRST_CONTACT, PAUSE, is_final};
use super::prober::Prober;
use crate::model::gap::GapReason;
use crate::net::{
    NetError,
    tls::{Attempt, CertificateKind, HandshakeError, Offer},
};
use crate::wire::x509::Certificate;

/// Whether a handshake showed a certificate with an RSA key.
pub fn is_rsa(attempt: &Attempt) -> bool {
    let leaf = attempt.certificates.first();
    let leaf = leaf.and_then(|der| Certificate::read(der).ok());
    leaf.is_some_and(|leaf| leaf.key.algorithm == "rsa")
}

/// A handshake that accepts only the kind of certificate that was not seen.
pub async fn other_certificate<A: Ask>(
    endpoint: &Endpoint<'_>,
    prober: &Prober<'_, A>,
    offer: &Offer,
    first: &Attempt,
) -> Result<Option<Attempt>, NetError> {
    let leaf = first.certificates.first();
    let (Some(leaf), Ok(name)) = (leaf, ServerName::try_from(endpoint.host.clone())) else {
        return Ok(None);
    };
    let offer = Offer {
        certificates: if is_rsa(first) {
            CertificateKind::Ecdsa
        } else {
            CertificateKind::Rsa
        },
        sessions: None,
        ..offer.clone()
    };
    let mut last = None;
    for tries in 0..3 {
        if tries > 0 {
            sleep(PAUSE).await;
        }
        let attempt = match endpoint
            .handshake(name.clone(), &offer, FIRST_CONTACT)
            .await
        {
            Ok(attempt) => attempt,
            Err(OpenError::Net(error)) if is_final(&error) => return Err(error),
            Err(OpenError::Net(error)) => {
                last = Some(error);
                continue;
            }
            Err(OpenError::NoTls) => {
                let detail = "STARTTLS is offered at times only";
                return Err(NetError::new(GapReason::Malformed, detail));
            }
        };
        match &attempt.result {
            _ if attempt
                .certificates
                .first()
                .is_some_and(|other| other != leaf) =>
            {
                return Ok(Some(attempt));
            }
            Ok(_) | Err(HandshakeError::Alert(_) | HandshakeError::Incompatible(_)) => {
                return Ok(None);
            }
            Err(HandshakeError::Net(error)) if is_final(error) => return Err(error.clone()),
            // Closing twice, while other hellos get answers, is a refusal.
            Err(HandshakeError::Closed) if tries > 0 => {
                return prober.confirm_alive(Purpose::Other).await.map(|()| None);
            }
            Err(error) => last = Some(error.into()),
        }
    }
    Err(last.unwrap_or_else(|| NetError::new(GapReason::Internal, "no attempt")))
}
