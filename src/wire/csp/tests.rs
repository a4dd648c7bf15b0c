use super::*;
use proptest::prelude::*;

fn policies(headers: &[&str], metas: &[&str]) -> Policies {
    let mut policies = Policies::default();
    headers.iter().for_each(|value| policies.add_header(value));
    metas.iter().for_each(|value| policies.add_meta(value));
    policies
}

#[test]
fn lists_of_hosts_that_stop_nobody() {
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["script-src 'self' cdn.jsdelivr.net"],
            &["cdn.jsdelivr.net"],
        ),
        (
            &["script-src https://cdn.jsdelivr.net:443/"],
            &["cdn.jsdelivr.net"],
        ),
        (
            &["script-src https://cdn.jsdelivr.net/npm/jquery@3.7.1/"],
            &[],
        ),
        (&["script-src cdn.jsdelivr.net:8443"], &[]),
        (&["script-src *.jsdelivr.net"], &["cdn.jsdelivr.net"]),
        (&["script-src jsdelivr.net"], &[]),
        (&["script-src 'strict-dynamic' 'nonce-a1' unpkg.com"], &[]),
        (&["script-src unpkg.com", "script-src 'self'"], &[]),
        (&["script-src unpkg.com", "img-src *"], &["unpkg.com"]),
        (&["script-src *"], &[]),
        (&["img-src 'self'"], &[]),
        (&["sandbox; script-src unpkg.com"], &[]),
    ];
    for (headers, expected) in cases {
        assert_eq!(
            &policies(headers, &[]).bypass_hosts(),
            expected,
            "{headers:?}"
        );
    }
}

#[test]
fn nonces_of_scripts_alone() {
    let policies = policies(
        &[
            "script-src 'nonce-YWJj' 'NONCE-x1' 'nonce-'; style-src 'nonce-zz'",
            "img-src 'nonce-q'",
        ],
        &[],
    );
    assert_eq!(
        policies.nonces().into_iter().collect::<Vec<_>>(),
        ["YWJj", "x1"]
    );
}

/// Headers, metas, then inline runs, eval, any script host.
type ScriptCase = (
    &'static [&'static str],
    &'static [&'static str],
    bool,
    bool,
    bool,
);

#[test]
fn scripts_are_judged_over_all_policies() {
    let cases: &[ScriptCase] = &[
        (&[], &[], true, true, true),
        (&["img-src 'self'"], &[], true, true, true),
        (&["default-src 'self'"], &[], false, false, false),
        (&["default-src 'none'"], &[], false, false, false),
        (&["default-src"], &[], false, false, false),
        (
            &["DEFAULT-SRC 'SELF' 'Unsafe-Inline'"],
            &[],
            true,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline' 'unsafe-eval' *"],
            &[],
            true,
            true,
            true,
        ),
        (
            &["script-src 'unsafe-inline' 'nonce-abc123=='"],
            &[],
            false,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline' 'NONCE-abc'"],
            &[],
            false,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline' 'nonce-'"],
            &[],
            true,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline' 'nonce-a b'"],
            &[],
            true,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline' nonce-abc"],
            &[],
            true,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline' 'sha256-AAAA='"],
            &[],
            false,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline' 'sha1-AAAA='"],
            &[],
            true,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline' 'strict-dynamic' https:"],
            &[],
            false,
            false,
            false,
        ),
        // An event handler is enough for an attacker.
        (
            &["script-src-elem 'self'; script-src-attr 'unsafe-inline'; default-src 'none'"],
            &[],
            true,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline'; script-src-elem 'self'"],
            &[],
            true,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline'; script-src-elem 'self'; script-src-attr 'none'"],
            &[],
            false,
            false,
            false,
        ),
        (
            &["script-src 'self'; script-src-elem 'unsafe-inline' *"],
            &[],
            true,
            false,
            true,
        ),
        // The first directive of a name counts.
        (
            &["script-src 'self'; script-src 'unsafe-inline'"],
            &[],
            false,
            false,
            false,
        ),
        // All policies must allow.
        (
            &["script-src 'unsafe-inline' https:", "script-src 'self'"],
            &[],
            false,
            false,
            false,
        ),
        (
            &["script-src 'unsafe-inline' https:, script-src 'unsafe-inline' 'unsafe-eval' http:"],
            &[],
            true,
            false,
            true,
        ),
        (
            &["script-src data:", "script-src https:"],
            &[],
            false,
            false,
            false,
        ),
        (
            &["script-src https:", "img-src *"],
            &["script-src *"],
            false,
            false,
            true,
        ),
        (
            &["default-src *"],
            &["default-src 'self'"],
            false,
            false,
            false,
        ),
        // In a meta element the comma does not part policies, so this is one default-src.
        (
            &[],
            &["default-src 'self', script-src 'unsafe-inline'"],
            true,
            false,
            false,
        ),
        (
            &["sandbox; default-src * 'unsafe-inline' 'unsafe-eval'"],
            &[],
            false,
            false,
            false,
        ),
        (&["sandbox allow-scripts"], &[], true, true, true),
        (&[], &["sandbox"], true, true, true),
        (&["script-src https://*"], &[], false, false, true),
        (&["script-src https://*:*"], &[], false, false, true),
        (&["script-src *:443"], &[], false, false, true),
        (
            &["script-src https://*.example.org *.example.org"],
            &[],
            false,
            false,
            false,
        ),
        (&["script-src 'self' data:"], &[], false, false, true),
        (&["script-src wss://*"], &[], false, false, false),
    ];
    for (headers, metas, inline, eval, anywhere) in cases {
        let policies = policies(headers, metas);
        let seen = (
            policies.inline_script_runs(),
            policies.eval_allowed(),
            policies.any_script_host(),
        );
        assert_eq!(seen, (*inline, *eval, *anywhere), "{headers:?} {metas:?}");
    }
}

