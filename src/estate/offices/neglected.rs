//! The office that nobody has looked after: everything is served without
//! encryption too, and the look-up form sends a birth date and a part of the
//! social security number in the clear, within the address. What it has mended
//! since is served instead.

use super::super::{
    EstateError,
    authority::{Authority, Leaf, LeafKey, Signer},
    listener::Server,
    mended::Mended,
    smtp::Greeter,
    tls::{Age, Front},
    web::{Answer, Asked, Site},
};

const BANNER: [(&str, &str); 2] = [
    ("server", "Apache/2.2.15 (CentOS)"),
    ("x-powered-by", "PHP/5.3.3"),
];
/// The banner after an update that does not hide the versions.
const BANNER_UPDATED: [(&str, &str); 2] = [
    ("server", "Apache/2.4.66 (CentOS)"),
    ("x-powered-by", "PHP/8.4.14"),
];
const MTA_STS: &str =
    "version: STSv1\r\nmode: enforce\r\nmx: mail.neglected.example\r\nmax_age: 1209600\r\n";
/// Parts of pages that a change replaces: the change, what is there, and what comes instead.
const EDITS: [(&str, &str, &str); 9] = [
    (
        "third-party-scripts",
        "<script src=\"http://counter.widgets.example/hit.js\"></script>\n",
        "",
    ),
    (
        "third-party-scripts",
        "<script src=\"https://counter.widgets.example/hit.js\"></script>\n",
        "",
    ),
    (
        "third-party-scripts",
        "<script src=\"https://replay.widgets.example/record.js\"></script>\n",
        "",
    ),
    (
        "web.content.no-mixed",
        "src=\"http://neglected.example/",
        "src=\"/",
    ),
    ("web.content.no-mixed", "src=\"http://", "src=\"https://"),
    (
        "forms",
        "method=\"get\" action=\"http://register.neglected.example/lookup.php\"",
        "method=\"post\" action=\"/lookup.php\"",
    ),
    (
        "forms",
        "action=\"http://register.neglected.example/login.php\"",
        "action=\"/login.php\"",
    ),
    (
        "portal.form.forgery-protected",
        "<input type=\"submit\" value=\"Go\">",
        "<input type=\"hidden\" name=\"csrf_token\" value=\"{{nonce}}\"><input type=\"submit\" value=\"Go\">",
    ),
    (
        "portal.form.forgery-protected",
        "<input type=\"submit\" value=\"Clerk login\">",
        "<input type=\"hidden\" name=\"csrf_token\" value=\"{{nonce}}\"><input type=\"submit\" value=\"Clerk login\">",
    ),
];

/// Adds the servers of the office. Returns the public key of its mail exchanger.
pub(super) fn services(
    authority: &Authority,
    mended: &Mended,
    add: &mut impl FnMut(&'static [(&'static str, u16)], Server),
) -> Result<Vec<u8>, EstateError> {
    let issue = |names: &[&str], age_days, lifetime_days, signer| {
        authority.issue(&Leaf {
            names,
            key: LeafKey::Rsa,
            age_days,
            lifetime_days,
            signer,
        })
    };
    // What the server made for itself ended months ago.
    let identity = match mended.has("certificate") {
        false => issue(&["localhost.localdomain"], 465, 365, Signer::Itself)?,
        true => issue(
            &[
                "neglected.example",
                "www.neglected.example",
                "register.neglected.example",
                "results.neglected.example",
                "mta-sts.neglected.example",
            ],
            1,
            90,
            Signer::Intermediate,
        )?,
    };
    let age = match (mended.has("tls-versions"), mended.has("tls-suites")) {
        (false, false) => Age::Outdated,
        (true, false) => Age::OldSuites,
        (false, true) => Age::OldVersion,
        (true, true) => Age::Settled,
    };
    let front = Front::new(&identity, age)?;
    let site = |answer| Site {
        answer,
        mended: mended.clone(),
    };
    add(
        &[("203.0.113.10", 80), ("2001:db8:3::10", 80)],
        Server::Http(site(website)),
    );
    add(
        &[("203.0.113.10", 443), ("2001:db8:3::10", 443)],
        Server::Https(site(website), front.clone()),
    );
    add(
        &[("203.0.113.11", 80), ("2001:db8:3::11", 80)],
        Server::Http(site(portal)),
    );
    add(
        &[("203.0.113.11", 443), ("2001:db8:3::11", 443)],
        Server::Https(site(portal), front),
    );
    // Who sets STARTTLS up today takes a new certificate and current versions along.
    let exchanger = issue(&["mail.neglected.example"], 1, 90, Signer::Intermediate)?;
    let starttls = match mended.has("mail.starttls.offered") {
        true => Some(Front::new(&exchanger, Age::Settled)?),
        false => None,
    };
    add(
        &[("203.0.113.10", 25), ("2001:db8:3::10", 25)],
        Server::Smtp(Greeter {
            host: "mail.neglected.example",
            banner: "ESMTP Sendmail 8.13.8/8.13.8",
            starttls,
        }),
    );
    Ok(exchanger.public_key)
}

