//! What comparing 200 participants by 150 entries over 10 periods costs. The
//! aim is below 1 s and 200 MB.
//!
//! `cargo bench --bench compare` reads each document from its canonical bytes,
//! one by one as a program would, and prints the time and the largest memory
//! that the process took (Linux).

#![allow(clippy::print_stdout)]

use jiff::Timestamp;
use scrutineer::baseline::{
    compare::{Comparer, Own},
    document::{Baseline, Consents, Looked, MANIFEST, NamedDigest, Statement, Subject},
};
use scrutineer::model::{
    cell::{Cell, Coverage, Judged, Kind, Panel, Passing, RowName},
    level::{Area, Level},
    tlp::Tlp,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const PARTICIPANTS: usize = 200;
const ENTRIES: usize = 150;
const PERIODS: usize = 10;

fn main() {
    let mut comparer = Comparer::default();
    let mut spent = Duration::ZERO;
    for period in 0..PERIODS {
        for participant in 0..PARTICIPANTS {
            let bytes = document(participant, period);
            let began = Instant::now();
            let statement: Statement<Baseline> =
                serde_json::from_slice(&bytes).expect("it is a baseline");
            let digest = scrutineer::baseline::document::payload_digest(&bytes);
            comparer
                .add(&digest, &statement.predicate, BTreeSet::new())
                .expect("it is of the exchange");
            spent += began.elapsed();
        }
    }
    let began = Instant::now();
    let own = Own::Participant("p7".to_owned());
    let comparison = comparer
        .finish(|_| false, Some(&own))
        .expect("there is something to compare");
    spent += began.elapsed();
    assert_eq!(comparison.rows.len(), ENTRIES);
    assert_eq!(comparison.columns.len(), PARTICIPANTS * PERIODS);
    println!(
        "{PARTICIPANTS} participants, {ENTRIES} entries, {PERIODS} periods: {} ms, {} trends, {}",
        spent.as_millis(),
        comparison.trends.len(),
        peak().unwrap_or_else(|| "memory not known".to_owned())
    );
}

/// The largest memory that this process took, as Linux tells it.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn document(participant: usize, period: usize) -> Vec<u8> {
    let digest = "0a".repeat(32);
    let bands = [
        Passing::Below50,
        Passing::From50To75,
        Passing::From75To90,
        Passing::From90,
    ];
    let cell = |entry: usize| Cell {
        entry: format!("{entry:064x}"),
        kind: Kind::Web,
        rows: vec![RowName {
            row: format!("control#TLS-{entry:03}"),
            variant: None,
        }],
        controls: BTreeSet::from([format!("TLS-{entry:03}")]),
        judged: Judged::From20,
        coverage: Coverage::From95,
        passing: bands[(participant * 7 + period * 3 + entry) % 4],
    };
    let baseline = Baseline {
        exchange: "x".to_owned(),
        simulated: false,
        participant: format!("p{participant}"),
        pool: false,
        period: format!("{}H{}", 2020 + period / 2, 1 + period % 2),
        created: Timestamp::UNIX_EPOCH,
        profile: NamedDigest {
            id: "common-baseline".to_owned(),
            digest: digest.clone(),
        },
        pack: digest.clone(),
        tables: BTreeMap::from([("trusted_roots".to_owned(), "1".to_owned())]),
        tool: "scrutineer 0.1.0".to_owned(),
        conditions: Looked {
            level: Level::Standard,
            areas: BTreeSet::from(Area::ALL),
            page_cap: 10,
            routes: None,
            vrps: None,
        },
        audience: BTreeSet::new(),
        label: Tlp::Amber,
        consents: Consents::default(),
        replaces: None,
        reason: None,
        panel: BTreeMap::from([(Kind::Web, Panel::Complete)]),
        cells: (0..ENTRIES).map(cell).collect(),
    };
    Statement::new(vec![Subject::new(MANIFEST, digest)], baseline).to_bytes()
}
