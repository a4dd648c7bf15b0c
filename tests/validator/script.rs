//! Reads the scenarios: a configuration, servers' answers by range of steps, and
//! steps that ask and say what a validator must answer.

use base64::{Engine, engine::general_purpose::STANDARD};
use hickory_proto::{
    op::Message,
    rr::{Name, RecordType},
};
use std::str::FromStr;

/// One scenario.
#[derive(Default)]
pub struct Script {
    /// Owner and text of the records that are trusted to begin with.
    pub anchors: Vec<(Name, String)>,
    /// The time, in seconds since 1970.
    pub now: u32,
    ranges: Vec<(u32, u32, Vec<Entry>)>,
    steps: Vec<(u32, bool, Entry)>,
}

/// An answer, a question or an expectation.
#[derive(Default)]
struct Entry {
    matches: Vec<String>,
    reply: Vec<String>,
    /// Section, line.
    lines: Vec<(Section, String)>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Section {
    #[default]
    Question,
    Answer,
    Authority,
    Additional,
}

/// A question of a scenario with what is expected.
pub struct Asked {
    pub step: u32,
    pub name: Name,
    pub rtype: RecordType,
    /// Flags of the question.
    pub flags: Vec<String>,
    /// Flags and response code of the expected answer, and what of it counts.
    pub expected: Vec<String>,
    pub matches: Vec<String>,
}

impl Script {
    pub fn read(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        let mut lines = text.lines();
        for line in lines.by_ref() {
            let line = line.trim();
            if line == "CONFIG_END" {
                break;
            }
            script.configure(line)?;
        }
        let mut entry: Option<Entry> = None;
        let mut range = None;
        let mut step: Option<(u32, bool)> = None;
        let mut section = Section::Question;
        for line in lines {
            let line = without_comment(line);
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| -> Result<u32, String> {
                let word = words.get(at).ok_or("a number is missing")?;
                word.parse().map_err(|_| format!("`{word}` is no number"))
            };
            match words.first().copied() {
                None => {}
                Some("SCENARIO_END") => break,
                Some("RANGE_BEGIN") => range = Some((number(1)?, number(2)?, Vec::new())),
                Some("RANGE_END") => script.ranges.extend(range.take()),
                Some("STEP") => match words.get(2) {
                    Some(&"QUERY") => step = Some((number(1)?, true)),
                    Some(&"CHECK_ANSWER") => step = Some((number(1)?, false)),
                    // Time passing and the like.
                    _ => step = None,
                },
                Some("ENTRY_BEGIN") => {
                    entry = Some(Entry::default());
                    section = Section::Question;
                }
                Some("ENTRY_END") => {
                    let entry = entry.take().ok_or("an entry ends that did not begin")?;
                    match (&mut range, step) {
                        (Some((_, _, entries)), _) => entries.push(entry),
                        (None, Some((at, asks))) => script.steps.push((at, asks, entry)),
                        _ => return Err("an entry outside of range and step".to_owned()),
                    }
                }
                Some(word) => {
                    let Some(entry) = &mut entry else { continue };
                    let rest = || words.iter().skip(1).map(|word| (*word).to_owned());
                    match word {
                        "MATCH" => entry.matches.extend(rest()),
                        "REPLY" => entry.reply.extend(rest()),
                        "ADJUST" => {}
                        "SECTION" => section = Section::of(words.get(1).copied())?,
                        _ => entry.lines.push((section, line.trim().to_owned())),
                    }
                }
            }
        }
        Ok(script)
    }

