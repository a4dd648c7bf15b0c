//! Whether other domains consent to get the DMARC reports of this one (RFC 9990
//! section 4, RFC 7489 section 7.1). Receivers send nothing where they do not.

use futures_util::future::join_all;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    facts::{DmarcPolicy, ReportDestination},
    notes::Notes,
};
use crate::{
    model::{gap::GapReason, seen::Seen, standing::Standing},
    net::{Answer, NetError, RecordType, Session, Stands},
    wire::dmarc,
};

/// Most domains that are asked for their consent.
pub(super) const LOOKUPS_MAX: usize = 10;
/// Most destinations that are kept.
const DESTINATIONS_MAX: usize = 50;
/// Longest name that DNS can hold, in text (RFC 1035 section 3.1).
const NAME_MAX: usize = 253;
const DESTINATIONS: &str = "/mail/dmarc/effective/destinations";

/// What a domain answered when asked for its consent; `None` where the name of
/// the record would be too long for DNS.
type Consent = Option<Result<Arc<Answer>, NetError>>;

pub(super) async fn observe(
    session: &Session,
    policy: &DmarcPolicy,
    organisational: Option<&str>,
    notes: &mut Notes,
) -> Seen<Vec<ReportDestination>> {
    let mut destinations = list(policy, organisational);
    let others: BTreeSet<String> = destinations
        .iter()
        .filter(|to| to.external.known() != Some(&false))
        .map(|to| to.domain.clone())
        .collect();
    let asked = others.into_iter().take(LOOKUPS_MAX).map(async |domain| {
        match consent_name(&policy.from, &domain) {
            Some(name) => {
                let answer = session.lookup(&name, RecordType::TXT).await;
                (domain, Some(answer))
            }
            // No record can stand at a name that DNS cannot hold.
            None => (domain, None),
        }
    });
    let answers: BTreeMap<String, Consent> = join_all(asked).await.into_iter().collect();
    let domains: BTreeSet<String> = destinations.iter().map(|to| to.domain.clone()).collect();
    let asked = domains.into_iter().take(LOOKUPS_MAX).map(async |domain| {
        let stands = takes_mail(session, &domain).await;
        (domain, stands)
    });
    let stands: BTreeMap<String, _> = join_all(asked).await.into_iter().collect();
    for (index, to) in destinations.iter_mut().enumerate() {
        let at = format!("{DESTINATIONS}/{index}/standing");
        match stands.get(&to.domain) {
            Some(stands) => to.standing = notes.standing(&at, stands),
            None => {
                let detail = format!("at most {LOOKUPS_MAX} domains are looked up");
                notes.gap(&at, GapReason::TooLarge, &detail);
            }
        }
    }
    for (index, to) in destinations.iter_mut().enumerate() {
        let at = format!("{DESTINATIONS}/{index}");
        decide(to, answers.get(&to.domain), &at, notes);
    }
    if destinations.len() >= DESTINATIONS_MAX {
        let detail = format!("at most {DESTINATIONS_MAX} addresses are kept");
        notes.gap(&format!("{DESTINATIONS}/-"), GapReason::TooLarge, &detail);
    }
    destinations.into()
}

/// How a domain stands that reports are sent to: by its MX records, else its addresses.
async fn takes_mail(session: &Session, domain: &str) -> Result<Stands, NetError> {
    let stands = session.standing(domain, &[RecordType::MX]).await?;
    if stands.standing != Standing::NoRecords {
        return Ok(stands);
    }
    session
        .standing(domain, &[RecordType::A, RecordType::AAAA])
        .await
}

/// The mail addresses of a policy, each once for a tag. Without the
/// organisational domain only what lies below the record is surely its own.
fn list(policy: &DmarcPolicy, organisational: Option<&str>) -> Vec<ReportDestination> {
    let tags = [("rua", &policy.rua), ("ruf", &policy.ruf)];
    let mut destinations: Vec<ReportDestination> = Vec::new();
    for (tag, uris) in tags {
        for (address, domain) in uris.iter().filter_map(|uri| dmarc::report_mailbox(uri)) {
            let key = format!("{tag} {address}");
            if destinations.len() >= DESTINATIONS_MAX
                || destinations.iter().any(|known| known.key == key)
            {
                continue;
            }
            let own = is_below(&domain, &policy.from)
                || organisational.is_some_and(|top| is_below(&domain, top))
                || same_registrable(&domain, &policy.from);
            let external = match (own, organisational) {
                (true, _) => Seen::Known(false),
                (false, Some(_)) => Seen::Known(true),
                (false, None) => Seen::Unseen,
            };
            destinations.push(ReportDestination {
                key,
                tag: tag.to_owned(),
                address,
                domain,
                standing: Seen::Unseen,
                external,
                permitted: Seen::Unseen,
            });
        }
    }
    destinations
}

