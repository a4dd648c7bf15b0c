//! The exchanges of the probe: which endpoints there are, and what each says.

use futures_util::future::join_all;
use hickory_proto::rr::RData;
use rustls::pki_types::ServerName;
use std::{net::IpAddr, time::Duration};
use tokio::time::sleep;

use super::enumerate::{Enumeration, enumerate};
use super::exchange::{Ask, Endpoint, OpenError, Reply};
use super::facts::EndpointPurpose;
use super::prober::{Patience, Prober};
use crate::model::{
    gap::GapReason,
    level::Level,
    target::{Role, Target},
};
use crate::net::{
    NetError, RecordType, Session,
    tls::{Attempt, CertificateKind, HandshakeError, Offer},
};
use crate::wire::tls::{Version, client_hello::ClientHello, groups, suites};
use crate::wire::x509::Certificate;

/// Most exchangers that are asked.
pub const EXCHANGERS_MAX: usize = 10;
/// Most endpoints of a target.
pub const ENDPOINTS_MAX: usize = 40;
/// Time for a handshake on first contact, so that a tarpit costs little.
const FIRST_CONTACT: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(400);

/// What all endpoints said.
#[derive(Debug, Default)]
pub struct Answers {
    /// One for each address, port and purpose.
    pub endpoints: Vec<EndpointAnswers>,
    /// Why there may be more endpoints.
    pub open: Vec<NetError>,
    /// Whether at least one look-up of endpoints succeeded.
    pub known: bool,
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

/// Looks at all endpoints of a target.
pub async fn look(session: &Session, target: &Target, level: Level) -> Answers {
    let mut answers = Answers::default();
    let mut endpoints = Vec::new();
    let mail = target.roles.contains(&Role::MailDomain);
    if target.has_website() || !mail {
        let port = target.port.unwrap_or(443);
        let found = addresses(session, &target.name, &mut answers).await;
        endpoints.extend(
            found
                .into_iter()
                .map(|found| (found, port, EndpointPurpose::Https)),
        );
    }
    if mail && level == Level::Passive {
        answers.known = true;
        let detail = "mail exchangers are asked from level standard on";
        answers
            .open
            .push(NetError::new(GapReason::NotAsked, detail));
    } else if mail {
        for host in exchangers(session, &target.name, &mut answers).await {
            let found = addresses(session, &host, &mut answers).await;
            endpoints.extend(
                found
                    .into_iter()
                    .map(|found| (found, 25, EndpointPurpose::Smtp)),
            );
        }
    }
    if endpoints.len() > ENDPOINTS_MAX {
        let detail = format!("{} endpoints; {ENDPOINTS_MAX} were asked", endpoints.len());
        answers
            .open
            .push(NetError::new(GapReason::TooLarge, detail));
        endpoints.truncate(ENDPOINTS_MAX);
    }
    let looks = endpoints
        .into_iter()
        .map(|(address, port, purpose)| async move {
            let endpoint = Endpoint {
                session,
                host: address.host,
                ip: address.ip,
                port,
                smtp: purpose == EndpointPurpose::Smtp,
            };
            endpoint_answers(&endpoint, purpose, address.may_connect, level).await
        });
    answers.endpoints = join_all(looks).await;
    answers
}

struct Address {
    host: String,
    ip: IpAddr,
    may_connect: Result<(), NetError>,
}

async fn addresses(session: &Session, host: &str, answers: &mut Answers) -> Vec<Address> {
    match session.addresses(host).await {
        Ok(set) => {
            answers.known = true;
            answers
                .open
                .extend(set.failures.into_iter().map(|(_, error)| error));
            let addresses = set.addresses.into_iter().map(|address| Address {
                host: host.to_owned(),
                ip: address.ip,
                may_connect: address.may_connect,
            });
            addresses.collect()
        }
        Err(error) => {
            let detail = format!("{host}: {}", error.detail);
            answers.open.push(NetError::new(error.reason, detail));
            Vec::new()
        }
    }
}

/// Names of the mail exchangers, the preferred first. A null MX (RFC 7505) names none.
async fn exchangers(session: &Session, domain: &str, answers: &mut Answers) -> Vec<String> {
    let answer = match session.lookup(domain, RecordType::MX).await {
        Ok(answer) => answer,
        Err(error) => {
            answers.open.push(error);
            return Vec::new();
        }
    };
    answers.known = true;
    let mut found: Vec<(u16, String)> = answer
        .data()
        .filter_map(|data| match data {
            RData::MX(mx) if !mx.exchange.is_root() => {
                Some((mx.preference, crate::net::name_text(&mx.exchange)))
            }
            _ => None,
        })
        .collect();
    found.sort();
    found.dedup_by(|a, b| a.1 == b.1);
    if found.len() > EXCHANGERS_MAX {
        let detail = format!("{} exchangers; {EXCHANGERS_MAX} were asked", found.len());
        answers
            .open
            .push(NetError::new(GapReason::TooLarge, detail));
        found.truncate(EXCHANGERS_MAX);
    }
    found.into_iter().map(|(_, name)| name).collect()
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
    };
    if let Err(error) = may_connect {
        answers.contact = Contact::Unseen(error);
        return answers;
    }
    let alpn = match purpose {
        EndpointPurpose::Https => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        EndpointPurpose::Smtp => Vec::new(),
    };
    let offer = Offer {
        alpn,
        ..Offer::default()
    };
    let prober = Prober::new(endpoint, endpoint.server_name(), Patience::default());
    let first = first_contact(endpoint, &offer, &prober, level).await;
    answers.contact = first.contact;
    let speaks_tls = !matches!(answers.contact, Contact::NoTls | Contact::Unseen(_));
    let mut negotiates = false;
    let agreement = first
        .attempt
        .as_ref()
        .and_then(|attempt| attempt.result.as_ref().ok());
    let version = agreement.and_then(|agreement| Version::from_code(agreement.version));
    if let Some(version) = version {
        negotiates = true;
        prober.set_known_good(&general_hello(&prober, version));
    }
    if speaks_tls && level >= Level::Standard {
        let (enumeration, other, ssl2) = tokio::join!(
            enumerate(&prober, negotiates),
            other_certificate(endpoint, &prober, &first.offer, first.attempt.as_ref()),
            ssl2(endpoint, &prober),
        );
        answers.enumeration = Some(enumeration);
        answers.ssl2 = Some(ssl2);
        answers.attempts.extend(first.attempt);
        match other {
            Ok(Some(attempt)) => answers.attempts.push(attempt),
            Ok(None) => {}
            Err(error) => answers.certificates_open = Some(error),
        }
    } else {
        answers.attempts.extend(first.attempt);
    }
    answers
}

