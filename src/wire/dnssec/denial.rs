//! What NSEC and NSEC3 records prove to be absent (RFC 4035 section 5.4, RFC
//! 5155 section 8, RFC 6840 section 4).

use hickory_proto::{
    dnssec::rdata::{DNSSECRData, NSEC, NSEC3},
    rr::{Name, RData, Record, RecordType},
};
use std::cmp::Ordering;

/// Above this many NSEC3 iterations a zone is held to be unsigned. Resolvers
/// draw the line at 0 to 150 (RFC 9276 section 3.2); this is the most lenient.
pub const ITERATIONS_MAX: u16 = 150;
/// Most NSEC or NSEC3 records that are looked at.
const RECORDS_MAX: usize = 32;

/// What is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// It is not there.
    Absent,
    /// Nothing signed is there: the span is opted out, so that an unsigned
    /// delegation may be (RFC 5155 section 6).
    OptOut,
}

/// Why nothing is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DenialFault {
    /// There is no NSEC or NSEC3 record of the zone.
    Missing,
    /// The records say that the type is there.
    TypePresent,
    /// The records say that the name is there.
    NamePresent,
    /// No record is about the name.
    NotCovered,
    /// The wildcard that could have answered is not denied.
    WildcardNotCovered,
    /// The record is of the other side of a zone cut.
    WrongSide,
    /// No NSEC3 record matches a name above (the closest encloser).
    NoEncloser,
    /// More iterations than [`ITERATIONS_MAX`].
    TooManyIterations,
}

impl DenialFault {
    /// The reason code as facts have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "denial_missing",
            Self::TypePresent => "denial_type_present",
            Self::NamePresent => "denial_name_present",
            Self::NotCovered => "denial_not_covering",
            Self::WildcardNotCovered => "denial_wildcard_not_covered",
            Self::WrongSide => "denial_from_wrong_zone",
            Self::NoEncloser => "denial_no_closest_encloser",
            Self::TooManyIterations => "nsec3_iterations_too_many",
        }
    }
}

/// NSEC and NSEC3 records of a zone. Their signatures were verified before.
#[derive(Debug)]
pub struct Proofs<'a> {
    zone: &'a Name,
    nsec: Vec<(&'a Name, &'a NSEC)>,
    nsec3: Vec<(Vec<u8>, &'a NSEC3)>,
}

/// What a proof says of the delegation of a name that has no DS records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDs {
    /// It is delegated to a zone that is not signed, or may be (opt-out).
    Insecure,
    /// It is not delegated: it belongs to the zone above.
    NotDelegated,
}

