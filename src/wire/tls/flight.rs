//! The server's first flight: records, handshake messages and alerts
//! (RFC 8446 sections 4 and 5, RFC 5246 sections 6 and 7).

use super::{Reader, Version};

/// Most bytes of a flight that are read; real ones have 2 to 20 KiB.
pub const MAX_FLIGHT: usize = 128 * 1024;

/// Most certificates of a chain that are kept; further ones are counted.
pub const MAX_CERTIFICATES: usize = 10;

/// Number of first bytes that are kept.
pub const HEAD: usize = 256;

/// Largest record payload that is accepted (RFC 5246 section 6.2.3).
const MAX_RECORD: usize = 16_384 + 2_048;

/// Random value that marks a ServerHello as a HelloRetryRequest (RFC 8446 section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a server said first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flight {
    /// The ServerHello or HelloRetryRequest.
    pub hello: Option<ServerHello>,
    /// Certificates in DER, the leaf first; at most [`MAX_CERTIFICATES`].
    pub certificates: Option<Vec<Vec<u8>>>,
    /// Number of certificates sent, those that were not kept included.
    pub certificates_sent: usize,
    /// Body of the ServerKeyExchange; see [`super::key_exchange`].
    pub key_exchange: Option<Vec<u8>>,
    /// The stapled OCSP response.
    pub staple: Option<Vec<u8>>,
    /// How many authorities the server names when it asks for a certificate of
    /// the client; absent when it asks for none.
    pub certificate_request: Option<u32>,
    /// The last alert.
    pub alert: Option<Alert>,
    /// Whether the flight came to its end (ServerHelloDone, or a hello of
    /// TLS 1.3, after which all is encrypted).
    pub complete: bool,
    /// The first bytes as they came, at most [`HEAD`]: proof of what was chosen.
    pub head: Vec<u8>,
}

/// A ServerHello or HelloRetryRequest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version chosen, as on the wire.
    pub version: u16,
    /// The suite chosen.
    pub suite: u16,
    /// The compression method chosen.
    pub compression: u8,
    /// Its random part.
    pub random: [u8; 32],
    /// The session id.
    pub session_id: Vec<u8>,
    /// Whether it is a HelloRetryRequest.
    pub retry: bool,
    /// The group in `key_share`.
    pub group: Option<u16>,
    /// Types of its extensions in order.
    pub extensions: Vec<u16>,
    /// The application protocol chosen.
    pub alpn: Option<Vec<u8>>,
    /// Signed certificate timestamps, as the list of RFC 6962 section 3.3.
    pub timestamps: Option<Vec<u8>>,
}

impl Flight {
    /// The version chosen, where it is one that exists.
    fn version(&self) -> Option<Version> {
        self.hello.as_ref().and_then(ServerHello::version)
    }
}

/// Number of authorities in a CertificateRequest up to TLS 1.2 (RFC 5246
/// section 7.4.4); 0 when it cannot be read.
fn authorities(body: &[u8], version: Option<Version>) -> u32 {
    let count = || {
        let mut reader = Reader::new(body);
        reader.vec8()?;
        if version == Some(Version::Tls12) {
            reader.vec16()?;
        }
        let mut names = Reader::new(reader.vec16()?);
        let mut count = 0;
        while !names.is_empty() {
            names.vec16()?;
            count += 1;
        }
        Some(count)
    };
    count().unwrap_or_default()
}

impl ServerHello {
    /// The version chosen, where it is one that exists.
    pub fn version(&self) -> Option<Version> {
        Version::from_code(self.version)
    }
}

/// An alert (RFC 8446 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Whether it is fatal; warnings are not.
    pub fatal: bool,
    /// Its code.
    pub code: u8,
}

impl Alert {
    /// `protocol_version`: the version is recognised and not supported.
    pub const PROTOCOL_VERSION: u8 = 70;
    /// `internal_error`: something broke that has nothing to do with the other side.
    pub const INTERNAL_ERROR: u8 = 80;

