//! What each test of the Observatory says of a site.

use super::{Outcome, csp};
use crate::probes::web::facts::{
    ChainOutcome, Cookie, CspPolicy, Hop, Hsts, Page, RedirectChain, Scheme, Script, WebFacts,
};

/// Shortest life of HSTS that the Observatory takes for six months (seconds).
const SIX_MONTHS: u64 = 15_552_000;
/// Why a test is not computed where its fact was not observed.
const UNSEEN: &str = "what it needs was not observed";

/// What the Observatory would look at.
pub(super) struct Site<'a> {
    web: &'a WebFacts,
    /// The way that leads to the page: over HTTPS, else over HTTP.
    hops: &'a [Hop],
    https: bool,
    page: &'a Page,
}

impl<'a> Site<'a> {
    pub(super) fn of(web: &'a WebFacts) -> Result<Self, &'static str> {
        const NO_PAGE: &str = "the front page was not observed";
        let https = answers(web, Scheme::Https).ok_or(NO_PAGE)?;
        let scheme = if https { Scheme::Https } else { Scheme::Http };
        let chain = chain(web, scheme).ok_or(NO_PAGE)?;
        let hops = chain.hops.known().ok_or(NO_PAGE)?;
        let last = hops.last().ok_or(NO_PAGE)?;
        let mut pages = web.pages.known().into_iter().flatten();
        let page = pages.find(|page| page.url == last.key).ok_or(NO_PAGE)?;
        match page.status {
            200..=399 | 401 | 403 => Ok(Self {
                web,
                hops,
                https,
                page,
            }),
            _ => Err("the front page answers with an error"),
        }
    }

    pub(super) fn csp(&self) -> Result<csp::Outcome, &'static str> {
        let policies: &[CspPolicy] = match self.page.csp.known().ok_or(UNSEEN)? {
            Some(csp) => &csp.policies,
            None => &[],
        };
        if policies.iter().any(|policy| policy.raw.ends_with('…')) {
            return Err("the policy is longer than is kept");
        }
        let of = |source: &str| -> Vec<&str> {
            let own = policies
                .iter()
                .filter(|policy| policy.key.starts_with(source));
            own.map(|policy| policy.raw.as_str()).collect()
        };
        let report_only = !self.page.csp_report_only.is_empty();
        // It sees all header lines as one policy with commas in it.
        let headers = of("header").join(", ");
        let headers: &[&str] = match headers.as_str() {
            "" => &[],
            joined => &[joined],
        };
        Ok(csp::judge(headers, &of("meta"), report_only, self.https))
    }

    pub(super) fn cookies(&self) -> Outcome {
        // From best to worst.
        const ORDER: [&str; 7] = [
            "cookies-without-secure-flag-but-protected-by-hsts",
            "cookies-without-secure-flag",
            "cookies-session-without-secure-flag-but-protected-by-hsts",
            "cookies-samesite-flag-invalid",
            "cookies-anticsrf-without-samesite-flag",
            "cookies-session-without-httponly-flag",
            "cookies-session-without-secure-flag",
        ];
        let protected = matches!(
            self.hsts()?,
            "hsts-implemented-max-age-at-least-six-months" | "hsts-preloaded"
        );
        let mut worst: Option<usize> = None;
        let mut note = |found: bool, name: &str| {
            let place = ORDER.iter().position(|own| *own == name);
            if found && place > worst {
                worst = place;
            }
        };
        for cookie in &self.page.cookies {
            let valid = cookie.same_site_valid.known().ok_or(UNSEEN)?;
            note(*valid == Some(false), "cookies-samesite-flag-invalid");
        }
        let jar = self.jar()?;
        for cookie in &jar {
            let name = cookie.name.to_lowercase();
            let session = name.contains("login") || name.contains("sess");
            let open = !cookie.secure;
            let same_site = cookie.same_site.as_deref();
            note(
                open && same_site == Some("none"),
                "cookies-samesite-flag-invalid",
            );
            note(
                open && protected,
                "cookies-without-secure-flag-but-protected-by-hsts",
            );
            note(open && !protected, "cookies-without-secure-flag");
            note(
                name.contains("csrf") && same_site.is_none(),
                "cookies-anticsrf-without-samesite-flag",
            );
            note(
                session && open && protected,
                "cookies-session-without-secure-flag-but-protected-by-hsts",
            );
            note(
                session && open && !protected,
                "cookies-session-without-secure-flag",
            );
            note(
                session && !cookie.http_only,
                "cookies-session-without-httponly-flag",
            );
        }
        let found = worst.and_then(|place| ORDER.get(place).copied());
        Ok(match found {
            _ if jar.is_empty() => "cookies-not-found",
            Some(result) => result,
            None if jar.iter().any(|cookie| cookie.same_site.is_none()) => {
                "cookies-secure-with-httponly-sessions"
            }
            None => "cookies-secure-with-httponly-sessions-and-samesite",
        })
    }

