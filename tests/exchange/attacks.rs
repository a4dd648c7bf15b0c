//! What readers could try against the cells of one release, and what must not
//! work. Exhaustive for 10 to 24 names, seeded beyond.

use jiff::Timestamp;
use scrutineer::baseline::{
    aggregate::aggregate,
    band::{Hidden, Tally},
    count::Counted,
    cut,
    document::{Baseline, Consents, Looked, NamedDigest},
    measure,
};
use scrutineer::model::{
    cell::{Cell, Coverage, Judged, Kind, Panel, Passing, RowName},
    level::{Area, Level},
    tlp::Tlp,
    verdict::Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

use crate::office::{Name, Place, Stands, names, run};

fn tally(pass: u64, fail: u64, inconclusive: u64) -> Tally {
    Tally {
        pass,
        fail,
        inconclusive,
    }
}

/// A plain generator (xorshift64), so that every run of the test is the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Counts the verdicts of names of which those in the pattern fail.
fn of_pattern(names: u32, pattern: u32) -> Tally {
    let mut tally = Tally::default();
    for name in 0..names {
        tally.count(match pattern >> name & 1 {
            1 => Verdict::Fail,
            _ => Verdict::Pass,
        });
    }
    tally
}

/// How many names pass, fail, stay open and are left out.
type Counts = [u64; 4];

#[test]
fn moving_fails_between_names_changes_no_cell() {
    // Every sequence of verdicts of up to 24 names, 4^24 of them: those that end in the same
    // count so far go on together, and are told apart if counting ever told them apart.
    const VERDICTS: [Verdict; 4] = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Inconclusive,
        Verdict::NotApplicable,
    ];
    let mut reached: BTreeMap<Counts, Vec<Tally>> = BTreeMap::new();
    reached.insert([0; 4], vec![Tally::default()]);
    for names in 1..=24u64 {
        let mut next: BTreeMap<Counts, Vec<Tally>> = BTreeMap::new();
        for (counts, tallies) in &reached {
            for (index, verdict) in VERDICTS.into_iter().enumerate() {
                let mut counts = *counts;
                counts[index] += 1;
                let known = next.entry(counts).or_default();
                for tally in tallies {
                    let mut tally = *tally;
                    tally.count(verdict);
                    if !known.contains(&tally) {
                        known.push(tally);
                    }
                }
            }
        }
        // So many ways to part the names among four verdicts: none is forgotten.
        let ways = (names + 1) * (names + 2) * (names + 3) / 6;
        assert_eq!(next.len() as u64, ways);
        for ([pass, fail, open, _], tallies) in &next {
            assert_eq!(*tallies, [tally(*pass, *fail, *open)], "{names} names");
        }
        reached = next;
    }
    let mut dice = Dice(2026);
    for _ in 0..2_000 {
        let names = 25 + dice.below(400) as usize;
        let mut verdicts: Vec<Verdict> = (0..names)
            .map(|_| match dice.below(10) {
                0..6 => Verdict::Pass,
                6..8 => Verdict::Fail,
                8 => Verdict::Inconclusive,
                _ => Verdict::NotApplicable,
            })
            .collect();
        let count = |verdicts: &[Verdict]| {
            let mut tally = Tally::default();
            verdicts.iter().for_each(|verdict| tally.count(*verdict));
            tally.bands()
        };
        let before = count(&verdicts);
        for index in (1..names).rev() {
            verdicts.swap(index, dice.below(index as u64 + 1) as usize);
        }
        assert_eq!(count(&verdicts), before);
    }
}

#[test]
fn a_cell_tells_bands_of_numbers_and_no_number() {
    // Cells are told apart by nothing but the band that design and arithmetic give: computed
    // here once more, by comparing fractions instead of multiplying.
    for judged in 10..=24u64 {
        for open in 0..=24 {
            let mut cells: BTreeMap<(bool, u64), BTreeSet<u64>> = BTreeMap::new();
            for pass in 0..=judged {
                let share = pass as f64 / judged as f64;
                let expected = match share {
                    ..0.5 => 0,
                    0.9.. => 3,
                    _ if judged < 20 => 1,
                    ..0.75 => 1,
                    _ => 2,
                };
                let Ok(bands) = tally(pass, judged - pass, open).bands() else {
                    cells.entry((false, 0)).or_default().insert(pass);
                    continue;
                };
                let band = match bands.passing {
                    Passing::Below50 => 0,
                    Passing::From50To90 | Passing::From50To75 => 1,
                    Passing::From75To90 => 2,
                    Passing::From90 => 3,
                };
                assert_eq!(band, expected, "{pass} of {judged}");
                cells.entry((true, band)).or_default().insert(pass);
            }
            for ((shown, band), passes) in cells {
                assert!(
                    passes.len() >= 2,
                    "{judged} judged, {open} open, shown {shown}, band {band}: only {passes:?}"
                );
            }
        }
    }
}