/// How an NSEC3 record stands to a name.
enum Hashed<'a> {
    Matches(&'a NSEC3),
    Covers(&'a NSEC3),
    Neither,
}

impl<'a> Proofs<'a> {
    /// Takes the records that are about the zone and leaves the others.
    pub fn new(zone: &'a Name, records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut proofs = Self {
            zone,
            nsec: Vec::new(),
            nsec3: Vec::new(),
        };
        for record in records {
            match &record.data {
                RData::DNSSEC(DNSSECRData::NSEC(nsec))
                    if proofs.nsec.len() < RECORDS_MAX && zone.zone_of(&record.name) =>
                {
                    proofs.nsec.push((&record.name, nsec));
                }
                RData::DNSSEC(DNSSECRData::NSEC3(nsec3))
                    if proofs.nsec3.len() < RECORDS_MAX && record.name.base_name() == *zone =>
                {
                    if let Some(hash) = record.name.iter().next().and_then(base32) {
                        proofs.nsec3.push((hash, nsec3));
                    }
                }
                _ => {}
            }
        }
        proofs
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.nsec.is_empty() && self.nsec3.is_empty()
    }

    /// That a name has no records of a type, and no alias.
    ///
    /// # Errors
    /// Why that is not proven.
    pub fn no_data(&self, name: &Name, rtype: RecordType) -> Result<Denial, DenialFault> {
        self.check()?;
        if self.nsec3.is_empty() {
            self.nsec_no_data(name, rtype)
        } else {
            self.nsec3_no_data(name, rtype)
        }
    }

    /// That a name has no DS records, and whether it is delegated (RFC 4035
    /// section 5.2, RFC 6840 section 4.4). A name that does not exist is not delegated.
    ///
    /// # Errors
    /// Why that is not proven.
    pub fn no_ds(&self, name: &Name, exists: bool) -> Result<NoDs, DenialFault> {
        // Some servers say of a name that only has others below it that it does not
        // exist, and prove that it does: without DS records it is either way.
        let denial = match (self.no_data(name, RecordType::DS), exists) {
            (Ok(denial), _) => denial,
            (Err(fault), true) => return Err(fault),
            (Err(_), false) => self.no_name(name)?,
        };
        let delegated = match self.nsec.iter().find(|(owner, _)| *owner == name) {
            Some((_, nsec)) => nsec.type_set().contains(RecordType::NS),
            None => match self.hashed(name) {
                Hashed::Matches(nsec3) => nsec3.type_set().contains(RecordType::NS),
                _ => exists && denial == Denial::OptOut,
            },
        };
        Ok(match delegated {
            true => NoDs::Insecure,
            false => NoDs::NotDelegated,
        })
    }

    /// That a name does not exist.
    ///
    /// # Errors
    /// Why that is not proven.
    pub fn no_name(&self, name: &Name) -> Result<Denial, DenialFault> {
        self.check()?;
        if self.nsec3.is_empty() {
            let encloser = self.nsec_covers(name)?;
            self.nsec_covers(&wildcard(&encloser))
                .map_err(|_| DenialFault::WildcardNotCovered)?;
            return Ok(Denial::Absent);
        }
        let (encloser, covering) = self.encloser(name)?;
        match self.hashed(&wildcard(&encloser)) {
            Hashed::Covers(_) => Ok(kind(covering)),
            _ => Err(DenialFault::WildcardNotCovered),
        }
    }

    /// That no closer name exists than the wildcard from which an answer was
    /// made (RFC 4035 section 5.3.4, RFC 5155 section 8.8).
    ///
    /// # Errors
    /// Why that is not proven.
    pub fn no_closer(&self, name: &Name, wildcard: &Name) -> Result<Denial, DenialFault> {
        self.check()?;
        if self.nsec3.is_empty() {
            return self.nsec_covers(name).map(|_| Denial::Absent);
        }
        let labels = usize::from(wildcard.base_name().num_labels()) + 1;
        match self.hashed(&name.trim_to(labels)) {
            Hashed::Covers(nsec3) => Ok(kind(nsec3)),
            Hashed::Matches(_) => Err(DenialFault::NamePresent),
            Hashed::Neither => Err(DenialFault::NotCovered),
        }
    }

    fn check(&self) -> Result<(), DenialFault> {
        if self.is_empty() {
            return Err(DenialFault::Missing);
        }
        let too_many = |(_, nsec3): &(_, &NSEC3)| nsec3.iterations() > ITERATIONS_MAX;
        match self.nsec3.iter().any(too_many) {
            true => Err(DenialFault::TooManyIterations),
            false => Ok(()),
        }
    }

    fn nsec_no_data(&self, name: &Name, rtype: RecordType) -> Result<Denial, DenialFault> {
        if let Some((_, nsec)) = self.nsec.iter().find(|(owner, _)| *owner == name) {
            let types = nsec.type_set();
            return lacks(types.contains(rtype), |t| types.contains(t), rtype);
        }
        // Something exists below the name, so that the name exists without records.
        let is_empty_node = |(owner, nsec): &(&Name, &NSEC)| {
            *owner < name
                && *nsec.next_domain_name() != *name
                && name.zone_of(nsec.next_domain_name())
        };
        if self.nsec.iter().any(is_empty_node) {
            return Ok(Denial::Absent);
        }
        let encloser = self.nsec_covers(name)?;
        let star = wildcard(&encloser);
        match self.nsec.iter().find(|(owner, _)| **owner == star) {
            Some((_, nsec)) => {
                let types = nsec.type_set();
                lacks(types.contains(rtype), |t| types.contains(t), rtype)
            }
            None => Err(DenialFault::WildcardNotCovered),
        }
    }

    /// That a name does not exist, and the closest name above it that does.
    fn nsec_covers(&self, name: &Name) -> Result<Name, DenialFault> {
        let mut fault = DenialFault::NotCovered;
        for (owner, nsec) in &self.nsec {
            if *owner == name {
                return Err(DenialFault::NamePresent);
            }
            let next = nsec.next_domain_name();
            // The last record of the zone points back to its first name.
            let last = next == self.zone;
            if !(*owner < name && (last || name < next)) {
                continue;
            }
            // An NSEC of the parent's side says nothing of what lies below the cut.
            if nsec.is_ancestor_delegation() && owner.zone_of(name) {
                fault = DenialFault::WrongSide;
                continue;
            }
            if !last && name.zone_of(next) {
                return Err(DenialFault::NamePresent);
            }
            let (a, b) = (shared(name, owner), shared(name, next));
            return Ok(name.trim_to(a.max(b)));
        }
        Err(fault)
    }

    fn nsec3_no_data(&self, name: &Name, rtype: RecordType) -> Result<Denial, DenialFault> {
        if let Hashed::Matches(nsec3) = self.hashed(name) {
            let types = nsec3.type_set();
            return lacks(types.contains(rtype), |t| types.contains(t), rtype);
        }
        let (encloser, covering) = self.encloser(name)?;
        if let Hashed::Matches(nsec3) = self.hashed(&wildcard(&encloser)) {
            let types = nsec3.type_set();
            lacks(types.contains(rtype), |t| types.contains(t), rtype)?;
            return Ok(kind(covering));
        }
        // RFC 5155 section 8.6: no match is needed where the span is opted out.
        match (rtype, covering.opt_out()) {
            (RecordType::DS, true) => Ok(Denial::OptOut),
            _ => Err(DenialFault::NotCovered),
        }
    }

    /// The closest existing name above one that does not exist, and the record
    /// that denies the next closer one (RFC 5155 section 8.3).
    fn encloser(&self, name: &Name) -> Result<(Name, &'a NSEC3), DenialFault> {
        let zone = usize::from(self.zone.num_labels());
        let mut next_closer = match self.hashed(name) {
            Hashed::Matches(_) => return Err(DenialFault::NamePresent),
            Hashed::Covers(nsec3) => Some(nsec3),
            Hashed::Neither => None,
        };
        for labels in (zone..usize::from(name.num_labels())).rev() {
            let above = name.trim_to(labels);
            match self.hashed(&above) {
                Hashed::Matches(nsec3) => {
                    if nsec3.is_ancestor_delegation() {
                        return Err(DenialFault::WrongSide);
                    }
                    let covering = next_closer.ok_or(DenialFault::NotCovered)?;
                    return Ok((above, covering));
                }
                Hashed::Covers(nsec3) => next_closer = Some(nsec3),
                Hashed::Neither => next_closer = None,
            }
        }
        Err(DenialFault::NoEncloser)
    }

    fn hashed(&self, name: &Name) -> Hashed<'a> {
        let mut covering = None;
        for (owner, nsec3) in &self.nsec3 {
            let hash = nsec3
                .hash_algorithm()
                .hash(nsec3.salt(), name, nsec3.iterations());
            let Ok(hash) = hash else { continue };
            let next = nsec3.next_hashed_owner_name();
            match hash.as_ref().cmp(owner) {
                Ordering::Equal => return Hashed::Matches(nsec3),
                // The last record points back to the first.
                Ordering::Greater if hash.as_ref() < next || next <= owner.as_slice() => {
                    covering = Some(*nsec3);
                }
                Ordering::Less if next <= owner.as_slice() && hash.as_ref() < next => {
                    covering = Some(*nsec3);
                }
                _ => {}
            }
        }
        covering.map_or(Hashed::Neither, Hashed::Covers)
    }
}