    /// The cookies of the way that a browser keeps, a later one in place of an earlier.
    fn jar(&self) -> Result<Vec<&'a Cookie>, &'static str> {
        let mut jar: Vec<&Cookie> = Vec::new();
        for hop in self.hops {
            for cookie in hop.cookies.known().ok_or(UNSEEN)? {
                let dropped = cookie.prefix_valid == Some(false);
                let affinity = cookie.name == "heroku-session-affinity";
                if !dropped && !affinity {
                    jar.retain(|own| own.name != cookie.name || own.domain != cookie.domain);
                    jar.push(cookie);
                }
            }
        }
        Ok(jar)
    }

    pub(super) fn sharing(&self) -> Outcome {
        let looks = self.web.second_looks.known().into_iter().flatten();
        let mut looks = looks.filter(|look| look.key == self.page.key);
        let look = looks
            .next()
            .ok_or("asked for over HTTPS, from level standard on")?;
        Ok(match look.allow_origin.known().ok_or(UNSEEN)?.as_deref() {
            None => "cross-origin-resource-sharing-not-implemented",
            Some(_) if look.foreign_origin_with_credentials => {
                "cross-origin-resource-sharing-implemented-with-universal-access"
            }
            Some(value) if value.trim() == "*" => {
                "cross-origin-resource-sharing-implemented-with-public-access"
            }
            Some(_) => "cross-origin-resource-sharing-implemented-with-restricted-access",
        })
    }

    pub(super) fn redirection(&self) -> Outcome {
        if !answers(self.web, Scheme::Http).ok_or(UNSEEN)? {
            return Ok("redirection-not-needed-no-http");
        }
        let chain = chain(self.web, Scheme::Http).ok_or(UNSEEN)?;
        let hops = chain.hops.known().ok_or(UNSEEN)?;
        match chain.outcome.known().ok_or(UNSEEN)? {
            ChainOutcome::Final => {}
            ChainOutcome::LeftScope => return Err("the redirects leave the scope"),
            _ => return Err("the redirects lead nowhere"),
        }
        let (Some(first), Some(last)) = (hops.first(), hops.last()) else {
            return Err(UNSEEN);
        };
        let own = hops
            .iter()
            .any(|hop| hop.scheme == Scheme::Https && hop.host == first.host);
        if own && verified(self.web) == Some(false) {
            return Ok("redirection-invalid-cert");
        }
        Ok(match hops.get(1) {
            None => "redirection-missing",
            Some(_) if last.scheme != Scheme::Https => "redirection-not-to-https",
            Some(next) if next.scheme == Scheme::Http => {
                "redirection-not-to-https-on-initial-redirection"
            }
            Some(next) if next.host != first.host => "redirection-off-host-from-http",
            Some(_) => "redirection-to-https",
        })
    }

    pub(super) fn referrer(&self) -> Outcome {
        const PRIVATE: [&str; 4] = [
            "no-referrer",
            "same-origin",
            "strict-origin",
            "strict-origin-when-cross-origin",
        ];
        const OPEN: [&str; 4] = [
            "origin",
            "origin-when-cross-origin",
            "unsafe-url",
            "no-referrer-when-downgrade",
        ];
        let sent = self.page.sent.known().ok_or(UNSEEN)?;
        let Some(value) = &sent.referrer_policy else {
            return Ok("referrer-policy-not-implemented");
        };
        let mut words = value.split(',').map(|word| word.trim().to_lowercase());
        let known =
            |word: &String| PRIVATE.contains(&word.as_str()) || OPEN.contains(&word.as_str());
        Ok(match words.rfind(known) {
            None => "referrer-policy-header-invalid",
            Some(word) if PRIVATE.contains(&word.as_str()) => "referrer-policy-private",
            Some(_) => "referrer-policy-unsafe",
        })
    }

    pub(super) fn hsts(&self) -> Outcome {
        if !self.https {
            return Ok("hsts-not-implemented-no-https");
        }
        if !verified(self.web).ok_or(UNSEEN)? {
            return Ok("hsts-invalid-cert");
        }
        let last = self.hops.last().ok_or(UNSEEN)?;
        Ok(match last.hsts.known().ok_or(UNSEEN)? {
            None => "hsts-not-implemented",
            Some(hsts) => match life(hsts) {
                None => "hsts-header-invalid",
                Some(seconds) if seconds < SIX_MONTHS => {
                    "hsts-implemented-max-age-less-than-six-months"
                }
                Some(_) => "hsts-implemented-max-age-at-least-six-months",
            },
        })
    }

