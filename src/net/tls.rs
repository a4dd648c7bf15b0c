//! Handshakes by rustls: what one modern client gets, with the certificates
//! recorded instead of judged.
//!
//! The server has to prove that it holds the key of its certificate; whether
//! the chain is trusted is a question for later, so a handshake with an
//! expired certificate is completed all the same. Nothing is sent over the
//! encrypted connection.

use rustls::{
    ClientConfig, Error, HandshakeKind, PeerIncompatible,
    client::{Resumption, Tls12Resumption},
    crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs, aws_lc_rs::kx_group},
    pki_types::ServerName,
};
use std::{fmt, io, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::error::NetError;
use crate::model::gap::GapReason;
use crate::wire::text::clean;

mod by_hand;
mod compression;
mod ech;
mod recorder;
mod renegotiate;
mod sessions;
mod share;

pub use by_hand::{ByHand, by_hand};
pub use compression::Zlib;
pub use ech::EchOffer;
use recorder::Recorder;
pub use renegotiate::{Next, Outcome, Reaction, Stop};
pub use sessions::Sessions;
pub use share::KeyShare;

/// Most certificates of a chain that are kept.
pub const MAX_CERTIFICATES: usize = 10;

/// What a client offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Which certificates it accepts.
    pub certificates: CertificateKind,
    /// The only scheme with which an RSA key may sign TLS 1.3; any without it. Takes
    /// certificates with an RSA key alone. In TLS 1.2 it stands before those of PKCS #1.
    pub pss: Option<u16>,
    /// Leaves out the post-quantum groups, whose key shares make the hello
    /// larger than some servers can take.
    pub small: bool,
    /// Application protocols, the preferred first.
    pub alpn: Vec<Vec<u8>>,
    /// Which versions it speaks.
    pub versions: Versions,
    /// Whether it names the host that it wants (RFC 6066 section 3).
    pub names_host: bool,
    /// Where it keeps sessions, and takes them up from; none are kept without it.
    pub sessions: Option<Arc<Sessions>>,
    /// Takes certificates that are compressed with zlib.
    pub compression: Option<Arc<Zlib>>,
    /// Encrypts the hello that names the host, which leaves TLS 1.3 alone.
    pub ech: Option<EchOffer>,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            certificates: CertificateKind::Any,
            pss: None,
            small: false,
            alpn: Vec::new(),
            versions: Versions::All,
            names_host: true,
            sessions: None,
            compression: None,
            ech: None,
        }
    }
}

/// Which versions a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3.
    All,
    /// TLS 1.2 alone, with session ids and no tickets.
    Tls12WithIds,
    /// TLS 1.2 alone, with tickets.
    Tls12WithTickets,
    /// TLS 1.3 alone.
    Tls13,
}

/// Which certificates a client accepts, told by its signature schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CertificateKind {
    /// All.
    #[default]
    Any,
    /// With an RSA key.
    Rsa,
    /// With an elliptic curve key.
    Ecdsa,
}

/// What came of a handshake. Certificates are there even when it failed
/// after they had been sent.
#[derive(Debug)]
pub struct Attempt {
    /// What was agreed on, or why nothing was.
    pub result: Result<Agreement, HandshakeError>,
    /// Certificates in DER, the leaf first; at most [`MAX_CERTIFICATES`].
    pub certificates: Vec<Vec<u8>>,
    /// Number of certificates sent.
    pub certificates_sent: usize,
    /// Stapled OCSP response; `None` when there was none.
    pub staple: Option<Vec<u8>>,
    /// Whether the server proved that it holds the key of its certificate;
    /// `None` when it came not so far or when we cannot verify such a key.
    pub possession: Option<bool>,
    /// How many authorities the server named when it asked for a certificate of
    /// the client; `None` when it asked for none.
    pub client_authorities: Option<u32>,
    /// The scheme with which the server signed the handshake.
    pub scheme: Option<u16>,
}

