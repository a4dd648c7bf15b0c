//! Names places of an observation for people.

use serde_json::Value;

/// Facts by which an element of a list is known to people, the best first.
const KEYS: [&str; 5] = ["key", "name", "address", "domain", "value"];
/// Most parts of a place that are named.
const MAX_PARTS: usize = 16;

/// The names along a pointer, with what list elements are known by in place of
/// their numbers: `/tls/endpoints/0/suites` becomes `tls`, `192.0.2.1:443`,
/// `suites`. The end of a list that may have more items is `more`.
pub fn place(observation: &Value, pointer: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut node = Some(observation);
    for segment in pointer.split('/').skip(1).take(MAX_PARTS) {
        let name = segment.replace("~1", "/").replace("~0", "~");
        let next = match node {
            Some(Value::Array(list)) => name.parse::<usize>().ok().and_then(|n| list.get(n)),
            Some(Value::Object(map)) => map.get(&name),
            _ => None,
        };
        let known_by = matches!(node, Some(Value::Array(_)))
            .then(|| {
                KEYS.iter()
                    .find_map(|key| next?.get(*key).and_then(Value::as_str))
            })
            .flatten()
            .filter(|key| !key.is_empty());
        match known_by {
            // The element's key says more than the list's name before it.
            Some(key) => {
                if parts.len() > 1 {
                    parts.pop();
                }
                parts.push(key.to_owned());
            }
            None if name == "-" => parts.push("more".to_owned()),
            None => parts.push(name),
        }
        node = next;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_named_by_keys() {
        let observation = json!({
            "tls": { "endpoints": [{ "key": "192.0.2.1:443", "certificates": [{ "key": "rsa leaf" }] }] },
            "web": { "pages": [] },
            "dns": { "ns": [{ "name": "ns1.example" }] },
        });
        let cases = [
            ("", vec![]),
            ("/tls", vec!["tls"]),
            ("/tls/endpoints/0", vec!["tls", "192.0.2.1:443"]),
            (
                "/tls/endpoints/0/suites/-",
                vec!["tls", "192.0.2.1:443", "suites", "more"],
            ),
            (
                "/tls/endpoints/0/certificates/0/chain",
                vec!["tls", "192.0.2.1:443", "rsa leaf", "chain"],
            ),
            ("/tls/endpoints/7", vec!["tls", "endpoints", "7"]),
            ("/web/pages/-", vec!["web", "pages", "more"]),
            (
                "/dns/ns/0/addresses",
                vec!["dns", "ns1.example", "addresses"],
            ),
            ("/mail/a~1b", vec!["mail", "a/b"]),
            ("no pointer", vec![]),
        ];
        for (pointer, expected) in cases {
            assert_eq!(place(&observation, pointer), expected, "{pointer}");
        }
    }
}
