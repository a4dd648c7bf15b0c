//! Validates an answer of a zone's server: what is there by its signature,
//! what is not there by a signed proof (RFC 4035 section 5).

use hickory_proto::{
    dnssec::rdata::DNSKEY,
    rr::{Name, Record, RecordType},
};

use super::{
    denial::{Denial, DenialFault, NoDs, Proofs},
    rrset::{Rrset, rrsets},
    signature::{SignatureFault, Verified, verify},
};

/// An answer to validate, all of one zone.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The zone whose server answered.
    pub zone: &'a Name,
    /// The zone's keys, which were proven before.
    pub keys: &'a [&'a DNSKEY],
    /// The name asked for.
    pub name: &'a Name,
    /// The type asked for.
    pub rtype: RecordType,
    /// The time, in seconds since 1970, modulo 2^32.
    pub now: u32,
}

/// What an answer proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validated {
    /// The records are the zone's own.
    Present(Verified),
    /// The records were made from the zone's own wildcard, but in a span that is
    /// opted out: an unsigned delegation may stand at the name, so that it counts
    /// as not signed (RFC 5155 section 9.2).
    OptedOut(Verified),
    /// The name is an alias, and the alias is the zone's own.
    Alias(Verified),
    /// The name has no such records.
    NoData(Denial),
    /// The name does not exist.
    NoName(Denial),
}

/// Why an answer proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFault {
    /// The signature over the records of this type.
    Signature(RecordType, SignatureFault),
    /// The proof that there is nothing.
    Denial(DenialFault),
}

impl AnswerFault {
    /// The reason code as facts have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Signature(_, fault) => fault.code(),
            Self::Denial(fault) => fault.code(),
        }
    }
}

impl Question<'_> {
    /// Validates the sections of an answer; `exists` is false for NXDOMAIN.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn validate(
        &self,
        answers: &[Record],
        authority: &[Record],
        exists: bool,
    ) -> Result<Validated, AnswerFault> {
        let sets = rrsets(answers);
        let find = |rtype| {
            sets.iter()
                .find(|set| set.rtype == rtype && set.name == self.name && !set.records.is_empty())
        };
        if let Some(set) = find(self.rtype) {
            let (verified, denial) = self.present(set, authority)?;
            return Ok(match denial {
                Denial::Absent => Validated::Present(verified),
                Denial::OptOut => Validated::OptedOut(verified),
            });
        }
        if let Some(set) = find(RecordType::CNAME) {
            return Ok(Validated::Alias(self.present(set, authority)?.0));
        }
        let proven = self.denials(authority)?;
        let proofs = Proofs::new(self.zone, proven);
        if exists {
            proofs
                .no_data(self.name, self.rtype)
                .map(Validated::NoData)
                .map_err(AnswerFault::Denial)
        } else {
            proofs
                .no_name(self.name)
                .map(Validated::NoName)
                .map_err(AnswerFault::Denial)
        }
    }

    /// Validates that a name has no DS records.
    ///
    /// # Errors
    /// Why it is not proven.
    pub fn no_ds(&self, authority: &[Record], exists: bool) -> Result<NoDs, AnswerFault> {
        let proven = self.denials(authority)?;
        Proofs::new(self.zone, proven)
            .no_ds(self.name, exists)
            .map_err(AnswerFault::Denial)
    }

    /// Records that are there; those made from a wildcard need a proof that
    /// nothing closer exists.
    fn present(
        &self,
        set: &Rrset<'_>,
        authority: &[Record],
    ) -> Result<(Verified, Denial), AnswerFault> {
        let verified = self.signed(set)?;
        let Some(wildcard) = &verified.wildcard else {
            return Ok((verified, Denial::Absent));
        };
        let proven = self.denials(authority)?;
        let denial = Proofs::new(self.zone, proven)
            .no_closer(set.name, wildcard)
            .map_err(AnswerFault::Denial)?;
        Ok((verified, denial))
    }

    /// The best signature over a set.
    fn signed(&self, set: &Rrset<'_>) -> Result<Verified, AnswerFault> {
        let mut worst = SignatureFault::Missing;
        for checked in verify(set, self.zone, self.keys, self.now) {
            match checked.outcome {
                Ok(verified) => return Ok(verified),
                Err(fault) => worst = worst.max(fault),
            }
        }
        Err(AnswerFault::Signature(set.rtype, worst))
    }

    /// NSEC and NSEC3 records whose signatures hold.
    fn denials<'r>(&self, authority: &'r [Record]) -> Result<Vec<&'r Record>, AnswerFault> {
        let mut proven = Vec::new();
        let mut fault = None;
        for set in rrsets(authority) {
            if !matches!(set.rtype, RecordType::NSEC | RecordType::NSEC3) || set.records.is_empty()
            {
                continue;
            }
            match self.signed(&set) {
                Ok(_) => proven.extend(set.records),
                Err(broken) => fault = Some(broken),
            }
        }
        match (proven.is_empty(), fault) {
            (true, Some(fault)) => Err(fault),
            _ => Ok(proven),
        }
    }
}
