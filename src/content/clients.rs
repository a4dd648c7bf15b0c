//! `clients/*.yaml`: the catalogue of clients, one file each, named by its id.

use std::ops::Range;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::files::{self, FoundFile};
use super::reader::{Fields, Reader};
use super::yaml::{self, Limits as YamlLimits, Node};
use crate::wire::tls::{
    Version,
    client::{Client, Limits, Offer, Standing},
    groups, signatures, suites,
};

/// When the catalogue was last brought up to date; results of different editions
/// are compared only with a mark.
pub const EDITION: &str = "clients 2026-11-23";

const STANDINGS: [(&str, Standing); 4] = [
    ("current", Standing::Current),
    ("aging", Standing::Aging),
    ("obsolete", Standing::Obsolete),
    ("program", Standing::Program),
];

/// Names of versions, as everywhere in facts.
pub const VERSIONS: [(&str, Version); 5] = [
    ("SSL3", Version::Ssl3),
    ("TLS1.0", Version::Tls10),
    ("TLS1.1", Version::Tls11),
    ("TLS1.2", Version::Tls12),
    ("TLS1.3", Version::Tls13),
];

const KEYS: [&str; 18] = [
    "id",
    "name",
    "platform",
    "standing",
    "source",
    "versions",
    "suites",
    "groups",
    "key_shares",
    "signature_schemes",
    "server_name",
    "alpn",
    "grease",
    "hello_bytes",
    "min_dh_bits",
    "max_dh_bits",
    "min_rsa_bits",
    "needs_secure_renegotiation",
];

/// The first of [`KEYS`] that must be there.
const REQUIRED: [&str; 8] = [
    "id",
    "name",
    "platform",
    "standing",
    "source",
    "versions",
    "suites",
    "hello_bytes",
];

/// The clients that are part of the program, by id.
///
/// # Errors
/// Everything that is wrong with a file.
pub fn embedded() -> Result<Vec<Client>, Diagnostics> {
    let mut clients = Vec::new();
    let mut problems = Diagnostics::default();
    for file in files::embedded("clients") {
        match read(&file) {
            Ok(client) => clients.push(client),
            Err(more) => problems.extend(more),
        }
    }
    match problems.is_empty() {
        true => Ok(clients),
        false => Err(problems),
    }
}

/// Reads one client.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &FoundFile) -> Result<Client, Diagnostics> {
    let root = yaml::parse(&file.source, YamlLimits::CONTENT)?;
    let mut reader = Reader::new(&file.source);
    let client = client(&mut reader, &root, &file.path);
    match client {
        Some(client) if !reader.problems.has_errors() => Ok(client),
        _ => Err(reader.problems),
    }
}

fn client(reader: &mut Reader, root: &Node, path: &str) -> Option<Client> {
    let fields = reader.fields(root, "a client", &KEYS, &REQUIRED)?;
    let id = reader.text_at(&fields, "id");
    if let Some(id) = &id
        && path.strip_suffix(".yaml") != Some(id.value.as_str())
    {
        let message = format!("the file of `{0}` must be named {0}.yaml", id.value);
        reader.error(&id.span, message);
    }
    let name = reader.text_at(&fields, "name");
    let platform = reader.text_at(&fields, "platform");
    let source = reader.text_at(&fields, "source");
    let standing = fields
        .get("standing")
        .and_then(|node| reader.word(node, "standing", &STANDINGS));
    let offer = offer(reader, &fields);
    let mut bits = |key| number(reader, &fields, key, 64..=65_536);
    let limits = Limits {
        min_dh_bits: bits("min_dh_bits"),
        max_dh_bits: bits("max_dh_bits"),
        min_rsa_bits: bits("min_rsa_bits"),
        needs_secure_renegotiation: flag(reader, &fields, "needs_secure_renegotiation"),
    };
    Some(Client {
        id: id?.value,
        name: name?.value,
        platform: platform?.value,
        standing: standing?,
        source: source?.value,
        offer,
        limits,
    })
}

