//! Facts from the header lines of one answer.

use super::facts::{Cookie, Csp, CspEffect, CspPolicy, Hsts};
use crate::{
    model::seen::Seen,
    net::HttpResponse,
    wire::{cookie, csp, hsts, text::clean, text::clean_bytes},
};

/// Values of Cross-Origin-Opener-Policy, Cross-Origin-Embedder-Policy and Cross-Origin-Resource-Policy.
pub(super) const OPENER: [&str; 4] = [
    "unsafe-none",
    "same-origin-allow-popups",
    "same-origin",
    "noopener-allow-popups",
];
pub(super) const EMBEDDER: [&str; 3] = ["unsafe-none", "require-corp", "credentialless"];
pub(super) const RESOURCE: [&str; 3] = ["same-origin", "same-site", "cross-origin"];

/// Most cookies of one answer that are noted.
const COOKIES_MAX: usize = 100;

/// Strict-Transport-Security, which counts over HTTPS alone (RFC 6797 section 8.1).
pub(super) fn hsts_of(response: &HttpResponse, over_https: bool) -> Option<Hsts> {
    if !over_https {
        return None;
    }
    let lines = response.all("strict-transport-security");
    let policy = hsts::parse(&lines)?;
    Some(Hsts {
        raw: clean_bytes(lines.first().copied().unwrap_or_default(), 300),
        valid: policy.valid,
        max_age: policy.max_age,
        include_subdomains: policy.include_subdomains,
        preload: policy.preload,
        problems: policy
            .faults
            .iter()
            .map(|fault| fault.key().to_owned())
            .collect(),
    })
}

/// The cookies that a browser takes from an answer, or would take if their prefix allowed.
pub(super) fn cookies_of(response: &HttpResponse, over_https: bool) -> Vec<Cookie> {
    let mut cookies: Vec<(Option<String>, Cookie)> = Vec::new();
    for line in response.all("set-cookie") {
        let Some(set) = cookie::parse(line) else {
            continue;
        };
        let fact = Cookie {
            name: clean(&set.name, 100),
            secure: set.secure,
            http_only: set.http_only,
            same_site: set.same_site.map(|word| word.key().to_owned()),
            session: set.looks_like_session(),
            prefix_valid: set.prefix_valid(over_https),
            over_https,
            domain: set.domain.as_deref().map(|domain| clean(domain, 253)),
            same_site_valid: Seen::Known(set.same_site_valid),
        };
        // A later cookie of the same name and place replaces the earlier one.
        let same = cookies.iter().position(|(path, own)| {
            *path == set.path && own.name == fact.name && own.domain == fact.domain
        });
        if let Some(at) = same {
            cookies.remove(at);
        }
        if cookies.len() < COOKIES_MAX {
            cookies.push((set.path, fact));
        }
    }
    cookies.into_iter().map(|(_, fact)| fact).collect()
}

/// The enforced policies of the headers.
pub(super) fn policies_of(response: &HttpResponse) -> csp::Policies {
    let mut policies = csp::Policies::default();
    for line in response.all("content-security-policy") {
        policies.add_header(&String::from_utf8_lossy(line));
    }
    policies
}

/// The policies that are only reported on.
pub(super) fn report_only_of(response: &HttpResponse) -> Vec<CspPolicy> {
    let mut policies = csp::Policies::default();
    for line in response.all("content-security-policy-report-only") {
        policies.add_header(&String::from_utf8_lossy(line));
    }
    listed(&policies)
}

fn listed(policies: &csp::Policies) -> Vec<CspPolicy> {
    let (mut headers, mut metas) = (0u32, 0u32);
    policies
        .list()
        .iter()
        .map(|policy| {
            let (word, count) = match policy.source {
                csp::Source::Header => ("header", &mut headers),
                csp::Source::Meta => ("meta", &mut metas),
            };
            *count = count.saturating_add(1);
            CspPolicy {
                key: format!("{word} {count}"),
                raw: clean(&policy.raw, 4_000),
            }
        })
        .collect()
}

/// What enforced policies come to; `None` without any.
pub(super) fn csp_of(policies: &csp::Policies) -> Option<Csp> {
    if policies.list().is_empty() {
        return None;
    }
    Some(Csp {
        policies: listed(policies),
        effective: CspEffect {
            inline_script_runs: policies.inline_script_runs(),
            eval_allowed: policies.eval_allowed(),
            any_script_host: policies.any_script_host(),
            objects_limited: policies.objects_limited(),
            base_limited: policies.base_limited(),
            form_action_limited: policies.form_action_limited(),
            framing_limited: policies.framing_limited() == Some(true),
            upgrades_insecure: policies.upgrades_insecure(),
            bypass_hosts: policies
                .bypass_hosts()
                .into_iter()
                .map(str::to_owned)
                .collect(),
        },
    })
}
