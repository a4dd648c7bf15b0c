//! The client's side of a handshake of TLS 1.2 with ECDHE (RFC 5246 section 7.3), for
//! the one handshake that rustls does not make: a renegotiation. Whether the server
//! proves who it is, is not looked at.

use super::{
    EXTENDED_MASTER_SECRET, Reader, Version,
    client_hello::ClientHello,
    flight::{MAX_FLIGHT, ServerHello, server_hello},
    key_exchange::{KeyExchange, public_value},
    tls12_keys::{RecordKey, Suite, suite},
};

const HELLO_REQUEST: u8 = 0;
const SERVER_HELLO: u8 = 2;
const NEW_SESSION_TICKET: u8 = 4;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;
const CLIENT_KEY_EXCHANGE: u8 = 16;
const FINISHED: u8 = 20;
const CERTIFICATE_STATUS: u8 = 22;

/// A handshake under way.
pub struct Handshake {
    random: [u8; 32],
    /// All messages so far.
    transcript: Vec<u8>,
    /// What came of a message that is not whole yet.
    buffer: Vec<u8>,
    hello: Option<ServerHello>,
    exchange: Option<Vec<u8>>,
    asks_certificate: bool,
    agreed: Option<(Suite, Vec<u8>)>,
}

/// What a handshake waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// More of the server's messages.
    More,
    /// [`Handshake::answer`]: the server's flight is whole.
    Answer {
        /// The group of the key exchange.
        group: u16,
        /// The server's public value.
        value: Vec<u8>,
    },
    /// Nothing: the server's Finished came, and is right.
    Completed,
}

/// The client's second flight.
pub struct Answer {
    /// Handshake messages before the ChangeCipherSpec.
    pub before: Vec<u8>,
    /// The Finished behind it.
    pub finished: Vec<u8>,
    /// What the Finished says.
    pub verify_data: Vec<u8>,
    /// Seals what the client says from its ChangeCipherSpec on.
    pub send: RecordKey,
    /// Opens what the server says from its ChangeCipherSpec on.
    pub receive: RecordKey,
}

impl Handshake {
    /// Begins with a hello, of which `message` is what was sent, without a record header.
    pub fn new(hello: &ClientHello, message: &[u8]) -> Self {
        Self {
            random: hello.random,
            transcript: message.to_vec(),
            buffer: Vec::new(),
            hello: None,
            exchange: None,
            asks_certificate: false,
            agreed: None,
        }
    }

    /// Takes the content of the next handshake record.
    ///
    /// # Errors
    /// A word on what is not known here, or wrong.
    pub fn push(&mut self, plain: &[u8]) -> Result<Step, &'static str> {
        if self.transcript.len() + self.buffer.len() + plain.len() > MAX_FLIGHT {
            return Err("the server's messages are too long");
        }
        self.buffer.extend_from_slice(plain);
        let buffer = std::mem::take(&mut self.buffer);
        let mut reader = Reader::new(&buffer);
        let mut step = Step::More;
        while step == Step::More {
            let mut ahead = reader;
            let (Some(kind), Some(body)) = (ahead.u8(), ahead.vec24()) else {
                break;
            };
            let whole = reader.take(4 + body.len()).unwrap_or_default();
            step = self.message(kind, body, whole)?;
        }
        self.buffer = reader.rest().to_vec();
        Ok(step)
    }

    fn message(&mut self, kind: u8, body: &[u8], whole: &[u8]) -> Result<Step, &'static str> {
        const BROKEN: &str = "a broken message";
        if let (FINISHED, Some((suite, master))) = (kind, &self.agreed) {
            let right = suite.server_finished(master, &self.transcript) == body;
            return match right {
                true => Ok(Step::Completed),
                false => Err("a Finished that does not fit"),
            };
        }
        match (kind, self.agreed.is_some()) {
            // It stands outside of the handshake (RFC 5246 section 7.4.1.1).
            (HELLO_REQUEST, _) => return Ok(Step::More),
            (SERVER_HELLO, false) if self.hello.is_none() => {
                self.hello = Some(server_hello(body).ok_or(BROKEN)?);
            }
            (SERVER_KEY_EXCHANGE, false) => self.exchange = Some(body.to_vec()),
            (CERTIFICATE_REQUEST, false) => self.asks_certificate = true,
            (CERTIFICATE | CERTIFICATE_STATUS | SERVER_HELLO_DONE, false)
            | (NEW_SESSION_TICKET, true) => {}
            _ => return Err("a message out of place"),
        }
        self.transcript.extend_from_slice(whole);
        if kind != SERVER_HELLO_DONE {
            return Ok(Step::More);
        }
        let hello = self.hello.as_ref().ok_or(BROKEN)?;
        if hello.version() != Some(Version::Tls12) || suite(hello.suite).is_none() {
            return Err("another version or suite than was offered");
        }
        let exchange = self.exchange.as_deref().ok_or(BROKEN)?;
        let group = KeyExchange::parse(exchange, "ECDHE", false);
        let value = public_value(exchange, "ECDHE", false);
        match (group, value) {
            (Some(KeyExchange::Curve(group)), Some(value)) => Ok(Step::Answer {
                group,
                value: value.to_vec(),
            }),
            _ => Err(BROKEN),
        }
    }

    /// The client's second flight, with its public value and the secret that it shares
    /// with the server. `None` before the server's flight is whole.
    pub fn answer(&mut self, public: &[u8], shared: &[u8]) -> Option<Answer> {
        let hello = self.hello.as_ref()?;
        let suite = suite(hello.suite)?;
        let mut before = Vec::new();
        if self.asks_certificate {
            // None (RFC 5246 section 7.4.6).
            before.extend(message(CERTIFICATE, &[0, 0, 0]));
        }
        let length = u8::try_from(public.len()).ok()?;
        before.extend(message(CLIENT_KEY_EXCHANGE, &[&[length], public].concat()));
        self.transcript.extend_from_slice(&before);
        let randoms = [self.random, hello.random].concat();
        let master = match hello.extensions.contains(&EXTENDED_MASTER_SECRET) {
            true => suite.extended_master(shared, &self.transcript),
            false => suite.master(shared, &randoms),
        };
        let turned = [hello.random, self.random].concat();
        let (send, receive) = suite.record_keys(&master, &turned)?;
        let verify_data = suite.client_finished(&master, &self.transcript);
        let finished = message(FINISHED, &verify_data);
        self.transcript.extend_from_slice(&finished);
        self.agreed = Some((suite, master));
        Some(Answer {
            before,
            finished,
            verify_data,
            send,
            receive,
        })
    }
}

