//! The sites of `web_faults.rs`: what each does otherwise than the hardened one.

/// A site. What is empty is as on the hardened one.
pub struct Case {
    pub what: &'static str,
    /// The server that it is for; both, when none.
    pub on: Option<&'static str>,
    /// The domain above: only a registrable one has a `www.` beside it.
    pub below: &'static str,
    /// Whether the certificate names `www.` too.
    pub covers_www: bool,
    /// Headers in place of the hardened ones (`None`: not sent), and further ones.
    pub set: &'static [(&'static str, Option<&'static str>)],
    /// Files with their content; `HOST` stands for the name of the site.
    pub files: &'static [(&'static str, &'static str)],
    pub without: &'static [&'static str],
    /// Lines for the server over HTTPS.
    pub nginx: &'static str,
    pub apache: &'static str,
    /// Lines for the server over HTTP, in place of the redirect.
    pub plain: &'static str,
    pub apache_plain: &'static str,
    pub open_port: bool,
    /// Checks that must fail: these and no others.
    pub finds: &'static [&'static str],
    /// Words that each of these findings must have.
    pub words: &'static [&'static str],
}

const SITE: Case = Case {
    what: "",
    on: None,
    below: "faults.example",
    covers_www: true,
    set: &[],
    files: &[],
    without: &[],
    nginx: "",
    apache: "",
    plain: "",
    apache_plain: "",
    open_port: false,
    finds: &[],
    words: &[],
};

/// The front page of the hardened site.
pub const HARDENED: &str = "<!doctype html><html lang=en><head><meta charset=utf-8><title>Votes</title></head>\
     <body><p>Polls close at 8 p.m.</p><a href=/about.html>About</a></body></html>";

const CSP: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// A form page, two links away from the front page.
const WAY: [(&str, &str); 2] = [
    (
        "index.html",
        "<!doctype html><title>Votes</title><a href=/voters.html>For voters</a>",
    ),
    (
        "voters.html",
        "<!doctype html><title>Voters</title><a href=/register.html>Register to vote</a>",
    ),
];
const STORE: &[(&str, Option<&str>)] = &[("Cache-Control", Some("no-store"))];

impl Case {
    /// The headers that are sent, in order.
    pub fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let hardened = [
            (
                "Strict-Transport-Security",
                "max-age=63072000; includeSubDomains",
            ),
            ("Content-Security-Policy", CSP),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "strict-origin-when-cross-origin"),
            (
                "Permissions-Policy",
                "camera=(), geolocation=(), microphone=()",
            ),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ];
        let kept = hardened
            .into_iter()
            .filter(|(name, _)| !self.set.iter().any(|(own, _)| own == name));
        let own = self
            .set
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)));
        kept.chain(own).collect()
    }
}

/// A case that only sends another header.
const fn header(
    what: &'static str,
    set: &'static [(&'static str, Option<&'static str>)],
    finds: &'static [&'static str],
) -> Case {
    Case {
        what,
        set,
        finds,
        ..SITE
    }
}

/// A case that only has other files.
const fn files(
    what: &'static str,
    files: &'static [(&'static str, &'static str)],
    finds: &'static [&'static str],
) -> Case {
    Case {
        what,
        files,
        finds,
        ..SITE
    }
}

/// A case with a form on its third page.
const fn form(
    what: &'static str,
    pages: &'static [(&'static str, &'static str)],
    finds: &'static [&'static str],
    words: &'static [&'static str],
) -> Case {
    Case {
        what,
        files: pages,
        set: STORE,
        finds,
        words,
        ..SITE
    }
}

const HSTS: &str = "Strict-Transport-Security";
const POLICY: &str = "Content-Security-Policy";
const COOKIE: &str = "Set-Cookie";

