//! The zones of the suite.

use serde_json::Value;
use std::{collections::BTreeMap, net::IpAddr};

use scrutineer::wire::spf::{Kind, Question, Reply};

/// Records by name. What the suite calls `SPF` stands for TXT, unless the name
/// has a TXT entry of its own.
pub struct Zone(BTreeMap<String, Vec<(String, Value)>>);

impl Zone {
    pub fn read(data: &Value) -> Self {
        let mut zone = BTreeMap::new();
        for (name, entries) in data.as_object().expect("zone data") {
            let entries = entries.as_array().expect("a list").iter();
            let entries: Vec<(String, Value)> = entries
                .flat_map(|entry| match entry {
                    Value::Object(map) => map.clone().into_iter().collect(),
                    word => vec![(word.as_str().expect("a word").to_owned(), Value::Null)],
                })
                .collect();
            zone.insert(name.to_ascii_lowercase(), entries);
        }
        Self(zone)
    }

    pub fn reply(&self, question: &Question) -> Reply {
        self.reply_below(question, 0)
    }

    fn reply_below(&self, question: &Question, depth: u32) -> Reply {
        let rtype = match question.kind {
            Kind::Texts => "TXT",
            Kind::V4 => "A",
            Kind::V6 => "AAAA",
            Kind::Exchangers => "MX",
            Kind::Pointers => "PTR",
        };
        let entries = self.0.get(&question.name).map_or(&[][..], Vec::as_slice);
        let own_texts = entries.iter().any(|(kind, _)| kind == "TXT");
        let mut values: Vec<&Value> = Vec::new();
        for (kind, value) in entries {
            let fits = kind == rtype || (rtype == "TXT" && kind == "SPF" && !own_texts);
            if fits && value != "NONE" {
                values.push(value);
            } else if kind == "TIMEOUT" && values.is_empty() {
                return Reply::Failed;
            } else if kind == "CNAME" && depth == 0 {
                let target = Question {
                    name: value.as_str().expect("a name").to_owned(),
                    kind: question.kind,
                };
                return self.reply_below(&target, 1);
            }
        }
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        match question.kind {
            Kind::Texts => Reply::Texts(
                values
                    .iter()
                    .map(|value| match value {
                        Value::Array(strings) => strings.iter().map(text).collect::<String>(),
                        one => text(one),
                    })
                    .map(String::into_bytes)
                    .collect(),
            ),
            Kind::V4 | Kind::V6 => Reply::Addresses(
                values
                    .iter()
                    .map(|value| text(value).parse::<IpAddr>().expect("an address"))
                    .collect(),
            ),
            Kind::Exchangers => Reply::Names(values.iter().map(|value| text(&value[1])).collect()),
            Kind::Pointers => Reply::Names(values.iter().map(|value| text(value)).collect()),
        }
    }
}
