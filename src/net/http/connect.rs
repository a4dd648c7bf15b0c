//! Opens connections that speak HTTP, and sends requests on them.

use http_body_util::Empty;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{
    error::Error,
    io,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
};
use tokio_rustls::TlsConnector;

use super::{
    super::{error::NetError, pace::lock, session::Session},
    MAX_HEAD, MAX_HEADERS, Trust,
    pool::Place,
};
use crate::model::gap::GapReason;

/// How much an HTTP/2 server may send before we have read it (bytes).
const WINDOW: u32 = 256 << 10;

/// An open connection that speaks HTTP. It ends when dropped.
pub(super) struct Live {
    place: Place,
    sender: Sender,
    driver: JoinHandle<()>,
    certificate: Option<Result<(), String>>,
    leaf: Option<Arc<[u8]>>,
}

enum Sender {
    One(http1::SendRequest<Empty<Bytes>>),
    Two(http2::SendRequest<Empty<Bytes>>),
}

impl Drop for Live {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Live {
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Whether the certificate verified, else why not; `None` without TLS.
    pub(super) fn certificate(&self) -> Option<&Result<(), String>> {
        self.certificate.as_ref()
    }

    /// The server's own certificate (DER); `None` without TLS.
    pub(super) fn leaf(&self) -> Option<Arc<[u8]>> {
        self.leaf.clone()
    }

    pub(super) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Two(_))
    }

    pub(super) fn is_open(&self) -> bool {
        !self.driver.is_finished()
            && match &self.sender {
                Sender::One(sender) => sender.is_ready(),
                Sender::Two(sender) => sender.is_ready(),
            }
    }

    /// Whether another request may follow, once the driver has taken note of the last one's end.
    pub(super) async fn is_ready(&mut self) -> bool {
        // It is ready at once or never: a server that keeps us waiting is not waited for.
        let grace = std::time::Duration::from_millis(20);
        let ready = async {
            match &mut self.sender {
                Sender::One(sender) => sender.ready().await.is_ok(),
                Sender::Two(sender) => sender.ready().await.is_ok(),
            }
        };
        tokio::time::timeout(grace, ready).await.unwrap_or(false)
    }

    pub(super) async fn send(
        &mut self,
        message: Request<Empty<Bytes>>,
    ) -> Result<Response<Incoming>, NetError> {
        let sent = match &mut self.sender {
            Sender::One(sender) => sender.send_request(message).await,
            Sender::Two(sender) => sender.send_request(message).await,
        };
        sent.map_err(|error| error_of(&error, "waiting for the answer"))
    }
}

/// Connects, with TLS where the place asks for it.
pub(super) async fn connect(session: &Session, place: &Place) -> Result<Live, NetError> {
    let connection = session.connect(&place.host, place.ip, place.port).await?;
    if !place.tls {
        let (sender, driver) = speak_http1(connection).await?;
        return Ok(Live {
            place: place.clone(),
            sender,
            driver,
            certificate: None,
            leaf: None,
        });
    }
    let judge = Arc::new(Judge::new(session, place.trust)?);
    let config = tls_config(judge.clone())?;
    let name = ServerName::try_from(place.host.clone()).map_err(|_| {
        NetError::new(
            GapReason::Malformed,
            "the host is neither a name nor an address",
        )
    })?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, connection)
        .await
        .map_err(|error| tls_error(&error))?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (sender, driver) = if http2 {
        speak_http2(stream).await?
    } else {
        speak_http1(stream).await?
    };
    Ok(Live {
        place: place.clone(),
        sender,
        driver,
        certificate: judge.outcome(),
        leaf: lock(&judge.leaf).clone(),
    })
}

async fn speak_http1<S>(stream: S) -> Result<(Sender, JoinHandle<()>), NetError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_HEAD + (64 << 10))
        .ignore_invalid_headers_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error_of(&error, "setting up HTTP"))?;
    // Errors reach the sender; the driver has nobody else to tell.
    let driver = tokio::spawn(async move { drop(connection.await) });
    Ok((Sender::One(sender), driver))
}

