//! Ordinary sites, with the facts that are expected of them.

use super::*;

const HOST: &str = "vote.example";

/// A site with HTTPS, whose port 80 redirects, that answers paths by `script`.
async fn site(
    target: &Target,
    level: Level,
    script: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static,
) -> (AreaReport, Server, Session) {
    let (config, root) = certificate(&[HOST, "www.vote.example"]);
    let http = Server::plain(|head| {
        let location = format!("Location: https://{HOST}{}", path(head));
        answer("301 Moved Permanently", &location, "moved")
    })
    .await;
    let https = Server::tls(config, script).await;
    let rules = rules(Some(&http), Some(&https)).await;
    let session = session(target, level, &[IP], &rules, &[root]).await;
    let report = observe(target, level, &session).await;
    (report, https, session)
}

fn not_found() -> Vec<Act> {
    answer("404 Not Found", "Content-Type: text/html", "not here")
}

const HEADERS: &str = "Content-Type: text/html; charset=utf-8
    Strict-Transport-Security: max-age=63072000; includeSubDomains; preload
    Content-Security-Policy: default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'
    Content-Security-Policy-Report-Only: default-src *
    X-Frame-Options: DENY
    X-Content-Type-Options: nosniff
    Referrer-Policy: no-referrer, strict-origin-when-cross-origin
    Cache-Control: No-Store
    Set-Cookie: __Host-sid=abc; Path=/; Secure; HttpOnly; SameSite=Strict
    Server: nginx";

#[tokio::test]
async fn a_hardened_site_is_described_exactly() {
    let body = "<title>Vote</title><script src=/app.js></script>\
        <form id=find method=post action=/find><input type=hidden name=csrf_token value=x>\
        <label>Date of birth <input name=dob autocomplete=BDAY></label><button>Go</button></form>";
    let target = target(HOST);
    let (report, server, session) = site(&target, Level::Passive, move |head| match path(head) {
        "/" => answer("200 OK", HEADERS, body),
        _ => not_found(),
    })
    .await;
    assert_eq!(gaps(&report), ["/web/security_txt not_asked"]);
    assert_eq!(server.paths(), ["/"]);
    assert_eq!(session.cost().connections, 2);
    let hsts = json!({
        "raw": "max-age=63072000; includeSubDomains; preload", "valid": true, "max_age": 63_072_000,
        "include_subdomains": true, "preload": true, "problems": [],
    });
    let cookies = json!([{
        "name": "__Host-sid", "secure": true, "http_only": true, "same_site": "strict", "session": true,
        "prefix_valid": true, "over_https": true, "domain": null, "same_site_valid": true,
    }]);
    let last_hop = json!({
        "key": "https://vote.example/", "scheme": "https", "host": HOST, "in_scope": true, "status": 200,
        "location": null, "hsts": hsts, "cookies": cookies,
    });
    assert_eq!(
        at(&report, "/chains"),
        &json!([
            {
                "key": "http://vote.example/ 192.0.2.1", "scheme": "http", "start": "http://vote.example/",
                "hops": [
                    {
                        "key": "http://vote.example/", "scheme": "http", "host": HOST, "in_scope": true,
                        "status": 301, "location": "https://vote.example/", "hsts": null, "cookies": [],
                    },
                    last_hop,
                ],
                "outcome": "final", "ends_on_https": true, "upgrades_same_host_first": true, "downgrades": false,
            },
            {
                "key": "https://vote.example/ 192.0.2.1", "scheme": "https", "start": "https://vote.example/",
                "hops": [last_hop],
                "outcome": "final", "ends_on_https": true, "upgrades_same_host_first": null, "downgrades": false,
            },
        ])
    );
    let policies = json!({
        "key": "/", "url": "https://vote.example/", "scheme": "https", "status": 200,
        "http_version": "HTTP/1.1", "http3_offered": false, "compressed": null, "media_type": "text/html", "html": true,
        "hsts": hsts,
        "csp": {
            "policies": [{
                "key": "header 1",
                "raw": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            }],
            "effective": {
                "inline_script_runs": false, "eval_allowed": false, "any_script_host": false,
                "objects_limited": true, "base_limited": true, "form_action_limited": true,
                "framing_limited": true, "upgrades_insecure": false, "bypass_hosts": [],
            },
        },
    });
    let document = json!({
        "csp_report_only": [{ "key": "header 1", "raw": "default-src *" }],
        "opener_policy": null, "embedder_policy": null, "resource_policy": null,
        "x_frame_options": "deny", "framing_limited": true, "nosniff": true,
        "referrer_policy": "strict-origin-when-cross-origin", "permissions_policy": null,
        "cache_control": ["no-store"], "server": "nginx", "powered_by": null, "names_version": false,
        "cors_origin": null, "cors_credentials": false, "cookies": cookies,
        "forms": [{
            "key": "find", "page": "/", "method": "post",
            "action": { "url": "https://vote.example/find", "scheme": "https", "host": HOST, "same_site": true },
            "fields": [
                { "name": "csrf_token", "type": "hidden", "kind": "hidden", "autocomplete": null },
                { "name": "dob", "type": "text", "kind": "birth_date", "autocomplete": "bday" },
                { "name": "field 3", "type": "submit", "kind": "button", "autocomplete": null },
            ],
            "csrf_token": true,
        }],
        "scripts": [{
            "key": "https://vote.example/app.js", "host": HOST, "third_party": false, "integrity": false,
            "crossorigin": false, "protocol_relative": false,
        }],
        "script_elements": 1,
        "sent": {
            "content_type_options": "nosniff", "referrer_policy": "no-referrer, strict-origin-when-cross-origin",
            "resource_policy": null,
        },
        "third_parties": [], "contacts": [], "components": [], "session_in_urls": [], "leaks": [],
        "challenge": null, "directory_listing": false,
        "mixed_content": [],
    });
    let mut page = policies.as_object().cloned().expect("an object");
    page.extend(document.as_object().cloned().expect("an object"));
    assert_eq!(at(&report, "/pages"), &json!([page]));
    let page = report
        .evidence
        .iter()
        .find(|evidence| evidence.at == "/web/pages/0")
        .expect("evidence");
    assert!(
        page.data
            .starts_with("HTTP/1.1 200\ncontent-type: text/html; charset=utf-8\n"),
        "{}",
        page.data
    );
    assert!(page.data.contains("__Host-sid=[...]; Path=/") && !page.data.contains("=abc"));
    assert_eq!(
        page.reproduce,
        "curl -sS -o /dev/null -D - --resolve vote.example:443:192.0.2.1 https://vote.example/"
    );
}

