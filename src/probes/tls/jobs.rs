//! What each endpoint says, and in which order it is asked.

use std::{net::IpAddr, time::Duration};
use tokio::time::sleep;

use super::ech::{Ech, ech};
use super::enumerate::{Enumeration, Known, ask_left_scheme, begin, chacha_tls13, unknown};
use super::exchange::{Ask, Endpoint, Purpose, Reply};
use super::facts::EndpointPurpose;
use super::first_contact::{first_contact, general_hello};
use super::gate::blame_limits;
use super::handshakes::{Handshakes, Later, handshakes, later};
use super::http_upgrade::{Upgrade, http_upgrade};
use super::names::names_by_hello;
use super::prober::{Patience, Prober};
use super::protected::{Protected, protected};
use super::quic::quic;
use super::revocation::Revocations;
use super::signatures::{self, Signatures};
use super::starttls::Protocol;
use super::vulnerabilities::{Vulnerabilities, vulnerabilities};
use crate::model::{gap::GapReason, level::Level};
use crate::net::{
    NetError,
    tls::{Attempt, Offer},
};
use crate::wire::tls::Version;

/// Time for a handshake on first contact, so that a tarpit costs little.
pub(super) const FIRST_CONTACT: Duration = Duration::from_secs(4);
pub(super) const PAUSE: Duration = Duration::from_millis(400);

/// What all endpoints said.
#[derive(Debug, Default)]
pub struct Answers {
    /// One for each address, port and purpose.
    pub endpoints: Vec<EndpointAnswers>,
    /// Why there may be more endpoints.
    pub open: Vec<NetError>,
    /// Whether at least one look-up of endpoints succeeded.
    pub known: bool,
    /// What was learned about the revocation of certificates; nobody is asked
    /// below level standard.
    pub revocations: Revocations,
}

/// What one endpoint said.
#[derive(Debug)]
pub struct EndpointAnswers {
    /// The host.
    pub host: String,
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// What it serves.
    pub purpose: EndpointPurpose,
    /// How it answered a modern client.
    pub contact: Contact,
    /// Handshakes that completed, each with another kind of certificate.
    pub attempts: Vec<Attempt>,
    /// Why there may be certificates of other kinds.
    pub certificates_open: Option<NetError>,
    /// What it accepts; absent when it was not asked.
    pub enumeration: Option<Enumeration>,
    /// Whether it grants SSL 2.0; absent when it was not asked.
    pub ssl2: Option<Result<bool, NetError>>,
    /// The protocol that is upgraded to TLS.
    pub starttls: Option<Protocol>,
    /// Whether it needed a smaller hello than modern clients send; `None` where
    /// that cannot be said.
    pub needs_small: Option<bool>,
    /// Handshakes beyond the first; absent when none were made.
    pub handshakes: Option<Handshakes>,
    /// The protected part of TLS 1.3; absent where there is none.
    pub protected: Option<Protected>,
    /// What answered over UDP; absent where it was not asked.
    pub quic: Option<Result<Option<Vec<u32>>, NetError>>,
    /// What plain HTTP said when asked to go on as TLS; absent where it was not asked.
    pub http_upgrade: Option<Result<Option<Upgrade>, NetError>>,
    /// What came of an encrypted hello; absent where it was not asked.
    pub ech: Option<Result<Ech, NetError>>,
    /// Those that came last.
    pub later: Later,
    /// Schemes that sign TLS 1.3.
    pub signatures: Signatures,
    /// Vulnerabilities that were looked for; absent when none were.
    pub vulnerabilities: Option<Vulnerabilities>,
    /// Whether it slowed us down or turned us away.
    pub throttles: bool,
}

/// How an endpoint answered a modern client.
#[derive(Debug)]
pub enum Contact {
    /// A handshake was completed.
    Agreed,
    /// It speaks TLS, and refused; the reason.
    Refused(NetError),
    /// It does not speak TLS: the port is closed, or something else answered.
    NoTls,
    /// The handshake failed in a way that says nothing, but hellos get answers.
    Unclear(NetError),
    /// Nothing that tells anything.
    Unseen(NetError),
}

