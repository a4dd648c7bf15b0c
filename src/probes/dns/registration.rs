//! The registration of the domain: asked of its registry, and held against DNS.

use std::{collections::BTreeSet, sync::Arc};

use hickory_proto::{dnssec::rdata::DNSSECRData, rr::RData};

use super::{
    facts::{Ds, HostName, Registration},
    fold::Fold,
    jobs::Lookup,
    keys::{algorithm_name, digest_name},
};
use crate::{
    model::{
        gap::GapReason,
        observation::{Evidence, EvidenceKind},
        seen::Seen,
    },
    net::{NetError, RdapAnswer, Session, registered_domain, shell_word},
    wire::{
        rdap::{self, RegisteredDs},
        text::{clean, clean_bytes},
    },
};

/// Most characters of an answer as evidence.
const EVIDENCE_CHARS: usize = 4_000;

/// What was asked about the registration.
pub(super) struct Registered {
    domain: Option<String>,
    answer: Result<Arc<RdapAnswer>, NetError>,
    /// DS records of the domain, where the registry answered.
    ds: Option<Lookup>,
}

/// Asks the registry about the domain that a name lies in.
pub(super) async fn ask(session: &Session, name: &str) -> Registered {
    let Some(domain) = registered_domain(name) else {
        let detail = "the name is that of a registry itself";
        return Registered {
            domain: None,
            answer: Err(NetError::new(GapReason::NotAsked, detail)),
            ds: None,
        };
    };
    let answer = session.registration(&domain).await;
    let ds = match &answer {
        Ok(_) => {
            let rtype = crate::net::RecordType::DS;
            Some(session.lookup_unvalidated(&domain, rtype).await)
        }
        Err(_) => None,
    };
    Registered {
        domain: Some(domain),
        answer,
        ds,
    }
}

impl Fold {
    /// The registration as facts.
    pub(super) fn registration(&mut self, asked: &Registered) {
        const AT: &str = "/dns/registration";
        let (answer, domain) = match (&asked.answer, &asked.domain) {
            (Ok(answer), Some(domain)) => (answer, domain),
            (Err(error), _) => return self.miss(AT, error),
            (Ok(_), None) => return,
        };
        let body = match &answer.body {
            None => {
                self.facts.registration = None.into();
                return;
            }
            Some(body) => body,
        };
        let read = match rdap::Registration::parse(body) {
            Ok(read) if read.domain.as_ref().is_none_or(|name| name == domain) => read,
            Ok(_) => {
                let detail = format!("the registry answers about another domain than {domain}");
                return self.miss(AT, &NetError::new(GapReason::Malformed, detail));
            }
            Err(what) => {
                let detail = format!("what the registry answers cannot be read: {what}");
                return self.miss(AT, &NetError::new(GapReason::Malformed, detail));
            }
        };
        self.evidence.push(Evidence {
            at: AT.to_owned(),
            kind: EvidenceKind::HttpBody,
            data: clean_bytes(body, EVIDENCE_CHARS),
            cut: body.len() > EVIDENCE_CHARS,
            reproduce: format!(
                "curl -sL -H 'accept: application/rdap+json' {}",
                shell_word(answer.url.as_str())
            ),
        });
        let mut facts = facts(domain, answer, &read);
        facts.ds_match = match (&read.ds, read.signed, &asked.ds) {
            (None, None, _) => Seen::Known(None),
            (_, _, Some(Ok(dns))) => {
                self.prove("/dns/registration/ds_match", dns);
                let own = ds_of(dns);
                let same = match &read.ds {
                    Some(ds) => ds.iter().cloned().collect::<BTreeSet<_>>() == own,
                    None => read.signed == Some(!own.is_empty()),
                };
                Seen::Known(Some(same))
            }
            (_, _, Some(Err(error))) => {
                self.miss("/dns/registration/ds_match", error);
                Seen::Unseen
            }
            (_, _, None) => Seen::Unseen,
        };
        if read.states.is_empty() {
            let error = NetError::new(GapReason::Refused, "the registry tells no state");
            for place in [
                "transfer_locked",
                "update_locked",
                "delete_locked",
                "registry_locked",
            ] {
                self.miss(&format!("{AT}/{place}"), &error);
            }
        }
        self.facts.registration = Some(facts).into();
    }
}

fn facts(domain: &str, answer: &RdapAnswer, read: &rdap::Registration) -> Registration {
    let has = |state: &str| read.states.iter().any(|own| own == state);
    let held = |what: &str| {
        if read.states.is_empty() {
            return Seen::Unseen;
        }
        let by = |who: &str| has(&format!("{who} {what} prohibited"));
        Seen::Known(by("client") || by("server"))
    };
    let by_registry = ["transfer", "update", "delete"]
        .iter()
        .all(|what| has(&format!("server {what} prohibited")));
    Registration {
        domain: domain.to_owned(),
        server: clean(answer.url.host_str().unwrap_or_default(), 255),
        registrar: read.registrar.clone(),
        transfer_locked: held("transfer"),
        update_locked: held("update"),
        delete_locked: held("delete"),
        registry_locked: match read.states.is_empty() {
            true => Seen::Unseen,
            false => Seen::Known(by_registry),
        },
        states: read
            .states
            .iter()
            .map(|name| HostName { name: name.clone() })
            .collect(),
        expires: read.expires,
        signed: read.signed,
        ds: read.ds.as_ref().map(|list| {
            let facts = list.iter().map(|ds| Ds {
                key: format!("{}/{}/{}", ds.key_tag, ds.algorithm, ds.digest_type),
                key_tag: ds.key_tag,
                algorithm: algorithm_name(ds.algorithm),
                digest_type: digest_name(ds.digest_type),
            });
            facts.collect()
        }),
        ds_match: Seen::Unseen,
    }
}

/// The DS records of an answer in the form in which registries tell them.
fn ds_of(answer: &crate::net::Answer) -> BTreeSet<RegisteredDs> {
    let records = answer.data().filter_map(|data| match data {
        RData::DNSSEC(DNSSECRData::DS(ds)) => Some(RegisteredDs {
            key_tag: ds.key_tag(),
            algorithm: u8::from(ds.algorithm()),
            digest_type: u8::from(ds.digest_type()),
            digest: ds
                .digest()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }),
        _ => None,
    });
    records.collect()
}