/// What client and server agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Version as on the wire.
    pub version: u16,
    /// Code point of the suite.
    pub suite: u16,
    /// Code point of the group.
    pub group: Option<u16>,
    /// Application protocol.
    pub alpn: Option<Vec<u8>>,
    /// Whether an earlier session was taken up again.
    pub resumed: bool,
    /// Whether the server would have taken early data. None was sent.
    pub early_data: bool,
}

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeError {
    /// The server sent an alert; its name, cleaned.
    Alert(String),
    /// The server chose or demands something that a modern client does not
    /// have; what, cleaned.
    Incompatible(String),
    /// What came is not TLS, or broken; what, cleaned.
    Invalid(String),
    /// The server closed the connection in an orderly way without a word.
    Closed,
    /// The server went on without the encrypted hello, up to the end of the handshake;
    /// with the configurations that it sent instead, each whole.
    EchRefused(Vec<Vec<u8>>),
    /// The network failed.
    Net(NetError),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(name) => write!(f, "the server refused with the alert {name}"),
            Self::Incompatible(what) => write!(f, "no common ground: {what}"),
            Self::Invalid(what) => write!(f, "the answer was not valid TLS: {what}"),
            Self::Closed => f.write_str("the server closed the connection without a word"),
            Self::EchRefused(_) => f.write_str("the server did not read the encrypted hello"),
            Self::Net(error) => error.fmt(f),
        }
    }
}

impl From<&HandshakeError> for NetError {
    /// The error as the reason of a gap.
    fn from(error: &HandshakeError) -> Self {
        let reason = match error {
            HandshakeError::Net(error) => return error.clone(),
            HandshakeError::Alert(_) | HandshakeError::EchRefused(_) => GapReason::Refused,
            HandshakeError::Incompatible(_) => GapReason::TlsFailed,
            HandshakeError::Invalid(_) => GapReason::Malformed,
            HandshakeError::Closed => GapReason::Reset,
        };
        Self::new(reason, error.to_string())
    }
}

/// Makes one handshake over a connection and closes it. Where sessions are kept,
/// waits a moment for a ticket of TLS 1.3, which comes behind the handshake.
pub async fn handshake<S>(stream: S, name: ServerName<'static>, offer: &Offer) -> Attempt
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (attempt, live) = handshake_and_hold(stream, name, offer).await;
    if let (Some(live), Some(sessions)) = (live, &offer.sessions) {
        sessions.wait_for_ticket(live).await;
    }
    attempt
}

/// As [`handshake`], and gives the connection, on which a ticket may still come.
pub async fn handshake_and_hold<S>(
    stream: S,
    name: ServerName<'static>,
    offer: &Offer,
) -> (Attempt, Option<TlsStream<S>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // rustls takes a session up only for the verifier that saw it begin.
    let recorder = match &offer.sessions {
        Some(sessions) => sessions.recorder(offer),
        None => Arc::new(Recorder::new(offer)),
    };
    let mut live = None;
    let result = match configure(offer, recorder.clone()) {
        Err(error) => Err(internal(&error)),
        Ok(config) => match TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
        {
            Ok(stream) => {
                let connection = stream.get_ref().1;
                let agreement = match offer.ech.is_some() && !ech::is_accepted(connection) {
                    true => Err(HandshakeError::EchRefused(Vec::new())),
                    false => agreement(connection),
                };
                live = Some(stream);
                agreement
            }
            Err(error) => Err(reason(&error)),
        },
    };
    let record = recorder.take();
    let attempt = Attempt {
        result,
        certificates_sent: record.sent,
        certificates: record.certificates,
        staple: record.staple,
        possession: record.possession,
        client_authorities: record.client_authorities,
        scheme: record.scheme,
    };
    (attempt, live)
}

/// The cryptography of every handshake: aws-lc-rs, post-quantum groups first.
pub fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

