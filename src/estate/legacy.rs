//! A server that still answers to TLS 1.0 and 1.1, as far as a prober sees it.
//!
//! rustls speaks nothing older than TLS 1.2 and no suite without forward
//! secrecy. So that a scan of the neglected office can meet what is out there,
//! this front reads the ClientHello. When rustls can serve it, rustls gets the
//! connection with all its bytes. Else, if the client offers one of the old
//! suites, it is answered by a script: ServerHello, Certificate and
//! ServerHelloDone (RFC 2246 section 7.4, RFC 5246 section 7.4), which is all
//! that shows a version and a suite to be accepted. No key exchange follows:
//! whatever the client sends next is answered with `handshake_failure`, and no
//! byte of application data is ever read.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use rustls::pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

pub(super) const TLS10: u16 = 0x0301;
pub(super) const TLS12: u16 = 0x0303;
/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3).
const RENEGOTIATION_SCSV: u16 = 0x00ff;
const EXTENSION_SUPPORTED_VERSIONS: u16 = 43;
const EXTENSION_RENEGOTIATION_INFO: u16 = 0xff01;
/// Old suites in the server's own order: AES_128_CBC_SHA, AES_256_CBC_SHA and
/// 3DES_EDE_CBC_SHA, all with RSA key exchange.
const OLD_SUITES: [u16; 3] = [0x002f, 0x0035, 0x000a];

const RECORD_HANDSHAKE: u8 = 22;
const RECORD_ALERT: u8 = 21;
const ALERT_HANDSHAKE_FAILURE: u8 = 40;
const ALERT_PROTOCOL_VERSION: u8 = 70;
/// Longest fragment of a record (RFC 5246 section 6.2.1).
const MAX_FRAGMENT: usize = 1 << 14;

/// The old side of a server.
pub(super) struct OldServer {
    chain: Vec<CertificateDer<'static>>,
    /// Suites of TLS 1.2 that rustls serves.
    modern: Vec<u16>,
    /// The oldest version that it answers to.
    oldest: u16,
}

/// What became of a connection.
pub(super) enum Outcome {
    /// rustls can serve it; nothing is lost of what was read.
    ForModern(Replay),
    /// It was answered by the script and is over.
    Answered,
}

/// What a ClientHello offers.
#[derive(Debug, PartialEq, Eq)]
struct Hello {
    /// The highest version up to TLS 1.2 that it allows; `None` when only others are.
    version: Option<u16>,
    suites: Vec<u16>,
    renegotiation_info: bool,
}

/// What the script says to a hello.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    LeaveToModern,
    Accept { version: u16, suite: u16 },
    Refuse { version: u16, alert: u8 },
}

impl OldServer {
    pub(super) fn new(chain: Vec<CertificateDer<'static>>, modern: Vec<u16>, oldest: u16) -> Self {
        Self {
            chain,
            modern,
            oldest,
        }
    }

    /// Reads the first record and answers it, or hands the connection on.
    /// `None` when the peer broke off.
    pub(super) async fn answer(&self, mut stream: TcpStream) -> Option<Outcome> {
        let record = read_record(&mut stream).await?;
        let hello = parse_hello(record.get(5..).unwrap_or_default());
        let reply = hello
            .as_ref()
            .map_or(Reply::LeaveToModern, |h| self.reply(h));
        match (hello, reply) {
            (Some(hello), Reply::Accept { version, suite }) => {
                let flight = self.flight(&hello, version, suite)?;
                stream.write_all(&flight).await.ok()?;
                let _ = read_record(&mut stream).await?;
                let alert = alert(version, ALERT_HANDSHAKE_FAILURE);
                stream.write_all(&alert).await.ok()?;
                Some(Outcome::Answered)
            }
            (
                _,
                Reply::Refuse {
                    version,
                    alert: code,
                },
            ) => {
                stream.write_all(&alert(version, code)).await.ok()?;
                Some(Outcome::Answered)
            }
            _ => Some(Outcome::ForModern(Replay {
                seen: record,
                position: 0,
                stream,
            })),
        }
    }

