//! Turns answers into facts, gaps and evidence. Pure.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use url::Url;

use super::{
    evidence::{ELEMENTS, curl_target, cut_lines, elements_of, head_evidence},
    facts::{ChainOutcome, Hop, Origin, RedirectChain, Scheme, SecurityTxt, WebFacts},
    fronts,
    headers::{cookies_of, hsts_of},
    jobs::{Answers, Attempt, Visited},
    page::{Sheet, scheme_of},
    site::registrable,
    visit::{End, Step, Way},
};
use crate::{
    model::{
        gap::{Gap, GapReason},
        level::{Area, Level},
        observation::{Evidence, EvidenceKind},
        seen::Seen,
        target::Target,
    },
    net::{NetError, Session, shell_word},
    probes::registry::AreaReport,
    wire::{http_headers::content_type, security_txt, text::clean},
};

/// The report about a target.
pub(super) fn report(
    answers: &Answers,
    target: &Target,
    level: Level,
    session: &Session,
) -> AreaReport {
    let mut fold = Fold::default();
    let in_scope = &|host: &str| session.in_scope(host);
    let origins = answers
        .origins
        .iter()
        .map(|attempt| fold.origin(attempt))
        .collect();
    let mut chains: Vec<RedirectChain> = answers
        .origins
        .iter()
        .filter_map(|attempt| fold.attempt(attempt, in_scope))
        .collect();
    // What the other name does not answer is told with it.
    if let Some(Ok(Some(sibling))) = &answers.sibling {
        for attempt in &sibling.attempts {
            if let Ok(way) = &attempt.way {
                match &way.end {
                    End::Blocked(error) | End::Failed(error) => {
                        // Where the target's own ways are open, this says nothing new.
                        if chains.iter().all(|chain| !chain.outcome.is_unseen()) {
                            fold.gap("/web/chains/-", error);
                        }
                    }
                    _ => chains.push(fold.chain(attempt, way, in_scope)),
                }
            }
        }
    }
    for error in &answers.more_addresses {
        for list in ["origins", "chains", "fronts"] {
            fold.gap(format!("/web/{list}/-"), error);
        }
        fold.gap("/web/networks", error);
    }
    let pages = answers.pages.iter().map(|page| fold.page(page)).collect();
    for error in &answers.missed {
        fold.gap("/web/pages/-", error);
    }
    let facts = WebFacts {
        registrable_domain: Seen::Known(registrable(&target.name).map(str::to_owned)),
        origins: Seen::Known(origins),
        chains: Seen::Known(chains),
        pages: Seen::Known(pages),
        security_txt: fold.security_txt(answers, level),
        fronts: Seen::Known(fronts::fronts(&answers.origins)),
        networks: Seen::Known(fronts::networks(&answers.origins)),
        shield: Seen::Known(fronts::shield(&answers.origins).map(str::to_owned)),
        named_origins: fold.named_origins(answers),
        origin_leads: fold.origin_leads(answers),
        https_record: match &answers.https_record {
            Ok(record) => {
                if record
                    .as_ref()
                    .is_some_and(|record| record.ech_configs.is_unseen())
                {
                    let detail = "the parameter ech of the HTTPS record is broken";
                    let error = NetError::new(GapReason::Malformed, detail);
                    fold.gap("/web/https_record/ech_configs", &error);
                }
                Seen::Known(record.clone())
            }
            Err(error) => {
                fold.gap("/web/https_record", error);
                Seen::Unseen
            }
        },
        sibling: fold.sibling(answers),
        second_looks: fold.second_looks(answers),
        exposure: fold.exposure(answers),
        contact_domains: fold.contact_domains(answers),
        pins: fold.pins(answers, target),
        observatory: Seen::Unseen,
    };
    let gaps = fold.gaps.into_iter().collect();
    AreaReport::seen(Area::Web, &facts, gaps, fold.evidence)
}

#[derive(Default)]
pub(super) struct Fold {
    origins: usize,
    chains: usize,
    pages: usize,
    gaps: BTreeSet<Gap>,
    pub(super) evidence: Vec<Evidence>,
}

impl Fold {
    /// What could not be seen, and what proves the rest.
    pub(super) fn into_parts(self) -> (Vec<Gap>, Vec<Evidence>) {
        (self.gaps.into_iter().collect(), self.evidence)
    }

    pub(super) fn gap(&mut self, at: impl Into<String>, error: &NetError) {
        self.gaps.insert(error.gap(at));
    }

    fn origin(&mut self, attempt: &Attempt) -> Origin {
        let place = SocketAddr::new(attempt.ip, attempt.port);
        let scheme = match attempt.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let answers = match &attempt.way {
            Ok(_) => Seen::Known(true),
            Err(error) if is_closed(error) => Seen::Known(false),
            Err(error) => {
                self.gap(format!("/web/origins/{}/answers", self.origins), error);
                Seen::Unseen
            }
        };
        self.origins = self.origins.saturating_add(1);
        Origin {
            key: format!("{scheme} {place}"),
            scheme: attempt.scheme,
            address: attempt.ip.to_string(),
            port: attempt.port,
            answers,
            certificate_verifies: certificate_verifies(attempt),
        }
    }

