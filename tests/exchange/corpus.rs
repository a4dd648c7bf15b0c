//! The seeds of the fuzz targets, run by an ordinary test as well.

use std::{fs, path::Path};

#[path = "../../fuzz/invariants.rs"]
mod invariants;

/// What a fuzz target does with any bytes.
type Target = fn(&[u8]);

#[test]
fn every_seed_of_the_fuzz_targets_runs() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let targets: [(&str, Target); 2] = [
        ("envelope", invariants::envelope),
        ("canonical_json", invariants::canonical_json),
    ];
    for (target, run) in targets {
        let mut seeds = 0;
        for entry in fs::read_dir(corpus.join(target)).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            run(&bytes);
            // And with each byte changed, one after the other.
            for at in 0..bytes.len().min(600) {
                let mut broken = bytes.clone();
                broken[at] ^= 0x55;
                run(&broken);
                run(&bytes[..at]);
            }
            seeds += 1;
        }
        assert!(seeds >= 5, "{target} has only {seeds} seeds");
    }
}
