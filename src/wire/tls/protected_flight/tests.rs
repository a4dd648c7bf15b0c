use super::*;
use crate::wire::tls::client_hello::ClientHello;
use proptest::prelude::*;
use rustls::{
    CertificateCompressionAlgorithm, ServerConfig, ServerConnection,
    compress::{CertCompressor, CompressionFailed, CompressionLevel},
    crypto::{ActiveKeyExchange, aws_lc_rs},
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{io::Write, sync::Arc};

/// Packs with zlib, and says that it is another algorithm where that is wanted.
#[derive(Debug)]
struct Packer(u16);

impl CertCompressor for Packer {
    fn compress(
        &self,
        input: Vec<u8>,
        _level: CompressionLevel,
    ) -> Result<Vec<u8>, CompressionFailed> {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(&input).map_err(|_| CompressionFailed)?;
        out.finish().map_err(|_| CompressionFailed)
    }

    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        self.0.into()
    }
}

static ZLIB: Packer = Packer(1);
static BROTLI: Packer = Packer(2);

/// What a server of rustls answers to a hello with a share of x25519: the hello,
/// the share and the answer.
fn answer(
    suite: u16,
    compressor: Option<&'static dyn CertCompressor>,
) -> (Vec<u8>, Box<dyn ActiveKeyExchange>, Vec<u8>, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["vote.example".to_owned()]).expect("made");
    let der = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("a version")
        .with_no_client_auth()
        .with_single_cert_with_ocsp(vec![der.clone()], key, vec![7; 40])
        .expect("a certificate");
    config.cert_compressors = compressor.into_iter().collect();
    let mut server = ServerConnection::new(Arc::new(config)).expect("a server");
    let share = aws_lc_rs::kx_group::X25519.start().expect("a share");
    let mut hello = ClientHello::new(Version::Tls13, [9; 32]);
    hello.suites = vec![suite];
    hello.groups = vec![29];
    hello.key_shares = vec![(29, share.pub_key().to_vec())];
    hello.signature_schemes = vec![0x0403];
    hello.server_name = Some("vote.example".to_owned());
    hello.status_request = true;
    hello.timestamps = true;
    hello.grease = true;
    hello.certificate_compression = vec![3, 2, 1];
    let hello = hello.encode();
    let mut bytes = hello.as_slice();
    server.read_tls(&mut bytes).expect("from memory");
    server.process_new_packets().expect("a sound hello");
    let mut answer = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut answer).expect("to memory");
    }
    (hello, share, answer, der.to_vec())
}

fn reader(hello: &[u8], share: Box<dyn ActiveKeyExchange>) -> ProtectedReader<impl Agree> {
    let mut share = Some(share);
    ProtectedReader::new(hello, move |_: u16, value: &[u8]| {
        let secret = share.take()?.complete(value).ok()?;
        Some(secret.secret_bytes().to_vec())
    })
}

#[test]
fn the_flight_of_another_implementation_is_read() {
    for suite in [0x1301, 0x1302, 0x1303] {
        let packers: [Option<&'static dyn CertCompressor>; 3] = [None, Some(&ZLIB), Some(&BROTLI)];
        for packer in packers {
            let (hello, share, answer, der) = answer(suite, packer);
            let mut reader = reader(&hello, share);
            // In pieces, and across the borders of records.
            let mut ended = false;
            for piece in answer.chunks(11) {
                ended = reader.push(piece).expect("sound");
                if ended {
                    break;
                }
            }
            assert!(ended, "{suite:04x}");
            let flight = reader.into_flight();
            let packed = packer.map(|packer| u16::from(packer.algorithm()));
            let readable = packed != Some(2);
            assert_eq!((flight.suite, flight.compression), (suite, packed));
            assert_eq!(flight.readable, readable);
            assert_eq!(flight.certificates == [der], readable);
            assert_eq!(flight.staple == Some(vec![7; 40]), readable);
            assert_eq!(flight.timestamps, None);
        }
    }
}

#[test]
fn a_changed_flight_is_refused() {
    let (hello, share, mut answer, _) = answer(0x1301, None);
    let last = answer.len() - 200;
    answer[last] ^= 1;
    assert_eq!(
        reader(&hello, share).push(&answer),
        Err(Fault::Malformed("a sealed record"))
    );
}

#[test]
fn timestamps_stand_beside_the_first_certificate() {
    let entry = |der: &[u8], extensions: &[u8]| {
        let length = |bytes: &[u8]| u16::try_from(bytes.len()).expect("short").to_be_bytes();
        let der = [&[0][..], &length(der), der].concat();
        [&der[..], &length(extensions), extensions].concat()
    };
    let leaf = entry(b"leaf", &[0, 18, 0, 3, 0, 1, 5, 0, 5, 0, 5, 1, 0, 0, 1, 9]);
    let other = entry(b"inter", &[0, 18, 0, 1, 6]);
    let list = [leaf, other].concat();
    let length = u16::try_from(list.len()).expect("short").to_be_bytes();
    let body = [&[0, 0][..], &length, &list].concat();
    let mut reader = ProtectedReader::new(&[], |_: u16, _: &[u8]| None);
    assert_eq!(reader.certificates(&body), Some(()));
    let flight = reader.into_flight();
    assert_eq!(flight.certificates, [&b"leaf"[..], b"inter"]);
    assert_eq!(flight.timestamps, Some(vec![0, 1, 5]));
    assert_eq!(flight.staple, Some(vec![9]));
}

#[test]
fn what_is_packed_is_bounded() {
    let pack = |plain: &[u8]| ZLIB.compress(plain.to_vec(), CompressionLevel::Interactive);
    let packed = pack(&[0; 5_000]).expect("packed");
    assert_eq!(decompress(1, 5_000, &packed), Some(vec![0; 5_000]));
    assert_eq!(decompress(1, 4_999, &packed), None);
    assert_eq!(decompress(1, 5_001, &packed), None);
    assert_eq!(decompress(2, 5_000, &packed), None);
    assert_eq!(decompress(1, MAX_DECOMPRESSED + 1, &packed), None);
    assert_eq!(compression_name(2), "brotli");
    assert_eq!(compression_name(9), "0x0009");
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = ProtectedReader::new(&bytes, |_: u16, value: &[u8]| Some(value.to_vec())).push(&bytes);
        let mut reader = ProtectedReader::new(&[], |_: u16, _: &[u8]| None);
        let _ = reader.certificates(&bytes);
        let _ = (key_share(&bytes), decompress(1, 100, &bytes));
    }
}