    /// The chain from a port, if its first URL answered.
    fn attempt(
        &mut self,
        attempt: &Attempt,
        in_scope: &dyn Fn(&str) -> bool,
    ) -> Option<RedirectChain> {
        match &attempt.way {
            Ok(way) => Some(self.chain(attempt, way, in_scope)),
            Err(error) => {
                if !is_closed(error) {
                    self.gap("/web/chains/-", error);
                }
                None
            }
        }
    }

    /// The facts about a way. `in_scope`: whether a host is.
    pub(super) fn chain(
        &mut self,
        attempt: &Attempt,
        way: &Way,
        in_scope: &dyn Fn(&str) -> bool,
    ) -> RedirectChain {
        let at = format!("/web/chains/{}", self.chains);
        self.chains = self.chains.saturating_add(1);
        let mut hops = Vec::new();
        for (number, step) in way.steps.iter().enumerate() {
            let here = format!("{at}/hops/{number}");
            let is_last = number.saturating_add(1) == way.steps.len();
            let mut hop = hop_of(step, in_scope(step.url.host_str().unwrap_or_default()));
            if let (true, End::Blocked(error)) = (is_last, &way.end) {
                hop.hsts = Seen::Unseen;
                hop.cookies = Seen::Unseen;
                self.gap(format!("{here}/hsts"), error);
                self.gap(format!("{here}/cookies"), error);
            }
            self.evidence
                .push(head_evidence(here, &step.url, step.ip, &step.response));
            hops.push(hop);
        }
        let outcome = match &way.end {
            End::Final => Seen::Known(ChainOutcome::Final),
            End::Loop => Seen::Known(ChainOutcome::Loop),
            End::TooMany => Seen::Known(ChainOutcome::TooMany),
            End::LeftScope(_) => Seen::Known(ChainOutcome::LeftScope),
            End::Broken => Seen::Known(ChainOutcome::Broken),
            End::Blocked(error) => {
                self.gap(format!("{at}/outcome"), error);
                Seen::Unseen
            }
            End::Failed(error) => {
                self.gap(format!("{at}/outcome"), error);
                self.gap(format!("{at}/hops/-"), error);
                Seen::Unseen
            }
        };
        RedirectChain {
            key: format!("{} {}", attempt.start, attempt.ip),
            scheme: attempt.scheme,
            start: attempt.start.to_string(),
            hops: Seen::Known(hops),
            outcome,
            ends_on_https: self.ends_on_https(way, &at),
            upgrades_same_host_first: self.upgrades_first(attempt, way, &at),
            downgrades: self.downgrades(way, &at),
        }
    }

    fn ends_on_https(&mut self, way: &Way, at: &str) -> Seen<bool> {
        let last_is_https = way
            .steps
            .last()
            .is_some_and(|step| scheme_of(&step.url) == Scheme::Https);
        let open = match &way.end {
            End::Final | End::Loop | End::TooMany | End::Broken => None,
            // A filter over HTTP may stand where the site would redirect.
            End::Blocked(error) if !last_is_https => Some(error.clone()),
            End::Blocked(_) => None,
            End::Failed(error) => Some(error.clone()),
            End::LeftScope(_) => way.failure(),
        };
        match open {
            None => Seen::Known(last_is_https),
            Some(error) => {
                self.gap(format!("{at}/ends_on_https"), &error);
                Seen::Unseen
            }
        }
    }

    /// A step down counts also where it leaves the scope and was not followed.
    fn downgrades(&mut self, way: &Way, at: &str) -> Seen<bool> {
        let secure: Vec<bool> = way
            .steps
            .iter()
            .map(|step| step.url.scheme() == "https")
            .collect();
        let last_step = match &way.end {
            End::LeftScope(url) => Some(url.scheme() == "https"),
            _ => None,
        };
        let after: Vec<bool> = secure.iter().copied().skip(1).chain(last_step).collect();
        let down = secure.iter().zip(&after).any(|(from, to)| *from && !to);
        match &way.end {
            End::Blocked(error) | End::Failed(error) if !down => {
                self.gap(format!("{at}/downgrades"), error);
                Seen::Unseen
            }
            _ => Seen::Known(down),
        }
    }

    fn upgrades_first(&mut self, attempt: &Attempt, way: &Way, at: &str) -> Seen<Option<bool>> {
        let (Some(first), Scheme::Http) = (way.steps.first(), attempt.scheme) else {
            return Seen::Known(None);
        };
        let leads_up =
            |next: &Url| next.scheme() == "https" && next.host_str() == first.url.host_str();
        match (way.steps.len(), &way.end) {
            (1, End::Blocked(error)) => {
                self.gap(format!("{at}/upgrades_same_host_first"), error);
                Seen::Unseen
            }
            (1, End::Final) => Seen::Known(None),
            // Where a redirect leads is told by its location, whether it was followed or not.
            _ => {
                let next = first
                    .response
                    .all("location")
                    .first()
                    .and_then(|value| first.url.join(&String::from_utf8_lossy(value)).ok());
                Seen::Known(Some(next.as_ref().is_some_and(leads_up)))
            }
        }
    }