#[test]
fn whether_a_cell_shows_never_depends_on_passes_and_fails() {
    let same = |judged: u64, open: u64| {
        let shown = |pass| tally(pass, judged - pass, open).bands();
        let first = shown(0).map(|bands| (bands.judged, bands.coverage));
        for pass in 0..=judged {
            let bands = shown(pass).map(|bands| (bands.judged, bands.coverage));
            assert_eq!(bands, first, "{pass} of {judged}, {open} open");
        }
    };
    for judged in 0..=24 {
        for open in 0..=24 {
            same(judged, open);
        }
    }
    let mut dice = Dice(7);
    for _ in 0..200 {
        same(25 + dice.below(300), dice.below(100));
    }
}

#[test]
fn whether_a_cell_of_a_pool_shows_never_depends_on_passes_and_fails() {
    // Five and six organisations with 0 to 4 names judged each; whatever passes, the same shows.
    let shown = |judged: &[u64], pass: u64| {
        let all: u64 = judged.iter().sum();
        let organisations = (0u32..).zip(judged);
        let counts = measure::Counts {
            looked: looked(),
            kinds: BTreeSet::from([Kind::Dns]),
            cells: vec![Counted {
                entry: 0,
                kind: Kind::Dns,
                tally: tally(pass, all - pass, 0),
                organisations: organisations
                    .map(|(index, judged)| (format!("member {index}"), *judged))
                    .collect(),
            }],
            names: BTreeMap::new(),
            observed: BTreeMap::new(),
        };
        let decided = cut::decide(&counts, true);
        decided[0].shown.map(|bands| (bands.judged, bands.coverage))
    };
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..5u64.pow(6) {
        let judged: Vec<u64> = (0..6).map(|at| number / 5u64.pow(at) % 5).collect();
        let all: u64 = judged.iter().sum();
        let first = shown(&judged, 0);
        assert!(
            (1..=all).all(|pass| shown(&judged, pass) == first),
            "{judged:?}"
        );
        let organisations = judged.iter().filter(|judged| **judged > 0).count();
        let largest = judged.iter().max().unwrap();
        let may = all >= 10 && organisations >= 5 && largest * 2 <= all;
        assert_eq!(first.is_ok(), may, "{judged:?}");
        *seen.entry(format!("{:?}", first.err())).or_default() += 1;
    }
    assert!(
        seen["None"] > 1_000 && seen["Some(FewOrganisations)"] > 100,
        "{seen:?}"
    );
    // One of six with just half of the names, and with more.
    assert!(shown(&[10, 2, 2, 2, 2, 2], 0).is_ok());
    assert_eq!(shown(&[11, 2, 2, 2, 2, 2], 0), Err(Hidden::OneOrganisation));
}

/// Fewest passing names that a reader must know, beside the exact number judged and which
/// names were, to be certain that some other name fails; `None` where no knowledge of passing
/// names does. Names that stayed open could only add doubt.
fn needed(judged: u64, passing: Passing) -> Option<u64> {
    let possible: Vec<u64> = (0..=judged)
        .filter(|pass| {
            let bands = tally(*pass, judged - pass, 0).bands();
            bands.is_ok_and(|bands| bands.passing == passing)
        })
        .collect();
    // All passes that are possible are known, so that what is left must fail.
    let most = *possible.last()?;
    (most < judged).then_some(most)
}

#[test]
fn no_cell_makes_a_fail_certain_to_who_knows_fewer_than_four_passing_names() {
    let bands = [
        Passing::Below50,
        Passing::From50To90,
        Passing::From50To75,
        Passing::From75To90,
        Passing::From90,
    ];
    let mut fewest = u64::MAX;
    for judged in 10..=24 {
        for band in bands {
            if let Some(needed) = needed(judged, band) {
                assert!(needed >= 4, "{judged} judged, {band:?}: {needed}");
                fewest = fewest.min(needed);
            }
        }
    }
    assert_eq!(fewest, 4, "10 judged, below 50 %: the worst case");
    assert_eq!(needed(10, Passing::Below50), Some(4));
    let mut dice = Dice(4);
    for _ in 0..300 {
        let judged = 25 + dice.below(500);
        for band in bands {
            assert!(needed(judged, band).is_none_or(|needed| needed >= 4));
        }
    }
    // The same by trying every world, for 10 names: whichever 3 are known to pass, each
    // other name passes in a world that gives the same cell.
    for fails in 0..=7u32 {
        let cell = tally(10 - u64::from(fails), u64::from(fails), 0).bands();
        let mut may_pass = 0u32;
        for world in 0..1u32 << 10 {
            if world & 0b111 == 0 && of_pattern(10, world).bands() == cell {
                may_pass |= !world & 0b11_1111_1111;
            }
        }
        assert_eq!(may_pass, 0b11_1111_1111, "{fails} fails");
    }
}

fn looked() -> Looked {
    Looked {
        level: Level::Standard,
        areas: BTreeSet::from([Area::Dns]),
        page_cap: 10,
        routes: None,
        vrps: None,
    }
}