async fn speak_http2<S>(stream: S) -> Result<(Sender, JoinHandle<()>), NetError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error_of(&error, "setting up HTTP/2"))?;
    let driver = tokio::spawn(async move { drop(connection.await) });
    Ok((Sender::Two(sender), driver))
}

fn tls_config(judge: Arc<Judge>) -> Result<ClientConfig, NetError> {
    let mut config = ClientConfig::builder_with_provider(judge.provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| NetError::new(GapReason::Internal, error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(judge)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Verifies certificates against the trusted roots, and refuses or only notes what fails.
#[derive(Debug)]
struct Judge {
    verifier: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    trust: Trust,
    outcome: Mutex<Option<Result<(), String>>>,
    leaf: Mutex<Option<Arc<[u8]>>>,
}

impl Judge {
    fn new(session: &Session, trust: Trust) -> Result<Self, NetError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(session.roots().clone(), provider.clone())
                .build()
                .map_err(|error| NetError::new(GapReason::Internal, error.to_string()))?;
        Ok(Self {
            verifier,
            provider,
            trust,
            outcome: Mutex::default(),
            leaf: Mutex::default(),
        })
    }

    fn outcome(&self) -> Option<Result<(), String>> {
        lock(&self.outcome).clone()
    }

    /// Lets a failed signature pass when only looking: what is seen then proves nothing
    /// about who sent it, and `outcome` says so.
    fn signature(
        &self,
        verified: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match (verified, self.trust) {
            (Err(error), Trust::Observe) => {
                *lock(&self.outcome) = Some(Err(error.to_string()));
                Ok(HandshakeSignatureValid::assertion())
            }
            (verified, _) => verified,
        }
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let note = verified.as_ref().map(|_| ()).map_err(ToString::to_string);
        *lock(&self.outcome) = Some(note);
        *lock(&self.leaf) = Some(Arc::from(end_entity.as_ref()));
        match self.trust {
            Trust::Verify => verified,
            Trust::Observe => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signature(
            self.verifier
                .verify_tls12_signature(message, certificate, signature),
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signature(
            self.verifier
                .verify_tls13_signature(message, certificate, signature),
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Why TLS could not be set up. A first answer that is no TLS record at all tells that TLS
/// is not spoken; an alert or a certificate that fails tells that it is.
fn tls_error(error: &io::Error) -> NetError {
    let cause = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)) => {
            NetError::other_protocol("the port does not speak TLS")
        }
        Some(cause) => NetError::from_tls(cause),
        None => NetError::from_io(error, "setting up TLS"),
    }
}

/// An error of hyper in the words of a gap. The cause that lies deepest counts.
pub(super) fn error_of(error: &hyper::Error, what: &str) -> NetError {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    let mut words = error.to_string();
    // The chain is short; the bound is for the odd one that is not.
    for _ in 0..8 {
        let Some(inner) = cause else { break };
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return match io
                .get_ref()
                .and_then(|deep| deep.downcast_ref::<rustls::Error>())
            {
                Some(tls) => NetError::from_tls(tls),
                // What hyper says of chunks that cannot be read.
                None if io.kind() == io::ErrorKind::InvalidInput => {
                    NetError::new(GapReason::Malformed, format!("{what}: {io}"))
                }
                None => NetError::from_io(io, what),
            };
        }
        words = inner.to_string();
        cause = inner.source();
    }
    let reason = if error.is_parse_too_large() {
        GapReason::TooLarge
    } else if error.is_parse() && words.contains("HTTP version") {
        // The first word of an answer names the protocol.
        return NetError::other_protocol(format!("{what}: not an answer in HTTP"));
    } else if error.is_parse() || words.to_ascii_lowercase().contains("protocol error") {
        GapReason::Malformed
    } else {
        GapReason::Reset
    };
    NetError::new(reason, format!("{what}: {words}"))
}
