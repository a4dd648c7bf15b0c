//! The visit of pages over one address: the front page, those that the inventory names, and
//! those that links lead to.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};
use url::Url;

use super::{
    contact_domains,
    facts::Scheme,
    jobs::{Answers, Attempt, Visited},
    links::{Candidate, candidates},
    origin,
    page::{Sheet, scheme_of},
    pins::pins_of,
    visit::{Step, Visitor},
};
use crate::{
    model::{gap::GapReason, level::Level, target::Target},
    net::{HttpResponse, NetError},
    probes::registry::ProbeContext,
    wire::{robots::Robots, text::clean},
};

/// Most pages of the same path with other queries, lest a calendar or a list fill the cap.
const QUERIES_MAX: usize = 2;
/// Links in a row that may fail before the site is left alone: it is down, or does not want us.
const FAILURES_MAX: usize = 2;

/// The visit of pages over one address.
pub(super) struct Crawl<'a> {
    pub(super) context: ProbeContext<'a>,
    pub(super) answers: &'a mut Answers,
    /// Keys of pages that were visited, and URLs that were asked for.
    known: BTreeSet<String>,
}

impl<'a> Crawl<'a> {
    pub(super) fn new(context: ProbeContext<'a>, answers: &'a mut Answers) -> Self {
        Self {
            context,
            answers,
            known: BTreeSet::new(),
        }
    }

    pub(super) async fn run(mut self) {
        let Some((origin, front)) = self.front_page() else {
            self.no_front_page();
            return;
        };
        let pins: Vec<String> = pins_of(self.context.target)
            .map(|pin| pin.path.clone())
            .collect();
        // The body of an address that was only glanced at was cut before its first byte.
        let glanced = front.response.body.is_empty()
            && front
                .response
                .body_gap
                .as_ref()
                .is_some_and(|gap| gap.reason == GapReason::TooLarge);
        let ip = front.ip;
        let front_url = front.url.clone();
        let with_text = !pins.is_empty() || origin::is_wanted(&self.context, self.answers);
        if !glanced {
            self.add(
                front.url,
                front.ip,
                Arc::unwrap_or_clone(front.response),
                with_text,
            );
        } else {
            match self.page(&front.url, ip).await {
                Ok((url, ip, response)) => {
                    self.add(url, ip, response, with_text);
                }
                Err(error) => self.answers.missed.push(error),
            }
        }
        for path in &pins {
            let page = self.visit_required(&origin, path, true).await;
            self.answers.pinned.push(page);
        }
        for path in &self.context.target.paths {
            if let Err(error) = self.visit_required(&origin, path, false).await {
                self.answers.missed.push(error);
            }
        }
        if self.context.level >= Level::Standard {
            let (robots, told) = self.robots(&front_url, ip).await;
            self.visit_links(&front_url, ip, &robots).await;
            self.security_txt(&origin).await;
            let looks = self.second_looks().await;
            self.answers.second_looks = Some(looks);
            let besides = self.besides(&front_url, ip, told).await;
            self.answers.besides = Some(besides);
            let direct = origin::ask(self.context, self.answers).await;
            self.answers.direct = Some(direct);
            let domains = contact_domains::ask(self.context, &self.answers.pages).await;
            self.answers.contact_domains = Some(domains);
        }
    }

    /// The page that the first way over HTTPS ends on, else over HTTP, and the first URL and
    /// address of that way.
    fn front_page(&self) -> Option<((Url, IpAddr), Step)> {
        let mut order: Vec<&Attempt> = self.answers.origins.iter().collect();
        order.sort_by_key(|attempt| attempt.scheme != Scheme::Https);
        order.into_iter().find_map(|attempt| {
            let step = attempt.way.as_ref().ok()?.final_step()?;
            Some(((attempt.start.clone(), attempt.ip), step.clone()))
        })
    }

    /// Says why no page was seen: by the way over HTTPS first.
    fn no_front_page(&mut self) {
        let mut attempts: Vec<&Attempt> = self.answers.origins.iter().collect();
        attempts.sort_by_key(|attempt| attempt.scheme != Scheme::Https);
        let reason = attempts
            .iter()
            .find_map(|attempt| match &attempt.way {
                Ok(way) => way.failure(),
                Err(error) if !error.is_refused() => Some(error.clone()),
                Err(_) => None,
            })
            .unwrap_or_else(|| NetError::new(GapReason::Unreachable, "no port answers"));
        self.answers.missed.push(reason);
    }

    /// Visits a page that must be seen, unless it was already, and returns its key.
    async fn visit_required(
        &mut self,
        origin: &(Url, IpAddr),
        path: &str,
        with_text: bool,
    ) -> Result<String, NetError> {
        let missed = |reason: GapReason, why: &str| {
            NetError::new(reason, format!("{}: {why}", clean(path, 200)))
        };
        let Ok(url) = origin.0.join(path) else {
            return Err(missed(GapReason::Malformed, "not a path"));
        };
        let key = self.key(&url);
        let seen = |page: &Visited| page.key == key && (!with_text || page.sheet.text.is_some());
        if self.answers.pages.iter().any(seen) {
            return Ok(key);
        }
        match self.page(&url, origin.1).await {
            Ok((url, ip, response)) if response.status < 400 => {
                Ok(self.add(url, ip, response, with_text))
            }
            Ok((_, _, response)) => {
                let why = format!("status {}", response.status);
                Err(missed(GapReason::Refused, &why))
            }
            Err(error) => Err(missed(error.reason, &error.detail)),
        }
    }

