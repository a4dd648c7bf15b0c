//! A small resolver over the answers of a scenario: which names it asks for on the way
//! down is its own, what the answers prove is the program's.

use hickory_proto::{
    dnssec::{
        DigestType, PublicKey,
        rdata::{DNSSECRData, DS},
    },
    op::{Message, ResponseCode},
    rr::{Name, RData, RecordType},
};
use std::collections::BTreeMap;

use scrutineer::wire::dnssec::{
    Denial, Question, Reason, Sections, Status, Step, Validated, walk_from,
};

use crate::script::{Script, record};

/// Most aliases that are followed.
const ALIASES_MAX: usize = 12;

/// How an answer stands. In the order of what is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Secure,
    Insecure,
    /// The scenario does not answer what is needed.
    Unknown,
    Bogus,
}

type Said = Option<Message>;
/// Answers about DS and DNSKEY records, which a validator keeps.
pub type Kept = BTreeMap<(Name, RecordType), Message>;

/// Judges one question, with a word on why.
pub fn judge(
    script: &Script,
    kept: &mut Kept,
    step: u32,
    name: &Name,
    rtype: RecordType,
) -> Result<(Verdict, String), String> {
    let mut worst = (Verdict::Secure, String::new());
    let mut name = name.clone();
    let mut message = script.reply(step, &name, rtype)?;
    for _ in 0..ALIASES_MAX {
        let Some(reply) = &message else {
            return Ok((Verdict::Unknown, format!("no answer for {name} {rtype}")));
        };
        let (verdict, why) = one(script, kept, step, reply, &name, rtype)?;
        if verdict > worst.0 {
            worst = (verdict, why);
        }
        let alias = match rtype {
            RecordType::CNAME => None,
            _ => alias(reply, &name, rtype),
        };
        let Some(target) = alias else {
            return Ok(worst);
        };
        // The end of an alias may stand in the same answer, or be asked for.
        let told = reply.answers.iter().any(|record| record.name == target)
            || reply.authorities.iter().any(|record| {
                matches!(
                    record.record_type(),
                    RecordType::SOA | RecordType::NSEC | RecordType::NSEC3
                )
            });
        if !told {
            message = script.reply(step, &target, rtype)?;
        }
        name = target;
    }
    Ok((Verdict::Bogus, "aliases without an end".to_owned()))
}

fn alias(reply: &Message, name: &Name, rtype: RecordType) -> Option<Name> {
    let own = |record: &&hickory_proto::rr::Record| record.name == *name;
    if reply
        .answers
        .iter()
        .filter(own)
        .any(|r| r.record_type() == rtype)
    {
        return None;
    }
    reply
        .answers
        .iter()
        .filter(own)
        .find_map(|record| match &record.data {
            RData::CNAME(target) => Some(target.0.clone()),
            _ => None,
        })
}