fn configure(offer: &Offer, recorder: Arc<Recorder>) -> Result<ClientConfig, Error> {
    let mut provider = provider();
    let classic: [&dyn SupportedKxGroup; 3] =
        [kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    let quantum: [&dyn SupportedKxGroup; 3] = [
        kx_group::SECP256R1MLKEM768,
        kx_group::MLKEM768,
        kx_group::MLKEM1024,
    ];
    // Everything that rustls can do, so that no server is called incompatible
    // for a group that is merely unusual.
    provider.kx_groups = if offer.small {
        classic.to_vec()
    } else {
        let first: [&dyn SupportedKxGroup; 1] = [kx_group::X25519MLKEM768];
        [&first[..], &classic, &quantum].concat()
    };
    let versions = match offer.versions {
        Versions::All => rustls::ALL_VERSIONS,
        Versions::Tls12WithIds | Versions::Tls12WithTickets => &[&rustls::version::TLS12],
        Versions::Tls13 => &[&rustls::version::TLS13],
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(provider));
    let builder = match &offer.ech {
        Some(ech) => builder.with_ech(ech.mode())?,
        None => builder.with_protocol_versions(versions)?,
    };
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_client_cert_resolver(recorder);
    config.alpn_protocols.clone_from(&offer.alpn);
    config.enable_sni = offer.names_host;
    config.cert_decompressors = match &offer.compression {
        Some(zlib) => vec![zlib.decompressor()],
        None => Vec::new(),
    };
    config.resumption = match &offer.sessions {
        Some(sessions) => {
            config.enable_early_data = true;
            let ids = match offer.versions {
                Versions::Tls12WithIds => Tls12Resumption::SessionIdOnly,
                _ => Tls12Resumption::SessionIdOrTickets,
            };
            Resumption::store(sessions.clone()).tls12_resumption(ids)
        }
        None if offer.versions == Versions::Tls12WithTickets => Resumption::in_memory_sessions(1),
        None => Resumption::disabled(),
    };
    Ok(config)
}

fn agreement(connection: &rustls::ClientConnection) -> Result<Agreement, HandshakeError> {
    let (Some(version), Some(suite)) = (
        connection.protocol_version(),
        connection.negotiated_cipher_suite(),
    ) else {
        return Err(HandshakeError::Invalid(
            "an unfinished handshake".to_owned(),
        ));
    };
    Ok(Agreement {
        version: version.into(),
        suite: suite.suite().into(),
        group: connection
            .negotiated_key_exchange_group()
            .map(|group| group.name().into()),
        alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
        resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        early_data: connection.is_early_data_accepted(),
    })
}

fn internal(error: &Error) -> HandshakeError {
    HandshakeError::Net(NetError::new(
        GapReason::Internal,
        format!("the TLS client could not be set up: {error}"),
    ))
}

fn reason(error: &io::Error) -> HandshakeError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(Error::AlertReceived(alert)) => {
            HandshakeError::Alert(clean(&format!("{alert:?}"), 60))
        }
        Some(Error::PeerIncompatible(PeerIncompatible::ServerRejectedEncryptedClientHello(
            instead,
        ))) => HandshakeError::EchRefused(ech::raw(instead.as_deref().unwrap_or_default())),
        Some(Error::PeerIncompatible(what)) => {
            HandshakeError::Incompatible(clean(&format!("{what:?}"), 100))
        }
        Some(Error::InvalidMessage(_) | Error::InappropriateMessage { .. }) => {
            HandshakeError::Invalid(clean(&error.to_string(), 200))
        }
        Some(other) => HandshakeError::Invalid(clean(&other.to_string(), 200)),
        // tokio-rustls tells the end of the stream in this way.
        None if error.kind() == io::ErrorKind::UnexpectedEof => HandshakeError::Closed,
        None => HandshakeError::Net(NetError::from_io(error, "TLS handshake")),
    }
}