    /// The name of the alert, for a person.
    pub fn name(self) -> &'static str {
        match self.code {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            22 => "record_overflow",
            40 => "handshake_failure",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            47 => "illegal_parameter",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            100 => "no_renegotiation",
            109 => "missing_extension",
            110 => "unsupported_extension",
            112 => "unrecognized_name",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            _ => "other",
        }
    }
}

/// Why bytes are no flight of a TLS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlightError {
    /// The first bytes are not a TLS record: another protocol answered.
    NotTls,
    /// It began as TLS and broke the rules later.
    Malformed(&'static str),
    /// More than [`MAX_FLIGHT`] bytes.
    TooLarge,
}

/// Reads a flight piece by piece, as it arrives.
#[derive(Clone, Debug, Default)]
pub struct FlightReader {
    flight: Flight,
    records: Vec<u8>,
    handshake: Vec<u8>,
    received: usize,
    started: bool,
}

impl FlightReader {
    /// Takes the next bytes. `true` once nothing more is to be expected.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, FlightError> {
        self.received = self.received.saturating_add(bytes.len());
        if self.received > MAX_FLIGHT {
            return Err(FlightError::TooLarge);
        }
        let wanted = HEAD.saturating_sub(self.flight.head.len());
        self.flight.head.extend(bytes.iter().take(wanted));
        self.records.extend_from_slice(bytes);
        let mut consumed = 0;
        while !self.ended() {
            let mut reader = Reader::new(self.records.get(consumed..).unwrap_or_default());
            let Some(record) = next_record(&mut reader, self.started)? else {
                break;
            };
            consumed += 5 + record.1.len();
            self.started = true;
            let (kind, payload) = (record.0, record.1.to_vec());
            self.record(kind, &payload)?;
        }
        self.records.drain(..consumed.min(self.records.len()));
        Ok(self.ended())
    }

    /// What was read so far.
    pub fn flight(&self) -> &Flight {
        &self.flight
    }

    /// What was read, at the end.
    pub fn into_flight(self) -> Flight {
        self.flight
    }

    /// Number of bytes received.
    pub fn received(&self) -> usize {
        self.received
    }

    fn ended(&self) -> bool {
        self.flight.complete || self.flight.alert.is_some_and(|alert| alert.fatal)
    }

    fn record(&mut self, kind: u8, payload: &[u8]) -> Result<(), FlightError> {
        match kind {
            21 => {
                let mut reader = Reader::new(payload);
                let (Some(level), Some(code)) = (reader.u8(), reader.u8()) else {
                    return Err(FlightError::Malformed("a short alert"));
                };
                // close_notify ends the dialogue whatever its level says.
                self.flight.alert = Some(Alert {
                    fatal: level == 2 || code == 0,
                    code,
                });
                Ok(())
            }
            22 => {
                self.handshake.extend_from_slice(payload);
                self.messages()
            }
            // ChangeCipherSpec for the sake of middleboxes (RFC 8446 appendix D.4).
            20 => Ok(()),
            _ => Err(FlightError::Malformed("an unexpected record")),
        }
    }

    fn messages(&mut self) -> Result<(), FlightError> {
        let buffer = std::mem::take(&mut self.handshake);
        let mut reader = Reader::new(&buffer);
        while !self.flight.complete {
            let mut ahead = reader;
            let (Some(kind), Some(body)) = (ahead.u8(), ahead.vec24()) else {
                break;
            };
            self.message(kind, body)
                .ok_or(FlightError::Malformed("a handshake message"))?;
            reader = ahead;
        }
        self.handshake = reader.rest().to_vec();
        Ok(())
    }

    fn message(&mut self, kind: u8, body: &[u8]) -> Option<()> {
        match kind {
            // HelloRequest, which asks for nothing here.
            0 => {}
            2 if self.flight.hello.is_none() => {
                let hello = server_hello(body)?;
                self.flight.complete = hello.version == Version::Tls13.code() || hello.retry;
                self.flight.hello = Some(hello);
            }
            11 if self.flight.certificates.is_none() => {
                let mut list = Reader::new(Reader::new(body).vec24()?);
                let mut kept = Vec::new();
                while !list.is_empty() {
                    let certificate = list.vec24()?;
                    self.flight.certificates_sent += 1;
                    if kept.len() < MAX_CERTIFICATES {
                        kept.push(certificate.to_vec());
                    }
                }
                self.flight.certificates = Some(kept);
            }
            12 => self.flight.key_exchange = Some(body.to_vec()),
            13 => self.flight.certificate_request = Some(authorities(body, self.flight.version())),
            14 => self.flight.complete = true,
            22 => {
                let mut reader = Reader::new(body);
                if reader.u8()? == 1 {
                    self.flight.staple = Some(reader.vec24()?.to_vec());
                }
            }
            // NewSessionTicket and whatever else a server may send first.
            _ if self.flight.hello.is_some() => {}
            _ => return None,
        }
        Some(())
    }
}