/// `neglected.example`, `www`, and once they lead here `results` and `mta-sts`.
fn website(asked: &Asked<'_>) -> Answer {
    let answer = match (asked.host, asked.path) {
        ("mta-sts.neglected.example", "/.well-known/mta-sts.txt")
            if asked.secure && asked.mended.has("mta-sts") =>
        {
            Answer::text(MTA_STS)
        }
        ("mta-sts.neglected.example", _) => missing(asked),
        (_, "/" | "/index.html") => page(include_str!("../pages/neglected-home.html"), asked)
            .with(&[("set-cookie", &cookie("1f0c6e2a77", asked))]),
        _ => shared(asked),
    };
    served(answer, asked)
}

/// `register.neglected.example`
fn portal(asked: &Asked<'_>) -> Answer {
    let cookie = cookie("9b27d31c54", asked);
    let answer = match asked.path {
        "/" => page(include_str!("../pages/neglected-portal.html"), asked)
            .with(&[("set-cookie", &cookie)]),
        "/lookup.php" => {
            let form = page(include_str!("../pages/neglected-lookup.html"), asked)
                .with(&[("set-cookie", &cookie)]);
            match asked.mended.has("portal.page.no-store") {
                true => form.with(&[("cache-control", "no-store")]),
                false => form,
            }
        }
        _ => shared(asked),
    };
    served(answer, asked)
}

fn cookie(id: &str, asked: &Asked<'_>) -> String {
    let guarded = match asked.mended.has("session-cookies") {
        true => "; Secure; HttpOnly; SameSite=Lax",
        false => "",
    };
    format!("PHPSESSID={id}; path=/{guarded}")
}

fn page(text: &str, asked: &Asked<'_>) -> Answer {
    let mut text = text.to_owned();
    for (change, old, new) in EDITS {
        if asked.mended.has(change) {
            text = text.replace(old, new);
        }
    }
    Answer::html(text.replace("{{nonce}}", asked.nonce))
}

/// Paths that all sites of the office have.
fn shared(asked: &Asked<'_>) -> Answer {
    match asked.path {
        "/.well-known/security.txt" if asked.mended.has("security-txt") => Answer::text(format!(
            "Contact: mailto:security@neglected.example\r\n\
             Expires: {}\r\n\
             Canonical: https://{}/.well-known/security.txt\r\n",
            super::in_days(180),
            asked.host
        )),
        _ => missing(asked),
    }
}

/// The answer as the server sends it: redirected where that was mended, with its headers.
fn served(answer: Answer, asked: &Asked<'_>) -> Answer {
    let mended = asked.mended;
    let mut answer = match !asked.secure && mended.has("http-redirect") {
        true => Answer::redirect(format!("https://{}{}", asked.host, asked.path)),
        false => answer,
    };
    answer = match (
        mended.has("web.banner.no-version"),
        mended.has("expo.components.no-exploited"),
    ) {
        (true, _) => answer.with(&[("server", "Apache")]),
        (false, true) => answer.with(&BANNER_UPDATED),
        (false, false) => answer.with(&BANNER),
    };
    if asked.secure && mended.has("hsts") {
        answer = answer.with(&[(
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        )]);
    }
    if mended.has("headers") {
        answer = answer.with(&[
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("x-frame-options", "SAMEORIGIN"),
        ]);
    }
    if mended.has("csp") {
        answer = answer.with(&[(
            "content-security-policy",
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'",
        )]);
    }
    answer
}

fn missing(asked: &Asked<'_>) -> Answer {
    let path = asked.path.replace('&', "&amp;").replace('<', "&lt;");
    let silent =
        asked.mended.has("web.banner.no-version") || asked.mended.has("expo.error-page.silent");
    let address = match silent {
        true => "",
        false => "<hr>\n<address>Apache/2.2.15 (CentOS) Server Port 80</address>\n",
    };
    Answer::not_found(&format!(
        "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n\
         <title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n\
         <p>The requested URL {path} was not found on this server.</p>\n\
         {address}</body></html>\n"
    ))
}
