//! Who takes the domain's mail: MX records (RFC 5321 section 5.1, RFC 7505),
//! and what answers there.

use futures_util::future::join_all;
use hickory_proto::rr::RData;

use super::{ENDPOINTS_MAX, facts::MailExchanger, notes::Notes, smtp, tlsa};
use crate::{
    model::{gap::GapReason, level::Level, seen::Seen},
    net::{Answer, NetError, RecordType, Session, Stands, name_text},
};

/// Most exchangers that are kept.
const EXCHANGERS_MAX: usize = 50;

/// Exchangers, whether the resolver validated them, and whether the domain takes mail.
pub(super) struct Exchangers {
    pub(super) mx: Seen<Vec<MailExchanger>>,
    pub(super) authenticated: Seen<bool>,
    pub(super) receives: Seen<bool>,
    pub(super) notes: Notes,
}

pub(super) async fn observe(session: &Session, domain: &str, level: Level) -> Exchangers {
    let mut notes = Notes::default();
    let Some((list, authenticated)) = find(session, domain, &mut notes).await else {
        return Exchangers {
            mx: Seen::Unseen,
            authenticated: Seen::Unseen,
            receives: Seen::Unseen,
            notes,
        };
    };
    let receives = list.iter().any(|exchanger| !exchanger.null_mx);
    let (mut tls, mut tls_notes) = (list.clone(), Notes::default());
    let (stands, ()) = tokio::join!(
        standings(session, &list),
        tlsa::observe(session, &mut tls, &mut tls_notes),
    );
    let mut list = tls;
    notes.add(tls_notes);
    for (index, (exchanger, stands)) in list.iter_mut().zip(&stands).enumerate() {
        exchanger.standing = match stands {
            None => Seen::Known(None),
            Some(stands) => match notes.standing(&format!("/mail/mx/{index}/standing"), stands) {
                Seen::Known(standing) => Seen::Known(Some(standing)),
                Seen::Unseen => Seen::Unseen,
            },
        };
        exchanger.is_alias = match stands {
            // A domain that stands for its own exchanger is named by no MX record.
            None => Seen::Known(false),
            Some(_) if exchanger.implicit => Seen::Known(false),
            Some(Ok(stands)) => {
                let own = stands.answers.iter();
                let mut own = own.filter(|answer| answer.name == exchanger.name);
                Seen::Known(own.any(|answer| !answer.aliases.is_empty()))
            }
            Some(Err(error)) => {
                notes.miss(&format!("/mail/mx/{index}/is_alias"), error);
                Seen::Unseen
            }
        };
    }
    let mut room = ENDPOINTS_MAX;
    let mut asked = Vec::new();
    for (index, exchanger) in list.iter_mut().enumerate() {
        let at = format!("/mail/mx/{index}/endpoints");
        if exchanger.null_mx {
            exchanger.endpoints = Vec::new().into();
            continue;
        }
        if level < Level::Standard {
            notes.gap(
                &at,
                GapReason::NotAsked,
                "mail servers are asked from level standard on",
            );
            continue;
        }
        let addresses = match session.addresses(&exchanger.name).await {
            Ok(addresses) => addresses,
            Err(error) => {
                notes.miss(&at, &error);
                continue;
            }
        };
        for (_, error) in &addresses.failures {
            notes.miss(&format!("{at}/-"), error);
        }
        let mut ips = addresses.addresses;
        if ips.len() > room {
            ips.truncate(room);
            notes.gap(
                &format!("{at}/-"),
                GapReason::TooLarge,
                &format!("at most {ENDPOINTS_MAX} addresses of mail servers are asked"),
            );
        }
        room = room.saturating_sub(ips.len());
        exchanger.endpoints = Vec::new().into();
        asked.push((index, exchanger.name.clone(), ips));
    }
    let answers = join_all(asked.into_iter().map(async |(index, name, ips)| {
        let dialogues = ips.iter().enumerate().map(|(number, address)| {
            let at = format!("/mail/mx/{index}/endpoints/{number}");
            smtp::ask(session, &name, address, at)
        });
        (index, join_all(dialogues).await)
    }))
    .await;
    for (index, dialogues) in answers {
        let mut endpoints = Vec::new();
        for (endpoint, part) in dialogues {
            endpoints.push(endpoint);
            notes.add(part);
        }
        if let Some(exchanger) = list.get_mut(index) {
            exchanger.endpoints = endpoints.into();
        }
    }
    Exchangers {
        mx: list.into(),
        authenticated: authenticated.into(),
        receives: receives.into(),
        notes,
    }
}

/// How the name of each exchanger stands; `None` for a null MX.
async fn standings(
    session: &Session,
    list: &[MailExchanger],
) -> Vec<Option<Result<Stands, NetError>>> {
    join_all(list.iter().enumerate().map(async |(index, exchanger)| {
        if exchanger.null_mx {
            return None;
        }
        if index >= ENDPOINTS_MAX {
            let detail = format!("at most {ENDPOINTS_MAX} exchangers are looked up");
            return Some(Err(NetError::new(GapReason::TooLarge, detail)));
        }
        let types = [RecordType::A, RecordType::AAAA];
        Some(session.standing(&exchanger.name, &types).await)
    }))
    .await
}

/// The exchangers of a domain, the most preferred first, and whether the
/// resolver validated the records. `None` when they could not be seen, with the
/// gaps noted.
async fn find(
    session: &Session,
    domain: &str,
    notes: &mut Notes,
) -> Option<(Vec<MailExchanger>, bool)> {
    let places = ["/mail/mx", "/mail/mx_authenticated", "/mail/receives"];
    let answer = match session.lookup(domain, RecordType::MX).await {
        Ok(answer) => answer,
        Err(error) => {
            places.iter().for_each(|at| notes.miss(at, &error));
            return None;
        }
    };
    notes.prove("/mail/mx", &answer);
    let mut list = published(&answer);
    if list.len() > EXCHANGERS_MAX || answer.cut {
        list.truncate(EXCHANGERS_MAX);
        notes.gap(
            "/mail/mx/-",
            GapReason::TooLarge,
            &format!("only {EXCHANGERS_MAX} exchangers are kept"),
        );
    }
    if !list.is_empty() {
        return Some((list, answer.authenticated));
    }
    // Without MX record the domain's own address takes its mail.
    match session.addresses(domain).await {
        Ok(addresses) if !addresses.addresses.is_empty() => {
            let implicit = MailExchanger {
                name: domain.to_owned(),
                implicit: true,
                ..MailExchanger::default()
            };
            Some((vec![implicit], answer.authenticated))
        }
        Ok(addresses) => match addresses.failures.first() {
            Some((_, error)) => {
                places.iter().for_each(|at| notes.miss(at, error));
                None
            }
            None => Some((list, answer.authenticated)),
        },
        Err(error) => {
            places.iter().for_each(|at| notes.miss(at, &error));
            None
        }
    }
}

fn published(answer: &Answer) -> Vec<MailExchanger> {
    let mut list: Vec<MailExchanger> = answer
        .data()
        .filter_map(|data| match data {
            RData::MX(mx) => Some(MailExchanger {
                name: name_text(&mx.exchange),
                preference: mx.preference,
                null_mx: mx.exchange.is_root(),
                implicit: false,
                ..MailExchanger::default()
            }),
            _ => None,
        })
        .collect();
    list.sort_by(|a, b| (a.preference, &a.name).cmp(&(b.preference, &b.name)));
    list
}
