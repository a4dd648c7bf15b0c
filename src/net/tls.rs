//! Handshakes by rustls: what one modern client gets, with the certificates
//! recorded instead of judged.
//!
//! The server has to prove that it holds the key of its certificate; whether
//! the chain is trusted is a question for later, so a handshake with an
//! expired certificate is completed all the same. Nothing is sent over the
//! encrypted connection.

use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{
        CryptoProvider, SupportedKxGroup, WebPkiSupportedAlgorithms, aws_lc_rs, aws_lc_rs::kx_group,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::error::NetError;
use crate::model::gap::GapReason;
use crate::wire::text::clean;

/// Most certificates of a chain that are kept.
pub const MAX_CERTIFICATES: usize = 10;

/// What a client offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Which certificates it accepts.
    pub certificates: CertificateKind,
    /// Leaves out the post-quantum groups, whose key shares make the hello
    /// larger than some servers can take.
    pub small: bool,
    /// Application protocols, the preferred first.
    pub alpn: Vec<Vec<u8>>,
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
            Self::Net(error) => error.fmt(f),
        }
    }
}

impl From<&HandshakeError> for NetError {
    /// The error as the reason of a gap.
    fn from(error: &HandshakeError) -> Self {
        let reason = match error {
            HandshakeError::Net(error) => return error.clone(),
            HandshakeError::Alert(_) => GapReason::Refused,
            HandshakeError::Incompatible(_) => GapReason::TlsFailed,
            HandshakeError::Invalid(_) => GapReason::Malformed,
            HandshakeError::Closed => GapReason::Reset,
        };
        Self::new(reason, error.to_string())
    }
}

/// Makes one handshake over a connection and closes it.
pub async fn handshake<S>(stream: S, name: ServerName<'static>, offer: &Offer) -> Attempt
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let recorder = Arc::new(Recorder::new(offer));
    let result = match configure(offer, recorder.clone()) {
        Err(error) => Err(internal(&error)),
        Ok(config) => match TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
        {
            Ok(stream) => agreement(stream.get_ref().1),
            Err(error) => Err(reason(&error)),
        },
    };
    let record = recorder.take();
    Attempt {
        result,
        certificates_sent: record.sent,
        certificates: record.certificates,
        staple: record.staple,
        possession: record.possession,
    }
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
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .dangerous()
        .with_custom_certificate_verifier(recorder)
        .with_no_client_auth();
    config.alpn_protocols.clone_from(&offer.alpn);
    config.resumption = rustls::client::Resumption::disabled();
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

/// Takes every chain and remembers it.
#[derive(Debug)]
struct Recorder {
    algorithms: WebPkiSupportedAlgorithms,
    schemes: Vec<SignatureScheme>,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    certificates: Vec<Vec<u8>>,
    sent: usize,
    staple: Option<Vec<u8>>,
    possession: Option<bool>,
}

impl Recorder {
    fn new(offer: &Offer) -> Self {
        let algorithms = provider().signature_verification_algorithms;
        let mut schemes = algorithms.supported_schemes();
        schemes.retain(|scheme| match offer.certificates {
            CertificateKind::Any => true,
            CertificateKind::Rsa => is_rsa(*scheme),
            CertificateKind::Ecdsa => !is_rsa(*scheme),
        });
        Self {
            algorithms,
            schemes,
            record: Mutex::default(),
        }
    }

    fn take(&self) -> Record {
        std::mem::take(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes whether the signature proves possession. One that cannot be
    /// verified here (a key that is too small, say) does not end the handshake.
    fn note(&self, verified: &Result<HandshakeSignatureValid, Error>) {
        let possession = match verified {
            Ok(_) => Some(true),
            Err(Error::InvalidCertificate(rustls::CertificateError::BadSignature)) => Some(false),
            Err(_) => None,
        };
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.possession = possession;
    }
}

fn is_rsa(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA1
            | SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
            | SignatureScheme::RSA_PSS_SHA256
            | SignatureScheme::RSA_PSS_SHA384
            | SignatureScheme::RSA_PSS_SHA512
    )
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.sent = intermediates.len() + 1;
        record.certificates = std::iter::once(end_entity)
            .chain(intermediates)
            .take(MAX_CERTIFICATES)
            .map(|certificate| certificate.to_vec())
            .collect();
        record.staple = (!ocsp_response.is_empty()).then(|| ocsp_response.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.algorithms;
        self.note(&rustls::crypto::verify_tls12_signature(
            message, cert, dss, algorithms,
        ));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.algorithms;
        self.note(&rustls::crypto::verify_tls13_signature(
            message, cert, dss, algorithms,
        ));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}