    /// Follows links from page to page, the most promising first, up to the cap.
    async fn visit_links(&mut self, front: &Url, ip: IpAddr, robots: &Robots) {
        let cap = usize::try_from(self.context.page_cap).unwrap_or(usize::MAX);
        let mut queue: Vec<Candidate> = Vec::new();
        let mut read = 0usize;
        let mut refused: Vec<NetError> = Vec::new();
        // A site of broken links must not cost more than a few times the cap.
        for _ in 0..cap.saturating_mul(3) {
            if self.answers.pages.len() >= cap {
                break;
            }
            for page in self.answers.pages.iter().skip(read) {
                if let Some(document) = &page.sheet.document
                    && page.sheet.url.origin() == front.origin()
                {
                    queue.extend(candidates(document, &page.sheet.url, &page.sheet.base()));
                }
            }
            read = self.answers.pages.len();
            // The first of the best, so that equal ones keep the order of the page.
            let Some(best) = (0..queue.len())
                .rev()
                .max_by_key(|at| queue.get(*at).map(|candidate| candidate.score))
            else {
                break;
            };
            let candidate = queue.remove(best);
            if self.is_known(&candidate.url) {
                continue;
            }
            if !robots.allows(&path_of(&candidate.url)) {
                self.known.insert(candidate.url.to_string());
                continue;
            }
            match self.page(&candidate.url, ip).await {
                // A page that the site says is not there is not part of it.
                Ok((_, _, response)) if response.status >= 400 => {}
                Ok((url, ip, response)) => {
                    refused.clear();
                    self.add(url, ip, response, false);
                }
                Err(error) if error.reason == GapReason::OutOfScope => {}
                Err(error) => {
                    let detail = format!("{}: {}", clean(candidate.url.path(), 200), error.detail);
                    let error = NetError::new(error.reason, detail);
                    if error.reason != GapReason::Blocked {
                        self.answers.missed.push(error.clone());
                    }
                    refused.push(error);
                    if refused.len() >= FAILURES_MAX || self.context.session.check().is_err() {
                        break;
                    }
                }
            }
        }
        // One closed door between open ones is the site's own word; several in a row leave
        // open what else there is.
        if refused.len() >= FAILURES_MAX {
            refused.retain(|error| error.reason == GapReason::Blocked);
            self.answers.missed.append(&mut refused);
        }
    }

    /// Whether a URL was asked for, or is one too many of its path.
    fn is_known(&self, url: &Url) -> bool {
        let same_path = |page: &&Visited| page.sheet.url.path() == url.path();
        self.known.contains(url.as_str())
            || self.known.contains(&self.key(url))
            || self.answers.pages.iter().filter(same_path).count() >= QUERIES_MAX
    }

    /// The page that a URL leads to.
    pub(super) async fn page(
        &mut self,
        url: &Url,
        ip: IpAddr,
    ) -> Result<(Url, IpAddr, HttpResponse), NetError> {
        self.known.insert(url.to_string());
        let mut way = self.visitor().follow(url, ip).await?;
        if let Some(error) = way.failure() {
            return Err(error);
        }
        way.steps
            .pop()
            .map(|step| (step.url, step.ip, Arc::unwrap_or_clone(step.response)))
            .ok_or_else(|| NetError::new(GapReason::Internal, "a way without steps"))
    }

    /// Each page is asked for anew: what was cached for the ways has done its work.
    pub(super) fn visitor(&self) -> Visitor<'a> {
        Visitor::new(self.context.session, true)
    }

    /// Keeps a page, unless it was seen already, and returns its key.
    fn add(&mut self, url: Url, ip: IpAddr, response: HttpResponse, with_text: bool) -> String {
        let key = self.key(&url);
        self.known.insert(url.to_string());
        if self.known.insert(key.clone()) {
            let sheet = Sheet::read_with(url, response, with_text);
            let key = key.clone();
            self.answers.pages.push(Visited { key, ip, sheet });
        }
        key
    }

    fn key(&self, url: &Url) -> String {
        page_key(self.context.target, url)
    }
}

/// What a page is called: path and query on the target, with the host in front elsewhere.
pub(super) fn page_key(target: &Target, url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let own = &target.name;
    let sibling = host.strip_prefix("www.") == Some(own) || own.strip_prefix("www.") == Some(host);
    let is_own = host == own || sibling || host.trim_matches(['[', ']']) == own;
    let path = clean(&path_of(url), 300);
    match (is_own, scheme_of(url), &target.port) {
        (true, Scheme::Https, _) | (true, Scheme::Http, None) => path,
        (true, Scheme::Http, Some(_)) => format!("http {path}"),
        (false, ..) => format!("{host}{path}"),
    }
}

/// Path and query of a URL.
fn path_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}
