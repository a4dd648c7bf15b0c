//! How entries of a profile stand: alternatives, dates, roles, organisations.

use scrutineer::judge::ResolvedEntry;
use scrutineer::model::{
    check::Severity,
    finding::{Effect, Findings, NotApplied, RequirementResult},
    profile::{Obligation, Scope},
    target::Role,
    verdict::Verdict::{self, Fail, Inconclusive, NotApplicable, Pass},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::common::*;

fn standing(entry: ResolvedEntry) -> (Findings, RequirementResult) {
    let document = run(&profile(vec![entry]), &[office()], &[], Severity::Low);
    let requirement = document.requirements[0].clone();
    (document, requirement)
}

#[test]
fn alternatives_decide_in_three_values() {
    // The office: ns passes, suites are open, caa fails, spf does not apply.
    let table = [
        (vec![vec![caa()], vec![ns()]], Pass, None),
        (vec![vec![suites()], vec![ns()]], Pass, None),
        (
            vec![vec![ns(), caa()], vec![suites()]],
            Inconclusive,
            Some(Effect::Open),
        ),
        (
            vec![vec![caa()], vec![suites()]],
            Inconclusive,
            Some(Effect::Open),
        ),
        (
            vec![vec![caa()], vec![versions()]],
            Fail,
            Some(Effect::Failure),
        ),
        (vec![vec![caa()], vec![spf()]], Fail, Some(Effect::Failure)),
        (vec![vec![ns(), spf()], vec![caa()]], Pass, None),
        (vec![vec![spf()]], NotApplicable, None),
    ];
    for (number, (groups, expected, effect)) in table.into_iter().enumerate() {
        let entry = ResolvedEntry {
            groups,
            ..must("a#row", &[])
        };
        let (document, requirement) = standing(entry);
        assert_eq!(requirement.verdict, expected, "row {number}");
        let effects: BTreeSet<Effect> = document.findings.iter().map(|f| f.effect).collect();
        match effect {
            Some(effect) => assert!(effects.contains(&effect), "row {number}: {effects:?}"),
            // What another alternative makes good decides nothing, and is still there to see.
            None => assert!(
                effects.iter().all(|effect| *effect == Effect::Note),
                "row {number}: {effects:?}"
            ),
        }
    }
}

#[test]
fn entries_apply_within_their_dates_both_days_included() {
    let day = |text: &str| Some(text.parse().unwrap());
    let table = [
        (None, None, None),
        (day("2026-11-03"), day("2026-11-03"), None),
        (day("2026-11-04"), None, Some(NotApplied::NotYet)),
        (None, day("2026-11-02"), Some(NotApplied::Ended)),
        (day("2026-01-01"), day("2026-12-31"), None),
    ];
    for (from, until, reason) in table {
        let entry = ResolvedEntry {
            from,
            until,
            ..must("a#row", &[caa()])
        };
        let (document, requirement) = standing(entry);
        let expected = if reason.is_some() {
            NotApplicable
        } else {
            Fail
        };
        assert_eq!(requirement.verdict, expected, "{from:?} {until:?}");
        assert_eq!(requirement.reason, reason);
        assert_eq!(document.findings.is_empty(), reason.is_some());
        assert_eq!(document.verdicts[0].verdict, expected);
        assert_eq!(document.verdicts[0].reason, reason);
    }
}

#[test]
fn entries_apply_to_targets_with_their_roles() {
    let of = |roles: &[Role], check| ResolvedEntry {
        roles: roles.iter().copied().collect(),
        ..must("a#row", &[check])
    };
    let table = [
        (of(&[], caa()), Fail, None),
        (of(&[Role::Website, Role::Api], caa()), Fail, None),
        (
            of(&[Role::MailDomain], caa()),
            NotApplicable,
            Some(NotApplied::Role),
        ),
        // No role of the target asks for mail, so that the check does not apply.
        (of(&[], spf()), NotApplicable, Some(NotApplied::Role)),
    ];
    for (entry, expected, reason) in table {
        let (document, requirement) = standing(entry);
        assert_eq!(requirement.verdict, expected);
        assert_eq!(document.verdicts[0].reason, reason);
    }
}

#[test]
fn what_was_not_asked_is_open_and_never_met() {
    let mut observation = office();
    observation["target"]["roles"] = json!(["website", "mail-domain"]);
    observation["conditions"]["areas"] = json!(["dns", "tls", "web"]);
    let profile = profile(vec![must("a#spf", &[spf()])]);
    let document = run(&profile, &[observation], &[], Severity::Info);
    assert_eq!(document.requirements[0].verdict, Inconclusive);
    assert_eq!(document.summary.not_asked, 1);
    assert_eq!(document.summary.open, 0);
    assert_eq!(document.summary.controls.met, 0);
    assert_eq!(document.gate.exit, 0, "{:?}", document.gate.why);
}

#[test]
fn obligations_weigh_failures() {
    let entry = |level| ResolvedEntry {
        level,
        ..must("a#row", &[caa()])
    };
    let table = [
        (Obligation::Must, Effect::Failure, Fail, Fail),
        (Obligation::Should, Effect::Warning, Fail, Fail),
        (Obligation::May, Effect::Note, NotApplicable, NotApplicable),
    ];
    for (level, effect, control, target) in table {
        let (document, _) = standing(entry(level));
        assert_eq!(document.findings[0].effect, effect);
        assert_eq!(document.findings[0].obligation, level);
        assert_eq!(document.controls[0].verdict, control);
        assert_eq!(document.targets[0].verdict, target);
    }
    // The most binding entry counts, and the finding names all.
    let both = profile(vec![should("b#row", &[caa()]), must("a#row", &[caa()])]);
    let document = run(&both, &[office()], &[], Severity::Low);
    let [finding] = &document.findings[..] else {
        panic!("one finding for both entries");
    };
    assert_eq!(finding.effect, Effect::Failure);
    let rows: Vec<&str> = finding
        .requirements
        .iter()
        .map(|r| r.row.as_str())
        .collect();
    assert_eq!(rows, ["b#row", "a#row"]);
}

#[test]
fn each_control_of_a_requirement_stands_by_its_own_checks() {
    let stand = |entries: Vec<ResolvedEntry>| -> Vec<(String, Verdict)> {
        let document = run(&profile(entries), &[office()], &[], Severity::Low);
        let controls = document.controls.into_iter();
        controls
            .map(|control| (control.id, control.verdict))
            .collect()
    };
    let said = |pairs: &[(&str, Verdict)]| -> Vec<(String, Verdict)> {
        pairs
            .iter()
            .map(|(id, verdict)| ((*id).to_owned(), *verdict))
            .collect()
    };
    // The requirement fails by its CAA records, and that says nothing of its name servers.
    let all = || must("a#row", &[caa(), ns(), suites(), spf()]);
    let own = [
        ("DNS-01", Pass),
        ("DNS-05", Fail),
        ("MAIL-01", NotApplicable),
        ("TLS-09", Inconclusive),
    ];
    assert_eq!(stand(vec![all()]), said(&own));
    // Of alternatives one is enough: none of the controls fails for the sake of the other.
    let either = ResolvedEntry {
        groups: vec![vec![caa()], vec![ns()]],
        ..must("a#row", &[])
    };
    assert_eq!(
        stand(vec![either]),
        said(&[("DNS-01", Pass), ("DNS-05", Pass)])
    );
    let roles = ResolvedEntry {
        roles: BTreeSet::from([Role::Api]),
        ..all()
    };
    assert!(
        stand(vec![roles])
            .iter()
            .all(|(_, verdict)| *verdict == NotApplicable)
    );
}

#[test]
fn uses_under_another_as_are_findings_of_their_own() {
    let variant = ResolvedEntry {
        variant: Some("phase-out".to_owned()),
        ..should("a#row", &[caa()])
    };
    let profile = profile(vec![must("a#row", &[caa()]), variant]);
    let document = run(&profile, &[office()], &[], Severity::Low);
    let seen: Vec<(Option<&str>, Effect)> = document
        .findings
        .iter()
        .map(|f| (f.variant.as_deref().map(String::as_str), f.effect))
        .collect();
    assert_eq!(
        seen,
        [
            (None, Effect::Failure),
            (Some("phase-out"), Effect::Warning)
        ]
    );
    let prints: BTreeSet<&str> = document
        .findings
        .iter()
        .map(|f| f.instances[0].fingerprint.as_str())
        .collect();
    assert_eq!(prints.len(), 2);
}

/// An office whose CAA record is there, missing, or not seen.
fn named(name: &str, caa: Verdict) -> Value {
    let mut observation = office();
    observation["target"]["name"] = json!(name);
    match caa {
        Pass => {
            observation["dns"]["caa"] = json!({
                "at": "example.gov", "issuers": [], "wildcard_issuers": [], "iodef": [], "problems": []
            });
        }
        Inconclusive => {
            observation["dns"].as_object_mut().unwrap().remove("caa");
            let gaps = observation["gaps"].as_array_mut().unwrap();
            gaps.push(json!({ "at": "/dns/caa", "reason": "timeout" }));
        }
        Fail | NotApplicable => {}
    }
    observation
}

#[test]
fn over_any_target_one_is_enough() {
    let table = [
        (Scope::AnyTarget, vec![Pass, Fail], Pass, Effect::Note, 0),
        (Scope::AnyTarget, vec![Fail, Fail], Fail, Effect::Failure, 1),
        (
            Scope::AnyTarget,
            vec![Fail, Inconclusive],
            Inconclusive,
            Effect::Open,
            3,
        ),
        (
            Scope::Organisation,
            vec![Pass, Fail],
            Fail,
            Effect::Failure,
            1,
        ),
        (
            Scope::Organisation,
            vec![Pass, Inconclusive],
            Inconclusive,
            Effect::Open,
            3,
        ),
    ];
    for (over, targets, expected, effect, exit) in table {
        let entry = ResolvedEntry {
            over,
            ..must("a#row", &[caa()])
        };
        let observations: Vec<Value> = targets
            .iter()
            .enumerate()
            .map(|(number, verdict)| named(&format!("t{number}.example.gov"), *verdict))
            .collect();
        let document = run(&profile(vec![entry]), &observations, &[], Severity::Low);
        let case = format!("{over:?} {targets:?}");
        assert_eq!(document.requirements[0].verdict, expected, "{case}");
        assert!(
            document.findings.iter().all(|f| f.effect == effect),
            "{case}"
        );
        assert_eq!(document.gate.exit, exit, "{case}: {:?}", document.gate.why);
    }
}