pub const CASES: &[Case] = &[
    header("hardened", &[], &[]),
    Case {
        what: "hardened, with www",
        below: "example",
        ..SITE
    },
    // Transport
    header("no HSTS", &[(HSTS, None)], &["web.hsts.one-year"]),
    header(
        "HSTS for a day",
        &[(HSTS, Some("max-age=86400; includeSubDomains"))],
        &["web.hsts.one-year"],
    ),
    header(
        "HSTS taken back",
        &[(HSTS, Some("max-age=0; includeSubDomains"))],
        &["web.hsts.one-year"],
    ),
    header(
        "HSTS without subdomains",
        &[(HSTS, Some("max-age=63072000"))],
        &["web.hsts.subdomains"],
    ),
    header(
        "HSTS twice, the short one first",
        &[
            (HSTS, None),
            (
                "strict-transport-security",
                Some("max-age=60; includeSubDomains"),
            ),
            (
                "Strict-transport-security",
                Some("max-age=63072000; includeSubDomains"),
            ),
        ],
        &["web.hsts.one-year"],
    ),
    header(
        "HSTS with a word in place of seconds",
        &[(HSTS, Some("max-age=year; includeSubDomains"))],
        &["web.hsts.one-year", "web.hsts.subdomains"],
    ),
    Case {
        what: "HTTP without redirect",
        plain: "location / { }",
        apache_plain: "Options -Indexes",
        finds: &["web.redirect.same-host-first"],
        ..SITE
    },
    Case {
        what: "HTTP redirects to HTTP first",
        plain: "location = / { return 302 http://$host/start; } location / { return 301 https://$host/; }",
        apache_plain: "RewriteEngine On\nRewriteRule ^/$ http://%{HTTP_HOST}/start [R=302,L]\nRewriteRule ^ https://%{HTTP_HOST}/ [R=301,L]",
        finds: &["web.redirect.same-host-first"],
        ..SITE
    },
    Case {
        what: "HTTPS leads over HTTP",
        files: &[("about.html", HARDENED)],
        nginx: "location = / { return 302 http://$host/about.html; }",
        apache: "RewriteEngine On\nRewriteRule ^/$ http://%{HTTP_HOST}/about.html [R=302,L]",
        finds: &["web.redirect.no-downgrade"],
        ..SITE
    },
    Case {
        what: "www is not in the certificate",
        below: "example",
        covers_www: false,
        finds: &["web.sibling.secure"],
        ..SITE
    },
    // Policies
    header(
        "no policy, framing told apart",
        &[(POLICY, None), ("X-Frame-Options", Some("DENY"))],
        &["web.csp.present"],
    ),
    header(
        "policy that is only reported",
        &[
            (POLICY, None),
            ("Content-Security-Policy-Report-Only", Some(CSP)),
            ("X-Frame-Options", Some("DENY")),
        ],
        &["web.csp.present"],
    ),
    header(
        "inline script runs",
        &[(
            POLICY,
            Some(
                "default-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
        )],
        &["web.csp.no-inline-script"],
    ),
    header(
        "scripts from anywhere",
        &[(
            POLICY,
            Some(
                "default-src 'self'; script-src https:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
        )],
        &["web.csp.no-inline-script"],
    ),
    header(
        "eval",
        &[(
            POLICY,
            Some(
                "default-src 'self'; script-src 'self' 'unsafe-eval'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
        )],
        &["web.csp.no-eval"],
    ),
    header(
        "no base-uri",
        &[(
            POLICY,
            Some(
                "default-src 'self'; object-src 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
        )],
        &["web.csp.objects-and-base-limited"],
    ),
    header(
        "a store of packages is allowed",
        &[(
            POLICY,
            Some(
                "default-src 'self'; script-src 'self' cdn.jsdelivr.net; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
        )],
        &["web.csp.no-bypass"],
    ),
    header(
        "two policies, the second saves the first",
        &[
            (POLICY, None),
            (
                "Content-security-policy",
                Some("script-src 'unsafe-inline' *; frame-ancestors 'none'"),
            ),
            ("content-security-policy", Some(CSP)),
        ],
        &[],
    ),
    header(
        "the same nonce each time",
        &[(
            POLICY,
            Some(
                "default-src 'self'; script-src 'nonce-c2FtZQ=='; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
        )],
        &["web.csp.nonce-fresh"],
    ),
    Case {
        what: "a new nonce each time",
        on: Some("nginx"),
        set: &[(
            POLICY,
            Some(
                "default-src 'self'; script-src 'nonce-$request_id'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
        )],
        ..SITE
    },
    files(
        "framing limited in a meta element alone",
        &[(
            "index.html",
            "<!doctype html><head><meta http-equiv=content-security-policy content=\"frame-ancestors 'none'\"><title>x</title></head>",
        )],
        &[],
    ),
    header(
        "framing open",
        &[(
            POLICY,
            Some("default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"),
        )],
        &["web.framing.limited"],
    ),
    header(
        "frame-ancestors overrules X-Frame-Options",
        &[
            (
                POLICY,
                Some(
                    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors *",
                ),
            ),
            ("X-Frame-Options", Some("DENY")),
        ],
        &["web.framing.limited"],
    ),
    header(
        "ALLOW-FROM",
        &[
            (
                POLICY,
                Some("default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"),
            ),
            ("X-Frame-Options", Some("ALLOW-FROM https://a.example/")),
        ],
        &["web.framing.limited"],
    ),
    // Headers
    header(
        "sniffing",
        &[("X-Content-Type-Options", None)],
        &["web.sniffing.off"],
    ),
    header(
        "whole addresses as referrer",
        &[("Referrer-Policy", Some("unsafe-url"))],
        &["web.referrer.limited"],
    ),
    header(
        "no Permissions-Policy",
        &[("Permissions-Policy", None)],
        &["web.permissions.limited"],
    ),
    header(
        "no Cross-Origin-Opener-Policy",
        &[("Cross-Origin-Opener-Policy", None)],
        &["web.isolation.opener"],
    ),
    header(
        "Cross-Origin-Resource-Policy open",
        &[("Cross-Origin-Resource-Policy", Some("cross-origin"))],
        &["web.isolation.resource"],
    ),
    header(
        "version of PHP",
        &[("X-Powered-By", Some("PHP/8.2.20"))],
        &["web.banner.no-version"],
    ),
    header(
        "exploited version of PHP",
        &[("X-Powered-By", Some("PHP/7.3.10"))],
        &["expo.components.no-exploited", "web.banner.no-version"],
    ),
    header(
        "open to null with the session",
        &[
            ("Access-Control-Allow-Origin", Some("null")),
            ("Access-Control-Allow-Credentials", Some("true")),
        ],
        &["web.cors.limited"],
    ),
    Case {
        what: "open to whoever asks, with the session",
        on: Some("nginx"),
        set: &[
            ("Access-Control-Allow-Origin", Some("$http_origin")),
            ("Access-Control-Allow-Credentials", Some("true")),
        ],
        finds: &["web.cors.not-reflected"],
        ..SITE
    },
    header(
        "open to all without the session",
        &[("Access-Control-Allow-Origin", Some("*"))],
        &[],
    ),
    // Cookies
    header(
        "session cookie, all attributes",
        &[(
            COOKIE,
            Some("__Host-session=1; Path=/; Secure; HttpOnly; SameSite=Lax"),
        )],
        &[],
    ),
    header(
        "session cookie over HTTP too",
        &[(COOKIE, Some("PHPSESSID=1; Path=/; HttpOnly; SameSite=Lax"))],
        &["web.cookies.secure"],
    ),
    header(
        "session cookie for scripts",
        &[(COOKIE, Some("PHPSESSID=1; Path=/; Secure; SameSite=Lax"))],
        &["web.cookies.http-only"],
    ),
    header(
        "session cookie for other sites",
        &[(
            COOKIE,
            Some("PHPSESSID=1; Path=/; Secure; HttpOnly; SameSite=None"),
        )],
        &["web.cookies.same-site"],
    ),
    header(
        "session cookie for all hosts",
        &[(
            COOKIE,
            Some("PHPSESSID=1; Path=/; Secure; HttpOnly; SameSite=Lax; Domain=faults.example"),
        )],
        &["web.cookies.host-only"],
    ),
    header(
        "prefix that is not kept",
        &[(
            COOKIE,
            Some("__Host-theme=1; Path=/; Secure; SameSite=Lax; Domain=faults.example"),
        )],
        &["web.cookies.prefix-kept"],
    ),
    Case {
        what: "session cookie on the redirect",
        plain: "add_header Set-Cookie \"PHPSESSID=1; path=/; HttpOnly; SameSite=Lax\" always; return 301 https://$host$request_uri;",
        apache_plain: "Header always set Set-Cookie \"PHPSESSID=1; path=/; HttpOnly; SameSite=Lax\"\nRewriteEngine On\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]",
        finds: &["web.cookies.secure-on-redirects"],
        ..SITE
    },
    // Content
    files(
        "a script without encryption",
        &[(
            "index.html",
            "<!doctype html><script src=http://HOST/a.js></script>",
        )],
        &["web.content.no-mixed"],
    ),
    files(
        "a picture without encryption",
        &[("index.html", "<!doctype html><img src=http://HOST/a.png>")],
        &["web.content.no-mixed"],
    ),
    files(
        "a script of another site without hash",
        &[(
            "index.html",
            "<!doctype html><script src=https://cdn.other.example/a.js></script>",
        )],
        &["web.scripts.third-party-pinned"],
    ),
    files(
        "a hash without crossorigin",
        &[(
            "index.html",
            "<!doctype html><script src=https://cdn.other.example/a.js integrity=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=></script>",
        )],
        &["web.scripts.integrity-usable"],
    ),
    files(
        "an old library",
        &[(
            "index.html",
            "<!doctype html><script src=/js/jquery-1.12.4.min.js></script>",
        )],
        &["expo.components.no-exploited"],
    ),
    files(
        "a library with a hole",
        &[(
            "index.html",
            "<!doctype html><script src=/js/lodash-4.17.4.min.js></script>",
        )],
        &["expo.components.no-known-holes"],
    ),
    files(
        "an address at a free provider",
        &[(
            "index.html",
            "<!doctype html><p>Write to countyclerk@gmail.com or clerk@HOST",
        )],
        &["portal.contact.own-domain"],
    ),
    files(
        "an error in a page",
        &[(
            "about.html",
            "<!doctype html><b>Warning</b>: include(a.php): failed in <b>a.php</b> on line <b>3</b>",
        )],
        &["expo.page.no-internals"],
    ),
    // Exposure
    files(
        "an error page with a trace",
        &[(
            "404.html",
            "<!doctype html><pre>Traceback (most recent call last):\n  File x</pre>",
        )],
        &["expo.error-page.silent"],
    ),
    files(
        "an error page with a version",
        &[("404.html", "<!doctype html><center>nginx/1.18.0</center>")],
        &["expo.error-page.silent"],
    ),
    files(
        "a repository",
        &[(".git/HEAD", "ref: refs/heads/main\n")],
        &["expo.files.none-left"],
    ),
    files(
        "passwords",
        &[(".env", "APP_KEY=base64:x\nDB_PASSWORD=secret\n")],
        &["expo.files.none-left"],
    ),
    files(
        "a dump",
        &[("backup.sql", "-- MySQL dump 10.13\n")],
        &["expo.files.none-left"],
    ),
    files(
        "a list of voters",
        &[("voters.csv", "id,name,dob\n1,A,1970\n2,B,1980\n")],
        &["expo.files.none-left"],
    ),
    Case {
        what: "everything is a page",
        nginx: "error_page 404 =200 /404.html;",
        apache: "RewriteEngine On\nRewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} !-f\nRewriteCond %{REQUEST_URI} !^/$\nRewriteRule ^ /404.html [L]",
        finds: &[],
        without: &[],
        ..SITE
    },
    files(
        "robots.txt leads to voters",
        &[(
            "robots.txt",
            "User-agent: *\nDisallow: /export/voter-file.csv\n",
        )],
        &["expo.robots.not-telling"],
    ),
    files(
        "a sitemap leads to a backup",
        &[(
            "sitemap.xml",
            "<urlset><url><loc>https://HOST/db-backup/</loc></url></urlset>",
        )],
        &["expo.sitemap.not-telling"],
    ),
    Case {
        what: "a listing",
        files: &[
            ("index.html", "<!doctype html><a href=/files/>Files</a>"),
            ("files/a.txt", "x"),
        ],
        nginx: "autoindex on;",
        apache: "<Location /files/>\nOptions +Indexes\n</Location>",
        finds: &["expo.files.none-left", "expo.page.no-listing"],
        ..SITE
    },
    Case {
        what: "TRACE",
        on: Some("apache"),
        apache: "TraceEnable On",
        finds: &["expo.trace.off"],
        ..SITE
    },
    Case {
        what: "remote desktop",
        open_port: true,
        finds: &["expo.ports.closed"],
        words: &["3389"],
        ..SITE
    },
    Case {
        what: "no security.txt",
        without: &[".well-known/security.txt"],
        finds: &["web.security-txt.published"],
        ..SITE
    },
    files(
        "security.txt without a date",
        &[(".well-known/security.txt", "Contact: mailto:a@HOST\n")],
        &["web.security-txt.valid"],
    ),
    files(
        "security.txt that ended",
        &[(
            ".well-known/security.txt",
            "Contact: mailto:a@HOST\nExpires: 2020-01-01T00:00:00Z\n",
        )],
        &["web.security-txt.current"],
    ),
    // A form on the third page
    form(
        "a careful form",
        &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><form method=post action=/save id=reg><label>Date of birth <input name=dob></label></form>",
            ),
        ],
        &[],
        &[],
    ),
    form(
        "a form without encryption",
        &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><form method=post action=http://HOST/save id=reg><label>Date of birth <input name=dob></label></form>",
            ),
        ],
        &["portal.form.https-action"],
        &["/register.html", "dob"],
    ),
    form(
        "a form in the address",
        &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><form action=/find id=reg><label>Social security number <input name=ssn4></label></form>",
            ),
        ],
        &["portal.form.no-get"],
        &["/register.html", "ssn4"],
    ),
    form(
        "a form that goes to another site",
        &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><form method=post action=https://forms.vendor.example/x id=reg><input name=dob></form>",
            ),
        ],
        &["portal.form.same-site-action"],
        &["/register.html"],
    ),
    Case {
        what: "a form that caches keep",
        files: &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><form method=post action=/save id=reg><input name=dob></form>",
            ),
        ],
        finds: &["portal.page.no-store"],
        words: &["/register.html"],
        ..SITE
    },
    form(
        "a counter beside a form",
        &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><script src=https://www.google-analytics.com/analytics.js integrity=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= crossorigin></script><form method=post action=/save id=reg><input name=dob></form>",
            ),
        ],
        &[
            "portal.page.no-third-party-script",
            "portal.page.no-tracker",
        ],
        &["/register.html", "google-analytics.com"],
    ),
    form(
        "a picture of an advertiser beside a form",
        &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><img src=https://ad.doubleclick.net/x.gif><form method=post action=/save id=reg><input name=dob></form>",
            ),
        ],
        &["portal.page.no-tracker"],
        &["/register.html", "doubleclick.net"],
    ),
    form(
        "a session in links",
        &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><a href='/a;jsessionid=0123456789ABCDEF01'>A</a><form method=post action=/save id=reg><input name=dob></form>",
            ),
        ],
        &["portal.page.no-session-in-url"],
        &["/register.html", "jsessionid"],
    ),
    Case {
        what: "form-action is open",
        files: &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><form method=post action=/save id=reg><input name=dob></form>",
            ),
        ],
        set: &[
            ("Cache-Control", Some("no-store")),
            (
                POLICY,
                Some(
                    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
                ),
            ),
        ],
        finds: &["portal.page.form-action-limited"],
        words: &["/register.html"],
        ..SITE
    },
    Case {
        what: "a session without a token",
        files: &[
            WAY[0],
            WAY[1],
            (
                "register.html",
                "<!doctype html><form method=post action=/save id=reg><input name=dob></form>",
            ),
        ],
        set: &[
            ("Cache-Control", Some("no-store")),
            (
                COOKIE,
                Some("PHPSESSID=1; Path=/; Secure; HttpOnly; SameSite=None"),
            ),
        ],
        finds: &["portal.form.forgery-protected", "web.cookies.same-site"],
        ..SITE
    },
];
