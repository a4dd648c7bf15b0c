//! Registration data of domains: IANA's list of servers (RFC 9224) and what a
//! registry says of a domain (RFC 9083).

use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

use super::text::clean;

/// Most bytes of an answer that are read.
pub const ANSWER_BYTES: usize = 512 << 10;
/// Most bytes of IANA's list that are read.
pub const BOOTSTRAP_BYTES: usize = 4 << 20;
/// Most items of a list that are kept.
const LIST_MAX: usize = 50;
/// Most services of IANA's list.
const SERVICES_MAX: usize = 20_000;
/// Most characters of a text that is kept.
const TEXT_CHARS: usize = 200;
/// Most characters of a digest.
const DIGEST_CHARS: usize = 256;

/// Which server knows the domains of which registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bootstrap {
    /// Names of registries, lower case, and the address of their server.
    services: Vec<(String, String)>,
}

impl Bootstrap {
    /// Reads IANA's list.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let list: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let services = list.get("services").and_then(Value::as_array);
        let services = services.ok_or("it has no list `services`")?;
        let mut read = Vec::new();
        for service in services {
            let [names, addresses] = service.as_array().map_or(&[][..], Vec::as_slice) else {
                return Err("a service is not a list of names and a list of addresses".to_owned());
            };
            let texts = |list: &Value| -> Vec<String> {
                let texts = list.as_array().into_iter().flatten();
                texts.filter_map(Value::as_str).map(str::to_owned).collect()
            };
            // Servers over HTTPS come first (RFC 9224 section 3).
            let mut addresses = texts(addresses);
            addresses.sort_by_key(|address| !address.starts_with("https://"));
            let Some(address) = addresses.into_iter().next() else {
                continue;
            };
            for name in texts(names) {
                if read.len() >= SERVICES_MAX {
                    return Err("it has too many services".to_owned());
                }
                read.push((name.trim_matches('.').to_ascii_lowercase(), address.clone()));
            }
        }
        Ok(Self { services: read })
    }

    /// The address of the server for a domain: that of the longest name that the domain
    /// ends in (RFC 9224 section 4).
    pub fn server_for(&self, domain: &str) -> Option<&str> {
        let fits = |name: &str| {
            name.is_empty()
                || domain
                    .strip_suffix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.services
            .iter()
            .filter(|(name, _)| fits(name))
            .max_by_key(|(name, _)| name.len())
            .map(|(_, address)| address.as_str())
    }
}

/// What a registry says of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// The domain, lower case, as the answer names it.
    pub domain: Option<String>,
    /// States in the words of RFC 8056, lower case, sorted.
    pub states: Vec<String>,
    /// When it expires; the earliest where several dates are told.
    pub expires: Option<Timestamp>,
    /// When it was registered.
    pub registered: Option<Timestamp>,
    /// The registrar, by its name.
    pub registrar: Option<String>,
    /// Name servers, lower case, sorted; `None` where none are told.
    pub name_servers: Option<Vec<String>>,
    /// Whether the delegation is signed; `None` where it is not told.
    pub signed: Option<bool>,
    /// DS records: key tag, algorithm, digest type, digest in lower-case hexadecimal.
    /// `None` where they are not told.
    pub ds: Option<Vec<RegisteredDs>>,
}

/// A DS record in the registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegisteredDs {
    /// Key tag.
    pub key_tag: u16,
    /// Number of the algorithm.
    pub algorithm: u8,
    /// Number of the digest type.
    pub digest_type: u8,
    /// The digest, in lower-case hexadecimal.
    pub digest: String,
}

impl Registration {
    /// Reads an answer about a domain.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let answer: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if answer.get("objectClassName").and_then(Value::as_str) != Some("domain") {
            return Err("it is not about a domain (objectClassName)".to_owned());
        }
        let states: BTreeSet<String> = items(&answer, "status")
            .filter_map(Value::as_str)
            .map(state)
            .take(LIST_MAX)
            .collect();
        let secure = answer.get("secureDNS");
        let ds = secure.and_then(|secure| secure.get("dsData"));
        Ok(Self {
            domain: text(&answer, "ldhName").map(|name| host(&name)),
            states: states.into_iter().collect(),
            expires: event(&answer, "expiration").min(),
            registered: event(&answer, "registration").min(),
            registrar: registrar(&answer),
            name_servers: answer.get("nameservers").map(|_| {
                let names = items(&answer, "nameservers").filter_map(|ns| text(ns, "ldhName"));
                let names: BTreeSet<String> = names.map(|n| host(&n)).take(LIST_MAX).collect();
                names.into_iter().collect()
            }),
            signed: secure
                .and_then(|secure| secure.get("delegationSigned"))
                .and_then(Value::as_bool),
            ds: ds.map(ds_data).transpose()?,
        })
    }
}

fn items<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text(value: &Value, key: &str) -> Option<String> {
    let text = value.get(key)?.as_str()?.trim();
    (!text.is_empty()).then(|| clean(text, TEXT_CHARS))
}