struct First {
    contact: Contact,
    attempt: Option<Attempt>,
    offer: Offer,
}

/// The handshake of one modern client; where it fails, once more with a
/// smaller hello, and from level standard on with a plain old one.
async fn first_contact<A: Ask>(
    endpoint: &Endpoint<'_>,
    offer: &Offer,
    prober: &Prober<'_, A>,
    level: Level,
) -> First {
    let mut offer = offer.clone();
    let done = |contact, attempt, offer| First {
        contact,
        attempt,
        offer,
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
        let attempt = match endpoint
            .handshake(name.clone(), &offer, FIRST_CONTACT)
            .await
        {
            Ok(attempt) => attempt,
            Err(OpenError::NoTls) => return done(Contact::NoTls, None, offer),
            Err(OpenError::Net(error)) if error.is_refused() => {
                return done(Contact::NoTls, None, offer);
            }
            Err(OpenError::Net(error)) => return done(Contact::Unseen(error), None, offer),
        };
        match &attempt.result {
            Ok(_) => return done(Contact::Agreed, Some(attempt), offer),
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
        match endpoint.ask(&hello.encode(), FIRST_CONTACT).await {
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

/// Whether trying again is of no use.
fn is_final(error: &NetError) -> bool {
    use GapReason as R;
    matches!(
        error.reason,
        R::BudgetSpent | R::Interrupted | R::OutOfScope | R::PrivateAddress | R::Internal
    )
}

/// A hello with the usual suites and groups of a version.
fn general_hello<A: Ask>(prober: &Prober<'_, A>, version: Version) -> ClientHello {
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

/// A handshake that accepts only the kind of certificate that was not seen.
async fn other_certificate<A: Ask>(
    endpoint: &Endpoint<'_>,
    prober: &Prober<'_, A>,
    offer: &Offer,
    first: Option<&Attempt>,
) -> Result<Option<Attempt>, NetError> {
    let leaf = first.and_then(|attempt| attempt.certificates.first());
    let (Some(leaf), Ok(name)) = (leaf, ServerName::try_from(endpoint.host.clone())) else {
        return Ok(None);
    };
    let is_rsa = Certificate::read(leaf).is_ok_and(|leaf| leaf.key.algorithm == "rsa");
    let offer = Offer {
        certificates: if is_rsa {
            CertificateKind::Ecdsa
        } else {
            CertificateKind::Rsa
        },
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
                return prober.confirm_alive().await.map(|()| None);
            }
            Err(error) => last = Some(error.into()),
        }
    }
    Err(last.unwrap_or_else(|| NetError::new(GapReason::Internal, "no attempt")))
}

/// Whether SSL 2.0 is granted. Servers that never heard of its format close or
/// reset the connection at its first bytes; that counts as a refusal when it
/// is repeated and other hellos get answers.
async fn ssl2<A: Ask>(endpoint: &Endpoint<'_>, prober: &Prober<'_, A>) -> Result<bool, NetError> {
    let mut last = NetError::new(GapReason::Malformed, "no answer to an SSL 2.0 hello");
    for again in [false, true] {
        if again {
            sleep(PAUSE).await;
        }
        match endpoint.ssl2(FIRST_CONTACT).await {
            Ok(granted) => return Ok(granted),
            Err(Reply::Closed) if again => return prober.confirm_alive().await.map(|()| false),
            Err(Reply::Failed(error)) if again && error.reason == GapReason::Reset => {
                return prober.confirm_alive().await.map(|()| false);
            }
            Err(Reply::Failed(error)) if is_final(&error) => return Err(error),
            Err(Reply::Failed(error)) => last = error,
            Err(_) => {}
        }
    }
    Err(last)
}
