//! The CAA set that governs a name, as facts.

use hickory_proto::rr::RData;

use super::{
    facts::{Caa, CaaIssuer, CaaProblem, HostName, Txt},
    fold::Fold,
    jobs::CaaFound,
};
use crate::{
    net::{Answer, NetError},
    wire::caa::{self, CaaRecord},
};

impl Fold {
    /// The set that was found on the way up.
    pub(super) fn caa(&mut self, caa: &Result<CaaFound, NetError>) {
        match caa {
            Err(error) => self.gaps.push(error.gap("/dns/caa")),
            Ok(found) => {
                self.facts.caa = match &found.set {
                    Some((at, answer)) => {
                        self.prove("/dns/caa", answer);
                        Some(caa_facts(at, answer))
                    }
                    None => {
                        self.prove("/dns/caa", &found.first);
                        None
                    }
                }
                .into();
            }
        }
    }
}

fn host_list(names: Vec<String>) -> Vec<HostName> {
    names.into_iter().map(|name| HostName { name }).collect()
}

fn caa_facts(at: &str, answer: &Answer) -> Caa {
    let set = caa::parse(answer.data().filter_map(|data| match data {
        RData::CAA(record) => Some(CaaRecord {
            flags: record.flags(),
            tag: &record.tag,
            value: &record.value,
        }),
        _ => None,
    }));
    let issuers = |list: Vec<caa::Issuer>| {
        list.into_iter()
            .map(|issuer| CaaIssuer {
                domain: issuer.domain,
                parameters: issuer.parameters,
                accounts: host_list(issuer.accounts).into(),
                methods: issuer.methods.map(host_list).into(),
                satisfiable: issuer.satisfiable.into(),
            })
            .collect()
    };
    Caa {
        at: at.to_owned(),
        alias_for: answer
            .aliases
            .last()
            .map(|alias| alias.target.clone())
            .into(),
        issuers: issuers(set.issue),
        wildcard_issuers: issuers(set.issuewild),
        iodef: set.iodef.into_iter().map(|value| Txt { value }).collect(),
        problems: set
            .problems
            .into_iter()
            .map(|(name, detail)| CaaProblem {
                name: name.to_owned(),
                detail,
            })
            .collect(),
    }
}