    pub(super) fn page(&mut self, visited: &Visited) -> super::facts::Page {
        let at = format!("/web/pages/{}", self.pages);
        self.pages = self.pages.saturating_add(1);
        let sheet = &visited.sheet;
        let (page, gaps) = sheet.facts(&visited.key, &at);
        self.gaps.extend(gaps);
        for (list, elements, lines) in elements_of(&page) {
            self.evidence.push(Evidence {
                at: format!("{at}/{list}"),
                kind: EvidenceKind::HtmlElements,
                cut: lines.len() > ELEMENTS,
                data: lines
                    .into_iter()
                    .take(ELEMENTS)
                    .collect::<Vec<_>>()
                    .join("\n"),
                reproduce: format!(
                    "curl -sS {} | grep -Ei '<({elements})'",
                    curl_target(&sheet.url, visited.ip, &sheet.response)
                ),
            });
        }
        self.evidence
            .push(head_evidence(at, &sheet.url, visited.ip, &sheet.response));
        page
    }

    fn security_txt(&mut self, answers: &Answers, level: Level) -> Seen<Option<SecurityTxt>> {
        const AT: &str = "/web/security_txt";
        match &answers.security_txt {
            Some(Ok(None)) => {
                for (url, ip, response) in &answers.no_security_txt {
                    let evidence = head_evidence(AT.to_owned(), url, *ip, response);
                    self.evidence.push(evidence);
                }
                Seen::Known(None)
            }
            Some(Ok(Some(sheet))) => {
                let (text, cut) = cut_lines(&answers.security_text);
                self.evidence.push(Evidence {
                    at: AT.to_owned(),
                    kind: EvidenceKind::HttpBody,
                    data: text,
                    cut,
                    reproduce: format!("curl -sS {}", shell_word(sheet.url.as_str())),
                });
                Seen::Known(Some(security_facts(sheet, &answers.security_text)))
            }
            Some(Err(error)) => {
                self.gap(AT, error);
                Seen::Unseen
            }
            None => {
                let error = match answers.missed.last() {
                    Some(error) if level >= Level::Standard => error.clone(),
                    _ => NetError::new(GapReason::NotAsked, "asked for from level standard on"),
                };
                self.gap(AT, &error);
                Seen::Unseen
            }
        }
    }
}

/// Whether the certificate of an address verified; `None` over HTTP, and where no TLS was spoken.
pub(super) fn certificate_verifies(attempt: &Attempt) -> Option<bool> {
    let first = attempt.way.as_ref().ok()?.steps.first()?;
    first.response.certificate.as_ref().map(Result::is_ok)
}

/// Whether an error is the port's own word that there is no web server behind it.
pub(super) fn is_closed(error: &NetError) -> bool {
    error.is_refused() || error.is_other_protocol()
}

fn hop_of(step: &Step, in_scope: bool) -> Hop {
    let scheme = scheme_of(&step.url);
    let over_https = scheme == Scheme::Https;
    Hop {
        key: clean(step.url.as_str(), 500),
        scheme,
        host: clean(step.url.host_str().unwrap_or_default(), 253),
        in_scope,
        status: step.response.status,
        location: step.response.first("location", 500),
        hsts: Seen::Known(hsts_of(&step.response, over_https)),
        cookies: Seen::Known(cookies_of(&step.response, over_https)),
    }
}

fn security_facts(sheet: &Sheet, text: &str) -> SecurityTxt {
    let file = security_txt::parse(text);
    let mut problems: Vec<String> = file.faults().into_iter().map(str::to_owned).collect();
    let mut fault = |found: bool, name: &str| {
        if found {
            problems.push(name.to_owned());
        }
    };
    let own = sheet.url.as_str();
    let elsewhere = !file.canonical.is_empty()
        && !file
            .canonical
            .iter()
            .any(|url| Url::parse(url).is_ok_and(|url| url.as_str() == own));
    fault(elsewhere, "other_canonical");
    let plain =
        content_type(&sheet.response.all("content-type")).is_some_and(|(media_type, charset)| {
            // RFC 9116 section 3: text/plain, with the charset of UTF-8.
            media_type == "text/plain" && charset.is_none_or(|charset| charset == "utf-8")
        });
    fault(!plain, "wrong_media_type");
    fault(scheme_of(&sheet.url) != Scheme::Https, "not_https");
    SecurityTxt {
        url: clean(own, 500),
        contacts: file
            .contacts
            .iter()
            .map(|contact| clean(contact, 300))
            .collect(),
        policies: Seen::Known(file.policies.iter().map(|url| clean(url, 300)).collect()),
        expires: file.expiry(),
        signed: file.signed,
        problems,
    }
}
