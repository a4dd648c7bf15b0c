//! What hellos up to TLS 1.2 tell beside version and suite: compression,
//! extensions and signatures come free on the answers of the enumeration. The
//! protection of a fallback needs a hello of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::exchange::{Ask, Purpose};
use super::prober::{Outcome, Prober};
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::wire::tls::{
    EXTENDED_MASTER_SECRET, Version,
    client_hello::{ClientHello, DEFLATE, FALLBACK_SCSV, MAX_SUITES},
    flight::Flight,
    key_exchange::signature_scheme,
    signatures,
    suites::{self, Authentication, Suite},
};

/// Extension types in a ServerHello.
const TRUNCATED_HMAC: u16 = 4;
const HEARTBEAT: u16 = 15;
const ENCRYPT_THEN_MAC: u16 = 22;
const SESSION_TICKET: u16 = 35;
const NPN: u16 = 13_172;
const RENEGOTIATION_INFO: u16 = 0xff01;

/// What was seen; `None` where no answer could show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Whether an answer chose a compression method.
    pub compression: Option<bool>,
    /// Whether every answer granted secure renegotiation.
    pub secure_renegotiation: Option<bool>,
    /// Whether every answer granted the extended master secret.
    pub extended_master_secret: Option<bool>,
    /// Whether every answer with a CBC suite granted encrypt-then-MAC.
    pub encrypt_then_mac: Option<bool>,
    /// Whether an answer granted heartbeats.
    pub heartbeat: Option<bool>,
    /// Whether an answer with a CBC suite granted the truncated MAC.
    pub truncated_hmac: Option<bool>,
    /// Whether an answer granted NPN, the predecessor of ALPN.
    pub npn: Option<bool>,
    /// Whether an answer promised a session ticket.
    pub tickets: Option<bool>,
    /// Schemes that signed a key exchange in TLS 1.2: when all were offered, and
    /// those with a broken hash.
    pub schemes: BTreeSet<u16>,
    /// Whether schemes with a broken hash were asked for by themselves.
    pub broken_schemes_asked: Option<Result<(), NetError>>,
    /// Whether a fallback is refused; `None` when it was not asked.
    pub fallback_refused: Option<Result<bool, NetError>>,
    /// First bytes of an answer that shows a feature, by the name of its fact: the
    /// one that decides, where one alone does.
    pub proofs: BTreeMap<&'static str, Vec<u8>>,
    /// The server answers hellos only without [`Features::tempt`].
    pub shy: bool,
    /// Whether that is known of an answer that never came.
    pub lost: bool,
}

impl Features {
    /// Offers what no server should take. Some may refuse the whole hello for
    /// it: then it is left out, see [`Features::shy`].
    pub fn tempt(&self, hello: &mut ClientHello) {
        if !self.shy {
            hello.compression = vec![DEFLATE];
            hello.heartbeat = true;
            hello.truncated_hmac = true;
            hello.npn = true;
            hello.timestamps = true;
        }
    }

    /// Takes in what other answers told.
    pub fn join(&mut self, others: &Self) {
        for (seen, other) in [
            (&mut self.compression, others.compression),
            (&mut self.heartbeat, others.heartbeat),
            (&mut self.truncated_hmac, others.truncated_hmac),
            (&mut self.npn, others.npn),
            (&mut self.tickets, others.tickets),
        ] {
            if let Some(granted) = other {
                any(seen, granted);
            }
        }
        for (seen, other) in [
            (&mut self.secure_renegotiation, others.secure_renegotiation),
            (
                &mut self.extended_master_secret,
                others.extended_master_secret,
            ),
            (&mut self.encrypt_then_mac, others.encrypt_then_mac),
        ] {
            if let Some(granted) = other {
                all(seen, granted);
            }
        }
        self.schemes.extend(&others.schemes);
        for (fact, proof) in &others.proofs {
            self.proofs.entry(fact).or_insert_with(|| proof.clone());
        }
        self.shy |= others.shy;
        self.lost |= others.lost;
    }

    /// Takes what an answer to a hello up to TLS 1.2 tells.
    pub fn note(&mut self, offered: &ClientHello, version: Version, flight: &Flight, suite: u16) {
        let Some(hello) = &flight.hello else { return };
        let granted = |kind: u16| hello.extensions.contains(&kind);
        let before = self.decided();
        if offered.compression.contains(&DEFLATE) {
            any(&mut self.compression, hello.compression != 0);
        }
        self.prove(before, &flight.head);
        // SSL 3.0 knows no extensions.
        if version == Version::Ssl3 {
            return;
        }
        let before = self.decided();
        let suite = suites::by_id(suite);
        let cbc = suite.is_some_and(|suite| suite.mode == "CBC");
        all(&mut self.secure_renegotiation, granted(RENEGOTIATION_INFO));
        all(
            &mut self.extended_master_secret,
            granted(EXTENDED_MASTER_SECRET),
        );
        if cbc {
            all(&mut self.encrypt_then_mac, granted(ENCRYPT_THEN_MAC));
        }
        if offered.heartbeat {
            any(&mut self.heartbeat, granted(HEARTBEAT));
        }
        if offered.npn {
            any(&mut self.npn, granted(NPN));
        }
        if offered.session_ticket {
            any(&mut self.tickets, granted(SESSION_TICKET));
        }
        if offered.truncated_hmac && cbc {
            any(&mut self.truncated_hmac, granted(TRUNCATED_HMAC));
        }
        self.prove(before, &flight.head);
        if let (Version::Tls12, Some(suite), Some(body)) = (version, suite, &flight.key_exchange)
            && is_signed(suite)
            && signatures::in_usual_order(&offered.signature_schemes)
        {
            self.schemes
                .extend(signature_scheme(body, suite.key_exchange));
        }
    }
}

