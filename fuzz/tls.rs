//! What must hold for any bytes from a TLS server. The fuzz targets and an
//! ordinary test share it.

use scrutineer::wire::{
    ech, http_upgrade, quic,
    tls::{
        Version,
        client::{MAX_HELLO, Offer},
        client_hello::ClientHello,
        flight::{FlightReader, MAX_CERTIFICATES, MAX_FLIGHT},
        handshake_keys::HandshakeKeys,
        key_exchange::{KeyExchange, public_value, signature_scheme},
        protected_flight::{Fault, ProtectedFlight, ProtectedReader},
        rsa_padding::{Padding, client_key_exchange},
        ssl2, starttls,
        tls12_client::{Handshake, Step},
        tls12_keys, transcript,
    },
    x509::{self, Certificate},
};

/// A flight reads the same in one piece and byte by byte.
pub fn flight(bytes: &[u8]) {
    let mut whole = FlightReader::default();
    let end = whole.push(bytes);
    let mut slow = FlightReader::default();
    let mut slow_end = Ok(false);
    for byte in bytes {
        slow_end = slow.push(&[*byte]);
        if slow_end != Ok(false) {
            break;
        }
    }
    if end == Ok(true) {
        assert_eq!(slow_end, Ok(true));
    }
    let flight = whole.into_flight();
    let kept = flight.certificates.as_ref().map_or(0, Vec::len);
    assert!(kept <= MAX_CERTIFICATES && kept <= flight.certificates_sent);
    assert_eq!(flight.hello, slow.into_flight().hello);
    let _ = ssl2::grants(bytes);
    let messages = transcript::messages(bytes);
    let total: usize = messages.iter().map(|message| message.bytes.len()).sum();
    assert!(total <= bytes.len());
    let _ = transcript::ticket(&messages);
}

/// Parameters of a key exchange are read or refused.
pub fn key_exchange(bytes: &[u8]) {
    for exchange in ["ECDHE", "DHE", "RSA", "PSK"] {
        for psk in [false, true] {
            let read = KeyExchange::parse(bytes, exchange, psk);
            if let Some(KeyExchange::FiniteField { prime, bits }) = &read {
                let length = u32::try_from(prime.len()).expect("bounded");
                assert!(*bits <= length * 8 && *bits > (length - 1) * 8);
            }
            let _ = read.map(|exchange| exchange.ffdhe_name());
            let _ = public_value(bytes, exchange, psk);
        }
        let _ = signature_scheme(bytes, exchange);
    }
}

/// A certificate is refused, or everything that it says can be asked for.
pub fn certificate(bytes: &[u8]) {
    if let Ok(read) = Certificate::read(bytes) {
        assert!(read.names.len() <= read.name_count.max(read.names.len()));
        let _ = (read.self_signed(), read.lifetime_days(), read.wildcard());
        let _ = read.signed_by_anchor(read.issuer_content());
    }
    if let Some((modulus, exponent)) = x509::rsa_public_key(bytes) {
        // Large ones are slow, and bounded elsewhere.
        if modulus.len() <= 257 {
            let _ = client_key_exchange(Padding::Right, &modulus, &exponent, 3, [1; 48]);
        }
    }
    let _ = (x509::public_key_info(bytes), x509::rsa_key_bits(bytes));
}

/// Answers of servers of other protocols are understood or wait for more.
pub fn starttls(bytes: &[u8]) {
    let _ = (
        starttls::ldap(bytes),
        starttls::mysql(bytes),
        starttls::postgresql(bytes),
    );
    let _ = starttls::sieve_end(&String::from_utf8_lossy(bytes));
    let _ = (
        starttls::xmpp_features(bytes),
        starttls::xmpp_proceed(bytes),
    );
    if let Ok(Some((reply, taken))) = starttls::ftp_reply(bytes) {
        assert!(taken <= bytes.len() && !reply.lines.is_empty());
    }
}

/// What a server of TLS 1.3 sends under its handshake keys reads the same in one
/// piece and byte by byte. The first byte says how many bytes of messages each
/// sealed record holds; with 0 all bytes are sent as they stand.
pub fn protected_flight(bytes: &[u8]) {
    let Some((size, messages)) = bytes.split_first() else {
        return;
    };
    let sent = match *size {
        0 => messages.to_vec(),
        size => sealed_flight(messages, usize::from(size)),
    };
    if sent.len() > MAX_FLIGHT {
        return;
    }
    let whole = read_protected(&sent, sent.len().max(1));
    assert_eq!(whole, read_protected(&sent, 1));
    let (_, flight) = whole;
    assert!(flight.certificates.len() <= MAX_CERTIFICATES);
}

/// A ClientHello of no content, as one record.
const HELLO: [u8; 9] = [22, 3, 1, 0, 4, 1, 0, 0, 0];

/// The secret that both sides share.
const SHARED: [u8; 32] = [7; 32];

/// A ServerHello in the clear, and messages in sealed records of that many bytes.
fn sealed_flight(messages: &[u8], size: usize) -> Vec<u8> {
    const EXTENSIONS: [u8; 18] = [0, 16, 0, 43, 0, 2, 3, 4, 0, 51, 0, 6, 0, 29, 0, 2, 1, 2];
    let mut hello = vec![2, 0, 0, 56, 3, 3];
    hello.extend([9; 32]);
    hello.extend([0, 0x13, 0x01, 0]);
    hello.extend(EXTENSIONS);
    let hellos = [&HELLO[5..], &hello].concat();
    let mut keys = HandshakeKeys::new(0x1301, &SHARED, &hellos).expect("a known suite");
    let mut sent = vec![22, 3, 3, 0, 60];
    sent.extend(&hello);
    for piece in messages.chunks(size) {
        sent.extend(keys.seal(22, piece).expect("short"));
    }
    sent
}

