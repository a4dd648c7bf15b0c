//! A command that is killed at any moment leaves the old state or the new one.

use std::{fs, thread, time::Instant};

use crate::support::{Exchange, NOW};

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
