//! A findings document for the tests of the formats.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    check::{Effort, Severity},
    finding::*,
    gap::GapReason,
    level::{Area, Level},
    observation::{Conditions, Cost, Evidence, EvidenceKind},
    profile::{Obligation, Scope},
    target::Role,
    verdict::Verdict,
};

/// Two targets: one with findings of every effect, one that was not reached.
pub fn document() -> Findings {
    let mut document = Findings {
        schema: FINDINGS_SCHEMA.to_owned(),
        tool: "scrutineer 0.0.0".to_owned(),
        tlp: "TLP:AMBER+STRICT".to_owned(),
        organisation: Some("Example County Elections".to_owned()),
        profile: ProfileRef {
            id: "common-baseline".to_owned(),
            title: "Common baseline".to_owned(),
            digest: "0".repeat(64),
        },
        pack: PackRef::default(),
        run_pack: None,
        tables: BTreeMap::new(),
        dates: JudgedDates {
            run_started: "2026-11-03T08:00:00Z".parse().unwrap(),
            as_of: "2026-11-03".parse().unwrap(),
            observed_first: Some("2026-11-03T08:00:01Z".parse().unwrap()),
            observed_last: Some("2026-11-03T08:00:01Z".parse().unwrap()),
            gate: None,
        },
        gate: Gate {
            fail_on: Severity::Low,
            exit: 1,
            why: vec![
                "2 findings of severity low or above fail a requirement that must be met"
                    .to_owned(),
                "1 target of the run was not reached".to_owned(),
            ],
            waived: 0,
            soft: 0,
            unchanged: 0,
        },
        summary: Summary {
            targets: 2,
            targets_not_observed: 1,
            controls: Standings {
                met: 1,
                not_met: 2,
                open: 1,
                not_applicable: 1,
            },
            ..Summary::default()
        },
        cost: Cost {
            connections: 34,
            enumeration: None,
            queries: 58,
            bytes_sent: 12_000,
            bytes_received: 200_400,
            milliseconds: 2_941,
        },
        controls: [
            (
                "PORTAL-02",
                "Forms send personal data encrypted, to the same site",
                Verdict::Fail,
            ),
            ("TLS-01", "No protocol version below TLS 1.2", Verdict::Fail),
            ("TLS-09", "Forward secrecy", Verdict::Inconclusive),
            ("WEB-01", "Everything is served over HTTPS", Verdict::Pass),
            ("MAIL-01", "SPF ends in a refusal", Verdict::NotApplicable),
        ]
        .map(|(id, title, verdict)| ControlResult {
            id: id.to_owned(),
            title: title.to_owned(),
            obligation: Obligation::Must,
            verdict,
        })
        .to_vec(),
        requirements: vec![RequirementResult {
            row: "control#TLS-01".to_owned(),
            variant: None,
            printed: None,
            text: "No protocol version below TLS 1.2".to_owned(),
            obligation: Obligation::Must,
            over: Scope::Target,
            verdict: Verdict::Fail,
            reason: None,
            targets: Standings::default(),
            because: None,
            digest: "1".repeat(64),
        }],
        targets: vec![
            target("vote.example.gov", true),
            target("results.example.gov", false),
        ],
        findings: Vec::new(),
        verdicts: Vec::new(),
        gaps: gaps(),
        waivers: Vec::new(),
        against: None,
    };
    document.findings = findings();
    document
}

fn target(key: &str, observed: bool) -> TargetSummary {
    let mut failures = BySeverity::default();
    if observed {
        failures.count(Severity::Critical);
        failures.count(Severity::High);
    }
    let mut warnings = BySeverity::default();
    if observed {
        warnings.count(Severity::Medium);
    }
    TargetSummary {
        key: key.to_owned(),
        roles: BTreeSet::from([Role::RegistrationPortal]),
        source: None,
        observed_at: observed.then(|| "2026-11-03T08:00:01Z".parse().unwrap()),
        conditions: observed.then(|| {
            Conditions::plain(
                Level::Standard,
                vec![Area::Dns, Area::Tls, Area::Web],
                10,
                "192.0.2.53:53".to_owned(),
            )
        }),
        verdict: if observed {
            Verdict::Fail
        } else {
            Verdict::Inconclusive
        },
        failures,
        warnings,
        passed: if observed { 58 } else { 0 },
        open: if observed { 2 } else { 62 },
        not_asked: if observed { 4 } else { 0 },
        spoofing: None,
        observatory: None,
        tls_grades: Vec::new(),
        blind: BTreeSet::new(),
        products: vec!["nginx".to_owned()],
        cost: Cost::default(),
    }
}