/// A short message with its header.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[kind], length.get(1..).unwrap_or_default(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hello() -> (ClientHello, Vec<u8>) {
        let mut hello = ClientHello::new(Version::Tls12, [3; 32]);
        hello.suites = vec![0xc02f];
        let message = hello.encode().split_off(5);
        (hello, message)
    }

    fn begun() -> Handshake {
        let (hello, message) = hello();
        Handshake::new(&hello, &message)
    }

    /// A server's flight; `bound` with the extended master secret.
    fn flight(version: u8, suite: [u8; 2], bound: bool, asks: bool) -> Vec<u8> {
        let mut body = vec![3, version];
        body.extend([9; 32]);
        body.extend([0, suite[0], suite[1], 0]);
        if bound {
            body.extend([0, 4, 0, 23, 0, 0]);
        }
        let mut out = message(SERVER_HELLO, &body);
        out.extend(message(CERTIFICATE, &[0, 0, 0]));
        out.extend(message(
            SERVER_KEY_EXCHANGE,
            &[3, 0, 29, 2, 7, 8, 4, 1, 0, 1, 5],
        ));
        if asks {
            out.extend(message(CERTIFICATE_REQUEST, &[0, 0, 0, 0, 0]));
        }
        out.extend(message(SERVER_HELLO_DONE, &[]));
        out
    }

    #[test]
    fn both_sides_come_to_the_same_keys() {
        for (bound, asks) in [(false, false), (true, false), (true, true)] {
            let mut client = begun();
            let sent = flight(3, [0xc0, 0x2f], bound, asks);
            let (head, tail) = sent.split_at(50);
            assert_eq!(client.push(&message(HELLO_REQUEST, &[])), Ok(Step::More));
            assert_eq!(client.push(head), Ok(Step::More));
            let value = vec![7, 8];
            assert_eq!(client.push(tail), Ok(Step::Answer { group: 29, value }));
            let mut answer = client.answer(&[1, 2], &[4; 32]).expect("whole");
            assert_eq!(answer.before.starts_with(&[CERTIFICATE]), asks);

            // The server's side, as RFC 5246 section 8.1 and RFC 7627 section 4 have it.
            let suite = suite(0xc02f).expect("known");
            let mut transcript = [&hello().1[..], &sent, &answer.before].concat();
            let master = match bound {
                true => suite.extended_master(&[4; 32], &transcript),
                false => suite.master(&[4; 32], &[[3; 32], [9; 32]].concat()),
            };
            assert_eq!(
                answer.verify_data,
                suite.client_finished(&master, &transcript)
            );
            let (mut from_client, mut to_client) = suite
                .record_keys(&master, &[[9; 32], [3; 32]].concat())
                .expect("keys");
            let record = answer.send.seal(22, &answer.finished).expect("short");
            assert_eq!(from_client.open(&record), Some(answer.finished.clone()));
            transcript.extend(&answer.finished);
            let ticket = message(NEW_SESSION_TICKET, &[0, 0, 0, 0, 0, 1, 5]);
            transcript.extend(&ticket);
            assert_eq!(client.push(&ticket), Ok(Step::More));
            let finished = message(FINISHED, &suite.server_finished(&master, &transcript));
            let record = to_client.seal(22, &finished).expect("short");
            let finished = answer.receive.open(&record).expect("opened");
            assert_eq!(client.push(&finished), Ok(Step::Completed));
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let cases = [
            (
                flight(2, [0xc0, 0x2f], true, false),
                "another version or suite than was offered",
            ),
            (
                flight(3, [0, 0x2f], true, false),
                "another version or suite than was offered",
            ),
            (message(SERVER_HELLO, &[3, 3]), "a broken message"),
            (message(SERVER_HELLO_DONE, &[]), "a broken message"),
            (message(FINISHED, &[0; 12]), "a message out of place"),
            (vec![11; MAX_FLIGHT], "the server's messages are too long"),
        ];
        for (bytes, word) in cases {
            assert_eq!(begun().push(&bytes), Err(word));
        }
        assert!(begun().answer(&[1], &[2]).is_none());
        let mut client = begun();
        client
            .push(&flight(3, [0xc0, 0x2f], true, false))
            .expect("sound");
        client.answer(&[1], &[2]).expect("whole");
        assert_eq!(
            client.push(&message(FINISHED, &[0; 12])),
            Err("a Finished that does not fit")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..150, value: u8) {
            let _ = begun().push(&bytes);
            let mut sent = flight(3, [0xc0, 0x2f], true, true);
            if let Some(byte) = sent.get_mut(at) {
                *byte = value;
            }
            let mut client = begun();
            let _ = client.push(&sent);
            let _ = client.answer(&bytes, &bytes);
            let _ = client.push(&bytes);
        }
    }
}
