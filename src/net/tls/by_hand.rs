//! A handshake of TLS 1.2 by rustls that goes on by hand: what was said, and the
//! keys to say one more thing that rustls would not.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    digest, hmac,
};
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
    suites,
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
    key: LessSafeKey,
    /// The nonce of the first record, without its number.
    iv: [u8; 12],
    /// Whether records carry a part of their nonce (RFC 5288).
    explicit: bool,
    number: u64,
}

impl<S> ByHand<S> {
    /// Encrypts one record of TLS 1.2 (RFC 5246 section 6.2.3.3). `None` for one
    /// that is too long.
    pub fn seal(&mut self, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let plain = u16::try_from(payload.len()).ok()?;
        let number = self.number.to_be_bytes();
        let mut nonce = self.iv;
        for (byte, other) in nonce.iter_mut().skip(4).zip(number) {
            *byte ^= other;
        }
        let mut about = number.to_vec();
        about.extend([kind, 3, 3]);
        about.extend(plain.to_be_bytes());
        let mut sealed = payload.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(unique, Aad::from(about), &mut sealed)
            .ok()?;
        self.number = self.number.checked_add(1)?;
        let explicit = nonce.get(4..).filter(|_| self.explicit).unwrap_or_default();
        let length = u16::try_from(explicit.len() + sealed.len()).ok()?;
        let mut record = vec![kind, 3, 3];
        record.extend(length.to_be_bytes());
        record.extend_from_slice(explicit);
        record.extend(sealed);
        Some(record)
    }
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
        .and_then(|suite| suites::by_id(suite.suite().into()))
        .ok_or_else(|| broken("an unfinished handshake"))?;
    let secrets = connection
        .dangerous_extract_secrets()
        .map_err(|error| internal(&error))?;
    let server = messages(&overheard.received);
    let transcript = transcript(&messages(&overheard.sent), &server);
    let sha384 = suite.name.ends_with("SHA384");
    let verify_data = finished(&secret.take(), &transcript, sha384);
    let (number, secrets) = secrets.tx;
    let (algorithm, key, iv, explicit) = match &secrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (&AES_128_GCM, key, iv, true),
        ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (&AES_256_GCM, key, iv, true),
        ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => {
            (&CHACHA20_POLY1305, key, iv, false)
        }
        _ => return Err(broken("a cipher that is not known here")),
    };
    let key =
        UnboundKey::new(algorithm, key.as_ref()).map_err(|_| broken("a key of odd length"))?;
    let iv = iv.as_ref().try_into();
    Ok(ByHand {
        stream: overheard.stream,
        server,
        verify_data,
        key: LessSafeKey::new(key),
        iv: iv.map_err(|_| broken("a nonce of odd length"))?,
        explicit,
        number,
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

/// The content of the client's Finished.
fn finished(master: &[u8], transcript: &[u8], sha384: bool) -> Vec<u8> {
    let (digest, mac) = match sha384 {
        true => (&digest::SHA384, hmac::HMAC_SHA384),
        false => (&digest::SHA256, hmac::HMAC_SHA256),
    };
    let mut seed = b"client finished".to_vec();
    seed.extend_from_slice(digest::digest(digest, transcript).as_ref());
    // One block of the pseudo-random function is more than enough (RFC 5246 section 5).
    let key = hmac::Key::new(mac, master);
    let mut block = hmac::sign(&key, &seed).as_ref().to_vec();
    block.extend(seed);
    let block = hmac::sign(&key, &block);
    block.as_ref().iter().take(12).copied().collect()
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