#[tokio::test]
async fn faults_on_the_third_page_are_found() {
    let page = |body: &str| answer("200 OK", "Content-Type: text/html", body);
    let target = target(HOST);
    let (report, server, _) = site(&target, Level::Standard, move |head| match path(head) {
        "/" => page("<a href=/news>News</a><a href=/admin>Admin</a><a href=/voters>Voters</a><a href=/logout>Log out</a><a href=/gone>Register here</a>"),
        "/voters" => page("<a href='lookup'>Check your registration</a><a href=/private/register>Register</a>"),
        "/lookup" => page(
            "<script src='https://cdn.tracker.example/t.js'></script>\
             <form name=find action='http://forms.vendor.example/find'><input name=last4ssn></form>\
             <img src=http://vote.example/seal.png>",
        ),
        "/news" => page("news"),
        "/admin" => answer("403 Forbidden", "", "no"),
        "/robots.txt" => answer("200 OK", "Content-Type: text/plain", "User-agent: *\nDisallow: /private"),
        "/.well-known/security.txt" => answer(
            "200 OK",
            "Content-Type: text/plain; charset=UTF-8",
            "Contact: mailto:security@vote.example\nExpires: 2027-01-01T00:00:00Z\n",
        ),
        _ => not_found(),
    })
    .await;
    assert_eq!(gaps(&report), [""; 0]);
    assert_eq!(
        server.paths(),
        [
            "/",
            // The name with www.
            "/",
            "/robots.txt",
            "/voters",
            "/lookup",
            "/gone",
            "/news",
            "/admin",
            "/.well-known/security.txt",
            // What is looked at twice, and what is asked for besides.
            "/",
            "/lookup",
            "/scrutineer-asks-for-a-page-that-is-not-there",
            "/sitemap.xml",
            "/"
        ]
    );
    let keys: Vec<&str> = at(&report, "/pages")
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|page| page["key"].as_str())
        .collect();
    assert_eq!(keys, ["/", "/voters", "/lookup", "/news"]);
    assert_eq!(
        at(&report, "/pages/2/forms"),
        &json!([{
            "key": "find", "page": "/lookup", "method": "get",
            "action": {
                "url": "http://forms.vendor.example/find", "scheme": "http", "host": "forms.vendor.example", "same_site": false,
            },
            "fields": [{ "name": "last4ssn", "type": "text", "kind": "national_id", "autocomplete": null }],
            "csrf_token": false,
        }])
    );
    assert_eq!(
        at(&report, "/pages/2/scripts"),
        &json!([{
            "key": "https://cdn.tracker.example/t.js", "host": "cdn.tracker.example", "third_party": true, "integrity": false, "crossorigin": false,
            "protocol_relative": false,
        }])
    );
    assert_eq!(
        at(&report, "/pages/2/mixed_content"),
        &json!([{ "key": "http://vote.example/seal.png", "element": "img", "blockable": false }])
    );
    assert_eq!(
        at(&report, "/security_txt"),
        &json!({
            "url": "https://vote.example/.well-known/security.txt", "contacts": ["mailto:security@vote.example"],
            "policies": [], "expires": "2027-01-01T00:00:00Z", "signed": false, "problems": [],
        })
    );
}