/// How reading ends, and what was read, when the bytes come in pieces of a size.
fn read_protected(sent: &[u8], size: usize) -> (Result<bool, Fault>, ProtectedFlight) {
    let agree = |group: u16, _: &[u8]| (group == 29).then(|| SHARED.to_vec());
    let mut reader = ProtectedReader::new(&HELLO, agree);
    let mut end = Ok(false);
    for piece in sent.chunks(size) {
        end = reader.push(piece);
        if end != Ok(false) {
            break;
        }
    }
    (end, reader.into_flight())
}

/// What a server says in a handshake of TLS 1.2 that is made by hand reads the same in one
/// piece and in small ones, whose size the first byte tells; and its records are opened only
/// as they were sealed.
pub fn tls12_client(bytes: &[u8]) {
    let Some((size, messages)) = bytes.split_first() else {
        return;
    };
    if messages.len() > MAX_FLIGHT / 2 {
        return;
    }
    let whole = handshake(messages, messages.len().max(1));
    assert_eq!(whole, handshake(messages, usize::from(*size).max(1)));
    for suite in [0xc02b, 0xc030, 0xcca8].map(tls12_keys::suite) {
        let suite = suite.expect("it is known");
        let keys = || suite.record_keys(&[5; 48], &[6; 64]).expect("keys");
        let (mut writer, (mut reader, _)) = (keys().0, keys());
        assert_eq!(reader.open(bytes), None);
        let Some(record) = writer.seal(22, bytes) else {
            continue;
        };
        assert_eq!(reader.open(&record).as_deref(), Some(bytes));
        assert_eq!(reader.open(&record), None);
    }
}

/// What a handshake asks for, until it fails, when the server's messages come in pieces
/// of a size.
fn handshake(messages: &[u8], size: usize) -> Vec<Result<Step, &'static str>> {
    let mut hello = ClientHello::new(Version::Tls12, [3; 32]);
    hello.suites = vec![0xc02f];
    let sent = hello.encode().split_off(5);
    let mut handshake = Handshake::new(&hello, &sent);
    assert!(handshake.answer(&[1], &SHARED).is_none());
    let mut steps = Vec::new();
    for piece in messages.chunks(size) {
        let mut step = handshake.push(piece);
        while step != Ok(Step::More) {
            steps.push(step.clone());
            match step {
                Ok(Step::Answer { value, .. }) => {
                    let answer = handshake.answer(&value, &SHARED).expect("it is whole");
                    assert_eq!(answer.verify_data.len() + 4, answer.finished.len());
                }
                _ => return steps,
            }
            step = handshake.push(&[]);
        }
    }
    steps
}

/// Configurations of ECH are bounded, and names in them cannot write to a terminal.
pub fn ech(bytes: &[u8]) {
    let Some(configs) = ech::configs(bytes) else {
        return;
    };
    // Each takes at least its version and its length, after the length of all.
    assert!(!configs.is_empty() && configs.len() * 4 + 2 <= bytes.len());
    for contents in configs.iter().filter_map(|config| config.contents.as_ref()) {
        assert!(!contents.public_name.chars().any(char::is_control));
    }
}

/// An answer to QUIC's version negotiation names versions of that answer alone.
pub fn quic(bytes: &[u8]) {
    let ids = quic::Ids {
        to: [1; 8],
        from: [2; 8],
    };
    assert_eq!(quic::versions(&quic::question(&ids), &ids), None);
    let Some(versions) = quic::versions(bytes, &ids) else {
        return;
    };
    for version in versions {
        let word = version.to_be_bytes();
        assert!(bytes.windows(4).any(|window| window == word));
        assert!(quic::version_name(version).is_ascii());
    }
}

/// A ClientHello is read or refused, and what is read of it came in it.
pub fn client_hello(bytes: &[u8]) {
    let Ok(offer) = Offer::read(bytes) else {
        return;
    };
    let length = usize::try_from(offer.length).expect("bounded");
    assert!(length <= bytes.len() && bytes.len() <= MAX_HELLO);
    // Two bytes for each entry, in one list alone.
    let lists = [
        &offer.suites,
        &offer.groups,
        &offer.key_shares,
        &offer.signature_schemes,
    ];
    assert!(lists.iter().all(|list| list.len() * 2 <= length));
    assert!(offer.versions.is_sorted());
}

/// An answer to the question for TLS on plain HTTP reads the same once it is whole, and
/// what it names cannot write to a terminal.
pub fn http_upgrade(bytes: &[u8]) {
    let Ok(Some(answer)) = http_upgrade::answer(bytes) else {
        return;
    };
    assert!(answer.length <= bytes.len());
    let again = http_upgrade::answer(&bytes[..answer.length]);
    assert_eq!(again, Ok(Some(answer.clone())));
    let names = answer.tokens.iter().flat_map(|token| token.chars());
    assert!(!names.into_iter().any(char::is_control));
    assert!(!answer.switches() || answer.offers());
}
