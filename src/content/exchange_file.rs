//! Reads the file of an exchange: what participants agree on.

use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::dates::{self, Edge};
use super::diagnostic::Diagnostics;
use super::files;
use super::reader::{Reader, head};
use super::source::Source;
use super::yaml::{self, Kind, Limits, Node};
use crate::baseline::exchange::{Calendar, Exchange, Period, Pins};

const KEYS: [&str; 6] = ["id", "title", "profile", "audience", "simulated", "periods"];
const REQUIRED: [&str; 5] = ["id", "title", "profile", "audience", "periods"];
const PERIOD_KEYS: [&str; 3] = ["id", "opens", "pins"];
const PIN_KEYS: [&str; 4] = ["pack", "profile", "tables", "least_tool"];

/// Reads the file of an exchange.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn load(path: &Path) -> Result<Exchange, Diagnostics> {
    read(&files::read(path, "exchange file", Limits::CONTENT)?)
}

/// Reads an exchange.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read(source: &Arc<Source>) -> Result<Exchange, Diagnostics> {
    let root = yaml::parse(source, Limits::CONTENT)?;
    let mut reader = Reader::new(source);
    let exchange = exchange(&mut reader, &root);
    if let (Some(exchange), false) = (&exchange, reader.problems.has_errors())
        && let Err(wrong) = exchange.check()
    {
        let node = find(&root, &wrong.at);
        reader.error(&head(node), wrong.to_string());
    }
    match exchange {
        Some(exchange) if !reader.problems.has_errors() => Ok(exchange),
        _ => {
            reader.problems.sort();
            Err(reader.problems)
        }
    }
}

fn exchange(reader: &mut Reader, root: &Node) -> Option<Exchange> {
    let fields = reader.fields(root, "an exchange", &KEYS, &REQUIRED)?;
    let [id, title, profile] = ["id", "title", "profile"].map(|key| reader.text_at(&fields, key));
    let audience: BTreeSet<String> = match fields.get("audience") {
        Some(node) => reader
            .texts(node, "audience")
            .into_iter()
            .map(|text| text.value)
            .collect(),
        None => BTreeSet::new(),
    };
    let simulated = match fields.get("simulated") {
        Some(node) => reader.boolean(node, "simulated")?,
        None => false,
    };
    let periods = match fields.get("periods") {
        Some(node) => reader
            .list(node, "periods")?
            .iter()
            .map(|node| period(reader, node))
            .collect(),
        None => Vec::new(),
    };
    Some(Exchange {
        id: id?.value,
        title: title?.value,
        profile: profile?.value,
        audience,
        simulated,
        calendar: Calendar {
            periods: periods.into_iter().collect::<Option<_>>()?,
        },
    })
}

fn period(reader: &mut Reader, node: &Node) -> Option<Period> {
    let fields = reader.fields(node, "a period", &PERIOD_KEYS, &PERIOD_KEYS)?;
    let id = fields.get("id").and_then(|node| reader.raw(node, "id"));
    let opens = fields.get("opens").and_then(|node| day(reader, node));
    let pins = fields.get("pins").and_then(|node| pins(reader, node));
    Some(Period {
        id: id?.value,
        opens: opens?,
        pins: pins?,
    })
}

fn day(reader: &mut Reader, node: &Node) -> Option<Date> {
    let text = reader.raw(node, "opens")?;
    let whole = text.value.len() == "2026-09-01".len();
    match dates::parse(&text.value, Edge::First) {
        Ok(date) if whole => Some(date),
        _ => {
            reader.error_help(
                &text.span,
                format!("`{}` is not a day", text.value),
                Some("write the first day of the window as YYYY-MM-DD".to_owned()),
            );
            None
        }
    }
}

fn pins(reader: &mut Reader, node: &Node) -> Option<Pins> {
    let fields = reader.fields(node, "`pins`", &PIN_KEYS, &PIN_KEYS)?;
    let [pack, profile, least_tool] =
        ["pack", "profile", "least_tool"].map(|key| reader.text_at(&fields, key));
    let mut tables = BTreeMap::new();
    if let Some(node) = fields.get("tables") {
        for (key, value) in reader.entries(node, "tables") {
            let edition = reader.raw(value, &key.text)?;
            tables.insert(key.text.clone(), edition.value);
        }
    }
    Some(Pins {
        pack: pack?.value,
        profile: profile?.value,
        tables,
        least_tool: least_tool?.value,
    })
}

/// The node that a place such as `periods/0/pins/pack` names, or the nearest above it.
fn find<'n>(root: &'n Node, at: &str) -> &'n Node {
    let mut node = root;
    for part in at.split('/') {
        let next = match &node.kind {
            Kind::List(items) => part.parse().ok().and_then(|index: usize| items.get(index)),
            _ => node.get(part),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        format!(
            "id: north-sea\ntitle: North Sea offices\nprofile: common-baseline\naudience: [a, b]\nperiods:\n  - id: 2026H2\n    opens: 2026-09-01\n    pins:\n      pack: {0}\n      profile: {0}\n      tables: {{ trusted_roots: 1.0.7, public_suffixes: \"2.1\" }}\n      least_tool: 0.1.0\n",
            "0a".repeat(32)
        )
    }

    #[test]
    fn an_exchange_is_read_whole() {
        let exchange = read(&Source::new("x.yaml", text())).unwrap();
        assert_eq!(exchange.id, "north-sea");
        assert!(!exchange.simulated);
        let period = exchange.calendar.period("2026H2").unwrap();
        assert_eq!(period.opens.to_string(), "2026-09-01");
        assert_eq!(period.pins.tables["trusted_roots"], "1.0.7");
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        for (from, to, line, words) in [
            ("id: north-sea", "id: North Sea", 1, "`id` is not an id"),
            (
                "title: North Sea offices",
                "titel: x",
                2,
                "unknown key `titel`",
            ),
            ("opens: 2026-09-01", "opens: 2026-09", 7, "is not a day"),
            ("opens: 2026-09-01", "opens: 2026-09-31", 7, "is not a day"),
            ("id: 2026H2", "id: winter", 6, "is not a period"),
            (
                "least_tool: 0.1.0",
                "least_tool: newest",
                12,
                "is not a version",
            ),
            ("simulated", "simulated", 0, ""),
        ] {
            let text = text().replace(from, to);
            let outcome = read(&Source::new("x.yaml", text));
            if line == 0 {
                assert!(outcome.is_ok());
                continue;
            }
            let said = outcome.unwrap_err().to_string();
            assert!(said.contains(&format!("x.yaml:{line}:")), "{said}");
            assert!(said.contains(words), "{said}");
        }
    }
}
