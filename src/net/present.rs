//! Names and records in presentation format (RFC 1035 section 5.1), for
//! evidence and for commands that show the same.

use base64::{Engine, engine::general_purpose::STANDARD};
use hickory_proto::{
    dnssec::{PublicKey, rdata::DNSSECRData},
    rr::{Name, RData, Record, RecordType},
};
use sha2::{Digest, Sha256};
use std::{fmt::Write, net::SocketAddr};

use super::{answer::Answer, dns_query::DnsReply, error::NetError};
use crate::{model::gap::GapReason, wire::text::clean};

/// Most characters of one record.
const RECORD_CHARS: usize = 4_096;

/// A label that nobody writes down. The same for a name each time, so that resolvers
/// answer it from memory and results do not differ.
pub fn invented_label(name: &str) -> String {
    let digest = Sha256::digest(format!("scrutineer wildcard {name}"));
    let hex: String = digest
        .iter()
        .take(10)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("x{hex}")
}

/// A name in lower case, escaped as in zone files, without the last dot; `.` for the root.
pub fn name_text(name: &Name) -> String {
    if name.is_root() {
        return ".".to_owned();
    }
    let mut out = String::new();
    for label in name.iter() {
        if !out.is_empty() {
            out.push('.');
        }
        for byte in label.iter().map(u8::to_ascii_lowercase) {
            match byte {
                b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                    out.push('\\');
                    out.push(char::from(byte));
                }
                0x21..=0x7e => out.push(char::from(byte)),
                _ => {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\{byte:03}");
                }
            }
        }
    }
    out
}

/// A name from text as [`name_text`] writes it; a last dot is allowed.
pub fn parse_name(text: &str) -> Result<Name, NetError> {
    let wrong = || {
        NetError::new(
            GapReason::Malformed,
            format!("`{}` is not a domain name", clean(text, 100)),
        )
    };
    if matches!(text, "." | "") {
        return if text == "." {
            Ok(Name::root())
        } else {
            Err(wrong())
        };
    }
    let mut labels: Vec<Vec<u8>> = vec![Vec::new()];
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let label = labels.last_mut().ok_or_else(wrong)?;
        match byte {
            b'.' if bytes.peek().is_none() => break,
            b'.' => labels.push(Vec::new()),
            b'\\' => match bytes.next() {
                Some(first) if first.is_ascii_digit() => {
                    let mut value = u32::from(first - b'0');
                    for _ in 0..2 {
                        let digit = bytes.next().filter(u8::is_ascii_digit).ok_or_else(wrong)?;
                        value = value * 10 + u32::from(digit - b'0');
                    }
                    label.push(u8::try_from(value).map_err(|_| wrong())?);
                }
                Some(other) => label.push(other),
                None => return Err(wrong()),
            },
            _ => label.push(byte),
        }
    }
    let length: usize = labels.iter().map(|label| label.len() + 1).sum();
    if length > 254 || labels.iter().any(|l| l.is_empty() || l.len() > 63) {
        return Err(wrong());
    }
    let mut name = Name::from_labels(labels.iter().map(Vec::as_slice)).map_err(|_| wrong())?;
    name.set_fqdn(true);
    Ok(name.to_lowercase())
}

/// The data of a record in presentation format.
pub fn data_text(data: &RData) -> String {
    let dotted = |name: &Name| match name_text(name) {
        root if root == "." => root,
        name => format!("{name}."),
    };
    let text = match data {
        RData::A(a) => a.0.to_string(),
        RData::AAAA(aaaa) => aaaa.0.to_string(),
        RData::CNAME(name) => dotted(&name.0),
        RData::NS(name) => dotted(&name.0),
        RData::PTR(name) => dotted(&name.0),
        RData::MX(mx) => format!("{} {}", mx.preference, dotted(&mx.exchange)),
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            dotted(&soa.mname),
            dotted(&soa.rname),
            soa.serial,
            soa.refresh,
            soa.retry,
            soa.expire,
            soa.minimum
        ),
        RData::TXT(txt) => {
            let strings: Vec<String> = txt.txt_data.iter().map(|s| quoted(s)).collect();
            strings.join(" ")
        }
        RData::CAA(caa) => format!("{} {} {}", caa.flags(), caa.tag, quoted(&caa.value)),
        RData::DNSSEC(DNSSECRData::DS(ds)) => format!(
            "{} {} {} {}",
            ds.key_tag(),
            u8::from(ds.algorithm()),
            u8::from(ds.digest_type()),
            hex(ds.digest())
        ),
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => format!(
            "{} 3 {} {}",
            key.flags(),
            u8::from(key.public_key().algorithm()),
            STANDARD.encode(key.public_key().public_bytes())
        ),
        other => other.to_string(),
    };
    clean(&text, RECORD_CHARS)
}