/// Headers, metas, then objects, base, form-action, framing.
type LimitCase = (
    &'static [&'static str],
    &'static [&'static str],
    bool,
    bool,
    bool,
    Option<bool>,
);

#[test]
fn limits_fall_back_only_where_the_standard_says_so() {
    let cases: &[LimitCase] = &[
        (&[], &[], false, false, false, None),
        (&["default-src 'self'"], &[], true, false, false, None),
        (
            &["object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"],
            &[],
            true,
            true,
            true,
            Some(true),
        ),
        (
            &["default-src 'none'; object-src *"],
            &[],
            false,
            false,
            false,
            None,
        ),
        (
            &["base-uri *; form-action https:; frame-ancestors *"],
            &[],
            false,
            false,
            false,
            Some(false),
        ),
        (
            &["frame-ancestors https: http:"],
            &[],
            false,
            false,
            false,
            Some(false),
        ),
        (
            &["frame-ancestors *", "frame-ancestors 'self'"],
            &[],
            false,
            false,
            false,
            Some(true),
        ),
        (
            &[],
            &["frame-ancestors 'none'; base-uri 'none'; form-action 'none'"],
            false,
            true,
            true,
            None,
        ),
        (
            &["frame-ancestors https://a.example"],
            &[],
            false,
            false,
            false,
            Some(true),
        ),
    ];
    for (headers, metas, objects, base, forms, framing) in cases {
        let policies = policies(headers, metas);
        let seen = (
            policies.objects_limited(),
            policies.base_limited(),
            policies.form_action_limited(),
            policies.framing_limited(),
        );
        assert_eq!(
            seen,
            (*objects, *base, *forms, *framing),
            "{headers:?} {metas:?}"
        );
    }
}

#[test]
fn empty_policies_are_none() {
    for value in ["", " ; ;", ",", " , ;"] {
        assert!(policies(&[value], &[]).list().is_empty(), "{value:?}");
    }
    assert!(policies(&[], &["frame-ancestors 'none'"]).list().is_empty());
    let two = policies(&["default-src 'self' , img-src *"], &[]);
    let raw: Vec<&str> = two
        .list()
        .iter()
        .map(|policy| policy.raw.as_str())
        .collect();
    assert_eq!(raw, ["default-src 'self'", "img-src *"]);
}

proptest! {
    #[test]
    fn any_text_is_read(header in "\\PC{0,200}", meta in "[a-z' ;,*:/-]{0,200}") {
        let policies = policies(&[&header], &[&meta]);
        let _ = (policies.inline_script_runs(), policies.eval_allowed(), policies.any_script_host());
        let _ = (policies.objects_limited(), policies.framing_limited());
    }

    #[test]
    fn another_policy_never_opens_anything(
        first in "(script-src|default-src|script-src-elem)( 'unsafe-inline'| https:| 'self'| 'nonce-a'| data:){0,4}",
        second in "(script-src|default-src|img-src)( 'unsafe-inline'| https:| 'self'| 'nonce-a'| data:){0,4}",
    ) {
        let one = policies(&[&first], &[]);
        let both = policies(&[&first, &second], &[]);
        prop_assert!(one.inline_script_runs() || !both.inline_script_runs());
        prop_assert!(one.any_script_host() || !both.any_script_host());
        prop_assert!(one.eval_allowed() || !both.eval_allowed());
        prop_assert!(!one.objects_limited() || both.objects_limited());
    }
}
