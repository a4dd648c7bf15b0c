//! A handshake of TLS 1.2 by rustls that goes on by hand: what was said, and the
//! keys to say what rustls would not.

use rustls::{ConnectionTrafficSecrets, KeyLog, pki_types::ServerName};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;

use super::{HandshakeError, Offer, Recorder, configure, internal, reason};
use crate::wire::tls::{
    tls12_keys::{self, Cipher, RecordKey},
    transcript::{Message, messages},
};

/// Most bytes of each direction that are kept.
const KEPT: usize = 128 * 1024;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO_DONE: u8 = 14;

/// A connection after a handshake of TLS 1.2.
pub struct ByHand<S> {
    /// The connection, below TLS.
    pub stream: S,
    /// Messages of the server in the clear.
    pub server: Vec<Message>,
    /// What the client's Finished said (RFC 5246 section 7.4.9).
    pub verify_data: Vec<u8>,
    /// Seals what the client says.
    pub send: RecordKey,
    /// Opens what the server says.
    pub receive: RecordKey,
}

/// Completes a handshake of TLS 1.2 and takes the connection out of the hands of rustls.
pub async fn by_hand<S>(
    stream: S,
    name: ServerName<'static>,
    offer: &Offer,
) -> Result<ByHand<S>, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut config =
        configure(offer, Arc::new(Recorder::new(offer))).map_err(|error| internal(&error))?;
    let secret = Arc::new(Master::default());
    config.key_log = secret.clone();
    config.enable_secret_extraction = true;
    let overheard = Overheard {
        stream,
        sent: Vec::new(),
        received: Vec::new(),
    };
    let done = TlsConnector::from(Arc::new(config))
        .connect(name, overheard)
        .await;
    let (overheard, connection) = done.map_err(|error| reason(&error))?.into_inner();
    let broken = |what: &str| HandshakeError::Invalid(what.to_owned());
    let suite = connection
        .negotiated_cipher_suite()
        .and_then(|suite| tls12_keys::suite(suite.suite().into()))
        .ok_or_else(|| broken("an unfinished handshake"))?;
    let secrets = connection
        .dangerous_extract_secrets()
        .map_err(|error| internal(&error))?;
    let server = messages(&overheard.received);
    let transcript = transcript(&messages(&overheard.sent), &server);
    let verify_data = suite.client_finished(&secret.take(), &transcript);
    let key = |(number, secrets): &(u64, ConnectionTrafficSecrets)| {
        let (cipher, key, iv) = match secrets {
            ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (Cipher::Aes128Gcm, key, iv),
            ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (Cipher::Aes256Gcm, key, iv),
            ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => {
                (Cipher::Chacha20Poly1305, key, iv)
            }
            _ => return Err(broken("a cipher that is not known here")),
        };
        RecordKey::new(cipher, key.as_ref(), iv.as_ref(), *number)
            .ok_or_else(|| broken("a key of odd length"))
    };
    Ok(ByHand {
        stream: overheard.stream,
        server,
        verify_data,
        send: key(&secrets.tx)?,
        receive: key(&secrets.rx)?,
    })
}

/// All messages before the client's Finished, in their order.
fn transcript(client: &[Message], server: &[Message]) -> Vec<u8> {
    let hello = client.iter().filter(|m| m.kind == CLIENT_HELLO);
    let rest = client.iter().filter(|m| m.kind != CLIENT_HELLO);
    let done = server.iter().position(|m| m.kind == SERVER_HELLO_DONE);
    let flight = server.iter().take(done.map_or(server.len(), |at| at + 1));
    hello
        .chain(flight)
        .chain(rest)
        .flat_map(|message| message.bytes.iter().copied())
        .collect()
}

/// The master secret of a handshake.
#[derive(Debug, Default)]
struct Master(Mutex<Vec<u8>>);

impl Master {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl KeyLog for Master {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        if label == "CLIENT_RANDOM" {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = secret.to_vec();
        }
    }
}

/// A connection that remembers what went over it.
struct Overheard<S> {
    stream: S,
    sent: Vec<u8>,
    received: Vec<u8>,
}

fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    let room = KEPT.saturating_sub(kept.len());
    kept.extend(bytes.iter().take(room));
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        let new = buffer.filled().get(before..).unwrap_or_default();
        keep(&mut this.received, new);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            keep(&mut this.sent, bytes.get(..*count).unwrap_or_default());
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