fn offer(reader: &mut Reader, fields: &Fields<'_>) -> Offer {
    let mut versions = Vec::new();
    if let Some(node) = fields.get("versions") {
        let items = reader.list(node, "versions").unwrap_or_default();
        for item in items {
            versions.extend(reader.word(item, "versions", &VERSIONS));
        }
        if !versions.is_sorted_by(|one, next| one < next) {
            reader.error(
                &node.span,
                "`versions` stand with the oldest first, each once",
            );
        }
    }
    let groups = codes(reader, fields, "groups", |name| {
        groups::by_name(name).map(|group| group.id)
    });
    let key_shares = codes(reader, fields, "key_shares", |name| {
        groups::by_name(name).map(|group| group.id)
    });
    if let Some(node) = fields.get("key_shares")
        && key_shares.iter().any(|share| !groups.contains(share))
    {
        reader.error(&node.span, "every group of `key_shares` is one of `groups`");
    }
    let alpn = fields
        .get("alpn")
        .map(|node| reader.texts(node, "alpn"))
        .unwrap_or_default();
    let suites = codes(reader, fields, "suites", |name| {
        suites::by_name(name).map(|suite| suite.id)
    });
    if let Some(node) = fields.get("suites").filter(|_| suites.is_empty()) {
        reader.error(&node.span, "a client offers at least one suite");
    }
    Offer {
        versions,
        suites,
        groups,
        key_shares,
        signature_schemes: codes(reader, fields, "signature_schemes", |name| {
            let mut all = signatures::all().iter();
            all.find(|scheme| scheme.name == name)
                .map(|scheme| scheme.id)
        }),
        server_name: flag(reader, fields, "server_name"),
        alpn: alpn.into_iter().map(|text| text.value).collect(),
        grease: flag(reader, fields, "grease"),
        length: number(reader, fields, "hello_bytes", 40..=16_384).unwrap_or_default(),
    }
}

/// A list of names of a registry; what is in none stands as `0xCC13`.
fn codes(
    reader: &mut Reader,
    fields: &Fields<'_>,
    key: &str,
    of_name: impl Fn(&str) -> Option<u16>,
) -> Vec<u16> {
    let Some(node) = fields.get(key) else {
        return Vec::new();
    };
    let mut found: Vec<u16> = Vec::new();
    for text in reader.texts(node, key) {
        let hexadecimal = text.value.strip_prefix("0x").filter(|hex| hex.len() == 4);
        let code = of_name(&text.value)
            .or_else(|| hexadecimal.and_then(|hex| u16::from_str_radix(hex, 16).ok()));
        match code {
            Some(code) if found.contains(&code) => {
                twice(reader, &text.span, &text.value);
            }
            Some(code) => found.push(code),
            None => reader.error_help(
                &text.span,
                format!("`{}` is not a name of `{key}` that IANA has", text.value),
                Some("write what nobody registered as a number: 0xCC13".to_owned()),
            ),
        }
    }
    found
}

fn twice(reader: &mut Reader, span: &Range<usize>, name: &str) {
    let place = reader.place(span);
    let message = format!("`{name}` stands in the list twice");
    reader.problems.push(Diagnostic::error(place, message));
}

fn flag(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> bool {
    let node = fields.get(key);
    node.and_then(|node| reader.boolean(node, key)) == Some(true)
}

fn number(
    reader: &mut Reader,
    fields: &Fields<'_>,
    key: &str,
    within: std::ops::RangeInclusive<u32>,
) -> Option<u32> {
    let node = fields.get(key)?;
    let count = reader.count(node, key)?;
    let count = u32::try_from(count).ok().filter(|n| within.contains(n));
    if count.is_none() {
        let (least, most) = (within.start(), within.end());
        reader.error(
            &node.span,
            format!("`{key}` lies between {least} and {most}"),
        );
    }
    count
}

/// A key, the code points below it, and how they are named.
type NamedList<'a> = (&'a str, &'a [u16], fn(u16) -> String);

/// The entry of a client as YAML, without id, name, platform, standing and source.
pub fn lines_of(offer: &Offer) -> String {
    let mut text = String::new();
    let versions = VERSIONS
        .iter()
        .filter(|(_, version)| offer.versions.contains(version));
    let versions: Vec<String> = versions.map(|(name, _)| (*name).to_owned()).collect();
    text.push_str(&format!("versions: [{}]\n", versions.join(", ")));
    let lists: [NamedList<'_>; 4] = [
        ("suites", &offer.suites, suites::name_of),
        ("groups", &offer.groups, groups::name_of),
        ("key_shares", &offer.key_shares, groups::name_of),
        (
            "signature_schemes",
            &offer.signature_schemes,
            signatures::name_of,
        ),
    ];
    for (key, codes, name) in lists {
        let mut names: Vec<String> = Vec::new();
        for code in codes {
            let name = name(*code);
            let name = match name.starts_with("0x") {
                true => format!("\"{name}\""),
                false => name,
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if !names.is_empty() {
            text.push_str(&format!("{key}:\n"));
            for name in names {
                text.push_str(&format!("  - {name}\n"));
            }
        }
    }
    text.push_str(&format!("server_name: {}\n", offer.server_name));
    if !offer.alpn.is_empty() {
        let names = offer.alpn.iter().map(|name| format!("{name:?}"));
        let names: Vec<String> = names.collect();
        text.push_str(&format!("alpn: [{}]\n", names.join(", ")));
    }
    if offer.grease {
        text.push_str("grease: true\n");
    }
    text.push_str(&format!("hello_bytes: {}\n", offer.length));
    text
}

#[cfg(test)]
mod tests;
