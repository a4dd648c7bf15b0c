//! Plans in every format: hostile strings stay text, and lines keep their width.

use unicode_width::UnicodeWidthStr;

use super::{TableOptions, json, plan_markdown, plan_table, sample};
use crate::model::{
    check::{Effort, Severity},
    gap::GapReason,
    plan::*,
    profile::Obligation,
};

/// Markup, an escape sequence, a direction mark and a line end.
const EVIL: &str = "<script>x</script>|\u{1b}[31m\u{202e}\n@all [l](http://evil.example)";

fn evil_plan() -> Plan {
    let findings = sample::document();
    let evil = || EVIL.to_owned();
    Plan {
        schema: PLAN_SCHEMA.to_owned(),
        tool: findings.tool,
        tlp: findings.tlp,
        organisation: Some(evil()),
        profiles: vec![findings.profile],
        pack: findings.pack,
        tables: findings.tables,
        dates: findings.dates,
        summary: PlanSummary::default(),
        not_passed: vec![evil()],
        changes: vec![PlannedChange {
            step: 1,
            id: "tls-versions".to_owned(),
            title: evil(),
            obligation: Obligation::Must,
            severity: Severity::High,
            effort: Effort::Low,
            products: vec![evil()],
            targets: vec![EVIL.into()],
            how: vec![
                Instruction {
                    product: evil(),
                    text: format!("```\n{EVIL}"),
                },
                Instruction {
                    product: "text".to_owned(),
                    text: evil(),
                },
            ],
            demands: vec![PlanDemand {
                check: EVIL.into(),
                control: EVIL.into(),
                title: EVIL.into(),
                severity: Severity::High,
                sets: vec![ParameterSet {
                    profiles: vec![evil()],
                    parameters: [(evil(), EVIL.into())].into(),
                }],
                settled: true,
            }],
            requirements: vec![PlanRequirement {
                profile: evil(),
                row: EVIL.into(),
                printed: Some(EVIL.into()),
                obligation: Obligation::Must,
            }],
            breaks: vec![evil()],
            verify: vec![Verification {
                target: EVIL.into(),
                check: EVIL.into(),
                command: evil(),
            }],
            more_verify: 0,
            after: vec![],
            next: vec![evil()],
            instead: vec![evil()],
            closes: vec![],
        }],
        contradictions: vec![PlannedContradiction {
            id: Some(evil()),
            topic: evil(),
            why: evil(),
            sides: vec![ContrarySide {
                profile: evil(),
                row: evil(),
                printed: None,
                obligation: Obligation::Must,
                text: evil(),
                failing: vec![evil()],
            }],
            targets: vec![EVIL.into()],
        }],
        open: vec![OpenQuestion {
            place: vec![evil(), evil()],
            reason: GapReason::Timeout,
            detail: Some(evil()),
            targets: vec![EVIL.into()],
            checks: vec![evil()],
        }],
        accepted: vec![AcceptedFinding {
            target: EVIL.into(),
            check: EVIL.into(),
            title: EVIL.into(),
            severity: Severity::Low,
            owner: evil(),
            reason: evil(),
            expires: "2026-12-31".parse().unwrap(),
        }],
    }
}

#[test]
fn tables_show_no_control_characters_and_keep_their_width() {
    for width in [60, 100] {
        let options = TableOptions {
            width,
            ..TableOptions::default()
        };
        let mut out = Vec::new();
        plan_table::write(&evil_plan(), options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        for line in text.lines() {
            // A word of a command stays whole.
            let whole = line.contains("evil.example");
            assert!(whole || line.width() <= usize::from(width), "{line:?}");
        }
    }
}

#[test]
fn markdown_has_no_markup_but_its_own() {
    let mut out = Vec::new();
    plan_markdown::write(&evil_plan(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let ticks = line.find(|c| c != '`').unwrap_or(line.len());
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(&line[..ticks]),
            None => {
                // What stands between backticks is text; the rest must have no markup.
                let outside: String = line.split('`').step_by(2).collect();
                for markup in ["<script", "](http", "@all"] {
                    assert!(!outside.contains(markup), "{markup}: {line}");
                }
            }
        }
    }
    assert_eq!(fence, None, "a block of code is left open");
}

#[test]
fn json_reads_back_as_it_was() {
    let plan = evil_plan();
    let mut out = Vec::new();
    json::write(&plan, &mut out).unwrap();
    assert_eq!(serde_json::from_slice::<Plan>(&out).unwrap(), plan);
}