    pub(super) fn integrity(&self) -> Outcome {
        // From best to worst; nothing before these is ever put in the place of another.
        const ORDER: [&str; 5] = [
            "sri-implemented-and-all-scripts-loaded-securely",
            "sri-implemented-and-external-scripts-loaded-securely",
            "sri-implemented-but-external-scripts-not-loaded-securely",
            "sri-not-implemented-but-external-scripts-loaded-securely",
            "sri-not-implemented-and-external-scripts-not-loaded-securely",
        ];
        let media_type = self.page.media_type.as_deref();
        if !matches!(media_type, Some("text/html" | "application/xhtml+xml")) {
            return Ok("sri-not-implemented-response-not-html");
        }
        let scripts = self.page.scripts.known().ok_or(UNSEEN)?;
        if *self.page.script_elements.known().ok_or(UNSEEN)? == 0 {
            return Ok("sri-not-implemented-but-no-scripts-loaded");
        }
        let mut worst: Option<usize> = None;
        let mut foreign = false;
        for script in scripts {
            let relative = *script.protocol_relative.known().ok_or(UNSEEN)?;
            let own = !script.third_party && !relative;
            foreign |= !own;
            if let Some(place) = place_of(script, own, relative)
                && (!own || worst.is_none())
                && Some(place) > worst
            {
                worst = Some(place);
            }
        }
        Ok(match worst.and_then(|place| ORDER.get(place).copied()) {
            Some(result) => result,
            None if foreign => "sri-implemented-and-external-scripts-loaded-securely",
            None => "sri-not-implemented-but-all-scripts-loaded-from-secure-origin",
        })
    }

    pub(super) fn sniffing(&self) -> Outcome {
        let sent = self.page.sent.known().ok_or(UNSEEN)?;
        Ok(match sent.content_type_options.as_deref() {
            None | Some("") => "x-content-type-options-not-implemented",
            Some(value) if value.trim().eq_ignore_ascii_case("nosniff") => {
                "x-content-type-options-nosniff"
            }
            Some(_) => "x-content-type-options-header-invalid",
        })
    }

    pub(super) fn framing(&self) -> Outcome {
        if self.csp()?.limits_framing {
            return Ok("x-frame-options-implemented-via-csp");
        }
        Ok(match self.page.x_frame_options.as_deref().map(str::trim) {
            None | Some("") => "x-frame-options-not-implemented",
            Some("deny" | "sameorigin") => "x-frame-options-sameorigin-or-deny",
            Some(value) if value.starts_with("allow-from") => "x-frame-options-allow-from-origin",
            Some(_) => "x-frame-options-header-invalid",
        })
    }

    pub(super) fn resource_policy(&self) -> Outcome {
        let sent = self.page.sent.known().ok_or(UNSEEN)?;
        let value = sent
            .resource_policy
            .as_deref()
            .map(|value| value.trim().to_lowercase());
        Ok(match value.as_deref() {
            None | Some("") => "corp-not-implemented",
            Some("same-site") => "corp-implemented-with-same-site",
            Some("same-origin") => "corp-implemented-with-same-origin",
            Some("cross-origin") => "corp-implemented-with-cross-origin",
            Some(_) => "corp-header-invalid",
        })
    }
}

/// What one script says, as a place in the order of results.
fn place_of(script: &Script, own: bool, relative: bool) -> Option<usize> {
    let secure = script.key.starts_with("https:") && !relative;
    match (own, script.integrity, secure) {
        (true, true, true) => Some(0),
        (true, _, _) | (false, true, true) => None,
        (false, true, false) => Some(2),
        (false, false, true) => Some(3),
        (false, false, false) => Some(4),
    }
}

/// How long HSTS holds, as the Observatory reads it: what is no number counts as long.
pub(super) fn life(hsts: &Hsts) -> Option<u64> {
    if hsts.raw.contains(',') || hsts.problems.iter().any(|name| name == "duplicate_header") {
        return None;
    }
    let directives = hsts.raw.split(';').map(|part| part.trim().to_lowercase());
    let mut ages = directives.filter_map(|part| part.strip_prefix("max-age=").map(str::to_owned));
    ages.next_back().map(|age| {
        let age = age.trim_start();
        let end = age.find(|c: char| !c.is_ascii_digit()).unwrap_or(age.len());
        match age.get(..end).unwrap_or_default() {
            "" if age.starts_with('-') => 0,
            digits => digits.parse().unwrap_or(u64::MAX),
        }
    })
}

/// Whether the site answers over a scheme; `None` where that was not observed.
fn answers(web: &WebFacts, scheme: Scheme) -> Option<bool> {
    let origins: Vec<_> = web
        .origins
        .known()?
        .iter()
        .filter(|origin| origin.scheme == scheme)
        .map(|origin| origin.answers.known().copied())
        .collect();
    match origins.contains(&Some(true)) {
        true => Some(true),
        false if origins.contains(&None) => None,
        false => Some(false),
    }
}

/// Whether the certificate of the first address that answers over HTTPS verifies.
fn verified(web: &WebFacts) -> Option<bool> {
    let mut origins = web.origins.known()?.iter();
    origins.find_map(|origin| origin.certificate_verifies)
}

/// The first way that begins over a scheme.
fn chain(web: &WebFacts, scheme: Scheme) -> Option<&RedirectChain> {
    let mut chains = web.chains.known()?.iter();
    chains.find(|chain| chain.scheme == scheme)
}
