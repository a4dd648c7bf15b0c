//! Names and usages in certificates, as text.

use x509_parser::prelude::{GeneralName, KeyUsage, X509Name};

use super::{NAME_CHARS, Name, hex};
use crate::wire::text::{clean, clean_bytes};

/// The names of RFC 5280 section 4.2.1.3.
pub(super) fn usages(usage: &KeyUsage) -> Vec<&'static str> {
    [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
    .collect()
}

pub(super) fn name_of(name: &GeneralName<'_>) -> Name {
    match name {
        GeneralName::DNSName(name) => Name::Dns(clean(name, 255).to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => {
            if let Ok(octets) = <[u8; 4]>::try_from(*bytes) {
                Name::Ip(std::net::Ipv4Addr::from(octets).to_string())
            } else if let Ok(octets) = <[u8; 16]>::try_from(*bytes) {
                Name::Ip(std::net::Ipv6Addr::from(octets).to_string())
            } else {
                Name::Other(hex(bytes.iter().take(32)))
            }
        }
        GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Name::Other(clean(text, NAME_CHARS))
        }
        GeneralName::DirectoryName(name) => Name::Other(rfc4514(name)),
        other => Name::Other(clean(&other.to_string(), NAME_CHARS)),
    }
}

/// A distinguished name as RFC 4514 writes it: the last part first.
pub(super) fn rfc4514(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .take(64)
        .map(|rdn| {
            let pairs = rdn.iter().take(16).map(|pair| {
                let oid = pair.attr_type().to_id_string();
                let kind = match oid.as_str() {
                    "2.5.4.3" => "CN",
                    "2.5.4.5" => "serialNumber",
                    "2.5.4.6" => "C",
                    "2.5.4.7" => "L",
                    "2.5.4.8" => "ST",
                    "2.5.4.9" => "STREET",
                    "2.5.4.10" => "O",
                    "2.5.4.11" => "OU",
                    "0.9.2342.19200300.100.1.25" => "DC",
                    "0.9.2342.19200300.100.1.1" => "UID",
                    other => other,
                };
                format!("{kind}={}", escaped(&text_of(pair.as_slice())))
            });
            pairs.collect::<Vec<_>>().join("+")
        })
        .collect();
    parts.reverse();
    clean(&parts.join(","), NAME_CHARS)
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (at, character) in value.chars().enumerate() {
        let special = matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        if special || (at == 0 && matches!(character, '#' | ' ')) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

pub(super) fn text_of(bytes: &[u8]) -> String {
    clean_bytes(bytes, 300)
}