    fn reply(&self, hello: &Hello) -> Reply {
        let Some(version) = hello.version else {
            return Reply::LeaveToModern;
        };
        if version >= TLS12 && hello.suites.iter().any(|s| self.modern.contains(s)) {
            return Reply::LeaveToModern;
        }
        if version < self.oldest {
            return Reply::Refuse {
                version: self.oldest,
                alert: ALERT_PROTOCOL_VERSION,
            };
        }
        match OLD_SUITES.iter().find(|suite| hello.suites.contains(suite)) {
            Some(suite) => Reply::Accept {
                version,
                suite: *suite,
            },
            None => Reply::Refuse {
                version,
                alert: ALERT_HANDSHAKE_FAILURE,
            },
        }
    }

    /// ServerHello, Certificate and ServerHelloDone, one record each. `None`
    /// when there is no randomness or the chain does not fit a record.
    fn flight(&self, hello: &Hello, version: u16, suite: u16) -> Option<Vec<u8>> {
        let mut random = [0; 32];
        aws_lc_rs::rand::fill(&mut random).ok()?;
        let mut body = version.to_be_bytes().to_vec();
        body.extend(random);
        body.push(0); // no session to resume
        body.extend(suite.to_be_bytes());
        body.push(0); // no compression
        if hello.renegotiation_info {
            body.extend([0, 5, 0xff, 0x01, 0, 1, 0]);
        }
        let mut certificates = Vec::new();
        for certificate in &self.chain {
            certificates.extend(length24(certificate.len())?);
            certificates.extend(certificate.as_ref());
        }
        let list = [&length24(certificates.len())?[..], &certificates].concat();
        let mut flight = Vec::new();
        for (kind, body) in [(2, body), (11, list), (14, Vec::new())] {
            let message = [&[kind][..], &length24(body.len())?, &body].concat();
            flight.extend(self::record(RECORD_HANDSHAKE, version, &message)?);
        }
        Some(flight)
    }
}

/// Reads one record with its header; other protocols are taken as they come.
async fn read_record(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut record = vec![0; 5];
    stream.read_exact(&mut record).await.ok()?;
    let length = match *record.as_slice() {
        [RECORD_HANDSHAKE..=23 | 20 | RECORD_ALERT, 3, _, high, low] => {
            usize::from(u16::from_be_bytes([high, low]))
        }
        _ => return Some(record),
    };
    if length <= MAX_FRAGMENT {
        let mut fragment = vec![0; length];
        stream.read_exact(&mut fragment).await.ok()?;
        record.append(&mut fragment);
    }
    Some(record)
}

fn record(kind: u8, version: u16, fragment: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(fragment.len()).ok()?;
    if usize::from(length) > MAX_FRAGMENT {
        return None;
    }
    let header = [&[kind][..], &version.to_be_bytes(), &length.to_be_bytes()].concat();
    Some([&header[..], fragment].concat())
}

fn alert(version: u16, code: u8) -> Vec<u8> {
    let [high, low] = version.to_be_bytes();
    vec![RECORD_ALERT, high, low, 0, 2, 2, code]
}

fn length24(length: usize) -> Option<[u8; 3]> {
    let [0, a, b, c] = u32::try_from(length).ok()?.to_be_bytes() else {
        return None;
    };
    Some([a, b, c])
}

