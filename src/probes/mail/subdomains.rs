//! Names below the domain that mail can come from, looked at as senders of their own.
//!
//! DNS does not list the names below a domain. Looked at are `www` and `mail`, the
//! domain's own exchangers, and one name that nobody wrote down, which shows what a
//! wildcard says. A name that has a DMARC record of its own leaves the policy of the
//! domain (RFC 9989 section 4.10), and SPF of any of them passes for the domain itself
//! unless alignment is strict.

use futures_util::future::join_all;
use hickory_proto::rr::RData;
use std::collections::BTreeSet;

use super::{
    dmarc,
    facts::{Subdomain, SubdomainPolicy},
    notes::Notes,
    spf,
};
use crate::{
    model::{gap::GapReason, level::Level, seen::Seen},
    net::{NetError, RecordType, Session, invented_label, name_text},
};

/// Names that many domains have.
const COMMON: [&str; 2] = ["mail", "www"];
/// Most exchangers below the domain that are looked at.
const EXCHANGERS_MAX: usize = 5;
/// Most names that are looked at.
pub(super) const NAMES_MAX: usize = COMMON.len() + EXCHANGERS_MAX + 1;
/// Most questions about a name beside those for its SPF record.
pub(super) const QUESTIONS_MAX: usize = 4;

/// Where the list stands.
const AT: &str = "/mail/subdomains";

/// Looks at the names below a domain, from level standard on.
pub(super) async fn observe(
    session: &Session,
    domain: &str,
    level: Level,
) -> (Seen<Vec<Subdomain>>, Notes) {
    let mut notes = Notes::default();
    if level < Level::Standard {
        let detail = "names below the domain are looked at from level standard on";
        notes.gap(AT, GapReason::NotAsked, detail);
        return (Seen::Unseen, notes);
    }
    let (names, more) = names(session, domain).await;
    if more {
        let detail = format!("at most {EXCHANGERS_MAX} exchangers below the domain are looked at");
        notes.gap(&format!("{AT}/-"), GapReason::TooLarge, &detail);
    }
    let looked = join_all(
        names
            .iter()
            .map(async |(name, ask)| (name, look(session, ask).await)),
    )
    .await;
    let mut list = Vec::new();
    for (name, found) in looked {
        match found {
            Ok(None) => {}
            Ok(Some(looked)) => {
                let at = format!("{AT}/{}", list.len());
                list.push(looked.fold(name, &at, &mut notes));
            }
            Err(error) => notes.miss(&format!("{AT}/-"), &error),
        }
    }
    (list.into(), notes)
}

/// Each name as it is shown and as it is asked for, in order; and whether there are more.
async fn names(session: &Session, domain: &str) -> (Vec<(String, String)>, bool) {
    let below = format!(".{domain}");
    let exchangers: BTreeSet<String> = match session.lookup(domain, RecordType::MX).await {
        // What is missing then stands at the exchangers.
        Err(_) => BTreeSet::new(),
        Ok(answer) => {
            let names = answer.data().filter_map(|data| match data {
                RData::MX(mx) => Some(name_text(&mx.exchange)),
                _ => None,
            });
            names.filter(|name| name.ends_with(&below)).collect()
        }
    };
    let more = exchangers.len() > EXCHANGERS_MAX;
    let mut names: BTreeSet<String> = exchangers.into_iter().take(EXCHANGERS_MAX).collect();
    names.extend(COMMON.iter().map(|label| format!("{label}{below}")));
    let wildcard = (
        format!("*{below}"),
        format!("{}{below}", invented_label(domain)),
    );
    let written = names.into_iter().map(|name| (name.clone(), name));
    (std::iter::once(wildcard).chain(written).collect(), more)
}

/// What was seen of a name that exists.
struct Looked {
    used: Result<bool, NetError>,
    spf: spf::Observed,
    policy: Result<Option<SubdomainPolicy>, NetError>,
    notes: Notes,
}

/// Looks at a name; `None` when it does not exist.
async fn look(session: &Session, name: &str) -> Result<Option<Looked>, NetError> {
    if !session.lookup(name, RecordType::TXT).await?.exists() {
        return Ok(None);
    }
    let record = format!("_dmarc.{name}");
    let (used, spf, policy) = tokio::join!(
        used(session, name),
        spf::observe(session, name),
        session.lookup(&record, RecordType::TXT),
    );
    let mut notes = Notes::default();
    let policy = policy.map(|answer| {
        notes.prove("/dmarc", &answer);
        dmarc::own_policy(&answer)
    });
    Ok(Some(Looked {
        used,
        spf,
        policy,
        notes,
    }))
}

/// Whether a name has an address or an exchanger.
async fn used(session: &Session, name: &str) -> Result<bool, NetError> {
    let mut failed = None;
    for rtype in [RecordType::A, RecordType::MX, RecordType::AAAA] {
        match session.lookup(name, rtype).await {
            Ok(answer) if !answer.records.is_empty() => return Ok(true),
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(false),
    }
}

impl Looked {
    /// The name as a fact that stands at `at`.
    fn fold(self, name: &str, at: &str, notes: &mut Notes) -> Subdomain {
        let mut seen = |place: &str, error: &NetError| notes.miss(&format!("{at}/{place}"), error);
        let used = match self.used {
            Ok(used) => used.into(),
            Err(error) => {
                seen("used", &error);
                Seen::Unseen
            }
        };
        let dmarc = match self.policy {
            Ok(policy) => policy.into(),
            Err(error) => {
                seen("dmarc", &error);
                Seen::Unseen
            }
        };
        let (spf, stranger) = match self.spf.spf {
            Seen::Unseen => (Seen::Unseen, Seen::Unseen),
            Seen::Known(None) => (Seen::Known(None), Seen::Known(None)),
            Seen::Known(Some(spf)) => (
                Seen::Known(Some(spf.record)),
                match spf.stranger {
                    Seen::Known(verdict) => Seen::Known(Some(verdict)),
                    Seen::Unseen => Seen::Unseen,
                },
            ),
        };
        // The rest of the record's look-ups is looked at where the name is a target itself.
        for mut gap in self.spf.notes.gaps {
            let places: &[&str] = match gap.at.as_str() {
                "/mail/spf" => &["spf", "stranger"],
                "/mail/spf/stranger" => &["stranger"],
                _ => &[],
            };
            for place in places {
                gap.at = format!("{at}/{place}");
                notes.gaps.push(gap.clone());
            }
        }
        let own = self.spf.notes.evidence.into_iter();
        let own = own.filter(|evidence| evidence.at == "/mail/spf");
        for mut evidence in own.chain(self.notes.evidence) {
            let place = evidence.at.trim_start_matches("/mail").to_owned();
            evidence.at = format!("{at}{place}");
            notes.evidence.push(evidence);
        }
        Subdomain {
            name: name.to_owned(),
            used,
            spf,
            stranger,
            dmarc,
        }
    }
}
