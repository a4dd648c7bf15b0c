//! Certificates with faults: each is refused for exactly its own reason.

use std::{fs, net::TcpListener, sync::Arc, thread};

use rustls::{
    ServerConfig, ServerConnection,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use scrutineer::{
    model::{gap::GapReason, level::Level},
    net::tls::provider,
    probes::tls::facts::{Certificate, ChainProblemName},
};

use crate::support::program;
use crate::tls::{Pki, Seen, observe, serve};

/// Bytes of a date, taken for others of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|part| part == from);
    let at = at.expect("the bytes to be replaced");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// The two dates of a certificate, which stand side by side with their headers.
fn with_dates(body: &[u8], begin: &str, end: &str) -> Vec<u8> {
    let old = body
        .windows(30)
        .find(|part| part.starts_with(&[0x17, 13]) && part[15..].starts_with(&[0x17, 13]))
        .expect("two dates")
        .to_vec();
    let date = |text: &str| [&[0x17, 13][..], text.as_bytes()].concat();
    replaced(body, &old, &[date(begin), date(end)].concat())
}

#[test]
fn each_fault_of_a_chain_is_named_and_no_other() {
    use ChainProblemName as P;
    // Certificate, chain file, root known, problems.
    let cases: &[(&str, &[&str], bool, &[P])] = &[
        ("rsa", &["inter"], true, &[]),
        ("rsa", &["inter", "root"], true, &[]),
        ("rsa", &[], true, &[P::Incomplete]),
        ("ec", &[], true, &[P::UnknownIssuer]),
        ("rsa", &["inter"], false, &[P::UnknownIssuer]),
        ("rsa", &["inter", "root"], false, &[P::UnknownIssuer]),
        ("rsa", &["root", "inter"], true, &[]),
        ("other", &["inter"], true, &[P::NameMismatch]),
        ("past", &["inter"], true, &[P::Expired]),
        ("ended", &["inter"], true, &[P::Expired, P::NameMismatch]),
        ("early", &["inter"], true, &[P::NotYetValid]),
        ("forged", &["inter"], true, &[P::BadSignature]),
        ("weak", &["inter"], true, &[P::WeakKey]),
        ("sha1", &["inter"], true, &[P::WeakSignature]),
        ("md5", &["inter"], true, &[P::WeakSignature]),
        ("alone", &[], true, &[P::SelfSigned]),
        ("self", &[], true, &[P::NameMismatch, P::SelfSigned]),
        ("deep", &["below", "inter"], true, &[]),
        ("deep", &["inter", "below"], true, &[P::WrongOrder]),
        ("deep", &["inter"], true, &[P::Incomplete]),
        ("client", &["inter"], true, &[P::NotForServers]),
        ("far", &["long", "short"], true, &[P::PathTooLong]),
        ("usurped", &["ec", "inter"], true, &[P::NotAnAuthority]),
        ("outside", &["bound"], true, &[P::NameConstraints]),
    ];
    let Some(_) = program("openssl", "openssl", "TLS chains") else {
        return;
    };
    let pki = Pki::get();
    pki.alter("rsa", "early", "inter", |body| {
        with_dates(body, "400101000000Z", "400131000000Z")
    });
    let mut forged = pki.der("rsa");
    *forged.last_mut().unwrap() ^= 1;
    pki.keep("rsa", "forged", &forged);
    for (leaf, chain, trusted, expected) in cases {
        let file = format!("chain-{}.pem", chain.join("-"));
        let parts = chain
            .iter()
            .map(|name| fs::read_to_string(pki.path(&format!("{name}.pem"))).unwrap());
        fs::write(pki.path(&file), parts.collect::<String>()).unwrap();
        let chain_file = (!chain.is_empty()).then_some(file.as_str());
        let options = ["-cipher", "DEFAULT@SECLEVEL=0"];
        let Some((_server, port)) = serve(&[leaf], chain_file, &options) else {
            return;
        };
        let root = pki.path("root.pem");
        let seen = observe(port, trusted.then_some(root.as_path()), Level::Passive);
        let about = |one: &Certificate| one.chain.problems.clone();
        let details: Vec<_> = seen.certificates().iter().map(about).collect();
        assert_eq!(seen.problems(), *expected, "{leaf} {chain:?} {details:?}");
    }
}

/// Gives out a chain, whatever stands in it.
#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl ResolvesServerCert for Fixed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A server by rustls, which sends what it is given without reading it.
fn serve_bytes(chain: Vec<Vec<u8>>, key: &str) -> u16 {
    let key = PrivateKeyDer::from_pem_file(Pki::get().path(key)).unwrap();
    let provider = Arc::new(provider());
    let key = provider.key_provider.load_private_key(key).unwrap();
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Fixed(Arc::new(CertifiedKey::new(chain, key)))));
    let config = Arc::new(config);
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in socket.incoming().flatten() {
            let mut server = ServerConnection::new(config.clone()).unwrap();
            while server.is_handshaking() && server.complete_io(&mut stream).is_ok() {}
        }
    });
    port
}

#[test]
fn certificates_that_cannot_be_read_are_told() {
    let Some(_) = program("openssl", "openssl", "TLS chains") else {
        return;
    };
    let pki = Pki::get();
    let root = pki.path("root.pem");
    let look =
        |chain| -> Seen { observe(serve_bytes(chain, "ec.key"), Some(&root), Level::Passive) };
    let garbage = b"no certificate at all".to_vec();
    let seen = look(vec![pki.der("ec"), garbage.clone(), pki.der("inter")]);
    assert_eq!(seen.problems(), [ChainProblemName::Unreadable]);
    let seen = look(vec![garbage]);
    assert_eq!(seen.certificates(), []);
    let told = seen
        .gaps
        .iter()
        .find(|gap| gap.at == "/tls/endpoints/0/certificates/-");
    assert_eq!(told.expect("a gap").reason, GapReason::Malformed);
}
