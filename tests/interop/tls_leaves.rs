//! The TLS probe on certificates that few servers have.

use std::fs;

use scrutineer::{
    model::level::Level,
    probes::tls::facts::{
        PreferenceBy::{Client, Single},
        VersionName::{Tls12, Tls13},
    },
};

use crate::support::program;
use crate::tls::{Pki, observe, serve};
use crate::tls_offers::{A128, A256, CHACHA, MODERN, Offers};

const E128: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
const OPTIONS: &[&str] = &[
    "-no_tls1",
    "-no_tls1_1",
    "-groups",
    "X25519:P-256",
    "-cipher",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
];
const OFFERS: Offers = Offers {
    versions: MODERN,
    tls12: &[E128],
    tls13: &[A128, A256, CHACHA],
    by: &[(Tls12, Single), (Tls13, Client)],
    groups: &["secp256r1", "x25519"],
};

#[test]
fn an_ed25519_leaf_hides_nothing() {
    let Some((_server, port)) = serve(&["ed"], Some("inter.pem"), OPTIONS) else {
        return;
    };
    let root = Pki::get().path("root.pem");
    let seen = observe(port, Some(&root), Level::Standard);
    OFFERS.compare("Ed25519", &seen);
    let [certificate] = seen.endpoint.certificates.known().unwrap().as_slice() else {
        panic!("{:?}", seen.endpoint.certificates);
    };
    assert_eq!(certificate.key, "ed25519 leaf");
    assert!(certificate.chain.trusted, "{:?}", certificate.chain);
}

#[test]
fn a_chain_of_forty_is_counted_and_hides_nothing() {
    if program("openssl", "openssl", "long chains").is_none() {
        return;
    }
    let pki = Pki::get();
    let intermediate = fs::read_to_string(pki.path("inter.pem")).unwrap();
    let unneeded = fs::read_to_string(pki.path("rsa.pem")).unwrap();
    let chain = intermediate + &unneeded.repeat(39);
    fs::write(pki.path("chain-forty.pem"), chain).unwrap();
    let Some((_server, port)) = serve(&["ec"], Some("chain-forty.pem"), OPTIONS) else {
        return;
    };
    let seen = observe(port, Some(&pki.path("root.pem")), Level::Standard);
    OFFERS.compare("forty", &seen);
    let [certificate] = seen.endpoint.certificates.known().unwrap().as_slice() else {
        panic!("{:?}", seen.endpoint.certificates);
    };
    assert_eq!(certificate.chain.sent, 41);
    assert!(certificate.chain.trusted, "{:?}", certificate.chain);
}
