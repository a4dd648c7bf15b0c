//! The seeds of the fuzz targets for what TLS servers and authorities send, run once.

use std::{fs, path::Path};

#[path = "../../fuzz/tls.rs"]
mod invariants;
#[path = "../../fuzz/pki.rs"]
mod pki;

/// Name of the corpus, and what must hold for each of its seeds.
type Target = (&'static str, fn(&[u8]));

#[test]
fn seeds_hold() {
    let targets: [Target; 14] = [
        ("tls_flight", invariants::flight),
        ("tls_key_exchange", invariants::key_exchange),
        ("certificate", invariants::certificate),
        ("starttls", invariants::starttls),
        ("tls_protected_flight", invariants::protected_flight),
        ("tls12_client", invariants::tls12_client),
        ("ech", invariants::ech),
        ("quic", invariants::quic),
        ("tls_client_hello", invariants::client_hello),
        ("http_upgrade", invariants::http_upgrade),
        ("pki_ocsp", pki::ocsp),
        ("pki_crl", pki::crl),
        ("pki_timestamps", pki::timestamps),
        ("pki_logs", pki::logs),
    ];
    for (name, run) in targets {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/corpus")
            .join(name);
        let mut seeds = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            // Whole, cut short, and with one bit turned over.
            for end in 0..=bytes.len().min(600) {
                run(&bytes[..end]);
            }
            for at in 0..bytes.len().min(600) {
                let mut turned = bytes.clone();
                turned[at] ^= 1 << (at % 8);
                run(&turned);
            }
            seeds += 1;
        }
        assert!(seeds >= 2, "{name}");
    }
}
