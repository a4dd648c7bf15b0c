//! The office that does everything right.

use super::super::web::{Answer, Asked};

const MTA_STS: &str =
    "version: STSv1\r\nmode: enforce\r\nmx: mx1.exemplary.example\r\nmax_age: 2419200\r\n";

/// `exemplary.example`, `www` and the policy host for mail.
pub(super) fn website(asked: &Asked<'_>) -> Answer {
    if let Some(answer) = to_https(asked, &["exemplary.example", "www.exemplary.example"]) {
        return answer;
    }
    let answer = match (asked.host, asked.path) {
        ("mta-sts.exemplary.example", "/.well-known/mta-sts.txt") => Answer::text(MTA_STS),
        ("mta-sts.exemplary.example", _) => Answer::not_found("Not found"),
        ("www.exemplary.example", path) => {
            Answer::redirect(format!("https://exemplary.example{path}"))
        }
        (_, "/") => Answer::html(page(include_str!("../pages/exemplary-home.html"), asked))
            .with(&[("cache-control", "public, max-age=300")]),
        (host, path) => shared(host, path),
    };
    guarded(answer, asked)
}

/// `vote.exemplary.example`
pub(in super::super) fn portal(asked: &Asked<'_>) -> Answer {
    if let Some(answer) = to_https(asked, &["vote.exemplary.example"]) {
        return answer;
    }
    let answer = match (asked.host, asked.path) {
        (_, "/") => Answer::html(page(include_str!("../pages/exemplary-portal.html"), asked))
            .with(&[("cache-control", "no-store")]),
        (_, "/register") => {
            let session = format!(
                "__Host-session={}; Path=/; Secure; HttpOnly; SameSite=Strict",
                asked.nonce
            );
            Answer::html(page(
                include_str!("../pages/exemplary-register.html"),
                asked,
            ))
            .with(&[("cache-control", "no-store"), ("set-cookie", &session)])
        }
        (host, path) => shared(host, path),
    };
    guarded(answer, asked)
}

/// Sends what came without TLS to the same host with TLS, if the host is ours.
fn to_https(asked: &Asked<'_>, hosts: &[&str]) -> Option<Answer> {
    if asked.secure {
        return None;
    }
    Some(if hosts.contains(&asked.host) {
        Answer::redirect(format!("https://{}{}", asked.host, asked.path))
    } else {
        Answer::not_found("Not found")
    })
}

fn shared(host: &str, path: &str) -> Answer {
    match path {
        "/.well-known/security.txt" => Answer::text(format!(
            "Contact: mailto:security@exemplary.example\r\n\
             Contact: https://exemplary.example/security\r\n\
             Expires: {}\r\n\
             Preferred-Languages: en\r\n\
             Canonical: https://{host}/.well-known/security.txt\r\n",
            super::in_days(180)
        )),
        "/robots.txt" => Answer::text("User-agent: *\nAllow: /\n"),
        "/style.css" => Answer {
            headers: vec![("content-type", "text/css; charset=utf-8".to_owned())],
            ..Answer::text("body { font: 1rem/1.5 sans-serif; max-width: 40rem; margin: auto }\n")
        },
        "/app.js" => Answer {
            headers: vec![("content-type", "text/javascript; charset=utf-8".to_owned())],
            ..Answer::text("document.documentElement.classList.add('js');\n")
        },
        _ => Answer::not_found(
            "<!doctype html><html lang=\"en\"><title>Not found</title><p>There is no such page.</p></html>",
        ),
    }
}

/// Fills in what is fresh for each answer.
fn page(text: &str, asked: &Asked<'_>) -> String {
    text.replace("{{nonce}}", asked.nonce)
}

fn guarded(answer: Answer, asked: &Asked<'_>) -> Answer {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{}'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        asked.nonce
    );
    answer.with(&[
        (
            "strict-transport-security",
            "max-age=63072000; includeSubDomains; preload",
        ),
        ("content-security-policy", &policy),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=(), payment=()",
        ),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ])
}