/// Looks at one endpoint.
pub async fn endpoint_answers(
    endpoint: &Endpoint<'_>,
    purpose: EndpointPurpose,
    may_connect: Result<(), NetError>,
    level: Level,
) -> EndpointAnswers {
    let mut answers = EndpointAnswers {
        host: endpoint.host.clone(),
        ip: endpoint.ip,
        port: endpoint.port,
        purpose,
        contact: Contact::Agreed,
        attempts: Vec::new(),
        certificates_open: None,
        enumeration: None,
        ssl2: None,
        starttls: endpoint.starttls,
        needs_small: None,
        handshakes: None,
        protected: None,
        quic: None,
        http_upgrade: None,
        ech: None,
        later: Later::default(),
        signatures: Signatures::default(),
        vulnerabilities: None,
        throttles: false,
    };
    if let Err(error) = may_connect {
        answers.contact = Contact::Unseen(error);
        return answers;
    }
    let alpn = match purpose {
        EndpointPurpose::Https => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        EndpointPurpose::Smtp | EndpointPurpose::Other => Vec::new(),
    };
    let offer = Offer {
        alpn,
        ..Offer::default()
    };
    let prober = Prober::new(endpoint, endpoint.server_name(), Patience::default());
    let (mut first, live) = first_contact(endpoint, &offer, &prober, level).await;
    answers.contact = std::mem::replace(&mut first.contact, Contact::Agreed);
    answers.needs_small = first.needs_small;
    let speaks_tls = !matches!(answers.contact, Contact::NoTls | Contact::Unseen(_));
    let mut known = Known::default();
    if let Some(version) = first.version() {
        known.negotiates = true;
        known.takes_large = first.needs_small == Some(false);
        known.agreed = first.agreed_on().filter(|_| version == Version::Tls13);
        prober.set_known_good(&general_hello(&prober, version));
    }
    if speaks_tls && level >= Level::Standard {
        let is_website = purpose == EndpointPurpose::Https && endpoint.starttls.is_none();
        // TLS 1.3 is asked for its protected flight at the end.
        let expecting = first.version().filter(|version| *version == Version::Tls13);
        let expecting = expecting.map(|_| endpoint.ahead.expecting());
        let looked = async {
            let begun = begin(&prober, known).await;
            let (tls12, gives_id) = (begun.tls12().cloned(), begun.gives_session_id());
            let (tls12, scheme) = (tls12.as_ref(), begun.left_scheme());
            tokio::join!(Box::pin(begun.rest(&prober)), async {
                match first.agreed() {
                    true => later(endpoint, &first, tls12, gives_id, scheme).await,
                    false => Later::default(),
                }
            })
        };
        let ((mut enumeration, later), ssl2, (other, more), over_udp, ech, upgrade) = tokio::join!(
            looked,
            ssl2(endpoint, &prober),
            async {
                match &first.attempt {
                    Some(attempt) => {
                        let (other, more) =
                            handshakes(endpoint, &prober, &first, attempt, live).await;
                        (other, Some(more))
                    }
                    None => (Ok(None), None),
                }
            },
            async {
                match is_website {
                    true => Some(Box::pin(quic(endpoint)).await),
                    false => None,
                }
            },
            async {
                match is_website {
                    true => Box::pin(ech(endpoint, &first)).await,
                    false => Ok(Ech::Unpublished),
                }
            },
            async {
                match (purpose, endpoint.port) {
                    (EndpointPurpose::Https, 443) => Some(Box::pin(http_upgrade(endpoint)).await),
                    _ => None,
                }
            },
        );
        drop(expecting);
        let mut more = more;
        if let (Some(more), Some(attempt)) = (&mut more, &first.attempt)
            && attempt.certificates.is_empty()
        {
            names_by_hello(&prober, &enumeration, more).await;
        }
        let other = match other {
            Ok(other) => other,
            Err(error) => {
                answers.certificates_open = Some(error);
                None
            }
        };
        let attempts: Vec<&Attempt> = first.attempt.iter().chain(&other).collect();
        let tolerates;
        (answers.signatures, (answers.protected, tolerates)) = tokio::join!(
            signatures::tls13(&prober, &attempts, more.as_ref(), &enumeration),
            async {
                let asked = Box::pin(protected(endpoint, &prober, &enumeration));
                let (seen, tolerates) = asked.await;
                match enumeration.tolerates_unknown.or(tolerates) {
                    Some(tolerates) => (seen, Some(tolerates)),
                    None => (seen, unknown(&prober, &enumeration).await),
                }
            },
        );
        enumeration.tolerates_unknown = tolerates;
        match (enumeration.left_scheme, later.tls12_scheme) {
            (Some(left), Some(seen)) if left == seen => {
                enumeration.schemes.insert(left);
            }
            _ => ask_left_scheme(&prober, &mut enumeration).await,
        }
        if enumeration.chacha_priority.is_none() {
            enumeration.chacha_priority = match &answers.protected {
                Some(Protected {
                    chacha: Some(yields),
                    ..
                }) => Some(Ok(*yields)),
                _ => chacha_tls13(&prober, &enumeration).await,
            };
        }
        if level >= Level::Intrusive {
            let found = vulnerabilities(endpoint, &prober, &enumeration).await;
            answers.vulnerabilities = Some(found);
        }
        answers.handshakes = more;
        answers.later = later;
        answers.quic = over_udp;
        answers.http_upgrade = upgrade;
        answers.ech = Some(ech);
        answers.enumeration = Some(enumeration);
        answers.ssl2 = Some(ssl2);
        answers.attempts.extend(first.attempt);
        answers.attempts.extend(other);
        answers.throttles = prober.met_limits() || endpoint.gate.met_limits();
        if answers.throttles {
            blame_limits(&mut answers);
        }
    } else {
        answers.attempts.extend(first.attempt);
    }
    answers
}

