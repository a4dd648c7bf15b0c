//! RRsets with the signatures over them, and the bytes that were signed.

use hickory_proto::{
    dnssec::rdata::{DNSSECRData, RRSIG},
    rr::{DNSClass, Name, RData, Record, RecordType},
    serialize::binary::{BinEncodable, BinEncoder, NameEncoding},
};
use std::collections::BTreeMap;

/// Records of one name and type, with the signatures over them.
#[derive(Clone, Debug)]
pub struct Rrset<'a> {
    /// Their name.
    pub name: &'a Name,
    /// Their type.
    pub rtype: RecordType,
    /// The records; empty when only signatures came.
    pub records: Vec<&'a Record>,
    /// The signatures that say they cover them.
    pub signatures: Vec<&'a RRSIG>,
}

/// Groups the records of a section of a message, class IN alone.
pub fn rrsets(records: &[Record]) -> Vec<Rrset<'_>> {
    let mut sets: BTreeMap<(&Name, RecordType), Rrset<'_>> = BTreeMap::new();
    for record in records.iter().filter(|r| r.dns_class == DNSClass::IN) {
        let signature = match &record.data {
            RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature),
            _ => None,
        };
        let rtype = match signature {
            Some(signature) => signature.input().type_covered,
            None => record.record_type(),
        };
        let set = sets.entry((&record.name, rtype)).or_insert_with(|| Rrset {
            name: &record.name,
            rtype,
            records: Vec::new(),
            signatures: Vec::new(),
        });
        match signature {
            Some(signature) => set.signatures.push(signature),
            None => set.records.push(record),
        }
    }
    sets.into_values().collect()
}

impl Rrset<'_> {
    /// The name that was signed: the wildcard where the signature has fewer
    /// labels than the name (RFC 4035 section 5.3.2). `None` when it has more.
    pub(super) fn signed_name(&self, labels: u8) -> Option<Name> {
        let own = self.name.num_labels();
        if labels == own {
            return Some(self.name.clone());
        }
        if labels > own {
            return None;
        }
        let parent = self.name.trim_to(usize::from(labels));
        let star = Name::from_labels([b"*".as_slice()]).ok()?;
        star.append_domain(&parent).ok()
    }

    /// The bytes under a signature (RFC 4034 section 3.1.8.1). `None` when a
    /// record cannot be written.
    pub(super) fn signed_bytes(&self, signature: &RRSIG) -> Option<Vec<u8>> {
        let input = signature.input();
        let name = self.signed_name(input.num_labels)?;
        let mut bytes = Vec::new();
        {
            let mut encoder = encoder(&mut bytes);
            input.emit(&mut encoder).ok()?;
        }
        let mut head = Vec::new();
        {
            let mut encoder = encoder(&mut head);
            name.to_lowercase().emit(&mut encoder).ok()?;
            self.rtype.emit(&mut encoder).ok()?;
            DNSClass::IN.emit(&mut encoder).ok()?;
            encoder.emit_u32(input.original_ttl).ok()?;
        }
        // By their data as unsigned octets, each once (RFC 4034 section 6.3).
        let mut all: Vec<Vec<u8>> = self
            .records
            .iter()
            .map(|record| {
                let mut data = Vec::new();
                record.data.emit(&mut encoder(&mut data)).ok()?;
                Some(data)
            })
            .collect::<Option<_>>()?;
        all.sort();
        all.dedup();
        for data in all {
            bytes.extend_from_slice(&head);
            bytes.extend_from_slice(&u16::try_from(data.len()).ok()?.to_be_bytes());
            bytes.extend_from_slice(&data);
        }
        Some(bytes)
    }
}

/// Writes in canonical form: no compression, names in lower case (RFC 4034 section 6.2).
fn encoder(bytes: &mut Vec<u8>) -> BinEncoder<'_> {
    let mut encoder = BinEncoder::new(bytes);
    encoder.set_canonical_form(true);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    encoder
}
