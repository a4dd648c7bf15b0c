//! HTTPS records, followed through their aliases (RFC 9460 sections 2.4.2 and 3).

use hickory_proto::rr::{RData, rdata::svcb::SVCB};
use std::collections::BTreeSet;

use super::Session;
use crate::model::gap::GapReason;
use crate::net::{NetError, RecordType, https_owner, name_text};

/// Most aliases that are followed, CNAME records included: a zone should not need more
/// (RFC 9460 section 10.2).
pub const SERVICE_ALIASES_MAX: usize = 8;

/// The HTTPS records of a website.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRecords {
    /// The name that they belong to, at the end of all aliases.
    pub owner: String,
    /// Whether a record in alias mode led there.
    pub aliased: bool,
    /// Those in service mode, as the answer has them.
    pub records: Vec<SVCB>,
}

impl Session {
    /// Looks up the HTTPS records of a host and port. Aliases are followed by look-ups
    /// alone, wherever they lead.
    ///
    /// # Errors
    /// As [`Session::lookup`]; [`GapReason::Malformed`] for aliases that lead in a circle,
    /// [`GapReason::TooLarge`] for more than [`SERVICE_ALIASES_MAX`].
    pub async fn service_records(&self, host: &str, port: u16) -> Result<ServiceRecords, NetError> {
        let mut name = https_owner(host, port);
        let (mut passed, mut followed, mut aliased) = (BTreeSet::new(), 0, false);
        loop {
            let answer = self.lookup(&name, RecordType::HTTPS).await?;
            let mut records: Vec<SVCB> = answer
                .data()
                .filter_map(|data| match data {
                    RData::HTTPS(record) => Some(record.0.clone()),
                    _ => None,
                })
                .collect();
            let owner = answer.end().to_owned();
            // One in alias mode rules out those in service mode (section 2.4.1).
            let aliases = records.iter().filter(|record| record.svc_priority == 0);
            let target = aliases.map(|record| &record.target_name).min().cloned();
            let Some(target) = target else {
                return Ok(ServiceRecords {
                    owner,
                    aliased,
                    records,
                });
            };
            aliased = true;
            if target.is_root() {
                // There is no such service (section 2.5.1).
                records.clear();
                return Ok(ServiceRecords {
                    owner,
                    aliased,
                    records,
                });
            }
            followed += answer.aliases.len() + 1;
            passed.insert(owner);
            name = name_text(&target);
            if passed.contains(&name) {
                let detail = format!("the HTTPS records of {host} lead in a circle, by {name}");
                return Err(NetError::new(GapReason::Malformed, detail));
            }
            if followed > SERVICE_ALIASES_MAX {
                let detail =
                    format!("the HTTPS records of {host} need over {SERVICE_ALIASES_MAX} aliases");
                return Err(NetError::new(GapReason::TooLarge, detail));
            }
        }
    }
}