/// The next whole record: its type and payload; `None` until more bytes arrive.
pub(super) fn next_record<'a>(
    reader: &mut Reader<'a>,
    started: bool,
) -> Result<Option<(u8, &'a [u8])>, FlightError> {
    let wrong = if started {
        FlightError::Malformed("a record header")
    } else {
        FlightError::NotTls
    };
    let Some(kind) = reader.u8() else {
        return Ok(None);
    };
    if !(20..=24).contains(&kind) {
        return Err(wrong);
    }
    let Some(major) = reader.u8() else {
        return Ok(None);
    };
    if major != 3 {
        return Err(wrong);
    }
    let (Some(_minor), Some(length)) = (reader.u8(), reader.u16()) else {
        return Ok(None);
    };
    let length = usize::from(length);
    if length > MAX_RECORD {
        return Err(wrong);
    }
    // Forbidden (RFC 8446 section 5.1), and yet a record: no other protocol begins so.
    if length == 0 && kind != 23 {
        return Err(FlightError::Malformed("an empty record"));
    }
    Ok(reader.take(length).map(|payload| (kind, payload)))
}

pub(super) fn server_hello(body: &[u8]) -> Option<ServerHello> {
    let mut reader = Reader::new(body);
    let legacy_version = reader.u16()?;
    let random = reader.take(32)?;
    let session_id = reader.vec8()?.to_vec();
    let mut hello = ServerHello {
        version: legacy_version,
        suite: reader.u16()?,
        compression: reader.u8()?,
        random: random.try_into().ok()?,
        session_id,
        retry: random == RETRY_RANDOM,
        group: None,
        extensions: Vec::new(),
        alpn: None,
        timestamps: None,
    };
    if reader.is_empty() {
        return Some(hello);
    }
    let mut list = Reader::new(reader.vec16()?);
    while !list.is_empty() {
        let kind = list.u16()?;
        let mut data = Reader::new(list.vec16()?);
        if hello.extensions.len() < 64 {
            hello.extensions.push(kind);
        }
        match kind {
            43 => hello.version = data.u16()?,
            // A retry names the group alone, a ServerHello a share of it too.
            51 => hello.group = Some(data.u16()?),
            18 => hello.timestamps = Some(data.rest().to_vec()),
            16 => hello.alpn = Some(Reader::new(data.vec16()?).vec8()?.to_vec()),
            _ => {}
        }
    }
    Some(hello)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![kind, 3, 3];
        out.extend_from_slice(&u16::try_from(payload.len()).expect("short").to_be_bytes());
        out.extend_from_slice(payload);
        out
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![kind, 0];
        out.extend_from_slice(&u16::try_from(body.len()).expect("short").to_be_bytes());
        out.extend_from_slice(body);
        out
    }

    fn hello_body(random: [u8; 32], suite: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend_from_slice(&random);
        body.push(0);
        body.extend_from_slice(&suite.to_be_bytes());
        body.push(0);
        if !extensions.is_empty() {
            body.extend_from_slice(
                &u16::try_from(extensions.len())
                    .expect("short")
                    .to_be_bytes(),
            );
            body.extend_from_slice(extensions);
        }
        body
    }

    fn tls12_flight() -> Vec<u8> {
        let mut messages = message(
            2,
            &hello_body([9; 32], 0xc02f, &[0xff, 1, 0, 1, 0, 0, 23, 0, 0]),
        );
        messages.extend(message(11, &[0, 0, 8, 0, 0, 5, 1, 2, 3, 4, 5]));
        messages.extend(message(22, &[1, 0, 0, 2, 7, 7]));
        messages.extend(message(12, &[3, 0, 29, 1, 0]));
        messages.extend(message(14, &[]));
        // Messages fragmented over records, across their headers too.
        let mut out = Vec::new();
        for piece in messages.chunks(7) {
            out.extend(record(22, piece));
        }
        out
    }

    #[test]
    fn a_fragmented_flight_is_put_together() {
        let bytes = tls12_flight();
        let mut expected = FlightReader::default();
        assert_eq!(expected.push(&bytes), Ok(true));
        let flight = expected.into_flight();
        let hello = flight.hello.clone().expect("hello");
        assert_eq!(
            (hello.version(), hello.suite),
            (Some(Version::Tls12), 0xc02f)
        );
        assert_eq!(hello.extensions, [0xff01, 23]);
        assert_eq!(flight.certificates, Some(vec![vec![1, 2, 3, 4, 5]]));
        assert_eq!(flight.staple, Some(vec![7, 7]));
        assert_eq!(flight.key_exchange, Some(vec![3, 0, 29, 1, 0]));
        assert!(flight.complete);

        // The same, one byte at a time.
        let mut slow = FlightReader::default();
        for byte in &bytes {
            slow.push(&[*byte]).expect("valid");
        }
        assert_eq!(slow.into_flight(), flight);
    }

    #[test]
    fn a_retry_request_names_version_suite_and_group() {
        let extensions = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0x11, 0xec];
        let bytes = record(
            22,
            &message(2, &hello_body(RETRY_RANDOM, 0x1301, &extensions)),
        );
        let mut reader = FlightReader::default();
        assert_eq!(reader.push(&bytes), Ok(true));
        let hello = reader.into_flight().hello.expect("hello");
        assert!(hello.retry);
        assert_eq!(hello.version(), Some(Version::Tls13));
        assert_eq!((hello.suite, hello.group), (0x1301, Some(4588)));
    }

    #[test]
    fn answers_that_are_no_flight_are_told_apart() {
        let mut huge = Vec::new();
        for _ in 0..40 {
            huge.extend(record(20, &[1; 16_000]));
        }
        let cases: Vec<(Vec<u8>, Result<bool, FlightError>)> = vec![
            (record(21, &[2, 40]), Ok(true)),
            (record(21, &[1, 112]), Ok(false)),
            (record(21, &[1, 0]), Ok(true)),
            (
                record(21, &[2]),
                Err(FlightError::Malformed("a short alert")),
            ),
            (
                b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
                Err(FlightError::NotTls),
            ),
            (b"SSH-2.0-x".to_vec(), Err(FlightError::NotTls)),
            (vec![22, 3], Ok(false)),
            (
                record(22, &message(2, &[1, 2])),
                Err(FlightError::Malformed("a handshake message")),
            ),
            (record(22, &message(11, &[0, 0, 0])), Ok(false)),
            (vec![22, 3, 1, 0xff, 0xff], Err(FlightError::NotTls)),
            (
                record(22, &[]),
                Err(FlightError::Malformed("an empty record")),
            ),
            (huge, Err(FlightError::TooLarge)),
        ];
        for (bytes, expected) in cases {
            let mut reader = FlightReader::default();
            assert_eq!(reader.push(&bytes), expected, "{:?}", bytes.get(..6));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = FlightReader::default().push(&bytes);
            let _ = FlightReader::default().push(&record(22, &bytes));
            let _ = FlightReader::default().push(&record(22, &message(2, &bytes)));
            let _ = FlightReader::default().push(&record(22, &message(11, &bytes)));
        }

        #[test]
        fn a_damaged_flight_is_taken(at in 0usize..150, value in any::<u8>(), cut in 0usize..200) {
            let mut bytes = tls12_flight();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            bytes.truncate(cut);
            let _ = FlightReader::default().push(&bytes);
        }
    }
}