fn host(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// A state in the words of RFC 8056. Some servers write it as EPP does.
fn state(text: &str) -> String {
    let mut words = String::new();
    for letter in clean(text, TEXT_CHARS).chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// The dates of the events of a kind.
fn event(answer: &Value, action: &'static str) -> impl Iterator<Item = Timestamp> {
    items(answer, "events")
        .filter(move |event| {
            let named = event.get("eventAction").and_then(Value::as_str);
            named.is_some_and(|named| named.eq_ignore_ascii_case(action))
        })
        .filter_map(|event| event.get("eventDate")?.as_str()?.parse().ok())
        .take(LIST_MAX)
}

/// The name of the entity with the role of a registrar (RFC 9083 section 5.1): the
/// `fn` of its card, else its handle.
fn registrar(answer: &Value) -> Option<String> {
    let entity = items(answer, "entities")
        .take(LIST_MAX)
        .find(|entity| items(entity, "roles").any(|role| role.as_str() == Some("registrar")))?;
    let card = entity.get("vcardArray").and_then(|card| card.get(1));
    let lines = card.and_then(Value::as_array).into_iter().flatten();
    let name = lines
        .filter(|line| line.get(0).and_then(Value::as_str) == Some("fn"))
        .find_map(|line| line.get(3)?.as_str())
        .map(str::trim)
        .filter(|name| !name.is_empty());
    name.map(|name| clean(name, TEXT_CHARS))
        .or_else(|| text(entity, "handle"))
}

fn ds_data(list: &Value) -> Result<Vec<RegisteredDs>, String> {
    let list = list.as_array().ok_or("dsData is not a list")?;
    let mut read = BTreeSet::new();
    for ds in list.iter().take(LIST_MAX) {
        let number = |key: &str| ds.get(key).and_then(Value::as_u64);
        let wrong = || "a DS record lacks a number or its digest".to_owned();
        let digest = ds.get("digest").and_then(Value::as_str).ok_or_else(wrong)?;
        let digest: String = digest.chars().filter(|c| !c.is_whitespace()).collect();
        if digest.len() > DIGEST_CHARS || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("a digest is not hexadecimal".to_owned());
        }
        read.insert(RegisteredDs {
            key_tag: number("keyTag")
                .and_then(|n| u16::try_from(n).ok())
                .ok_or_else(wrong)?,
            algorithm: number("algorithm")
                .and_then(|n| u8::try_from(n).ok())
                .ok_or_else(wrong)?,
            digest_type: number("digestType")
                .and_then(|n| u8::try_from(n).ok())
                .ok_or_else(wrong)?,
            digest: digest.to_ascii_lowercase(),
        });
    }
    Ok(read.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_server_with_the_longest_name_answers() {
        let list = br#"{ "version": "1.0", "services": [
            [["com", "net"], ["http://old.example/", "https://registry.example/com/v1/"]],
            [["uk"], ["https://uk.example/"]],
            [["gov.uk"], ["https://gov.example/"]],
            [["empty"], []]
        ]}"#;
        let list = Bootstrap::parse(list).expect("a list");
        for (domain, server) in [
            ("office.com", Some("https://registry.example/com/v1/")),
            ("office.net", Some("https://registry.example/com/v1/")),
            ("county.gov.uk", Some("https://gov.example/")),
            ("notgov.uk", Some("https://uk.example/")),
            ("office.telecom", None),
            ("office.empty", None),
        ] {
            assert_eq!(list.server_for(domain), server, "{domain}");
        }
        for wrong in ["", "[]", "{}", r#"{"services":[[["com"]]]}"#] {
            assert!(Bootstrap::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_about_a_domain() {
        let answer = br#"{ "objectClassName": "domain", "ldhName": "OFFICE.EXAMPLE.",
          "status": ["client transfer prohibited", "serverDeleteProhibited", "active"],
          "events": [
            { "eventAction": "registration", "eventDate": "2015-01-02T03:04:05Z" },
            { "eventAction": "expiration", "eventDate": "2027-01-02T03:04:05.12+01:00" },
            { "eventAction": "last changed", "eventDate": "soon" }],
          "entities": [
            { "roles": ["technical"], "handle": "T1" },
            { "roles": ["registrar"], "handle": "292",
              "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Registrar Ltd"]]] }],
          "nameservers": [{ "ldhName": "NS2.office.example" }, { "ldhName": "ns1.office.example." }],
          "secureDNS": { "delegationSigned": true,
            "dsData": [{ "keyTag": 12345, "algorithm": 13, "digestType": 2, "digest": "AB cd" }] } }"#;
        let read = Registration::parse(answer).expect("an answer");
        assert_eq!(read.domain.as_deref(), Some("office.example"));
        assert_eq!(
            read.states,
            [
                "active",
                "client transfer prohibited",
                "server delete prohibited"
            ]
        );
        let expires = read.expires.map(|time| time.to_string());
        assert_eq!(expires.as_deref(), Some("2027-01-02T02:04:05.12Z"));
        assert_eq!(read.registrar.as_deref(), Some("Registrar Ltd"));
        let names = ["ns1.office.example", "ns2.office.example"].map(str::to_owned);
        assert_eq!(read.name_servers, Some(names.to_vec()));
        let ds = RegisteredDs {
            key_tag: 12345,
            algorithm: 13,
            digest_type: 2,
            digest: "abcd".to_owned(),
        };
        assert_eq!((read.signed, read.ds), (Some(true), Some(vec![ds])));
    }

    #[test]
    fn what_is_not_told_is_not_known() {
        let read = Registration::parse(br#"{ "objectClassName": "domain" }"#);
        assert_eq!(read, Ok(Registration::default()));
        for wrong in [
            "",
            "{}",
            r#"{ "objectClassName": "entity" }"#,
            r#"{ "objectClassName": "domain", "secureDNS": { "dsData": [{}] } }"#,
            r#"{ "objectClassName": "domain", "secureDNS": { "dsData": {} } }"#,
        ] {
            assert!(Registration::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Registration::parse(&bytes);
            let _ = Bootstrap::parse(&bytes);
        }
    }
}
