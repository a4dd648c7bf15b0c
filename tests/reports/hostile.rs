//! Findings in which every text is hostile, and every mark is set somewhere.

use serde_json::{Value, json};
use std::sync::OnceLock;

use crate::made::{Made, demo};

/// Texts as a server, a zone or a run from elsewhere could hold them.
pub fn texts() -> Vec<String> {
    let long = "x".repeat(70_000);
    [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "CN=</title></style></script><svg onload=alert(1)>",
        "' onmouseover='alert(1)",
        "]]><!-- --> <![CDATA[ &amp; &#0; <!ENTITY x \"y\">",
        "\u{1b}]0;owned\u{7}\u{1b}[31mred\u{9b}2J",
        "\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}",
        "nul\u{0}and\u{fffe}and\u{ffff}and\u{10ffff}and\u{fdd0}",
        "=HYPERLINK(\"https://evil.example\",\"click\")",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1:A9)",
        "\t=1+1",
        "\r\n=1+1\r\n- item\n# heading\n| a | b |\n| --- | --- |",
        "``` ` ```` ~~~ \n```",
        "[x](javascript:alert(1)) ![y](https://evil.example/z.png) <https://evil.example> www.evil.example @all #1",
        "{{ 7 * 7 }} {% include 'x' %} {# c #}",
        "\\\" \\n \\",
        "\u{d7ff}\u{e000}\u{1f5f3}\u{fe0f} 選挙管理委員会 انتخابات",
        "",
        "   ",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([long.clone(), format!("`{}", long.replace('x', "`|"))])
    .collect()
}

/// Keys whose texts come from targets, from files of the user, or from a pack of theirs.
const FREE: [&str; 19] = [
    "message",
    "title",
    "rationale",
    "data",
    "reproduce",
    "detail",
    "place",
    "addresses",
    "references",
    "text",
    "organisation",
    "why",
    "products",
    "subject",
    "items",
    "tool",
    "file",
    "owner",
    "reason_text",
];

/// The demo's findings with hostile texts in turn, and with marks.
pub fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut value = serde_json::to_value(&demo().findings).unwrap();
        let texts = texts();
        let mut turn = 0;
        poison(&mut value, &texts, &mut turn);
        assert!(turn > 1000, "only {turn} texts were replaced");
        mark(&mut value, &texts);
        Made::new("reports-hostile", serde_json::from_value(value).unwrap())
    })
}

fn poison(value: &mut Value, texts: &[String], turn: &mut usize) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|one| poison(one, texts, turn)),
        Value::Object(map) => {
            for (key, below) in map.iter_mut() {
                if key == "remediation" {
                    for (_, advice) in below.as_object_mut().unwrap() {
                        replace(advice, texts, turn);
                    }
                } else if FREE.contains(&key.as_str()) {
                    replace(below, texts, turn);
                } else {
                    poison(below, texts, turn);
                }
            }
        }
        _ => {}
    }
}

fn replace(value: &mut Value, texts: &[String], turn: &mut usize) {
    match value {
        Value::String(text) => {
            // The longest ones once in a while: the documents stay of a size.
            let at = *turn % texts.len();
            let long = texts[at].len() > 1000 && !(*turn).is_multiple_of(10);
            *text = texts[if long { 0 } else { at }].clone();
            *turn += 1;
        }
        Value::Array(list) => list.iter_mut().for_each(|one| replace(one, texts, turn)),
        _ => {}
    }
}

/// Waived, soft, changed; with an earlier result and waivers of each state.
fn mark(value: &mut Value, texts: &[String]) {
    let digest = "0".repeat(64);
    let profile = json!({ "id": "other", "title": texts[0], "digest": digest });
    for (number, finding) in value["findings"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .enumerate()
    {
        let text = &texts[number % texts.len()];
        match number % 7 {
            1 => {
                finding["waived"] =
                    json!({ "owner": text, "reason": text, "expires": "2026-12-24" })
            }
            2 => finding["soft"] = json!(true),
            3 => finding["change"] = json!("unchanged"),
            4 => finding["change"] = json!("new"),
            5 => finding["change"] = json!("not_comparable"),
            _ => {}
        }
    }
    value["dates"]["gate"] = json!("2026-11-20");
    value["against"] = json!({
        "source": texts[1], "kind": "findings", "run_started": "2026-10-01T00:00:00Z", "profile": profile,
        "pack": { "version": texts[5], "digest": digest }, "new": 1, "regressions": 0, "unchanged": 1, "not_comparable": 1,
        "differences": ["profile", "pack"],
        "not_compared": [{ "target": texts[0], "check": texts[6], "as": null, "reason": "check_digest" }],
    });
    let states = ["applied", "expiring", "expired", "unused", "overlapped"];
    value["waivers"] = states
        .iter()
        .enumerate()
        .map(|(number, state)| {
            json!({
                "check": "web.csp.present", "target": texts[number], "reason": texts[number + 5], "owner": texts[number + 10],
                "expires": "2026-12-24", "state": state, "findings": number, "source": { "file": texts[number], "line": number + 1 },
            })
        })
        .collect();
    // A target that was not reached, named on the command line, with a name that no resolver would know.
    let mut target = value["targets"][0].clone();
    target["key"] = json!("<b>=1\u{202e}.example");
    target["observed_at"] = Value::Null;
    target["conditions"] = Value::Null;
    target["source"] = Value::Null;
    value["targets"].as_array_mut().unwrap().push(target);
    for control in value["controls"].as_array_mut().unwrap().iter_mut().take(3) {
        let id = format!("{} <x>", control["id"].as_str().unwrap());
        control["id"] = json!(id);
    }
}
