//! The seeds of the fuzz targets of DNS and mail, run by an ordinary test as well.

use std::{fs, path::Path};

#[path = "../../fuzz/dns_invariants.rs"]
mod dns_invariants;

/// What a fuzz target does with any bytes.
type Target = fn(&[u8]);

#[test]
fn every_seed_of_dns_and_mail_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let targets: [(&str, Target); 3] = [
        ("dns_message", dns_invariants::message),
        ("dns_records", dns_invariants::records),
        ("dns_files", dns_invariants::files),
    ];
    for (target, run) in targets {
        let mut seeds = 0;
        for entry in fs::read_dir(corpus.join(target)).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            run(&bytes);
            // And with each byte changed, one after the other, and cut there.
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