/// A record in presentation format without its TTL, which a resolver counts down.
pub fn record_text(record: &Record) -> String {
    let name = match name_text(&record.name) {
        root if root == "." => root,
        name => format!("{name}."),
    };
    format!(
        "{name} IN {} {}",
        record.record_type(),
        data_text(&record.data)
    )
}

/// The answer as lines, at most `max_chars` characters, and whether that cut it.
/// What is missing is said in a comment, as `dig` does.
pub fn answer_text(answer: &Answer, max_chars: usize) -> (String, bool) {
    let mut lines: Vec<String> = answer
        .aliases
        .iter()
        .map(|alias| format!("{}. IN CNAME {}.", alias.name, alias.target))
        .collect();
    lines.extend(answer.records.iter().map(record_text));
    if answer.records.is_empty() {
        let says = match answer.authority_zone() {
            Some(zone) if !answer.end_exists() => format!(", says {zone}"),
            _ => String::new(),
        };
        lines.push(format!(
            "; {}, no {} record at {}{says}",
            super::answer::rcode_text(answer.rcode),
            answer.rtype,
            answer.end()
        ));
    }
    let mut out = String::new();
    let mut count = 0;
    for line in lines {
        count += line.chars().count() + 1;
        if count > max_chars {
            return (out, true);
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&line);
    }
    (out, answer.cut)
}

/// What one server answered, as lines of at most `max_chars` characters: code, flags and
/// size, then the records of all sections; and whether that cut it.
pub fn reply_text(reply: &DnsReply, max_chars: usize) -> (String, bool) {
    let message = &reply.message;
    let metadata = &message.metadata;
    let flags = [
        (metadata.authoritative, " aa"),
        (metadata.recursion_available, " ra"),
        (metadata.authentic_data, " ad"),
        (reply.truncated, " tc"),
    ];
    let flags: String = flags
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .collect();
    let edns = match &message.edns {
        None => ", no EDNS".to_owned(),
        Some(edns) => format!(", EDNS version {}", edns.version()),
    };
    let over = if reply.tcp { "TCP" } else { "UDP" };
    let case = if reply.case_kept {
        ""
    } else {
        ", letters of the question changed"
    };
    let mut out = format!(
        "; {}{flags}, {} octets over {over}{edns}{case}",
        super::answer::rcode_text(metadata.response_code),
        reply.size
    );
    if let Some(other) = reply.other_source {
        out.push_str(&format!("; from {other}"));
    }
    let mut count = out.chars().count();
    let sections = [
        ("answer", &message.answers),
        ("authority", &message.authorities),
        ("additional", &message.additionals),
    ];
    for (name, records) in sections {
        let title = (!records.is_empty()).then(|| format!("; {name}"));
        for line in title.into_iter().chain(records.iter().map(record_text)) {
            count += line.chars().count() + 1;
            if count > max_chars {
                return (out, true);
            }
            out.push('\n');
            out.push_str(&line);
        }
    }
    (out, false)
}

/// The `dig` command that shows an answer, of the resolver given or the reader's own.
pub fn dig(name: &str, rtype: RecordType, via: Option<SocketAddr>) -> String {
    let server = match via {
        None => String::new(),
        Some(server) if server.port() == 53 => format!("@{} ", server.ip()),
        Some(server) => format!("@{} -p {} ", server.ip(), server.port()),
    };
    format!("dig {server}{} {rtype}", shell_word(name))
}

