//! What must hold for any bytes from a TLS server. The fuzz targets and an
//! ordinary test share it.

use scrutineer::wire::{
    tls::{
        flight::{FlightReader, MAX_CERTIFICATES},
        key_exchange::{KeyExchange, public_value, signature_scheme},
        rsa_padding::{Padding, client_key_exchange},
        ssl2, starttls, transcript,
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
