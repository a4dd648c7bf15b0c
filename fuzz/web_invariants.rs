//! What must hold of the codecs of the web for any bytes. The fuzz targets and an ordinary test share it.

use scrutineer::wire::{
    cookie, csp, hsts, html, http_headers, referrer_policy, robots, security_txt, sitemap,
};

/// A document is read in one pass into bounded lists.
pub fn html(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let document = html::parse(&text);
    assert!(document.forms.len() <= 100 && document.scripts.len() <= 500);
    assert!(document.resources.len() <= 500 && document.links.len() <= 2_000);
    if let Some(refresh) = &document.refresh {
        let _ = html::parse_refresh(refresh);
    }
    assert_eq!(
        html::parse(&text),
        document,
        "the same text gives the same document"
    );
}

/// A further policy never allows what was forbidden before.
pub fn csp(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (first, second) = text.split_once('\n').unwrap_or((&text, ""));
    let mut policies = csp::Policies::default();
    policies.add_header(first);
    let before = [
        policies.inline_script_runs(),
        policies.eval_allowed(),
        policies.any_script_host(),
    ];
    assert!(!policies.any_script_host() || policies.bypass_hosts().is_empty());
    let _ = policies.nonces();
    policies.add_meta(second);
    let after = [
        policies.inline_script_runs(),
        policies.eval_allowed(),
        policies.any_script_host(),
    ];
    for (before, after) in before.into_iter().zip(after) {
        assert!(
            before || !after,
            "a second policy opens what the first closed"
        );
    }
}

/// Header lines, one a line, are read or refused, and give the same answer twice.
pub fn headers(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if let Some(policy) = hsts::parse(&lines) {
        assert!(
            policy.valid || policy.max_age == 0,
            "only a valid policy holds for a time"
        );
    }
    for line in &lines {
        if let Some(cookie) = cookie::parse(line) {
            let _ = (cookie.prefix_valid(true), cookie.looks_like_session());
            assert!(!(cookie.name.starts_with("__Host-") && cookie.prefix_valid(true).is_none()));
        }
    }
    let _ = http_headers::x_frame_options(&lines);
    let _ = http_headers::cache_control(&lines);
    let _ = http_headers::content_type(&lines);
    let _ = http_headers::alt_svc(&lines);
    let _ = http_headers::nosniff(&lines);
    let _ = http_headers::token_of(&lines, &["same-origin"]);
    let _ = referrer_policy::from_headers(&lines);
}

/// Files in the root of a site: robots.txt, security.txt, a sitemap.
pub fn site_files(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let robots = robots::Robots::parse(&text);
    let told = robots::told(&text);
    for path in told.paths.iter().take(20) {
        let _ = robots.allows(path);
    }
    assert!(
        robots::Robots::all_allowed().allows("/") && !robots::Robots::nothing_allowed().allows("/")
    );
    let file = security_txt::parse(&text);
    assert!(file.expiry().is_none() || file.expires.len() == 1);
    let _ = file.faults();
    assert!(sitemap::locations(&text).iter().all(|url| !url.is_empty()));
}
