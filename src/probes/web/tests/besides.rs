//! What is asked for besides pages, and what is said where nobody asked.

use super::*;
use crate::{model::gap::GapReason, net::test_resolver::TestResolver};

/// A careless site: it reflects origins, repeats its nonce, leaves a repository behind, and tells.
fn careless(head: &str) -> Vec<Act> {
    let page = "Content-Type: text/html
        Content-Security-Policy: script-src 'nonce-c2FtZQ=='
        Access-Control-Allow-Origin: https://scrutineer.invalid
        Access-Control-Allow-Credentials: true
        CF-Ray: 1";
    if head.starts_with("TRACE ") {
        return answer("200 OK", "Content-Type: message/http", "TRACE / HTTP/1.1");
    }
    match path(head) {
        "/" => answer(
            "200 OK",
            page,
            "<title>Vote</title><script src=https://static.hotjar.com/h.js></script>\
             <script src=/jquery-1.12.4.js></script><a href='mailto:clerk@gmail.com'>Mail</a>\
             <a href='/a;jsessionid=0123456789ABCDEF0'>A</a>",
        ),
        "/robots.txt" => answer(
            "200 OK",
            "Content-Type: text/plain",
            "Disallow: /voterfile.csv",
        ),
        "/sitemap.xml" => answer(
            "200 OK",
            "Content-Type: text/xml",
            "<sitemapindex><sitemap><loc>https://vote.example/part.xml</loc></sitemap></sitemapindex>",
        ),
        "/part.xml" => answer(
            "200 OK",
            "Content-Type: text/xml",
            "<urlset><url><loc>https://vote.example/db-backup/</loc></url></urlset>",
        ),
        "/.git/HEAD" => answer("200 OK", "", "ref: refs/heads/main"),
        _ => answer(
            "404 Not Found",
            "Content-Type: text/html",
            "<center>nginx/1.18.0</center>",
        ),
    }
}

#[tokio::test]
async fn the_https_record_is_found_behind_aliases() {
    const ZONE: &str = "
example. IN SOA ns.example. host.example. 1 2 3 4 5
plain.example. IN HTTPS 1 . alpn=\"h2,h3\"
aliased.example. IN HTTPS 0 front.example.
front.example. IN CNAME pool.example.
pool.example. IN HTTPS 1 . alpn=\"h3\"
pool.example. IN HTTPS 2 . alpn=\"h2\"
nowhere.example. IN HTTPS 0 .
circle.example. IN HTTPS 0 circle.example.
";
    let resolver = TestResolver::start(ZONE, &[]).await;
    for (name, expected) in [
        ("plain.example", Ok(Some(vec!["h2", "h3"]))),
        ("aliased.example", Ok(Some(vec!["h2", "h3"]))),
        ("nowhere.example", Ok(Some(vec![]))),
        ("none.example", Ok(None)),
        ("circle.example", Err(GapReason::Malformed)),
    ] {
        let session = resolver.session(name);
        let context = ProbeContext {
            target: &target(name),
            level: Level::Standard,
            page_cap: 10,
            session: &session,
        };
        let found = crate::probes::web::wellknown::https_record(context).await;
        let found = found.as_ref().map_err(|error| error.reason).map(|record| {
            let record = record.as_ref()?;
            Some(record.alpn.iter().map(String::as_str).collect::<Vec<_>>())
        });
        assert_eq!(found, expected, "{name}");
    }
}

async fn look(level: Level) -> AreaReport {
    let (config, root) = certificate(&["vote.example", "www.vote.example"]);
    let https = Server::tls(config, careless).await;
    let mut rules = rules(None, Some(&https)).await;
    let closed = closed_port().await;
    for (port, _) in crate::probes::web::hidden::PORTS {
        let to = if port == 3389 {
            https.at.port()
        } else {
            closed
        };
        rules.push(format!("{IP}:{port}:127.0.0.1:{to}"));
    }
    let target = target("vote.example");
    let session = session(&target, level, &[IP], &rules, &[root]).await;
    observe(&target, level, &session).await
}

#[tokio::test]
async fn a_careless_site_is_told_in_full() {
    let report = look(Level::Intrusive).await;
    assert_eq!(all_gaps(&report), [""; 0]);
    assert_eq!(
        at(&report, "/second_looks"),
        &json!([{
            "key": "/", "nonce_reused": true, "foreign_origin_allowed": true,
            "foreign_origin_with_credentials": true, "allow_origin": "https://scrutineer.invalid",
        }])
    );
    assert_eq!(
        at(&report, "/sibling"),
        &json!({ "name": "www.vote.example", "http": false, "https": true, "certificate_verifies": true })
    );
    assert_eq!(at(&report, "/shield"), &json!("Cloudflare"));
    let exposure = at(&report, "/exposure");
    assert_eq!(
        exposure["missing_page"],
        json!({ "status": 404, "leaks": [{ "key": "server_version" }] })
    );
    let told = |list: &str| exposure[list]["revealing"][0].clone();
    assert_eq!(
        told("robots"),
        json!({ "key": "/voterfile.csv", "kind": "voter_data" })
    );
    assert_eq!(
        told("sitemap"),
        json!({ "key": "/db-backup/", "kind": "backup" })
    );
    assert_eq!(exposure["trace"], json!(true));
    assert_eq!(
        exposure["files"],
        json!([{ "key": "/.git/HEAD", "kind": "repository", "proof": "ref:" }])
    );
    let open: Vec<&Value> = exposure["ports"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|port| port["open"] == true)
        .map(|port| &port["port"])
        .collect();
    assert_eq!(open, [3389]);
    let page = at(&report, "/pages/0");
    assert_eq!(page["third_parties"][0]["key"], "hotjar.com");
    assert_eq!(page["third_parties"][0]["records_sessions"], true);
    assert_eq!(page["components"][0]["known_hole"], "CVE-2020-11023");
    assert_eq!(
        page["contacts"],
        json!([{ "key": "gmail.com", "same_site": false, "free_provider": true }])
    );
    assert_eq!(page["session_in_urls"], json!(["jsessionid"]));
}

#[tokio::test]
async fn what_nobody_asked_for_is_said() {
    let passive = look(Level::Passive).await;
    assert_eq!(
        all_gaps(&passive),
        [
            "/web/contact_domains not_asked",
            "/web/exposure not_asked",
            "/web/named_origins not_asked",
            "/web/origin_leads not_asked",
            "/web/second_looks not_asked",
            "/web/security_txt not_asked",
            "/web/sibling not_asked",
        ]
    );
    let standard = look(Level::Standard).await;
    assert_eq!(
        all_gaps(&standard),
        [
            "/web/exposure/files not_asked",
            "/web/exposure/ports not_asked",
        ]
    );
}