    fn configure(&mut self, line: &str) -> Result<(), String> {
        let Some((key, value)) = line.split_once(':') else {
            return Ok(());
        };
        let value = value.split('#').next().unwrap_or_default().trim();
        let value = value.trim_matches('"').trim();
        match key.trim() {
            "trust-anchor" => {
                let owner = value.split_whitespace().next().unwrap_or_default();
                self.anchors.push((name(owner)?, value.to_owned()));
            }
            "val-override-date" => self.now = seconds(value)?,
            "val-override-timestamp" => {
                self.now = value.parse().map_err(|_| "no timestamp".to_owned())?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The questions, each with the expectation that follows it.
    pub fn asked(&self) -> Result<Vec<Asked>, String> {
        let mut all = Vec::new();
        let mut open: Option<&(u32, bool, Entry)> = None;
        for step in &self.steps {
            if step.1 {
                open = Some(step);
                continue;
            }
            let (number, _, entry) = open.take().ok_or("an expectation without question")?;
            let (name, rtype) = entry.question().ok_or("a step without question")??;
            all.push(Asked {
                step: *number,
                name,
                rtype,
                flags: entry.reply.clone(),
                expected: step.2.reply.clone(),
                matches: step.2.matches.clone(),
            });
        }
        Ok(all)
    }

    /// What the servers of the scenario answer at a step; the last entry that fits speaks.
    pub fn reply(
        &self,
        step: u32,
        name: &Name,
        rtype: RecordType,
    ) -> Result<Option<Message>, String> {
        let covering = self
            .ranges
            .iter()
            .filter(|(from, to, _)| (*from..=*to).contains(&step));
        let mut found = None;
        for entry in covering.flat_map(|(_, _, entries)| entries) {
            if entry.fits(name, rtype)? {
                found = Some(entry);
            }
        }
        found.map(|entry| entry.message(name, rtype)).transpose()
    }
}

impl Section {
    fn of(word: Option<&str>) -> Result<Self, String> {
        match word {
            Some("QUESTION") => Ok(Self::Question),
            Some("ANSWER") => Ok(Self::Answer),
            Some("AUTHORITY") => Ok(Self::Authority),
            Some("ADDITIONAL") => Ok(Self::Additional),
            other => Err(format!("section {other:?}")),
        }
    }
}

impl Entry {
    fn question(&self) -> Option<Result<(Name, RecordType), String>> {
        let (_, line) = self.lines.iter().find(|(s, _)| *s == Section::Question)?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let (owner, rtype) = (words.first()?, words.last()?);
        Some(name(owner).and_then(|name| Ok((name, kind(rtype)?))))
    }

    fn fits(&self, asked: &Name, rtype: RecordType) -> Result<bool, String> {
        let Some(question) = self.question() else {
            return Ok(true);
        };
        let (own, own_type) = question?;
        let has = |word: &str| self.matches.iter().any(|m| m == word);
        let all = has("question");
        let named = match has("subdomain") {
            true => own.zone_of(asked),
            false => !(all || has("qname")) || own == *asked,
        };
        Ok(named && (!(all || has("qtype")) || own_type == rtype))
    }

    /// The answer as it goes over the wire, read by the program's own codec.
    fn message(&self, asked: &Name, rtype: RecordType) -> Result<Message, String> {
        let of = |section| {
            let lines = self.lines.iter().filter(move |(s, _)| *s == section);
            lines
                .map(|(_, line)| record(line).map_err(|why| format!("{why}: {line}")))
                .collect::<Result<Vec<_>, _>>()
        };
        let sections = [
            of(Section::Answer)?,
            of(Section::Authority)?,
            of(Section::Additional)?,
        ];
        let flag = |word: &str| self.reply.iter().any(|flag| flag == word);
        let rcode = match () {
            () if flag("NXDOMAIN") => 3,
            () if flag("SERVFAIL") => 2,
            () if flag("REFUSED") => 5,
            () => 0,
        };
        let mut bytes = vec![0, 1, 0x80 | u8::from(flag("AA")) << 2, rcode, 0, 1];
        for section in &sections {
            bytes.extend(count(section.len())?);
        }
        bytes.extend(wire(asked)?);
        bytes.extend(u16::from(rtype).to_be_bytes());
        bytes.extend([0, 1]);
        bytes.extend(sections.concat().concat());
        Message::from_vec(&bytes).map_err(|error| error.to_string())
    }
}

/// A record of a master file as bytes.
pub fn record(line: &str) -> Result<Vec<u8>, String> {
    let words = words(line);
    let mut rest = words.iter().map(String::as_str).peekable();
    let mut bytes = wire(&name(rest.next().ok_or("empty")?)?)?;
    let mut ttl = 3600u32;
    while let Some(word) = rest.peek() {
        match word.parse() {
            Ok(number) => ttl = number,
            Err(_) if word.eq_ignore_ascii_case("IN") => {}
            Err(_) => break,
        }
        rest.next();
    }
    let rtype = kind(rest.next().ok_or("no type")?)?;
    let data = data(rtype, &rest.collect::<Vec<_>>())?;
    bytes.extend(u16::from(rtype).to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(ttl.to_be_bytes());
    bytes.extend(count(data.len())?);
    bytes.extend(data);
    Ok(bytes)
}

fn data(rtype: RecordType, words: &[&str]) -> Result<Vec<u8>, String> {
    let word = |at: usize| words.get(at).copied().ok_or("too few fields");
    let number = |at: usize| -> Result<u32, String> {
        let word = word(at)?;
        word.parse().map_err(|_| format!("`{word}` is no number"))
    };
    let bytes = |at: usize, width: usize| -> Result<Vec<u8>, String> {
        Ok(number(at)?.to_be_bytes()[4 - width..].to_vec())
    };
    let tail = |at: usize| words.get(at..).unwrap_or_default();
    if word(0)? == "\\#" {
        return hex(&tail(2).concat());
    }
    Ok(match rtype {
        RecordType::A => std::net::Ipv4Addr::from_str(word(0)?)
            .map_err(|e| e.to_string())?
            .octets()
            .to_vec(),
        RecordType::AAAA => std::net::Ipv6Addr::from_str(word(0)?)
            .map_err(|e| e.to_string())?
            .octets()
            .to_vec(),
        RecordType::NS | RecordType::CNAME | RecordType::PTR => wire(&name(word(0)?)?)?,
        RecordType::MX => [bytes(0, 2)?, wire(&name(word(1)?)?)?].concat(),
        RecordType::TXT => {
            let mut all = Vec::new();
            for text in words {
                all.push(u8::try_from(text.len()).map_err(|_| "long text")?);
                all.extend(text.as_bytes());
            }
            all
        }
        RecordType::SOA => {
            let mut all = [wire(&name(word(0)?)?)?, wire(&name(word(1)?)?)?].concat();
            for at in 2..7 {
                all.extend(bytes(at, 4)?);
            }
            all
        }
        RecordType::DS => [
            bytes(0, 2)?,
            bytes(1, 1)?,
            bytes(2, 1)?,
            hex(&tail(3).concat())?,
        ]
        .concat(),
        RecordType::DNSKEY => [
            bytes(0, 2)?,
            bytes(1, 1)?,
            bytes(2, 1)?,
            base64(&tail(3).concat())?,
        ]
        .concat(),
        RecordType::RRSIG => [
            u16::from(kind(word(0)?)?).to_be_bytes().to_vec(),
            bytes(1, 1)?,
            bytes(2, 1)?,
            bytes(3, 4)?,
            seconds(word(4)?)?.to_be_bytes().to_vec(),
            seconds(word(5)?)?.to_be_bytes().to_vec(),
            bytes(6, 2)?,
            wire(&name(word(7)?)?)?,
            base64(&tail(8).concat())?,
        ]
        .concat(),
        RecordType::NSEC => [wire(&name(word(0)?)?)?, bitmap(tail(1))?].concat(),
        RecordType::NSEC3 => {
            let next = base32(word(4)?)?;
            let mut all = [bytes(0, 1)?, bytes(1, 1)?, bytes(2, 2)?].concat();
            let salt = salt(word(3)?)?;
            all.push(u8::try_from(salt.len()).map_err(|_| "long salt")?);
            all.extend(salt);
            all.push(u8::try_from(next.len()).map_err(|_| "long hash")?);
            all.extend(next);
            all.extend(bitmap(tail(5))?);
            all
        }
        RecordType::NSEC3PARAM => {
            let salt = salt(word(3)?)?;
            let mut all = [bytes(0, 1)?, bytes(1, 1)?, bytes(2, 2)?].concat();
            all.push(u8::try_from(salt.len()).map_err(|_| "long salt")?);
            all.extend(salt);
            all
        }
        other => return Err(format!("type {other}")),
    })
}

/// Types of NSEC and NSEC3 records (RFC 4034 section 4.1.2).
fn bitmap(words: &[&str]) -> Result<Vec<u8>, String> {
    let mut windows: std::collections::BTreeMap<u8, [u8; 32]> = Default::default();
    for word in words {
        let [window, bit] = u16::from(kind(word)?).to_be_bytes();
        let bits = windows.entry(window).or_insert([0; 32]);
        bits[usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    let mut all = Vec::new();
    for (window, bits) in windows {
        let length = bits.iter().rposition(|b| *b != 0).unwrap_or(0) + 1;
        all.extend([window, u8::try_from(length).map_err(|_| "long bitmap")?]);
        all.extend(&bits[..length]);
    }
    Ok(all)
}

/// A moment as seconds since 1970 or as `YYYYMMDDhhmmss` (RFC 4034 section 3.2).
fn seconds(word: &str) -> Result<u32, String> {
    if word.len() != 14 {
        return word.parse().map_err(|_| format!("`{word}` is no time"));
    }
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", word).map_err(|e| e.to_string())?;
    let time = time
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_err(|e| e.to_string())?;
    u32::try_from(time.timestamp().as_second().rem_euclid(1 << 32)).map_err(|e| e.to_string())
}

/// A name; those of the scenarios are all absolute, with or without the dot.
pub fn name(word: &str) -> Result<Name, String> {
    let mut name = Name::from_ascii(word).map_err(|error| error.to_string())?;
    name.set_fqdn(true);
    Ok(name)
}

fn kind(word: &str) -> Result<RecordType, String> {
    let word = word.to_ascii_uppercase();
    match word.strip_prefix("TYPE").map(str::parse::<u16>) {
        Some(Ok(number)) => Ok(RecordType::from(number)),
        _ => RecordType::from_str(&word).map_err(|error| error.to_string()),
    }
}

fn wire(name: &Name) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for label in name.iter() {
        bytes.push(u8::try_from(label.len()).map_err(|_| "long label")?);
        bytes.extend(label);
    }
    bytes.push(0);
    Ok(bytes)
}

fn count(length: usize) -> Result<[u8; 2], String> {
    Ok(u16::try_from(length).map_err(|_| "too long")?.to_be_bytes())
}

fn salt(word: &str) -> Result<Vec<u8>, String> {
    match word {
        "-" => Ok(Vec::new()),
        word => hex(word),
    }
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| {
            let pair = text.get(at..at + 2).ok_or("an odd digit")?;
            u8::from_str_radix(pair, 16).map_err(|error| error.to_string())
        })
        .collect()
}

fn base64(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| error.to_string())
}

fn base32(text: &str) -> Result<Vec<u8>, String> {
    let (mut bits, mut held, mut all) = (0u32, 0, Vec::new());
    for digit in text.chars() {
        let value = digit.to_digit(32).ok_or("no base32 digit")?;
        bits = bits << 5 | value;
        held += 5;
        if held >= 8 {
            held -= 8;
            all.push(u8::try_from(bits >> held & 0xff).map_err(|e| e.to_string())?);
        }
    }
    Ok(all)
}

/// A line up to its comment; a semicolon in quotes begins none.
fn without_comment(line: &str) -> String {
    let mut quoted = false;
    line.chars()
        .take_while(|letter| {
            quoted ^= *letter == '"';
            quoted || *letter != ';'
        })
        .collect()
}

/// The words of a record, quoted ones without their quotes.
fn words(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        match index % 2 {
            0 => all.extend(part.split_whitespace().map(str::to_owned)),
            _ => all.push(part.to_owned()),
        }
    }
    all
}
