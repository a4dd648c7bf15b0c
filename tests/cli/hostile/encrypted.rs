//! TLS for hostile servers: an ordinary certificate, and odd ones.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, IsCa, Issuer, KeyPair, SanType,
    string::Ia5String,
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::sync::{Arc, LazyLock};

use super::harness::{Pipe, Serve, serve};

/// A root, and a certificate for the office by it.
pub struct Own {
    pub root: String,
    config: Arc<ServerConfig>,
}

pub static OWN: LazyLock<Own> = LazyLock::new(|| {
    let (root, config) = certified(
        CertificateParams::new(vec!["*.hostile.example".to_owned()]).unwrap(),
        0,
    );
    Own { root, config }
});

/// Speaks TLS with the ordinary certificate, and then does what is asked.
pub fn within(inner: Serve) -> Serve {
    let config = OWN.config.clone();
    serve(move |pipe| encrypt(pipe, config.clone(), |stream| inner(stream)))
}

/// A root, and a server with a certificate of its own for names that speaks TLS and then does what is asked.
pub fn serving(names: &[&str], inner: Serve) -> (String, Serve) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let (root, config) = certified(CertificateParams::new(names).unwrap(), 0);
    let serve = serve(move |pipe| encrypt(pipe, config.clone(), |stream| inner(stream)));
    (root, serve)
}

/// Speaks TLS with a certificate as asked, and `links` more above it, and answers with a page.
pub fn with_certificate(parameters: CertificateParams, links: usize) -> Serve {
    let (_, config) = certified(parameters, links);
    serve(move |pipe| {
        encrypt(pipe, config.clone(), |stream| {
            super::web::answer(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
    })
}

fn encrypt(pipe: &mut dyn Pipe, config: Arc<ServerConfig>, inner: impl FnOnce(&mut dyn Pipe)) {
    let connection = ServerConnection::new(config).unwrap();
    let mut stream = StreamOwned::new(connection, pipe);
    while stream.conn.is_handshaking() {
        if stream.conn.complete_io(&mut stream.sock).is_err() {
            // The alert that says why.
            let _ = stream.conn.write_tls(&mut stream.sock);
            return;
        }
    }
    inner(&mut stream);
    stream.conn.send_close_notify();
    let _ = stream.conn.complete_io(&mut stream.sock);
}

fn certified(parameters: CertificateParams, links: usize) -> (String, Arc<ServerConfig>) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let authority = |number: usize| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, format!("Hostile authority {number}"));
        params
    };
    let mut key = KeyPair::generate().unwrap();
    let root = authority(0).self_signed(&key).unwrap();
    let mut chain: Vec<CertificateDer<'static>> = Vec::new();
    let mut above = authority(0);
    for number in 1..=links {
        let next = KeyPair::generate().unwrap();
        let link = authority(number)
            .signed_by(&next, &Issuer::new(above, &key))
            .unwrap();
        chain.insert(0, link.der().clone());
        (above, key) = (authority(number), next);
    }
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = parameters
        .signed_by(&leaf_key, &Issuer::new(above, &key))
        .unwrap();
    chain.insert(0, leaf.der().clone());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    // Not checked for sense, as the server's own library would.
    let certified = rustls::sign::CertifiedKey::new(chain, key);
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)));
    (root.pem(), Arc::new(config))
}

/// A certificate whose names carry control characters and markup.
pub fn odd_names() -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    let evil = "evil\x1b[31m\u{202E}\r\n\0<script>alert(1)</script>\u{9b}2J";
    for part in [DnType::CommonName, DnType::OrganizationName] {
        params
            .distinguished_name
            .push(part, DnValue::Utf8String(evil.to_owned()));
    }
    let ascii: String = evil.chars().filter(char::is_ascii).collect();
    params.subject_alt_names = vec![
        SanType::DnsName("office.hostile.example".try_into().unwrap()),
        SanType::DnsName(Ia5String::try_from(ascii.clone()).unwrap()),
        SanType::URI(Ia5String::try_from(ascii.clone()).unwrap()),
        SanType::Rfc822Name(Ia5String::try_from(ascii).unwrap()),
    ];
    params
}

/// A certificate with very many names.
pub fn many_names(count: usize) -> CertificateParams {
    let names: Vec<String> = (0..count)
        .map(|number| format!("n{number}.hostile.example"))
        .chain(["office.hostile.example".to_owned()])
        .collect();
    CertificateParams::new(names).unwrap()
}
