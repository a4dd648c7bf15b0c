//! Walks the chain of trust from the root's trust anchors down to a zone (RFC
//! 4035 section 5), over answers that were collected before.

use hickory_proto::{
    dnssec::{
        DigestType, PublicKey,
        rdata::{DNSKEY, DNSSECRData, DS},
    },
    rr::{Name, RData, Record, RecordType},
};

use super::{
    answer::{AnswerFault, Question, Validated},
    denial::{DenialFault, NoDs},
    rrset::rrsets,
    signature::{SignatureFault, Verified, verify},
};

/// The sections of an answer that matter here.
#[derive(Clone, Copy, Debug)]
pub struct Sections<'a> {
    /// The answer section.
    pub answers: &'a [Record],
    /// The authority section.
    pub authority: &'a [Record],
    /// Whether the name exists (not NXDOMAIN).
    pub exists: bool,
}

/// What was collected about one name on the way down. `None`: it could not be had.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The name.
    pub name: &'a Name,
    /// Its DS records, as the zone above answers.
    pub ds: Option<Sections<'a>>,
    /// Its DNSKEY records.
    pub dnskey: Option<Sections<'a>>,
}

/// How a zone stands (RFC 4033 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Every link from the anchor down holds.
    Secure,
    /// A zone on the way proves that what is below is not signed.
    Insecure(Reason),
    /// A link should hold and does not.
    Bogus(Reason),
    /// It cannot be told.
    Indeterminate(Reason),
}

/// Why a link does not lead on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No key of the root fits the trust anchors: another root, as in a lab.
    NoAnchor,
    /// The answer about DS records could not be had.
    DsUnknown,
    /// The answer about DNSKEY records could not be had.
    DnskeyUnknown,
    /// The zone above proves that there is no DS record.
    NoDs,
    /// Algorithms or digest types that this program does not know are all there is.
    Unsupported,
    /// The zone above has DS records, and the zone has no DNSKEY records.
    DnskeyMissing,
    /// No DNSKEY fits a DS record.
    DsMatchesNoKey,
    /// The answer about DS records proves nothing.
    Ds(AnswerFault),
    /// The DNSKEY records are not signed by a key that a DS record names.
    Dnskey(SignatureFault),
}

impl Reason {
    /// The reason code as facts have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoAnchor => "trust_anchor_not_matched",
            Self::DsUnknown => "ds_not_seen",
            Self::DnskeyUnknown => "dnskey_not_seen",
            Self::NoDs => "no_ds",
            Self::Unsupported => "algorithms_unsupported",
            Self::DnskeyMissing => "dnskey_missing",
            Self::DsMatchesNoKey => "ds_matches_no_key",
            Self::Ds(AnswerFault::Denial(DenialFault::TooManyIterations)) => {
                "nsec3_iterations_too_many"
            }
            Self::Ds(fault) => fault.code(),
            Self::Dnskey(fault) => fault.code(),
        }
    }

    /// The records at which the link breaks.
    pub fn at(self) -> RecordType {
        match self {
            Self::Ds(AnswerFault::Signature(covered, _)) => covered,
            Self::DsUnknown | Self::NoDs | Self::Unsupported | Self::Ds(_) => RecordType::DS,
            Self::NoAnchor
            | Self::DnskeyUnknown
            | Self::DnskeyMissing
            | Self::DsMatchesNoKey
            | Self::Dnskey(_) => RecordType::DNSKEY,
        }
    }
}

/// One zone on the way down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The zone.
    pub zone: Name,
    /// How it stands.
    pub status: Status,
}

/// The way down to a zone.
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    /// The zones, from the root down; those below a break are left out.
    pub links: Vec<Link>,
    /// The last zone's keys, where the chain is secure.
    pub keys: Vec<&'a DNSKEY>,
}

impl Chain<'_> {
    /// How the last zone stands.
    pub fn status(&self) -> Status {
        self.links
            .last()
            .map_or(Status::Indeterminate(Reason::NoAnchor), |link| link.status)
    }
}

/// Walks from the root, whose DNSKEY records are given, through `steps`, the
/// names below it in order. Names that are no zones of their own leave no link.
/// `now`: seconds since 1970, modulo 2^32.
pub fn walk<'a>(
    anchors: &[DS],
    root: Option<Sections<'a>>,
    steps: &[Step<'a>],
    now: u32,
) -> Chain<'a> {
    walk_from(&Name::root(), anchors, root, steps, now)
}

/// Like [`walk`], from another zone than the root: an island of trust.
pub fn walk_from<'a>(
    top: &Name,
    anchors: &[DS],
    root: Option<Sections<'a>>,
    steps: &[Step<'a>],
    now: u32,
) -> Chain<'a> {
    let mut zone = top.clone();
    let mut links = Vec::new();
    let mut link = |zone: &Name, status| {
        links.push(Link {
            zone: zone.clone(),
            status,
        });
    };
    let anchors: Vec<&DS> = anchors.iter().collect();
    let mut keys = match keys(&zone, &anchors, root, now) {
        Ok(keys) => keys,
        Err(status) => {
            let status = match status {
                // Without its key nothing says that this is the root we trust.
                Status::Bogus(Reason::DsMatchesNoKey | Reason::DnskeyMissing) => {
                    Status::Indeterminate(Reason::NoAnchor)
                }
                other => other,
            };
            link(&zone, status);
            return Chain {
                links,
                keys: Vec::new(),
            };
        }
    };
    link(&zone, Status::Secure);
    for step in steps {
        match below(&zone, &keys, step, now) {
            Ok(Some(found)) => {
                keys = found;
                zone = step.name.clone();
                link(&zone, Status::Secure);
            }
            Ok(None) => {}
            Err(status) => {
                link(step.name, status);
                return Chain {
                    links,
                    keys: Vec::new(),
                };
            }
        }
    }
    Chain { links, keys }
}

