//! The protected part of TLS 1.3: one hello with a key share of our own shows what
//! comes beside the certificates, which rustls neither asks for nor shows: signed
//! certificate timestamps (RFC 8446 section 4.4.2) and the algorithm that
//! compresses them (RFC 8879). It carries values that nobody registered too,
//! where the server's answer to them is not known yet.

use tokio::time::sleep;

use super::enumerate::{Enumeration, chacha_first, is_chacha};
use super::exchange::{Ask, Endpoint, OpenError};
use super::jobs::{FIRST_CONTACT, PAUSE, is_final};
use super::prober::Prober;
use crate::model::gap::GapReason;
use crate::net::{NetError, tls::KeyShare};
use crate::wire::tls::{
    Version,
    client_hello::ClientHello,
    handshake_keys,
    protected_flight::{Fault, ProtectedFlight},
};

/// zstd, brotli and zlib, as browsers have them.
const COMPRESSIONS: [u16; 3] = [3, 2, 1];

/// What was seen.
#[derive(Debug)]
pub struct Protected {
    /// The flight, or why there is none.
    pub flight: Result<ProtectedFlight, NetError>,
    /// Algorithm with which certificates came compressed, when all were offered.
    pub compression: Option<u16>,
    /// Whether the server yielded to a client that puts ChaCha20 first, where that was
    /// left to this hello.
    pub chacha: Option<bool>,
}

/// Why a flight is missing.
pub enum Missing {
    /// The network failed, or nothing came.
    Net(NetError),
    /// The server refused or broke the rules.
    Fault(Fault),
    /// It closed the connection without a word.
    Closed,
}

/// Reads one whole flight. `None` where TLS 1.3 is not accepted. Tells whether
/// values that nobody registered were passed over, where that was not known.
pub async fn protected<A: Ask>(
    endpoint: &Endpoint<'_>,
    prober: &Prober<'_, A>,
    found: &Enumeration,
) -> (Option<Protected>, Option<bool>) {
    let Some(facts) = found.versions.get(&Version::Tls13) else {
        return (None, None);
    };
    if facts.accepted != Ok(true) {
        return (None, None);
    }
    let missing = |error: NetError| Protected {
        flight: Err(error),
        compression: None,
        chacha: None,
    };
    let mut suites: Vec<u16> = facts.suites.iter().map(|suite| suite.id).collect();
    suites.retain(|suite| handshake_keys::knows(*suite));
    // Without one of the server's suites, its choice would tell nothing.
    let order = chacha_first(&found.versions)
        .filter(|(version, order)| *version == Version::Tls13 && order.len() == suites.len());
    let asks_chacha = order.is_some() && found.chacha_priority.is_none();
    if let Some((_, order)) = order {
        suites = order;
    }
    if suites.is_empty() {
        let detail = "our client has none of the server's suites of TLS 1.3";
        let error = NetError::new(GapReason::NotAsked, detail);
        return (Some(missing(error)), None);
    }
    let mut hello = ClientHello {
        suites,
        timestamps: true,
        status_request: true,
        certificate_compression: COMPRESSIONS.to_vec(),
        grease: found.tolerates_unknown.is_none(),
        ..prober.hello(Version::Tls13)
    };
    let mut tolerates = None;
    let mut compression = None;
    let mut chacha = None;
    let mut last = NetError::new(GapReason::Internal, "no attempt");
    for attempt in 0..3 {
        if attempt > 0 {
            sleep(PAUSE).await;
        }
        let Some(share) = KeyShare::for_one_of(&found.groups) else {
            let detail = "none of its groups is one that we make key shares of";
            let error = NetError::new(GapReason::NotAsked, detail);
            return (Some(missing(error)), None);
        };
        hello.groups = vec![share.group()];
        hello.key_shares = vec![(share.group(), share.public().to_vec())];
        match endpoint.whole(&hello.encode(), share, FIRST_CONTACT).await {
            Ok(flight) => {
                if found.tolerates_unknown.is_none() {
                    tolerates = tolerates.or(Some(hello.grease));
                }
                compression = compression.or(flight.compression);
                if asks_chacha {
                    chacha = chacha.or(Some(is_chacha(flight.suite)));
                }
                if flight.readable {
                    let flight = Ok(flight);
                    return (
                        Some(Protected {
                            flight,
                            compression,
                            chacha,
                        }),
                        tolerates,
                    );
                }
                // Packed in a way that we cannot unpack: once more, unpacked.
                hello.certificate_compression.clear();
                let detail = "the certificates came in a way that cannot be read here";
                last = NetError::new(GapReason::Malformed, detail);
            }
            Err(Missing::Net(error)) if is_final(&error) => return (Some(missing(error)), None),
            Err(Missing::Net(error)) => last = error,
            // Perhaps for what nobody registered.
            Err(Missing::Closed) => {
                hello.grease = false;
                last = NetError::new(GapReason::Reset, "closed without a word");
            }
            Err(Missing::Fault(fault)) => {
                hello.grease = false;
                last = reason(fault);
            }
        }
    }
    let open = Protected {
        flight: Err(last),
        compression,
        chacha,
    };
    (Some(open), tolerates)
}

fn reason(fault: Fault) -> NetError {
    let (reason, detail) = match fault {
        Fault::Alert(code) => (GapReason::Refused, format!("refused with the alert {code}")),
        Fault::Retry => (
            GapReason::Malformed,
            "another group or version than before was asked for".to_owned(),
        ),
        Fault::Malformed(part) => (GapReason::Malformed, format!("{part} is broken")),
        Fault::TooLarge => (GapReason::TooLarge, "a huge flight".to_owned()),
    };
    NetError::new(reason, format!("TLS 1.3: {detail}"))
}

impl From<OpenError> for Missing {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Net(error) => Self::Net(error),
            OpenError::NoTls => {
                let detail = "STARTTLS is offered at times only";
                Self::Net(NetError::new(GapReason::Malformed, detail))
            }
        }
    }
}
