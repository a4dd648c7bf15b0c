//! The whole flight of a server of TLS 1.3, the protected part included (RFC 8446
//! section 4.3 and 4.4): what stands beside the certificates, which nobody sees
//! without a key share of their own.
//!
//! Nothing is verified here: who sends a flight is known from other handshakes.

use std::io::Read as _;

use super::flight::{MAX_CERTIFICATES, MAX_FLIGHT, next_record, server_hello};
use super::{
    Reader, Version,
    content_type::{ALERT, APPLICATION_DATA, HANDSHAKE},
    handshake_keys::HandshakeKeys,
};

/// Largest certificate message that is decompressed, in bytes.
const MAX_DECOMPRESSED: usize = MAX_FLIGHT;

/// What a server sent from its ServerHello to its CertificateVerify.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtectedFlight {
    /// The suite chosen.
    pub suite: u16,
    /// Certificates in DER, the leaf first; at most [`MAX_CERTIFICATES`].
    pub certificates: Vec<Vec<u8>>,
    /// Stapled OCSP response for the leaf (RFC 8446 section 4.4.2.1).
    pub staple: Option<Vec<u8>>,
    /// Signed certificate timestamps of the leaf, as the list of RFC 6962 section 3.3.
    pub timestamps: Option<Vec<u8>>,
    /// Algorithm with which the certificates came compressed (RFC 8879 section 7.3).
    pub compression: Option<u16>,
    /// Whether the certificates could be read: they came, and not compressed in a
    /// way that is not known here.
    pub readable: bool,
}

/// Why a flight was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server refused, with this alert.
    Alert(u8),
    /// It wants another key share or another version.
    Retry,
    /// What came breaks the rules; which part.
    Malformed(&'static str),
    /// More than [`MAX_FLIGHT`] bytes.
    TooLarge,
}

/// Makes the shared secret out of the server's group and public value.
pub trait Agree {
    /// `None` when the value is none of the group that was offered.
    fn agree(&mut self, group: u16, value: &[u8]) -> Option<Vec<u8>>;
}

impl<F: FnMut(u16, &[u8]) -> Option<Vec<u8>>> Agree for F {
    fn agree(&mut self, group: u16, value: &[u8]) -> Option<Vec<u8>> {
        self(group, value)
    }
}

/// Reads such a flight piece by piece, as it arrives.
pub struct ProtectedReader<A> {
    /// The ClientHello as a message.
    client_hello: Vec<u8>,
    agree: A,
    keys: Option<HandshakeKeys>,
    flight: ProtectedFlight,
    records: Vec<u8>,
    messages: Vec<u8>,
    received: usize,
    ended: bool,
}

impl<A: Agree> ProtectedReader<A> {
    /// A reader of the answer to a ClientHello, given as one record.
    pub fn new(client_hello: &[u8], agree: A) -> Self {
        Self {
            client_hello: client_hello.get(5..).unwrap_or_default().to_vec(),
            agree,
            keys: None,
            flight: ProtectedFlight::default(),
            records: Vec::new(),
            messages: Vec::new(),
            received: 0,
            ended: false,
        }
    }