fn baseline(participant: usize, passing: Passing, judged: Judged) -> (String, Baseline) {
    let digest = "0a".repeat(32);
    let document = Baseline {
        exchange: "x".to_owned(),
        simulated: false,
        participant: format!("p{participant}"),
        pool: false,
        period: "2026H2".to_owned(),
        created: Timestamp::UNIX_EPOCH,
        profile: NamedDigest {
            id: "toy".to_owned(),
            digest: digest.clone(),
        },
        pack: digest.clone(),
        tables: BTreeMap::new(),
        tool: "scrutineer 0.1.0".to_owned(),
        conditions: looked(),
        audience: BTreeSet::new(),
        label: Tlp::Amber,
        consents: Consents {
            named: participant == 0,
            clear_aggregate: participant < 5,
        },
        replaces: None,
        reason: None,
        panel: BTreeMap::from([(Kind::Dns, Panel::Complete)]),
        cells: vec![Cell {
            entry: digest,
            kind: Kind::Dns,
            rows: vec![RowName {
                row: "control#DNS-01".to_owned(),
                variant: None,
            }],
            controls: BTreeSet::new(),
            judged,
            coverage: Coverage::From95,
            passing,
        }],
    };
    (format!("{participant:064x}"), document)
}

#[test]
fn aggregates_read_published_cells_and_need_five_participants() {
    let cells = |count: usize, judged: Judged| {
        let passing = |index| {
            if index % 2 == 0 {
                Passing::From90
            } else {
                Passing::Below50
            }
        };
        let all: Vec<_> = (0..count)
            .map(|one| baseline(one, passing(one), judged))
            .collect();
        let statement = aggregate(&all, |_| false, Timestamp::UNIX_EPOCH, false).unwrap();
        statement.check().unwrap();
        statement.predicate
    };
    assert!(cells(4, Judged::From10).cells.is_empty());
    let five = cells(5, Judged::From10);
    assert_eq!((five.cells[0].reach, five.cells[0].participants), (3, 5));
    // The number of names behind a cell is not in it.
    assert_eq!(five.cells, cells(5, Judged::From100).cells);
    assert_eq!(
        five.named,
        BTreeSet::from(["p0".to_owned()]),
        "by consent alone"
    );
    assert_eq!((five.label, five.payloads.len()), (Tlp::Green, 5));
    // Public only where all allow it; from each participant once; withdrawn entries not at all.
    let all: Vec<_> = (0..6)
        .map(|one| baseline(one, Passing::From90, Judged::From10))
        .collect();
    let at = Timestamp::UNIX_EPOCH;
    assert!(aggregate(&all, |_| false, at, true).is_err());
    let clear = aggregate(&all[..5], |_| false, at, true).unwrap();
    assert_eq!(clear.predicate.label, Tlp::Clear);
    assert!(aggregate(&[all[0].clone(), all[0].clone()], |_| false, at, false).is_err());
    let none = aggregate(&all, |_| true, at, false).unwrap();
    assert!(none.predicate.cells.is_empty());
    // Whoever holds the same baselines computes the same, in any order.
    let mut turned = all.clone();
    turned.reverse();
    let again = aggregate(&turned, |_| false, at, false).unwrap();
    let first = aggregate(&all, |_| false, at, false).unwrap();
    assert_eq!(again.to_bytes(), first.to_bytes());
    let check = scrutineer::baseline::aggregate::check;
    let kept = |_: &str| false;
    assert_eq!(check(&first.predicate, &turned, kept), Ok(()));
    assert!(check(&first.predicate, &turned[1..], kept).is_err());
    let mut wrong = first.predicate.clone();
    wrong.cells[0].reach -= 1;
    assert!(check(&wrong, &all, kept).is_err());
}

#[test]
fn documents_are_the_same_while_no_band_changes() {
    // Of 12 names 6 to 10 pass; then other ones; then with 13 and 19 names.
    let document = |names: &[Name]| {
        let place = Place::new();
        place.save("run.jsonl", &run(None, names, "2026-09-10T08:00:00Z"));
        let (code, _, err) = place.create(&["run.jsonl"], &["-o", "d.json"]);
        assert_eq!(code, 0, "{err}");
        let text = std::fs::read(place.path("d.json")).unwrap();
        let mut document: serde_json::Value = serde_json::from_slice(&text).unwrap();
        // The digest of a salted manifest.
        document["subject"] = serde_json::Value::Null;
        document.to_string()
    };
    let of = |pass, fail| names("n", "dns-zone", pass, fail, 0);
    let first = document(&of(6, 6));
    let mut turned = of(6, 6);
    for name in &mut turned {
        name.dns = match name.dns {
            Stands::Pass => Stands::Fail,
            _ => Stands::Pass,
        };
    }
    for other in [of(10, 2), turned, of(7, 6), of(17, 2)] {
        assert_eq!(document(&other), first);
    }
    assert_ne!(document(&of(5, 7)), first);
    assert_eq!(
        first.matches("\"entry\":").count(),
        1,
        "a cell, and no row a name"
    );
}