#[tokio::test]
async fn paths_of_the_inventory_are_visited_or_missed() {
    let mut target = target(HOST);
    target.paths = ["/step3", "/", "/old", "/gone", "/waf", "/away"]
        .map(str::to_owned)
        .to_vec();
    let (report, _, _) = site(&target, Level::Passive, |head| match path(head) {
        "/" | "/step3" | "/new" => answer("200 OK", "Content-Type: text/html", "x"),
        "/old" => answer("302 Found", "Location: /new", ""),
        "/waf" => answer(
            "403 Forbidden",
            "Content-Security-Policy: default-src 'none'",
            "no",
        ),
        "/away" => answer("302 Found", "Location: https://other.example/", ""),
        _ => not_found(),
    })
    .await;
    let keys: Vec<&Value> = at(&report, "/pages")
        .as_array()
        .expect("a list")
        .iter()
        .map(|page| &page["key"])
        .collect();
    assert_eq!(keys, ["/", "/step3", "/new"]);
    let details: Vec<&str> = report
        .gaps
        .iter()
        .filter_map(|gap| gap.detail.as_deref())
        .collect();
    assert_eq!(
        gaps(&report),
        [
            "/web/pages/- refused",
            "/web/pages/- blocked",
            "/web/pages/- out_of_scope",
            "/web/security_txt not_asked",
        ],
        "{details:?}"
    );
    assert!(details.contains(&"/gone: status 404"), "{details:?}");
}

#[tokio::test]
async fn the_way_is_told_hop_by_hop() {
    let (config, root) = certificate(&[HOST, "www.vote.example"]);
    // The name goes to www over HTTP first, sets a cookie there, and only then turns to HTTPS.
    let http = Server::plain(|head| {
        if head.contains("host: www.") {
            answer(
                "302 Found",
                "Location: https://www.vote.example/\nSet-Cookie: PHPSESSID=1",
                "",
            )
        } else {
            answer("302 Found", "Location: http://www.vote.example/", "")
        }
    })
    .await;
    let https = Server::tls(config, |head| {
        if head.contains("host: www.") {
            answer(
                "200 OK",
                "Content-Type: text/html\nStrict-Transport-Security: max-age=0",
                "x",
            )
        } else {
            answer("301 Moved", "Location: //www.vote.example/", "")
        }
    })
    .await;
    let target = target(HOST);
    let session = session(
        &target,
        Level::Passive,
        &[IP],
        &rules(Some(&http), Some(&https)).await,
        &[root],
    )
    .await;
    let report = observe(&target, Level::Passive, &session).await;
    let chain = at(&report, "/chains/0");
    let hops: Vec<&Value> = chain["hops"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|hop| &hop["key"])
        .collect();
    assert_eq!(
        hops,
        [
            "http://vote.example/",
            "http://www.vote.example/",
            "https://www.vote.example/"
        ]
    );
    assert_eq!(chain["upgrades_same_host_first"], json!(false));
    assert_eq!(chain["ends_on_https"], json!(true));
    assert_eq!(chain["hops"][1]["cookies"][0]["over_https"], json!(false));
    assert_eq!(chain["hops"][2]["hsts"]["max_age"], json!(0));
    assert_eq!(at(&report, "/pages/0/key"), "/");
    assert_eq!(at(&report, "/pages/0/url"), "https://www.vote.example/");
}

