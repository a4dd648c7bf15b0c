//! The TLS probe against servers of rustls with aws-lc-rs, among them one with
//! post-quantum groups alone.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use rustls::{
    CipherSuite, NamedGroup, ServerConfig, ServerConnection, StreamOwned,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};
use scrutineer::probes::tls::facts::{
    PreferenceBy::{Client, Server, Single},
    VersionName::{Tls12, Tls13},
};

use crate::support::program;
use crate::tls_offers::{A128, A256, CHACHA, MODERN, Offers, R128, R256, bars, command};
use crate::tls_servers::files;

/// Serves until the tests end.
pub fn serve(
    versions: &[&'static rustls::SupportedProtocolVersion],
    suites: &[CipherSuite],
    groups: &[NamedGroup],
    client_decides: bool,
) -> Option<u16> {
    program("openssl", "openssl", "rustls")?;
    let all = aws_lc_rs::ALL_CIPHER_SUITES;
    let suite = |wanted: &CipherSuite| all.iter().copied().find(|s| s.suite() == *wanted);
    let known = [
        aws_lc_rs::kx_group::X25519,
        aws_lc_rs::kx_group::SECP256R1,
        aws_lc_rs::kx_group::SECP384R1,
        aws_lc_rs::kx_group::X25519MLKEM768,
        aws_lc_rs::kx_group::SECP256R1MLKEM768,
    ];
    let group = |wanted: &NamedGroup| known.iter().copied().find(|g| g.name() == *wanted);
    let provider = CryptoProvider {
        cipher_suites: suites.iter().map(|name| suite(name).unwrap()).collect(),
        kx_groups: groups.iter().map(|name| group(name).unwrap()).collect(),
        ..aws_lc_rs::default_provider()
    };
    let (certificate, key) = files("rsa");
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(certificate).unwrap()],
            PrivateKeyDer::from_pem_file(key).unwrap(),
        )
        .unwrap();
    config.ignore_client_order = !client_decides;
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = config.clone();
            thread::spawn(move || {
                // Whatever fails here is the end of one connection.
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                let connection = ServerConnection::new(config).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                let _ = stream.flush();
                while stream
                    .conn
                    .complete_io(&mut stream.sock)
                    .is_ok_and(|(r, _)| r > 0)
                {}
            });
        }
    });
    Some(port)
}

#[test]
fn rustls_servers_offer_what_they_were_told() {
    const GCM: [CipherSuite; 2] = [
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];
    const NEW: [CipherSuite; 3] = [
        CipherSuite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    ];
    let both: Vec<CipherSuite> = NEW.into_iter().chain(GCM).collect();
    let cases = [
        (
            "both versions, its own order",
            serve(
                &[&TLS12, &TLS13],
                &both,
                &[
                    NamedGroup::X25519MLKEM768,
                    NamedGroup::X25519,
                    NamedGroup::secp256r1,
                ],
                false,
            ),
            Offers {
                versions: MODERN,
                tls12: &[R256, R128],
                tls13: &[A256, A128, CHACHA],
                by: &[(Tls12, Server), (Tls13, Server)],
                groups: &["secp256r1", "x25519", "X25519MLKEM768"],
            },
        ),
        (
            "TLS 1.3 alone, the client's order",
            serve(&[&TLS13], &NEW[..2], &[NamedGroup::secp384r1], true),
            Offers {
                versions: &[Tls13],
                tls12: &[],
                tls13: &[A128, A256],
                by: &[(Tls13, Client)],
                groups: &["secp384r1"],
            },
        ),
        (
            "TLS 1.2 alone",
            serve(&[&TLS12], &GCM[..1], &[NamedGroup::secp256r1], true),
            Offers {
                versions: &[Tls12],
                tls12: &[R256],
                tls13: &[],
                by: &[(Tls12, Single)],
                groups: &["secp256r1"],
            },
        ),
        (
            "post-quantum groups alone",
            serve(
                &[&TLS13],
                &NEW[..1],
                &[NamedGroup::X25519MLKEM768, NamedGroup::secp256r1MLKEM768],
                false,
            ),
            Offers {
                versions: &[Tls13],
                tls12: &[],
                tls13: &[A256],
                by: &[(Tls13, Single)],
                groups: &["SecP256r1MLKEM768", "X25519MLKEM768"],
            },
        ),
    ];
    for (name, port, offers) in cases {
        let Some(port) = port else { return };
        let (exit, seen) = command(port, None);
        assert_eq!(exit, 0, "{name}: {:?}", seen.gaps);
        offers.compare(name, &seen);
        let over = seen.over(name, bars(offers.versions, offers.groups));
        assert_eq!(over, None);
    }
}