impl Features {
    /// What is known of the facts that one answer can decide.
    fn decided(&self) -> [(&'static str, Option<bool>); 7] {
        [
            ("compression", self.compression),
            ("secure_renegotiation", self.secure_renegotiation),
            ("extended_master_secret", self.extended_master_secret),
            ("encrypt_then_mac", self.encrypt_then_mac),
            ("heartbeat", self.heartbeat),
            ("truncated_hmac", self.truncated_hmac),
            ("npn", self.npn),
        ]
    }

    /// Keeps an answer for the facts that it changed.
    fn prove(&mut self, before: [(&'static str, Option<bool>); 7], head: &[u8]) {
        for ((fact, was), (_, is)) in before.into_iter().zip(self.decided()) {
            if was != is {
                self.proofs.insert(fact, head.to_vec());
            }
        }
    }
}

fn all(seen: &mut Option<bool>, granted: bool) {
    *seen = Some(seen.unwrap_or(true) && granted);
}

fn any(seen: &mut Option<bool>, granted: bool) {
    *seen = Some(seen.unwrap_or(false) || granted);
}

/// Whether a certificate signs the parameters of the key exchange.
pub fn is_signed(suite: &Suite) -> bool {
    use Authentication as A;
    matches!(suite.key_exchange, "ECDHE" | "DHE")
        && matches!(suite.authentication, A::Rsa | A::Ecdsa | A::Dss)
}

/// Falls back to the newest version below TLS 1.2 that is accepted beside a
/// newer one, and says so (RFC 7507). The server has to refuse.
pub async fn fallback<A: Ask>(
    prober: &Prober<'_, A>,
    accepted: &BTreeMap<Version, Vec<u16>>,
    template: impl Fn(Version) -> ClientHello,
    features: &mut Features,
) {
    let newest = accepted.keys().next_back();
    let older = accepted.range(..Version::Tls12).next_back();
    let (Some(newest), Some((version, suites))) = (newest, older) else {
        return;
    };
    if newest == version {
        return;
    }
    let mut hello = template(*version);
    hello.suites = suites.iter().copied().take(MAX_SUITES - 1).collect();
    hello.suites.push(FALLBACK_SCSV);
    features.fallback_refused = Some(match prober.ask(&hello, Purpose::Other).await {
        Outcome::Accepted(flight) => {
            features
                .proofs
                .insert("refuses_fallback", flight.head.clone());
            chosen(&flight, &hello).map(|_| false)
        }
        // Without the signal it accepted the same.
        Outcome::Refused(_) => Ok(true),
        Outcome::Unclear(error) => Err(error),
    });
}

/// What was chosen, if it was offered.
fn chosen(flight: &Flight, hello: &ClientHello) -> Result<(Version, u16), NetError> {
    flight
        .hello
        .as_ref()
        .filter(|chosen| hello.suites.contains(&chosen.suite))
        .and_then(|chosen| Some((chosen.version()?, chosen.suite)))
        .filter(|(version, _)| *version == hello.legacy_version)
        .ok_or_else(|| {
            NetError::new(
                GapReason::Malformed,
                "the server chose what was not offered",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::flight::ServerHello;

    /// The features that answers tell: each with the suite chosen, the
    /// compression method and the extensions.
    fn told(version: Version, answers: &[(&str, u8, &[u16])]) -> Features {
        let mut features = Features::default();
        for (suite, compression, extensions) in answers {
            let suite = suites::by_name(suite).expect("a suite").id;
            let mut hello = ClientHello::new(version, [1; 32]);
            features.tempt(&mut hello);
            let flight = Flight {
                hello: Some(ServerHello {
                    version: version.code(),
                    suite,
                    compression: *compression,
                    random: [0; 32],
                    session_id: Vec::new(),
                    retry: false,
                    group: None,
                    extensions: extensions.to_vec(),
                    alpn: None,
                    timestamps: None,
                }),
                ..Flight::default()
            };
            features.note(&hello, version, &flight, suite);
        }
        // What is known is proven, and the answers of this test have no bytes.
        let proven: Vec<_> = features.proofs.keys().copied().collect();
        let mut known: Vec<_> = features.decided().into_iter().collect();
        known.retain(|(_, seen)| seen.is_some());
        known.sort();
        let known: Vec<_> = known.into_iter().map(|(fact, _)| fact).collect();
        assert_eq!(proven, known);
        features.proofs.clear();
        features
    }

    #[test]
    fn answers_tell_features() {
        const AEAD: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        const CBC: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
        let seen = |compression, renegotiation, master, mac, beat, short| Features {
            compression,
            secure_renegotiation: renegotiation,
            extended_master_secret: master,
            encrypt_then_mac: mac,
            heartbeat: beat,
            truncated_hmac: short,
            // Asked for in every version that knows extensions.
            npn: renegotiation.map(|_| false),
            ..Features::default()
        };
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(told(Version::Tls12, &[]), Features::default());
        assert_eq!(
            told(Version::Tls12, &[(AEAD, 0, &[0xff01, 23])]),
            seen(no, yes, yes, None, no, None)
        );
        // One answer among many decides, whichever it is.
        assert_eq!(
            told(
                Version::Tls12,
                &[
                    (CBC, 0, &[0xff01, 23, 22]),
                    (AEAD, 1, &[23, 15]),
                    (CBC, 0, &[0xff01, 4])
                ]
            ),
            seen(yes, no, no, no, yes, yes)
        );
        assert_eq!(
            told(Version::Ssl3, &[(CBC, 1, &[])]),
            seen(yes, None, None, None, None, None)
        );
    }
}