fn kind(covering: &NSEC3) -> Denial {
    match covering.opt_out() {
        true => Denial::OptOut,
        false => Denial::Absent,
    }
}

/// What the types of a matching record say about one type (RFC 6840 sections 4.1 to 4.4).
fn lacks(
    present: bool,
    has: impl Fn(RecordType) -> bool,
    rtype: RecordType,
) -> Result<Denial, DenialFault> {
    if present || has(RecordType::CNAME) {
        return Err(DenialFault::TypePresent);
    }
    let parents_side = has(RecordType::NS) && !has(RecordType::SOA);
    let childs_side = has(RecordType::SOA);
    match rtype == RecordType::DS {
        true if childs_side => Err(DenialFault::WrongSide),
        false if parents_side => Err(DenialFault::WrongSide),
        _ => Ok(Denial::Absent),
    }
}

fn wildcard(encloser: &Name) -> Name {
    // A name too long for a wildcard below it has none; the root stands for "nothing matches".
    Name::from_labels([b"*".as_slice()])
        .and_then(|star| star.append_domain(encloser))
        .unwrap_or_else(|_| Name::root())
}

/// How many labels two names share, from the root down.
fn shared(a: &Name, b: &Name) -> usize {
    let same = |(a, b): &(&[u8], &[u8])| a.eq_ignore_ascii_case(b);
    a.iter().rev().zip(b.iter().rev()).take_while(same).count()
}

/// The first label of an NSEC3 record's owner (RFC 4648 section 7, without padding).
fn base32(label: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(label.len() * 5 / 8);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for byte in label {
        let value = match byte.to_ascii_lowercase() {
            digit @ b'0'..=b'9' => digit - b'0',
            letter @ b'a'..=b'v' => letter - b'a' + 10,
            _ => return None,
        };
        buffer = (buffer << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
        buffer &= 0xff;
    }
    Some(out)
}