/// Whether trying again is of no use.
pub(super) fn is_final(error: &NetError) -> bool {
    use GapReason as R;
    matches!(
        error.reason,
        R::BudgetSpent | R::Interrupted | R::OutOfScope | R::PrivateAddress | R::Internal
    )
}

/// Whether SSL 2.0 is granted. Servers that never heard of its format close or
/// reset the connection at its first bytes; that counts as a refusal when it
/// is repeated and other hellos get answers.
async fn ssl2<A: Ask>(endpoint: &Endpoint<'_>, prober: &Prober<'_, A>) -> Result<bool, NetError> {
    let mut last = NetError::new(GapReason::Malformed, "no answer to an SSL 2.0 hello");
    let mut closed = false;
    for again in [false, true] {
        let before = prober.answers_so_far();
        if again {
            sleep(PAUSE).await;
            // Everything else got an answer at once, before and after.
            if closed && !prober.stumbled() && prober.answers_so_far() > before {
                return Ok(false);
            }
        }
        match endpoint.ssl2(FIRST_CONTACT).await {
            Ok(granted) => return Ok(granted),
            Err(Reply::Closed) if again => {
                return prober
                    .confirm_alive(Purpose::Enumeration)
                    .await
                    .map(|()| false);
            }
            Err(Reply::Failed(error)) if again && error.reason == GapReason::Reset => {
                return prober
                    .confirm_alive(Purpose::Enumeration)
                    .await
                    .map(|()| false);
            }
            Err(Reply::Failed(error)) if is_final(&error) => return Err(error),
            Err(Reply::Failed(error)) => {
                closed = error.reason == GapReason::Reset;
                last = error;
            }
            Err(_) => closed = true,
        }
    }
    Err(last)
}