    /// Takes the next bytes. `true` once nothing more is to be expected.
    ///
    /// # Errors
    /// Why the flight cannot be read to its end.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, Fault> {
        self.received = self.received.saturating_add(bytes.len());
        if self.received > MAX_FLIGHT {
            return Err(Fault::TooLarge);
        }
        self.records.extend_from_slice(bytes);
        let records = std::mem::take(&mut self.records);
        let mut reader = Reader::new(&records);
        while !self.ended {
            let mut ahead = reader;
            let record = next_record(&mut ahead, true).map_err(|_| Fault::Malformed("a record"))?;
            let Some((kind, payload)) = record else {
                break;
            };
            let header = reader.take(5).and_then(|bytes| bytes.try_into().ok());
            let header = header.ok_or(Fault::Malformed("a record"))?;
            self.record(kind, header, payload)?;
            reader = ahead;
        }
        self.records = reader.rest().to_vec();
        Ok(self.ended)
    }

    /// What was read, at the end.
    pub fn into_flight(self) -> ProtectedFlight {
        self.flight
    }

    fn record(&mut self, kind: u8, header: [u8; 5], payload: &[u8]) -> Result<(), Fault> {
        match (kind, &mut self.keys) {
            (APPLICATION_DATA, Some(keys)) => {
                let opened = keys.open(header, payload);
                let (kind, plain) = opened.ok_or(Fault::Malformed("a sealed record"))?;
                self.content(kind, &plain)
            }
            // ChangeCipherSpec for the sake of middleboxes (RFC 8446 appendix D.4).
            (20, _) => Ok(()),
            (_, None) => self.content(kind, payload),
            (ALERT, Some(_)) => self.content(kind, payload),
            _ => Err(Fault::Malformed("a record in the clear")),
        }
    }

    fn content(&mut self, kind: u8, payload: &[u8]) -> Result<(), Fault> {
        match (kind, payload) {
            // A warning, such as "unrecognized name".
            (ALERT, [1, code]) if *code != 0 => Ok(()),
            (ALERT, [_, code]) => Err(Fault::Alert(*code)),
            (HANDSHAKE, _) => {
                self.messages.extend_from_slice(payload);
                self.handshake()
            }
            _ => Err(Fault::Malformed("an unexpected record")),
        }
    }

    fn handshake(&mut self) -> Result<(), Fault> {
        let buffer = std::mem::take(&mut self.messages);
        let mut reader = Reader::new(&buffer);
        while !self.ended {
            let mut ahead = reader;
            let (Some(kind), Some(body)) = (ahead.u8(), ahead.vec24()) else {
                break;
            };
            let message = reader.take(body.len() + 4).unwrap_or_default();
            self.message(kind, body, message)?;
        }
        self.messages = reader.rest().to_vec();
        Ok(())
    }

    fn message(&mut self, kind: u8, body: &[u8], message: &[u8]) -> Result<(), Fault> {
        match (kind, self.keys.is_some()) {
            (2, false) => self.begin(body, message),
            // EncryptedExtensions, CertificateRequest.
            (8 | 13, true) => Ok(()),
            (11, true) => {
                self.certificates(body)
                    .ok_or(Fault::Malformed("a certificate message"))?;
                self.flight.readable = true;
                Ok(())
            }
            (25, true) => {
                let mut reader = Reader::new(body);
                let parts = (reader.u16(), reader.u24(), reader.vec24());
                let (Some(algorithm), Some(length), Some(packed)) = parts else {
                    return Err(Fault::Malformed("a compressed certificate message"));
                };
                self.flight.compression = Some(algorithm);
                if let Some(body) = decompress(algorithm, length, packed) {
                    self.flight.readable = self.certificates(&body).is_some();
                }
                Ok(())
            }
            // CertificateVerify: the rest says nothing more.
            (15, true) => {
                self.ended = true;
                Ok(())
            }
            _ => Err(Fault::Malformed("an unexpected message")),
        }
    }

    /// Takes the ServerHello and makes the keys.
    fn begin(&mut self, body: &[u8], message: &[u8]) -> Result<(), Fault> {
        let hello = server_hello(body).ok_or(Fault::Malformed("a ServerHello"))?;
        if hello.retry || hello.version() != Some(Version::Tls13) {
            return Err(Fault::Retry);
        }
        let no_share = Fault::Malformed("a key share");
        let (group, value) = key_share(body).ok_or(no_share)?;
        let shared = self.agree.agree(group, value).ok_or(no_share)?;
        let hellos = [self.client_hello.as_slice(), message].concat();
        let keys = HandshakeKeys::new(hello.suite, &shared, &hellos);
        self.keys = Some(keys.ok_or(Fault::Malformed("a suite that was not offered"))?);
        self.flight.suite = hello.suite;
        Ok(())
    }

    /// Takes the body of a Certificate message (RFC 8446 section 4.4.2).
    fn certificates(&mut self, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        reader.vec8()?;
        let mut list = Reader::new(reader.vec24()?);
        let mut first = true;
        while !list.is_empty() {
            let certificate = list.vec24()?;
            if self.flight.certificates.len() < MAX_CERTIFICATES {
                self.flight.certificates.push(certificate.to_vec());
            }
            let mut extensions = Reader::new(list.vec16()?);
            while !extensions.is_empty() {
                let kind = extensions.u16()?;
                let mut data = Reader::new(extensions.vec16()?);
                match kind {
                    5 if first && data.u8()? == 1 => {
                        self.flight.staple = Some(data.vec24()?.to_vec());
                    }
                    18 if first => self.flight.timestamps = Some(data.rest().to_vec()),
                    _ => {}
                }
            }
            first = false;
        }
        Some(())
    }
}

/// Group and public value in the body of a ServerHello (RFC 8446 section 4.2.8).
fn key_share(body: &[u8]) -> Option<(u16, &[u8])> {
    let mut reader = Reader::new(body);
    reader.take(34)?;
    reader.vec8()?;
    reader.take(3)?;
    let mut list = Reader::new(reader.vec16()?);
    while !list.is_empty() {
        let kind = list.u16()?;
        let mut data = Reader::new(list.vec16()?);
        if kind == 51 {
            return Some((data.u16()?, data.vec16()?));
        }
    }
    None
}

/// A certificate message that came compressed; `None` when it is not what was
/// announced, or packed in a way that is not known here.
fn decompress(algorithm: u16, length: usize, packed: &[u8]) -> Option<Vec<u8>> {
    const ZLIB: u16 = 1;
    if algorithm != ZLIB || length > MAX_DECOMPRESSED {
        return None;
    }
    let limit = u64::try_from(length).ok()?.saturating_add(1);
    let mut body = Vec::new();
    flate2::read::ZlibDecoder::new(packed)
        .take(limit)
        .read_to_end(&mut body)
        .ok()?;
    (body.len() == length).then_some(body)
}

/// The name of an algorithm that compresses certificates (RFC 8879 section 7.3).
pub fn compression_name(algorithm: u16) -> String {
    match algorithm {
        1 => "zlib".to_owned(),
        2 => "brotli".to_owned(),
        3 => "zstd".to_owned(),
        other => format!("0x{other:04x}"),
    }
}

#[cfg(test)]
mod tests;