#[tokio::test]
async fn untrusted_certificates_do_not_hide_the_page() {
    let (config, _) = certificate(&["other.example"]);
    let https = Server::tls(config, |_| answer("200 OK", "Content-Type: text/html", "x")).await;
    let target = target(HOST);
    let session = session(
        &target,
        Level::Passive,
        &[IP],
        &rules(None, Some(&https)).await,
        &[],
    )
    .await;
    let report = observe(&target, Level::Passive, &session).await;
    assert_eq!(gaps(&report), ["/web/security_txt not_asked"]);
    assert_eq!(at(&report, "/origins/0/answers"), &json!(false));
    assert_eq!(
        at(&report, "/chains/0/key"),
        "https://vote.example/ 192.0.2.1"
    );
    assert_eq!(at(&report, "/pages/0/status"), &json!(200));
    assert!(
        report.evidence[0].reproduce.contains("-k"),
        "{}",
        report.evidence[0].reproduce
    );
}

#[tokio::test]
async fn security_txt_is_missing_only_when_the_site_says_so() {
    let page = |body: &str| answer("200 OK", "Content-Type: text/html", body);
    type Case = (
        &'static str,
        &'static str,
        Option<Value>,
        &'static [&'static str],
    );
    let cases: [Case; 5] = [
        ("soft 404", "200", Some(json!(null)), &[]),
        ("404", "404", Some(json!(null)), &[]),
        ("legacy place", "legacy", None, &[]),
        ("filter", "403", None, &["/web/security_txt blocked"]),
        ("login", "401", None, &["/web/security_txt refused"]),
    ];
    for (name, mode, expected, open) in cases {
        let target = target(HOST);
        let (report, _, _) = site(&target, Level::Standard, move |head| {
            match (path(head), mode) {
                ("/", _) => page("x"),
                ("/security.txt", "legacy") => answer(
                    "200 OK",
                    "Content-Type: text/html",
                    "Contact: a@b.example\n",
                ),
                (_, "403") => answer("403 Forbidden", "", ""),
                (_, "401") => answer("401 Unauthorized", "", ""),
                (_, "200") => page("<html>Contact us</html>"),
                _ => not_found(),
            }
        })
        .await;
        assert_eq!(gaps(&report), open, "{name}");
        if let Some(expected) = expected {
            assert_eq!(
                report.facts.as_ref().expect("facts")["security_txt"],
                expected,
                "{name}"
            );
        }
        if mode == "legacy" {
            assert_eq!(
                at(&report, "/security_txt/problems"),
                &json!(["bad_contact", "no_expires", "wrong_media_type"])
            );
        }
    }
}

#[tokio::test]
async fn a_site_that_begins_to_refuse_is_left_alone() {
    let target = target(HOST);
    let links: String = (0..9)
        .map(|n| format!("<a href=/vote{n}>Vote</a>"))
        .collect();
    let (report, server, _) = site(&target, Level::Standard, move |head| match path(head) {
        "/" => answer("200 OK", "Content-Type: text/html", &links),
        "/vote0" => answer("200 OK", "Content-Type: text/html", "x"),
        path if path.starts_with("/vote") => answer("429 Too Many Requests", "", ""),
        _ => not_found(),
    })
    .await;
    let asked: Vec<String> = server
        .paths()
        .into_iter()
        .filter(|path| path.starts_with("/vote"))
        .collect();
    assert_eq!(asked, ["/vote0", "/vote1", "/vote2"]);
    assert_eq!(
        gaps(&report),
        ["/web/pages/- blocked", "/web/pages/- blocked"]
    );
    assert_eq!(at(&report, "/security_txt"), &json!(null));
}
