//! SRV records of well-known services, and what stands for names that nobody wrote down.

use futures_util::future::join_all;
use hickory_proto::rr::RData;
use std::sync::Arc;

use super::{
    facts::{HostName, SrvTarget, Wildcard},
    fold::{Fold, known},
    jobs::Lookup,
};
use crate::{
    model::{gap::GapReason, seen::Seen, standing::Standing},
    net::{Answer, NetError, RecordType, Session, Stands, invented_label, name_text},
    wire::text::clean,
};

/// Services below `_tcp` that programs look for by themselves.
const SERVICES: [&str; 12] = [
    "_autodiscover",
    "_caldavs",
    "_carddavs",
    "_imaps",
    "_kerberos",
    "_ldap",
    "_matrix-fed",
    "_sipfederationtls",
    "_submission",
    "_submissions",
    "_xmpp-client",
    "_xmpp-server",
];
/// Most questions for SRV records, that for `_tcp` and for one service below `_tls` included.
pub(super) const SERVICES_MAX: usize = SERVICES.len() + 2;
/// Most targets of SRV records that are looked up.
pub(super) const TARGETS_MAX: usize = 20;
/// Most questions about a name that nobody wrote down.
pub(super) const WILDCARD_MAX: usize = 5;

const ADDRESSES: [RecordType; 2] = [RecordType::A, RecordType::AAAA];

/// What was asked below a name.
pub(super) struct Below {
    srv: Result<Vec<(String, Lookup)>, NetError>,
    /// Targets in the order in which they are kept, and how they stand.
    targets: Vec<(SrvTarget, Result<Stands, NetError>)>,
    more: bool,
    wildcard: WildcardAsked,
}

struct WildcardAsked {
    name: String,
    address: Lookup,
    /// AAAA, MX and TXT, where the name exists.
    others: Vec<(RecordType, Lookup)>,
    standing: Option<Result<Stands, NetError>>,
}

/// Asks below a name.
pub(super) async fn ask(session: &Session, name: &str) -> Below {
    let (srv, wildcard) = tokio::join!(services(session, name), wildcard(session, name));
    let mut found: Vec<SrvTarget> = srv.iter().flatten().flat_map(targets_of).collect();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found.dedup();
    let more = found.len() > TARGETS_MAX;
    found.truncate(TARGETS_MAX);
    let targets = join_all(found.into_iter().map(async |target| {
        let standing = session.standing(&target.target, &ADDRESSES).await;
        (target, standing)
    }))
    .await;
    Below {
        srv,
        targets,
        more,
        wildcard,
    }
}

/// The SRV records. Nothing stands below a name that does not exist (RFC 8020), so most
/// zones cost two questions.
async fn services(session: &Session, name: &str) -> Result<Vec<(String, Lookup)>, NetError> {
    let (tcp, sip) = (format!("_tcp.{name}"), format!("_sip._tls.{name}"));
    let (below, sip) = tokio::join!(
        session.lookup(&tcp, RecordType::SRV),
        session.lookup(&sip, RecordType::SRV)
    );
    let mut all = vec![("_sip._tls".to_owned(), sip)];
    if below?.exists() {
        let asked = SERVICES.iter().map(async |service| {
            let asked = session
                .lookup(&format!("{service}.{tcp}"), RecordType::SRV)
                .await;
            (format!("{service}._tcp"), asked)
        });
        all.extend(join_all(asked).await);
    }
    Ok(all)
}

fn targets_of((service, answer): &(String, Lookup)) -> Vec<SrvTarget> {
    let records = known(answer).into_iter().flat_map(Answer::data);
    let targets = records.filter_map(|data| match data {
        // The root says that the service is not there (RFC 2782).
        RData::SRV(srv) if !srv.target.is_root() => Some((name_text(&srv.target), srv.port)),
        _ => None,
    });
    targets
        .map(|(target, port)| SrvTarget {
            key: clean(&format!("{service} {target} {port}"), 300),
            service: service.clone(),
            target,
            port,
            standing: Seen::Unseen,
        })
        .collect()
}

async fn wildcard(session: &Session, name: &str) -> WildcardAsked {
    let probe = format!("{}.{name}", invented_label(name));
    let address = session.lookup(&probe, RecordType::A).await;
    let mut others = Vec::new();
    let mut standing = None;
    if address.as_ref().is_ok_and(|answer| answer.exists()) {
        let rest = [RecordType::AAAA, RecordType::MX, RecordType::TXT];
        others =
            join_all(rest.map(async |rtype| (rtype, session.lookup(&probe, rtype).await))).await;
        let alias = address
            .as_ref()
            .is_ok_and(|answer| !answer.aliases.is_empty());
        if alias {
            standing = Some(session.standing(&probe, &ADDRESSES).await);
        }
    }
    WildcardAsked {
        name: format!("*.{name}"),
        address,
        others,
        standing,
    }
}

impl Fold {
    /// How a name stands that a record at `at` leads to.
    pub(super) fn standing(
        &mut self,
        at: &str,
        stands: &Result<Stands, NetError>,
    ) -> Seen<Standing> {
        Stands::fact(stands, at, &mut self.gaps, &mut self.evidence)
    }

    /// SRV records and wildcards.
    pub(super) fn below(&mut self, below: &Below) {
        self.services(below);
        self.wildcard(&below.wildcard);
    }

    fn services(&mut self, below: &Below) {
        let asked = match &below.srv {
            Ok(asked) => asked,
            Err(error) => {
                self.miss("/dns/srv", error);
                return;
            }
        };
        for (_, answer) in asked {
            match answer {
                Ok(answer) if answer.records.is_empty() => {}
                Ok(answer) => self.prove("/dns/srv", answer),
                Err(error) => self.miss("/dns/srv/-", error),
            }
        }
        if below.more {
            let error = NetError::new(GapReason::TooLarge, "more targets than are looked up");
            self.miss("/dns/srv/-", &error);
        }
        let mut list = Vec::new();
        for (index, (target, stands)) in below.targets.iter().enumerate() {
            let standing = self.standing(&format!("/dns/srv/{index}/standing"), stands);
            list.push(SrvTarget {
                standing,
                ..target.clone()
            });
        }
        self.facts.srv = list.into();
    }

    fn wildcard(&mut self, asked: &WildcardAsked) {
        let answer: &Arc<Answer> = match &asked.address {
            Ok(answer) => answer,
            Err(error) => {
                self.miss("/dns/wildcard", error);
                return;
            }
        };
        self.prove("/dns/wildcard", answer);
        if !answer.exists() {
            self.facts.wildcard = None.into();
            return;
        }
        let mut types = Vec::new();
        if !answer.records.is_empty() {
            types.push("A".to_owned());
        }
        for (rtype, other) in &asked.others {
            match other {
                Ok(other) if other.records.is_empty() => {}
                Ok(other) => {
                    self.prove("/dns/wildcard", other);
                    types.push(rtype.to_string());
                }
                Err(error) => self.miss("/dns/wildcard/types/-", error),
            }
        }
        let standing = match &asked.standing {
            None => Seen::Known(None),
            Some(stands) => match self.standing("/dns/wildcard/standing", stands) {
                Seen::Known(standing) => Seen::Known(Some(standing)),
                Seen::Unseen => Seen::Unseen,
            },
        };
        self.facts.wildcard = Some(Wildcard {
            name: asked.name.clone(),
            types: types.into_iter().map(|name| HostName { name }).collect(),
            alias_for: answer.aliases.first().map(|alias| alias.target.clone()),
            standing,
        })
        .into();
    }
}