/// The keys of a name below a zone; `None` when it is no zone of its own.
fn below<'a>(
    zone: &Name,
    keys_above: &[&DNSKEY],
    step: &Step<'a>,
    now: u32,
) -> Result<Option<Vec<&'a DNSKEY>>, Status> {
    let sections = step.ds.ok_or(Status::Indeterminate(Reason::DsUnknown))?;
    let question = Question {
        zone,
        keys: keys_above,
        name: step.name,
        rtype: RecordType::DS,
        now,
    };
    let has_ds = ds_records(sections.answers, step.name).next().is_some();
    if !has_ds {
        // An alias is no zone of its own.
        let is_alias = sections
            .answers
            .iter()
            .any(|record| record.record_type() == RecordType::CNAME && record.name == *step.name);
        if is_alias {
            return Ok(None);
        }
        return match question.no_ds(sections.authority, sections.exists) {
            Ok(NoDs::Insecure) => Err(Status::Insecure(Reason::NoDs)),
            Ok(NoDs::NotDelegated) => Ok(None),
            // Resolvers hold such a zone to be unsigned (RFC 9276 section 3.2).
            Err(AnswerFault::Denial(DenialFault::TooManyIterations)) => Err(Status::Insecure(
                Reason::Ds(AnswerFault::Denial(DenialFault::TooManyIterations)),
            )),
            Err(fault) => Err(Status::Bogus(Reason::Ds(fault))),
        };
    }
    match question.validate(sections.answers, sections.authority, sections.exists) {
        Ok(Validated::Present(_)) => {}
        Ok(_) => return Ok(None),
        Err(fault) => return Err(Status::Bogus(Reason::Ds(fault))),
    }
    let ds: Vec<&DS> = ds_records(sections.answers, step.name).collect();
    keys(step.name, &ds, step.dnskey, now).map(Some)
}

/// The keys of a zone, proven by DS records or anchors (RFC 4035 section 5.2).
fn keys<'a>(
    zone: &Name,
    ds: &[&DS],
    dnskey: Option<Sections<'a>>,
    now: u32,
) -> Result<Vec<&'a DNSKEY>, Status> {
    let usable: Vec<&&DS> = ds
        .iter()
        .filter(|ds| ds.algorithm().is_supported() && ds.digest_type().is_supported())
        .collect();
    if usable.is_empty() {
        return Err(Status::Insecure(Reason::Unsupported));
    }
    // Beside a better digest a SHA-1 one counts for nothing (RFC 4509 section 3).
    let better = usable.iter().any(|ds| ds.digest_type() != DigestType::SHA1);
    let usable = usable
        .into_iter()
        .filter(|ds| !better || ds.digest_type() != DigestType::SHA1);
    let usable: Vec<&&DS> = usable.collect();
    let sections = dnskey.ok_or(Status::Indeterminate(Reason::DnskeyUnknown))?;
    let sets = rrsets(sections.answers);
    let set = sets
        .iter()
        .find(|set| set.rtype == RecordType::DNSKEY && set.name == zone && !set.records.is_empty())
        .ok_or(Status::Bogus(Reason::DnskeyMissing))?;
    let all: Vec<&'a DNSKEY> = sections
        .answers
        .iter()
        .filter(|record| record.name == *zone)
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
            _ => None,
        })
        .collect();
    let entry: Vec<&DNSKEY> = all
        .iter()
        .copied()
        .filter(|key| usable.iter().any(|ds| names(ds, zone, key)))
        .collect();
    if entry.is_empty() {
        return Err(Status::Bogus(Reason::DsMatchesNoKey));
    }
    let mut worst = SignatureFault::Missing;
    for checked in verify(set, zone, &entry, now) {
        match checked.outcome {
            Ok(_) => return Ok(all),
            Err(fault) => worst = worst.max(fault),
        }
    }
    Err(Status::Bogus(Reason::Dnskey(worst)))
}

/// Whether a DS record names a key that may sign: by tag, algorithm and digest.
fn names(ds: &DS, zone: &Name, key: &DNSKEY) -> bool {
    key.zone_key()
        && !key.revoke()
        && key.public_key().algorithm() == ds.algorithm()
        && key.calculate_key_tag().is_ok_and(|tag| tag == ds.key_tag())
        && ds.covers(zone, key).unwrap_or(false)
}

fn ds_records<'a>(records: &'a [Record], name: &Name) -> impl Iterator<Item = &'a DS> {
    records
        .iter()
        .filter(move |record| record.name == *name)
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds),
            _ => None,
        })
}

/// The best signatures over the sets of one name in an answer, for their times.
pub fn signatures(
    answers: &[Record],
    zone: &Name,
    keys: &[&DNSKEY],
    now: u32,
) -> Vec<(RecordType, Verified)> {
    let sets = rrsets(answers);
    sets.iter()
        .filter(|set| !set.records.is_empty())
        .flat_map(|set| {
            verify(set, zone, keys, now)
                .into_iter()
                .filter_map(|checked| Some((set.rtype, checked.outcome.ok()?)))
        })
        .collect()
}