/// The name of the HTTPS records of a website (RFC 9460 section 9.1).
pub fn https_owner(host: &str, port: u16) -> String {
    match port {
        443 => host.to_owned(),
        port => format!("_{port}._https.{host}"),
    }
}

/// A word that a POSIX shell takes as one argument. Remote text stands in
/// commands that people copy.
pub fn shell_word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:/@%+=,".contains(&b);
    let option = text.starts_with('-');
    if !text.is_empty() && !option && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", clean(text, 2_000).replace('\'', r"'\''"))
}

/// A character string in quotes, with what is not printable ASCII escaped.
fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\{byte:03}");
            }
        }
    }
    out.push('"');
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02X}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::rr::rdata::{CAA, MX, TXT};
    use proptest::prelude::*;

    #[test]
    fn the_invented_label_is_a_label_and_each_name_has_its_own() {
        let one = invented_label("office.example");
        assert_eq!(one.len(), 21);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(one, invented_label("office.example"));
        assert_ne!(one, invented_label("vote.example"));
    }

    #[test]
    fn names_keep_their_bytes() {
        for (text, expected) in [
            ("Example.ORG.", "example.org"),
            (".", "."),
            ("_dmarc.example", "_dmarc.example"),
            (r"a\.b.example", r"a\.b.example"),
            (r"a\032b\255.example", r"a\032b\255.example"),
            ("ü.example", r"\195\188.example"),
        ] {
            let name = parse_name(text).expect(text);
            assert_eq!(name_text(&name), expected, "{text}");
        }
        let long = format!("{}.example", "a".repeat(64));
        let many = "a.".repeat(128);
        for text in [
            "", "..", "a..b", ".a", r"a\", r"a\25", r"a\999", &long, &many,
        ] {
            assert!(parse_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn records_read_as_in_zone_files() {
        let mx = RData::MX(MX::new(10, parse_name("mx.example").expect("a name")));
        assert_eq!(data_text(&mx), "10 mx.example.");
        let txt = RData::TXT(TXT::from_bytes(vec![b"a \"b\"\x1b", b"c\\"]));
        assert_eq!(data_text(&txt), r#""a \"b\"\027" "c\\""#);
        let caa = RData::CAA(CAA::new_issue(true, None, vec![]));
        assert_eq!(data_text(&caa), r#"128 issue ";""#);
    }

    #[test]
    fn commands_are_safe_to_copy() {
        assert_eq!(shell_word("mx.example"), "mx.example");
        assert_eq!(shell_word("$(reboot)"), "'$(reboot)'");
        assert_eq!(shell_word("a'b;c"), r"'a'\''b;c'");
        assert_eq!(shell_word("-f/etc/passwd"), "'-f/etc/passwd'");
        assert_eq!(dig("mx.example", RecordType::MX, None), "dig mx.example MX");
        let via = |text: &str| Some(text.parse().expect("an address"));
        let lab = dig("mx.example", RecordType::MX, via("127.0.0.1:5353"));
        assert_eq!(lab, "dig @127.0.0.1 -p 5353 mx.example MX");
        let other = dig("mx.example", RecordType::MX, via("[2001:db8::53]:53"));
        assert_eq!(other, "dig @2001:db8::53 mx.example MX");
    }

    proptest! {
        #[test]
        fn names_survive_the_way_through_text(labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 1..8)) {
            let lower: Vec<Vec<u8>> = labels.iter().map(|l| l.to_ascii_lowercase()).collect();
            let name = Name::from_labels(lower.iter().map(Vec::as_slice)).expect("a name");
            let again = parse_name(&name_text(&name)).expect("the same name");
            prop_assert_eq!(again.iter().collect::<Vec<_>>(), name.iter().collect::<Vec<_>>());
        }

        #[test]
        fn any_text_is_a_name_or_an_error(text in ".{0,300}") {
            let _ = parse_name(&text);
        }
    }
}
