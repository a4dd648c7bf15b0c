//! Whether the domains of the addresses that pages show to voters are protected by DMARC (RFC 9989).

use std::collections::BTreeSet;

use super::{
    jobs::Visited,
    site::{registrable, same_site},
};
use crate::{
    model::{gap::GapReason, observation::Evidence},
    net::{NetError, RecordType},
    probes::registry::ProbeContext,
    wire::dmarc::{self, Disposition},
};

/// Most domains that are asked for.
pub(super) const DOMAINS_MAX: usize = 5;

/// A domain of addresses, and what its DMARC record asks receivers to do.
pub(super) struct AskedDomain {
    pub(super) name: String,
    pub(super) same_site: bool,
    pub(super) policy: Result<Option<String>, NetError>,
    pub(super) evidence: Option<Evidence>,
}

/// Asks for the domains of all pages, those of the site itself first, and says why there may
/// be more.
pub(super) async fn ask(
    context: ProbeContext<'_>,
    pages: &[Visited],
) -> (Vec<AskedDomain>, Option<NetError>) {
    let own = &context.target.name;
    let domains: BTreeSet<(bool, &str)> = pages
        .iter()
        .flat_map(|page| page.sheet.contacts())
        // A free provider answers for itself: the address is another finding.
        .filter(|contact| !contact.free_provider)
        .map(|contact| (!same_site(&contact.key, own), contact.key.as_str()))
        .collect();
    let more = (domains.len() > DOMAINS_MAX).then(|| {
        let detail = format!("only the first {DOMAINS_MAX} domains are asked for");
        NetError::new(GapReason::BudgetSpent, detail)
    });
    let mut asked = Vec::new();
    for (foreign, name) in domains.into_iter().take(DOMAINS_MAX) {
        let (policy, evidence) = match policy(context, name).await {
            Ok((policy, evidence)) => (Ok(policy), Some(evidence)),
            Err(error) => (Err(error), None),
        };
        asked.push(AskedDomain {
            name: name.to_owned(),
            same_site: !foreign,
            policy,
            evidence,
        });
    }
    (asked, more)
}

/// The policy for a domain: of its own record, else of that of its registrable domain.
async fn policy(
    context: ProbeContext<'_>,
    name: &str,
) -> Result<(Option<String>, Evidence), NetError> {
    let above = registrable(name).filter(|above| *above != name);
    let mut last = None;
    for (domain, is_own) in [(Some(name), true), (above, false)] {
        let Some(domain) = domain else { continue };
        let answer = context
            .session
            .lookup(&format!("_dmarc.{domain}"), RecordType::TXT)
            .await?;
        let evidence = answer.evidence("");
        let texts = answer.texts();
        let mut records = texts.iter().filter(|text| dmarc::is_record(text));
        // Several records are as good as none (RFC 9989 section 4.10).
        if let (Some(text), None) = (records.next(), records.next()) {
            let record = dmarc::parse(text);
            let wanted = match is_own {
                true => record.p,
                false => record.sp.or(record.p),
            };
            let wanted = wanted.filter(|_| record.applies);
            return Ok((wanted.map(|wanted| word(wanted).to_owned()), evidence));
        }
        last.get_or_insert(evidence);
    }
    let evidence = last.ok_or_else(|| NetError::new(GapReason::Internal, "nothing was asked"))?;
    Ok((None, evidence))
}

fn word(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::None => "none",
        Disposition::Quarantine => "quarantine",
        Disposition::Reject => "reject",
    }
}
