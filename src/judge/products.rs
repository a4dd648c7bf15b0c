//! Recognises products from facts, so that advice can be chosen. What a server
//! says of itself decides nothing: a wrong guess shows advice for another
//! product, and the general advice always stands beside it.

use serde_json::Value;
use std::collections::BTreeSet;

/// Parts of `Server` and `X-Powered-By` values, in lower case, and the product
/// whose advice fits.
const SERVERS: [(&str, &str); 9] = [
    ("nginx", "nginx"),
    ("openresty", "nginx"),
    ("apache", "apache"),
    ("microsoft-iis", "iis"),
    ("asp.net", "iis"),
    ("haproxy", "haproxy"),
    ("caddy", "caddy"),
    ("litespeed", "litespeed"),
    ("cloudflare", "cloudflare"),
];

/// Ends of the names of name servers and mail exchangers, and the service behind them.
const HOSTERS: [(&str, &str); 8] = [
    (".ns.cloudflare.com", "cloudflare"),
    (".azure-dns.com", "azure-dns"),
    (".azure-dns.net", "azure-dns"),
    (".googledomains.com", "google-cloud-dns"),
    (".domaincontrol.com", "godaddy"),
    (".mail.protection.outlook.com", "microsoft-365"),
    (".google.com", "google-workspace"),
    (".googlemail.com", "google-workspace"),
];

/// Products that the facts of an observation speak of, sorted.
pub fn products(observation: &Value) -> Vec<String> {
    let mut found = BTreeSet::new();
    for page in list(observation, "/web/pages") {
        for key in ["server", "powered_by"] {
            let Some(value) = page.get(key).and_then(Value::as_str) else {
                continue;
            };
            let value = value.to_ascii_lowercase();
            found.extend(
                SERVERS
                    .iter()
                    .filter(|(part, _)| value.contains(part))
                    .map(|(_, product)| *product),
            );
        }
    }
    for place in ["/dns/ns", "/mail/mx"] {
        for host in list(observation, place) {
            let Some(name) = host.get("name").and_then(Value::as_str) else {
                continue;
            };
            if name.contains(".awsdns-") {
                found.insert("route53");
            }
            found.extend(
                HOSTERS
                    .iter()
                    .filter(|(end, _)| name.ends_with(end))
                    .map(|(_, product)| *product),
            );
        }
    }
    found.into_iter().map(str::to_owned).collect()
}

fn list<'a>(observation: &'a Value, pointer: &str) -> &'a [Value] {
    observation
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_what_servers_say_of_themselves() {
        let observation = json!({
            "web": { "pages": [
                { "server": "nginx/1.24.0 (Ubuntu)", "powered_by": null },
                { "server": "Microsoft-IIS/10.0", "powered_by": "ASP.NET" },
                { "server": 3 },
            ] },
            "dns": { "ns": [{ "name": "ns-12.awsdns-01.org" }, { "name": "ns1.example" }] },
            "mail": { "mx": [{ "name": "vote-example.mail.protection.outlook.com" }] },
        });
        assert_eq!(
            products(&observation),
            ["iis", "microsoft-365", "nginx", "route53"]
        );
        assert!(products(&json!({ "web": null })).is_empty());
    }
}
