//! Pins of an inventory: what DNS and key pages must say.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::file::{PAGE_PIN_KEYS, PIN_KEYS};
use super::*;
use crate::wire::spf;

/// Most pinned pages of a target, and most lines and sites of one.
const MOST_PAGE_PINS: usize = 20;
const MOST_PIN_LINES: usize = 400;
/// Longest SPF record that can be pinned.
const MOST_SPF_OCTETS: usize = 4_000;

pub(super) fn pins(reader: &mut Reader, node: &Node) -> Pins {
    let Some(fields) = reader.fields(node, "`pins`", &PIN_KEYS, &[]) else {
        return Pins::default();
    };
    let mut of_names = |key: &str| {
        fields
            .get(key)
            .filter(|node| node.kind != Kind::Null)
            .map(|node| names(reader, node, key))
    };
    let (ns, mx) = (of_names("ns"), of_names("mx"));
    let mut of_addresses = |key: &str, read: fn(&str) -> Option<String>| {
        let node = fields.get(key).filter(|node| node.kind != Kind::Null)?;
        let texts = reader.texts(node, key);
        let addresses = texts.into_iter().filter_map(|text| {
            let address = read(&text.value);
            if address.is_none() {
                let family = if key == "a" { "IPv4" } else { "IPv6" };
                reader.error(
                    &text.span,
                    format!("`{}` is not an {family} address", text.value),
                );
            }
            address
        });
        Some(addresses.collect())
    };
    let a = of_addresses("a", |text| {
        text.parse::<Ipv4Addr>().ok().map(|a| a.to_string())
    });
    let aaaa = of_addresses("aaaa", |text| {
        text.parse::<Ipv6Addr>().ok().map(|a| a.to_string())
    });
    let pages = fields
        .get("pages")
        .filter(|node| node.kind != Kind::Null)
        .map(|node| page_pins(reader, node));
    let spf = fields
        .get("spf")
        .filter(|node| node.kind != Kind::Null)
        .and_then(|node| spf_pin(reader, node));
    Pins {
        ns,
        a,
        aaaa,
        mx,
        spf,
        pages,
    }
}

/// The pinned pages of a target, each path once.
fn page_pins(reader: &mut Reader, node: &Node) -> Vec<PagePin> {
    let items = reader.list(node, "pages").unwrap_or_default();
    if items.len() > MOST_PAGE_PINS {
        reader.error(
            &node.span,
            format!("more than {MOST_PAGE_PINS} pinned pages of one target"),
        );
        return Vec::new();
    }
    let mut pins: Vec<PagePin> = Vec::new();
    for item in items {
        let Some(pin) = page_pin(reader, item) else {
            continue;
        };
        if pins.iter().any(|known| known.path == pin.path) {
            let message = format!("the page `{}` is pinned twice", pin.path);
            reader.error(&item.span, message);
            continue;
        }
        pins.push(pin);
    }
    pins
}

fn page_pin(reader: &mut Reader, node: &Node) -> Option<PagePin> {
    let fields = reader.fields(node, "a pinned page", &PAGE_PIN_KEYS, &["path", "digest"])?;
    let path = reader.text_at(&fields, "path")?;
    let digest = reader.text_at(&fields, "digest")?;
    let path = fit(reader, &path.span, check_path(&path.value))?;
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digest.value.len() != 64 || !digest.value.bytes().all(hexadecimal) {
        reader.error_help(
            &digest.span,
            "the digest of a pinned page is 64 hexadecimal digits",
            Some("copy what `scrutineer web URL --pin` prints".to_owned()),
        );
        return None;
    }
    let mut list = |key: &str| -> Vec<String> {
        let Some(node) = fields.get(key) else {
            return Vec::new();
        };
        let texts = reader.texts(node, key);
        if texts.len() > MOST_PIN_LINES {
            reader.error(
                &node.span,
                format!("more than {MOST_PIN_LINES} items in `{key}`"),
            );
            return Vec::new();
        }
        texts.into_iter().map(|text| text.value).collect()
    };
    let (third_parties, linked_sites, text) =
        (list("third_parties"), list("linked_sites"), list("text"));
    Some(PagePin {
        path,
        digest: Some(digest.value),
        third_parties,
        linked_sites,
        text,
    })
}

/// A pinned SPF record, which must be one that receivers can read.
fn spf_pin(reader: &mut Reader, node: &Node) -> Option<String> {
    const FATAL: [&str; 4] = [
        "syntax",
        "unknown_mechanism",
        "duplicate_modifier",
        "not_ascii",
    ];
    let text = reader.text(node, "spf")?;
    let record = text.value.trim();
    if record.len() > MOST_SPF_OCTETS {
        reader.error(
            &text.span,
            format!("an SPF record of more than {MOST_SPF_OCTETS} octets"),
        );
        return None;
    }
    if !spf::is_record(record.as_bytes()) {
        reader.error_help(
            &text.span,
            "`spf` is not an SPF record",
            Some("write the whole record, as `v=spf1 mx -all`".to_owned()),
        );
        return None;
    }
    let problems = spf::parse(record.as_bytes()).problems;
    if let Some(problem) = problems.iter().find(|one| FATAL.contains(&one.name)) {
        reader.error_help(
            &text.span,
            format!(
                "the SPF record has a fault: {} ({})",
                problem.name, problem.detail
            ),
            Some("pin the record as it should stand in DNS".to_owned()),
        );
        return None;
    }
    Some(record.to_owned())
}