/// Judges what an answer says of one name, the end of an alias left aside.
fn one(
    script: &Script,
    kept: &mut Kept,
    step: u32,
    reply: &Message,
    name: &Name,
    rtype: RecordType,
) -> Result<(Verdict, String), String> {
    // DS records belong to the zone above.
    let lowest = match rtype {
        RecordType::DS if !name.is_root() => name.base_name(),
        _ => name.clone(),
    };
    let anchored = script
        .anchors
        .iter()
        .filter(|(owner, _)| owner.zone_of(&lowest))
        .max_by_key(|(owner, _)| owner.num_labels());
    let Some((top, _)) = anchored else {
        return Ok((Verdict::Insecure, "below no anchor".to_owned()));
    };
    let mut anchors = Vec::new();
    for (_, text) in script.anchors.iter().filter(|(owner, _)| owner == top) {
        anchors.push(anchor(top, text)?);
    }
    let signer = signer(reply, name, &lowest);
    let bottom = signer.clone().unwrap_or_else(|| lowest.clone());
    let mut names: Vec<Name> = Vec::new();
    let mut at = bottom;
    while at.num_labels() > top.num_labels() {
        names.push(at.clone());
        at = at.base_name();
    }
    names.reverse();
    let mut ask = |name: &Name, rtype| -> Result<Said, String> {
        if let Some(reply) = kept.get(&(name.clone(), rtype)) {
            return Ok(Some(reply.clone()));
        }
        let reply = script.reply(step, name, rtype)?.filter(|reply| {
            let code = reply.metadata.response_code;
            matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
        });
        if let Some(reply) = &reply {
            kept.insert((name.clone(), rtype), reply.clone());
        }
        Ok(reply)
    };
    let root = ask(top, RecordType::DNSKEY)?;
    let mut answers = Vec::new();
    for name in &names {
        answers.push((ask(name, RecordType::DS)?, ask(name, RecordType::DNSKEY)?));
    }
    let steps: Vec<Step<'_>> = names
        .iter()
        .zip(&answers)
        .map(|(name, (ds, dnskey))| Step {
            name,
            ds: sections(ds),
            dnskey: sections(dnskey),
        })
        .collect();
    let chain = walk_from(top, &anchors, sections(&root), &steps, script.now);
    let zone = chain
        .links
        .last()
        .map(|link| link.zone.clone())
        .unwrap_or_else(|| top.clone());
    let status = chain.status();
    let story = |reason: Reason| format!("{} at {zone} {}", reason.code(), reason.at());
    match status {
        Status::Secure => {}
        Status::Insecure(reason) => return Ok((Verdict::Insecure, story(reason))),
        // Somebody says that this is the anchor's zone and cannot prove it.
        Status::Bogus(reason)
        | Status::Indeterminate(reason @ (Reason::NoAnchor | Reason::DnskeyUnknown)) => {
            return Ok((Verdict::Bogus, story(reason)));
        }
        Status::Indeterminate(reason) => return Ok((Verdict::Unknown, story(reason))),
    }
    let question = Question {
        zone: &zone,
        keys: &chain.keys,
        name,
        rtype,
        now: script.now,
    };
    let code = reply.metadata.response_code;
    if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
        return Ok((Verdict::Bogus, format!("answered {code}")));
    }
    // The response code is about the end of the aliases.
    let exists = code != ResponseCode::NXDomain;
    Ok(
        match question.validate(&reply.answers, &reply.authorities, exists) {
            Ok(Validated::NoData(Denial::OptOut) | Validated::NoName(Denial::OptOut)) => {
                (Verdict::Insecure, "opted out".to_owned())
            }
            Ok(Validated::OptedOut(_)) => (Verdict::Insecure, "opted out".to_owned()),
            Ok(_) => (Verdict::Secure, String::new()),
            Err(fault) => (
                Verdict::Bogus,
                format!("{} in {zone} for {name} {rtype}", fault.code()),
            ),
        },
    )
}

/// The zone that claims to have signed what an answer says of a name.
fn signer(reply: &Message, name: &Name, lowest: &Name) -> Option<Name> {
    let own = reply.answers.iter().filter(|record| record.name == *name);
    let has_own = own.clone().next().is_some();
    let denials = reply.authorities.iter().filter(|_| !has_own);
    own.chain(denials)
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::RRSIG(signature)) => {
                Some(signature.input().signer_name.clone())
            }
            _ => None,
        })
        .filter(|signer| signer.zone_of(lowest))
        .max_by_key(Name::num_labels)
}

/// A trust anchor as a DS record; a key becomes the one that names it.
fn anchor(owner: &Name, text: &str) -> Result<DS, String> {
    let mut bytes = vec![0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    bytes.extend(record(text)?);
    let message = Message::from_vec(&bytes).map_err(|error| error.to_string())?;
    match message.answers.first().map(|record| &record.data) {
        Some(RData::DNSSEC(DNSSECRData::DS(ds))) => Ok(ds.clone()),
        Some(RData::DNSSEC(DNSSECRData::DNSKEY(key))) => {
            let digest = key
                .to_digest(owner, DigestType::SHA256)
                .map_err(|error| error.to_string())?;
            Ok(DS::new(
                key.calculate_key_tag().map_err(|error| error.to_string())?,
                key.public_key().algorithm(),
                DigestType::SHA256,
                digest.as_ref().to_vec(),
            ))
        }
        other => Err(format!("no anchor: {other:?}")),
    }
}

fn sections(reply: &Said) -> Option<Sections<'_>> {
    let message = reply.as_ref()?;
    Some(Sections {
        answers: &message.answers,
        authority: &message.authorities,
        exists: message.metadata.response_code != ResponseCode::NXDomain,
    })
}