/// Reads a ClientHello that lies in one record (RFC 5246 section 7.4.1.2).
/// `None` when it is anything else.
fn parse_hello(fragment: &[u8]) -> Option<Hello> {
    let mut message = Reader(fragment);
    if message.u8()? != 1 {
        return None;
    }
    let length = usize::from(message.u8()?) << 16 | usize::from(message.u16()?);
    let mut hello = Reader(message.take(length)?);
    let mut version = Some(hello.u16()?);
    hello.take(32)?;
    let session = hello.u8()?;
    hello.take(session.into())?;
    let length = hello.u16()?;
    let suites = hello.list_of_u16(length.into())?;
    let compression = hello.u8()?;
    hello.take(compression.into())?;
    let mut renegotiation_info = suites.contains(&RENEGOTIATION_SCSV);
    if !hello.0.is_empty() {
        let length = hello.u16()?;
        let mut extensions = Reader(hello.take(length.into())?);
        while !extensions.0.is_empty() {
            let kind = extensions.u16()?;
            let length = extensions.u16()?;
            let mut content = Reader(extensions.take(length.into())?);
            match kind {
                EXTENSION_SUPPORTED_VERSIONS => {
                    let length = content.u8()?;
                    let versions = content.list_of_u16(length.into())?;
                    version = versions.into_iter().filter(|v| *v <= TLS12).max();
                }
                EXTENSION_RENEGOTIATION_INFO => renegotiation_info = true,
                _ => {}
            }
        }
    }
    Some(Hello {
        version: version.map(|v| v.min(TLS12)),
        suites,
        renegotiation_info,
    })
}

/// Takes bytes from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.try_into().ok()?;
        Some(u16::from_be_bytes(bytes))
    }

    fn list_of_u16(&mut self, length: usize) -> Option<Vec<u16>> {
        let mut items = Reader(self.take(length)?);
        let mut list = Vec::with_capacity(length / 2);
        while !items.0.is_empty() {
            list.push(items.u16()?);
        }
        Some(list)
    }
}

/// A stream whose first bytes have been read already and come again.
pub(super) struct Replay {
    seen: Vec<u8>,
    position: usize,
    stream: TcpStream,
}

impl AsyncRead for Replay {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let again = self.seen.get(self.position..).unwrap_or_default();
        if again.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = again.len().min(buffer.remaining());
        buffer.put_slice(again.get(..count).unwrap_or_default());
        self.position = self.position.saturating_add(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replay {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn supported_versions_overrule_the_old_field() {
        let hello = |extensions: &[u8]| {
            let mut body = vec![3, 3];
            body.extend([0; 32]);
            body.extend([0, 0, 4, 0x13, 0x01, 0x00, 0x2f, 1, 0]);
            if !extensions.is_empty() {
                body.extend((extensions.len() as u16).to_be_bytes());
                body.extend(extensions);
            }
            [&[1, 0, 0, body.len() as u8][..], &body].concat()
        };
        // Extensions, highest version up to TLS 1.2, renegotiation_info.
        let cases: &[(&[u8], Option<u16>, bool)] = &[
            (&[], Some(0x0303), false),
            (&[0, 43, 0, 3, 2, 3, 4], None, false),
            (&[0, 43, 0, 5, 4, 3, 4, 3, 2], Some(0x0302), false),
            // GREASE (RFC 8701) is no version.
            (&[0, 43, 0, 5, 4, 0x7a, 0x7a, 3, 1], Some(0x0301), false),
            (&[0xff, 0x01, 0, 1, 0], Some(0x0303), true),
        ];
        for (extensions, version, renegotiation_info) in cases {
            let parsed = parse_hello(&hello(extensions)).unwrap();
            assert_eq!(parsed.version, *version, "{extensions:02x?}");
            assert_eq!(parsed.renegotiation_info, *renegotiation_info);
            assert_eq!(parsed.suites, [0x1301, 0x002f]);
        }
        let whole = hello(&[]);
        for cut in 0..whole.len() {
            assert_eq!(parse_hello(&whole[..cut]), None, "cut after {cut} bytes");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_hello(&bytes);
            let mut hello = bytes;
            if let Some(first) = hello.first_mut() {
                *first = 1;
            }
            let _ = parse_hello(&hello);
        }
    }
}
