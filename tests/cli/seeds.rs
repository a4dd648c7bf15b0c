//! The seeds of the fuzz targets of DNS, mail and the web, run by ordinary tests as well.

use std::{fs, path::Path};

#[path = "../../fuzz/dns_invariants.rs"]
mod dns_invariants;
#[path = "../../fuzz/web_invariants.rs"]
mod web_invariants;

/// What a fuzz target does with any bytes.
type Target = fn(&[u8]);

/// Runs a target over its seeds, each whole, with each byte changed, and cut there.
fn hold(targets: &[(&str, Target)]) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (target, run) in targets {
        let mut seeds = 0;
        for entry in fs::read_dir(corpus.join(target)).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            run(&bytes);
            for at in 0..bytes.len().min(400) {
                let mut broken = bytes.clone();
                broken[at] ^= 0x55;
                run(&broken);
                run(&bytes[..at]);
            }
            seeds += 1;
        }
        assert!(seeds >= 2, "{target} has only {seeds} seeds");
    }
}

#[test]
fn every_seed_of_dns_and_mail_holds() {
    hold(&[
        ("dns_message", dns_invariants::message),
        ("dns_records", dns_invariants::records),
        ("dns_files", dns_invariants::files),
    ]);
}

#[test]
fn every_seed_of_the_web_holds() {
    hold(&[
        ("web_html", web_invariants::html),
        ("web_csp", web_invariants::csp),
        ("web_headers", web_invariants::headers),
        ("web_site_files", web_invariants::site_files),
    ]);
}
