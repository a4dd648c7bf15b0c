//! The office that stopped half way: HTTPS everywhere, but HSTS for a day
//! only, scripts from anywhere, and pages with personal data that browsers keep.

use super::super::web::{Answer, Asked};

const MTA_STS: &str =
    "version: STSv1\r\nmode: testing\r\nmx: mail.average.example\r\nmax_age: 86400\r\n";

/// `average.example`, `www` and the policy host for mail.
pub(super) fn website(asked: &Asked<'_>) -> Answer {
    let answer = match (asked.secure, asked.host, asked.path) {
        (true, "mta-sts.average.example", "/.well-known/mta-sts.txt") => Answer::text(MTA_STS),
        (_, "mta-sts.average.example", _) => Answer::not_found("Not found"),
        // Leaves the host before it turns to HTTPS, so that its HSTS is never learnt.
        (false, _, path) => Answer::redirect(format!("https://www.average.example{path}")),
        (true, "average.example", path) => {
            Answer::redirect(format!("https://www.average.example{path}"))
        }
        (true, _, "/") => Answer::html(include_str!("../pages/average-home.html"))
            .with(&[("set-cookie", "lang=en; Path=/; Secure")]),
        (true, _, "/robots.txt") => Answer::text("User-agent: *\nDisallow: /admin/\n"),
        _ => missing(),
    };
    answer
        .with(&[("server", "nginx"), ("x-frame-options", "SAMEORIGIN")])
        .only_secure(asked, ("strict-transport-security", "max-age=86400"))
}

/// `register.average.example`
pub(super) fn portal(asked: &Asked<'_>) -> Answer {
    let answer = match (asked.secure, asked.path) {
        (false, path) => Answer::redirect(format!("https://register.average.example{path}")),
        (true, "/") => Answer::html(include_str!("../pages/average-portal.html")),
        (true, "/lookup") => Answer::html(include_str!("../pages/average-lookup.html")).with(&[
            (
                "set-cookie",
                "PHPSESSID=k3v9d0q2m4t7; path=/; secure; HttpOnly",
            ),
            ("cache-control", "private, max-age=600"),
        ]),
        _ => missing(),
    };
    answer
        .with(&[
            ("server", "nginx"),
            ("x-content-type-options", "nosniff"),
            (
                "content-security-policy",
                "default-src 'self'; script-src 'self' 'unsafe-inline' https:; \
                 style-src 'self' 'unsafe-inline'",
            ),
        ])
        .only_secure(asked, ("strict-transport-security", "max-age=86400"))
}

fn missing() -> Answer {
    Answer::not_found("<!doctype html><title>404</title><h1>Page not found</h1>")
}

impl Answer {
    /// Adds a header field to what goes over TLS.
    fn only_secure(self, asked: &Asked<'_>, header: (&'static str, &str)) -> Self {
        if asked.secure {
            self.with(&[header])
        } else {
            self
        }
    }
}
