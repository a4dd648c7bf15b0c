//! A command that is killed at any moment leaves the old state or the new one.

use scrutineer::baseline::{
    document::{Baseline, Statement},
    envelope::Envelope,
    ledger::Ledger,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::Instant,
};

use crate::{
    office::{Place, files, names, run},
    support::{Exchange, NOW, changed, document},
};

/// How often the program is killed.
const KILLS: u32 = 60;

#[test]
fn a_killed_command_leaves_the_old_state_or_the_new_one() {
    let exchange = Exchange::new();
    let old = exchange.state();
    let add = [
        "roster",
        "add",
        "roster-1.dsse.json",
        "--exchange",
        "exchange.json",
        "--at",
        NOW,
    ];
    exchange.good(&add);
    exchange.signed("roster-2.dsse.json", &["a", "b"]);
    let trust = ["roster", "trust", "roster-2.dsse.json", "--at", NOW];
    let begun = Instant::now();
    exchange.good(&trust);
    let whole = begun.elapsed();
    let new = exchange.state();
    assert_ne!(old, new);

    let state = exchange.path("usual-state/scrutineer/trust.json");
    let mut seen = [0, 0];
    for turn in 0..KILLS {
        fs::write(&state, &old).unwrap();
        let mut child = exchange
            .command(&trust)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Moments from the start to somewhat after the end of a whole run.
        thread::sleep(whole * turn / (KILLS * 4 / 5));
        let _ = child.kill();
        child.wait().unwrap();
        let left = exchange.state();
        assert!(
            left == old || left == new,
            "torn: {}",
            String::from_utf8_lossy(&left)
        );
        seen[usize::from(left == new)] += 1;
        // Whatever was left behind, the next command goes on.
        exchange.good(&trust);
        assert_eq!(exchange.state(), new);
    }
    println!(
        "{} kills left the old state, {} the new one",
        seen[0], seen[1]
    );
}

/// Kills a command as soon as a file is there, or when it has ended.
fn kill_at(mut child: Child, file: &Path) {
    while !file.exists() {
        if child.try_wait().unwrap().is_some() {
            break;
        }
    }
    let _ = child.kill();
    child.wait().unwrap();
}

/// The ledger, which is whole or not there at all.
fn ledger(path: &Path) -> Option<Ledger> {
    let text = fs::read(path).ok()?;
    let torn = || panic!("torn: {}", String::from_utf8_lossy(&text));
    Some(serde_json::from_slice(&text).unwrap_or_else(|_| torn()))
}

/// A document, which is whole or not there at all.
fn whole(path: &Path) -> Option<Statement<Baseline>> {
    let bytes = fs::read(path).ok()?;
    let statement: Statement<Baseline> = serde_json::from_slice(&bytes).unwrap();
    statement.check().unwrap();
    assert_eq!(statement.to_bytes(), bytes);
    Some(statement)
}

#[test]
fn a_killed_create_leaves_ledger_and_document_whole() {
    let place = Place::new();
    let all = names("z", "dns-zone", 10, 0, 0);
    place.save("run.jsonl", &run(None, &all, "2026-09-10T08:00:00Z"));
    let state = place.path("state/scrutineer");
    let output = place.path("d.json");
    let manifests = state.join("manifests");
    let moments: [PathBuf; 6] = [
        state.join("lock"),
        manifests,
        place.path("d.json.new"),
        output.clone(),
        state.join("ledger.json.new"),
        state.join("ledger.json"),
    ];
    let mut known = 0;
    for turn in 0..18 {
        let _ = fs::remove_dir_all(&state);
        let _ = fs::remove_file(&output);
        let child = place
            .command(&place.creation(&["run.jsonl"], &["-o", "d.json"]))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        kill_at(child, &moments[turn % moments.len()]);
        let ledger = ledger(&state.join("ledger.json"));
        let document = whole(&output);
        if let Some(ledger) = &ledger {
            // What the ledger knows is there, with the manifest that it is bound to.
            let document = document.as_ref().unwrap();
            assert_eq!(ledger.cuts[0].payload, document.digest());
            let kept = files(&state.join("manifests"));
            assert_eq!(kept.len(), 1, "{kept:?}");
            known += 1;
        }
        // The next command goes on, or says that the period is cut.
        if turn < moments.len() {
            let (code, _, err) = place.create(&["run.jsonl"], &["-o", "d.json"]);
            match (&ledger, &document) {
                (None, None) => assert_eq!(code, 0, "{err}"),
                (None, Some(_)) => assert!(err.contains("exists already"), "{err}"),
                (Some(_), _) => assert!(err.contains("already has a document"), "{err}"),
            }
        }
    }
    println!("{known} kills came after the ledger was kept");
}

#[test]
fn a_killed_sign_leaves_ledger_and_envelope_whole() {
    let exchange = Exchange::new();
    exchange.write("p.json", &document().to_bytes());
    // Another period is in the ledger already, and must stay.
    let earlier = changed(|d| d.period = "2026H2".to_owned());
    exchange.write("earlier.json", &earlier.to_bytes());
    exchange.good(&["baseline", "sign", "earlier.json", "--key", "p"]);
    let state = exchange.path("usual-state/scrutineer");
    let path = state.join("ledger.json");
    let old = fs::read(&path).unwrap();
    let output = exchange.path("p.dsse.json");
    let sign = ["baseline", "sign", "p.json", "--key", "p"];
    let moments: [PathBuf; 4] = [
        state.join("ledger.json.new"),
        exchange.path("p.dsse.json.new"),
        output.clone(),
        exchange.path("nothing"),
    ];
    let mut kept = [0, 0];
    for turn in 0..40 {
        fs::write(&path, &old).unwrap();
        let _ = fs::remove_file(&output);
        let mut command = exchange.command(&sign);
        let child = command.stderr(Stdio::null()).spawn().unwrap();
        kill_at(child, &moments[turn % moments.len()]);
        let ledger = ledger(&path).unwrap();
        let digests: Vec<&str> = ledger.cuts.iter().map(|cut| cut.payload.as_str()).collect();
        let (first, new) = (earlier.digest(), document().digest());
        assert!(
            digests == [&first] || digests == [&first, &new],
            "{digests:?}"
        );
        if let Ok(bytes) = fs::read(&output) {
            // What is signed is remembered, and the envelope is whole.
            assert_eq!(digests.len(), 2);
            let envelope = Envelope::read(&bytes).unwrap();
            assert_eq!(envelope.payload, document().to_bytes());
            assert_eq!(envelope.signatures.len(), 1);
            kept[1] += 1;
        } else {
            // Signing the same again is no second document.
            exchange.good(&sign);
            kept[0] += 1;
        }
    }
    println!(
        "{} kills left no envelope, {} a whole one",
        kept[0], kept[1]
    );
}