fn gaps() -> Vec<OpenGap> {
    let gap = |target: &str, place: &[&str], reason, detail: Option<&str>, opens| OpenGap {
        target: target.into(),
        at: format!("/{}", place.join("/")),
        place: place.iter().map(|part| (*part).to_owned()).collect(),
        reason,
        detail: detail.map(str::to_owned),
        opens,
    };
    let vote = "vote.example.gov";
    vec![
        gap(vote, &["dns", "dnskey"], GapReason::Timeout, None, 0),
        gap(
            vote,
            &["tls", "192.0.2.4:443", "suites", "more"],
            GapReason::Throttled,
            Some("stopped after 6 handshakes"),
            2,
        ),
        gap(
            vote,
            &["tls", "192.0.2.5:443", "suites", "more"],
            GapReason::Throttled,
            Some("stopped after 6 handshakes"),
            2,
        ),
        gap(vote, &["mail"], GapReason::NotAsked, None, 4),
        gap(
            "results.example.gov",
            &[],
            GapReason::Interrupted,
            Some("the run ended before this target was observed"),
            62,
        ),
    ]
}

fn findings() -> Vec<Finding> {
    let mut portal = finding(
        "portal.form.https-action",
        "PORTAL-02",
        Effect::Failure,
        Severity::Critical,
        "Forms with personal data send it encrypted",
    );
    portal.instances = vec![instance(
        "/register/step3: form \"lookup\" posts dob, last4ssn to http://forms.example.gov/find",
        &[],
    )];
    portal.evidence = vec![
        Evidence {
            at: "/web/pages/3".to_owned(),
            kind: EvidenceKind::HttpBody,
            data: "<form".to_owned(),
            cut: false,
            reproduce: "curl -s https://vote.example.gov/register/step3 | grep -i '<form '"
                .to_owned(),
        }
        .into(),
    ];
    let mut tls = finding(
        "tls.protocol.no-legacy",
        "TLS-01",
        Effect::Failure,
        Severity::High,
        "No protocol version below TLS 1.2 is accepted",
    );
    let four = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"];
    tls.instances = vec![
        instance("TLS1.0 is accepted on 192.0.2.1:443", &four),
        instance("TLS1.1 is accepted on 192.0.2.1:443", &four[..2]),
        instance("one", &[]),
        instance("two", &four),
        instance("three", &[]),
        instance("four", &[]),
    ];
    tls.requirements = vec![RequirementRef {
        row: "nl-ncsc-tls-2025-05#versions".into(),
        printed: Some("3.2.1".into()),
        obligation: Obligation::Must,
        alternative: false,
        verdict: Verdict::Fail,
    }];
    let mut warning = finding(
        "web.headers.referrer",
        "WEB-12",
        Effect::Warning,
        Severity::Medium,
        "Pages limit what they tell other sites about visitors",
    );
    warning.instances = vec![instance("/ sends no Referrer-Policy", &[])];
    let mut open = finding(
        "tls.suites.forward-secret",
        "TLS-09",
        Effect::Open,
        Severity::High,
        "Every cipher suite has forward secrecy",
    );
    open.verdict = Verdict::Inconclusive;
    open.gaps = vec![1, 2];
    let mut other = open.clone();
    other.check = "tls.suites.no-null".into();
    other.gaps = vec![1];
    let mut note = finding(
        "dns.caa.iodef",
        "DNS-09",
        Effect::Note,
        Severity::Info,
        "CAA names a contact",
    );
    note.message = "CAA of example.gov names no contact".to_owned();
    vec![portal, tls, warning, open, other, note]
}

fn instance(message: &str, addresses: &[&str]) -> Instance {
    Instance {
        fingerprint: format!("v1:{:032}", message.len()),
        verdict: Verdict::Fail,
        subject: Vec::new(),
        items: Vec::new(),
        message: message.to_owned(),
        places: Vec::new(),
        more_places: 0,
        addresses: addresses.iter().map(|address| (*address).into()).collect(),
        change: None,
        addresses_before: None,
    }
}

/// A finding of `vote.example.gov` that fails.
pub fn finding(
    check: &str,
    control: &str,
    effect: Effect,
    severity: Severity,
    title: &str,
) -> Finding {
    Finding {
        target: "vote.example.gov".into(),
        check: check.into(),
        variant: None,
        digest: "2".repeat(64).as_str().into(),
        control: control.into(),
        verdict: Verdict::Fail,
        effect,
        obligation: Obligation::Must,
        severity,
        effort: Effort::Low,
        level: Level::Standard,
        title: title.into(),
        message: String::new(),
        rationale: "Anyone on the voter's network can read and change what is sent. Voters have no way to notice it."
            .into(),
        remediation: BTreeMap::from([
            (
                "nginx".to_owned(),
                "server {\n    ssl_protocols TLSv1.2 TLSv1.3;\n}\n".to_owned(),
            ),
            ("iis".to_owned(), "Set it in the registry.".to_owned()),
            ("text".to_owned(), "Switch it off everywhere.".to_owned()),
        ])
        .into(),
        references: vec!["RFC 8996".to_owned()].into(),
        requirements: Vec::new(),
        instances: Vec::new(),
        more_instances: 0,
        gaps: Vec::new(),
        evidence: Vec::new(),
        waived: None,
        soft: false,
        change: None,
    }
}