fn is_below(domain: &str, top: &str) -> bool {
    domain
        .strip_suffix(top)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn same_registrable(one: &str, other: &str) -> bool {
    let of = |name| psl::domain_str(name);
    of(one).is_some() && of(one) == of(other)
}

/// The name at which the other domain consents.
fn consent_name(from: &str, domain: &str) -> Option<String> {
    let name = format!("{from}._report._dmarc.{domain}");
    (name.len() <= NAME_MAX).then_some(name)
}

/// Writes down what the answer says of a destination; `None`: nobody was asked.
fn decide(to: &mut ReportDestination, answer: Option<&Consent>, at: &str, notes: &mut Notes) {
    let not_needed = to.external.known() == Some(&false);
    let unsure = to.external.is_unseen();
    let detail = "the organisational domain is not known";
    if unsure {
        notes.gap(&format!("{at}/external"), GapReason::Unresolved, detail);
    }
    to.permitted = match answer {
        _ if not_needed => Seen::Known(None),
        Some(Some(Ok(answer))) => {
            notes.prove(&format!("{at}/permitted"), answer);
            let consents = answer.texts().iter().any(|text| dmarc::is_record(text));
            if consents || !unsure {
                Seen::Known(Some(consents))
            } else {
                notes.gap(&format!("{at}/permitted"), GapReason::Unresolved, detail);
                Seen::Unseen
            }
        }
        Some(Some(Err(error))) => {
            notes.miss(&format!("{at}/permitted"), error);
            Seen::Unseen
        }
        Some(None) => Seen::Known(Some(false)),
        None => {
            let detail = format!("at most {LOOKUPS_MAX} domains are asked for their consent");
            notes.gap(&format!("{at}/permitted"), GapReason::TooLarge, &detail);
            Seen::Unseen
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_those_of_others() {
        let policy = DmarcPolicy {
            from: "mail.county.gov.uk".to_owned(),
            rua: [
                "mailto:D@mail.county.gov.uk!10m",
                "mailto:d@county.gov.uk",
                "mailto:d@Reports.example?subject=x",
                "https://reports.example/v1",
                "mailto:d@county.gov.uk",
                "mailto:d@bad..name",
                "mailto:d@notcounty.gov.uk",
            ]
            .map(str::to_owned)
            .to_vec(),
            ruf: vec!["mailto:d@reports.example".to_owned()],
            ..empty()
        };
        let seen = |organisational| -> Vec<(String, Option<bool>)> {
            list(&policy, organisational)
                .into_iter()
                .map(|to| (to.key, to.external.known().copied()))
                .collect()
        };
        let table = [
            ("rua d@mail.county.gov.uk", Some(false)),
            ("rua d@county.gov.uk", Some(false)),
            ("rua d@reports.example", Some(true)),
            ("rua d@notcounty.gov.uk", Some(true)),
            ("ruf d@reports.example", Some(true)),
        ];
        let known = table.map(|(key, external)| (key.to_owned(), external));
        assert_eq!(seen(Some("county.gov.uk")), known);
        let unsure = known.map(|(key, external)| (key, external.filter(|external| !external)));
        assert_eq!(seen(None), unsure);
    }

    #[test]
    fn a_name_that_dns_cannot_hold_is_not_asked() {
        let long = ["a".repeat(60).as_str(); 4].join(".");
        assert_eq!(consent_name("office.example", &long), None);
        assert_eq!(
            consent_name("office.example", "reports.example").as_deref(),
            Some("office.example._report._dmarc.reports.example")
        );
    }

    fn empty() -> DmarcPolicy {
        use super::super::facts::DmarcDisposition::Reject;
        DmarcPolicy {
            policy: Reject,
            subdomain_policy: Reject,
            nonexistent_policy: Reject,
            tag: "p".to_owned(),
            from: String::new(),
            testing: false,
            pct: None,
            rua: Vec::new(),
            ruf: Vec::new(),
            destinations: Seen::Unseen,
            dkim_strict: false,
            spf_strict: false,
            record: String::new(),
        }
    }
}
