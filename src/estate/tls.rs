//! TLS for the servers of the estate, by rustls; and, where an office has
//! never turned it off, a front that answers to old versions.

use std::{sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::{EstateError, authority::Identity, legacy};

/// Time for a handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// What accepts a TLS connection.
#[derive(Clone)]
pub(super) struct Front {
    acceptor: TlsAcceptor,
    /// Answers to clients that rustls is too young for.
    legacy: Option<Arc<legacy::OldServer>>,
}

/// How far an office's TLS has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// TLS 1.2 and 1.3, with X25519MLKEM768 first.
    Current,
    /// TLS 1.2 and 1.3, without post-quantum groups.
    Settled,
    /// TLS 1.0 to 1.2, with suites that are not forward secret.
    Outdated,
    /// TLS 1.2 and 1.3, with the old suites still there.
    OldSuites,
    /// TLS 1.2 alone, with suites that TLS 1.0 and 1.1 do not know.
    OldVersion,
}

/// A stream of bytes both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Front {
    /// A server with this certificate.
    pub(super) fn new(identity: &Identity, age: Age) -> Result<Self, EstateError> {
        let failed = |e: rustls::Error| EstateError::new("set up TLS", e);
        let versions: &[&rustls::SupportedProtocolVersion] = match age {
            Age::Outdated | Age::OldVersion => &[&rustls::version::TLS12],
            Age::OldSuites | Age::Settled | Age::Current => {
                &[&rustls::version::TLS12, &rustls::version::TLS13]
            }
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider(age)))
            .with_protocol_versions(versions)
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(identity.chain.clone(), identity.key.clone_key())
            .map_err(failed)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let oldest = match age {
            Age::Outdated => Some(legacy::TLS10),
            Age::OldSuites => Some(legacy::TLS12),
            Age::OldVersion | Age::Settled | Age::Current => None,
        };
        let legacy = oldest.map(|oldest| {
            let modern = config.crypto_provider().cipher_suites.iter();
            let modern = modern.map(|suite| suite.suite().into()).collect();
            let chain = identity.chain.clone();
            Arc::new(legacy::OldServer::new(chain, modern, oldest))
        });
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            legacy,
        })
    }

    /// Makes the handshake; `None` when it came to nothing.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<Box<dyn Stream>> {
        let handshake = async {
            match &self.legacy {
                None => self.finish(stream).await,
                Some(old) => match old.answer(stream).await? {
                    legacy::Outcome::ForModern(stream) => self.finish(stream).await,
                    legacy::Outcome::Answered => None,
                },
            }
        };
        timeout(HANDSHAKE_TIME, handshake).await.ok()?
    }

    async fn finish(&self, stream: impl Stream + 'static) -> Option<Box<dyn Stream>> {
        let secured = self.acceptor.accept(stream).await.ok()?;
        Some(Box::new(secured))
    }
}

fn provider(age: Age) -> CryptoProvider {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = match age {
        Age::Current => vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1],
        Age::Settled => vec![X25519, SECP256R1, SECP384R1],
        Age::Outdated | Age::OldSuites | Age::OldVersion => vec![SECP256R1, SECP384R1],
    };
    provider
}
