//! The exchanges of the web probe, and in which order: both ports of every address, then the
//! pages over one of them.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};
use url::Url;

use super::{
    facts::Scheme,
    links::{Candidate, candidates},
    page::{Sheet, scheme_of},
    visit::{End, Step, Visitor, Way},
};
use crate::{
    model::{gap::GapReason, level::Level, target::Target},
    net::{AddressSet, HttpResponse, NetError, Session},
    probes::registry::ProbeContext,
    wire::{robots::Robots, text::clean},
};

/// Most addresses of a name that are looked at.
pub(super) const ADDRESSES_MAX: usize = 16;
/// Most pages of the same path with other queries, lest a calendar or a list fill the cap.
const QUERIES_MAX: usize = 2;

/// Links in a row that may fail before the site is left alone: it is down, or does not want us.
const FAILURES_MAX: usize = 2;

/// Everything that was asked, with its answers.
pub(super) struct Answers {
    /// The addresses that were looked at, each with its two ports.
    pub(super) origins: Vec<Attempt>,
    /// Why there may be more addresses.
    pub(super) more_addresses: Vec<NetError>,
    /// The pages, the front page first.
    pub(super) pages: Vec<Visited>,
    /// Pages that could not be visited, and why.
    pub(super) missed: Vec<NetError>,
    /// What was asked for security.txt; `None` below level standard.
    pub(super) security_txt: Option<Result<Option<Sheet>, NetError>>,
    /// Answers that there is no such file, one for each place it may have.
    pub(super) no_security_txt: Vec<(Url, IpAddr, HttpResponse)>,
    /// The body of security.txt, decoded.
    pub(super) security_text: String,
}

/// One port of one address, asked for the front page.
pub(super) struct Attempt {
    pub(super) scheme: Scheme,
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    pub(super) start: Url,
    pub(super) way: Result<Way, NetError>,
}

/// A page that was visited.
pub(super) struct Visited {
    /// What the page is called in the facts.
    pub(super) key: String,
    pub(super) ip: IpAddr,
    pub(super) sheet: Sheet,
}

/// The ports that a target is asked on: HTTP, HTTPS.
pub(super) fn ports(target: &Target) -> [(Scheme, u16); 2] {
    [
        (Scheme::Http, 80),
        (Scheme::Https, target.port.unwrap_or(443)),
    ]
}

/// The URL of a path of the target.
pub(super) fn url_of(target: &Target, scheme: Scheme, port: u16, path: &str) -> Option<Url> {
    let host = match target.name.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => target.name.clone(),
    };
    let scheme = match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    // The default port goes when it is parsed.
    let mut url: Url = format!("{scheme}://{host}:{port}/").parse().ok()?;
    if path != "/" {
        url = url.join(path).ok()?;
    }
    Some(url)
}

/// Looks at a target whose addresses are known.
pub(super) async fn ask(context: ProbeContext<'_>, addresses: &AddressSet) -> Answers {
    let mut more_addresses: Vec<NetError> = addresses
        .failures
        .iter()
        .map(|(_, error)| error.clone())
        .collect();
    if addresses.addresses.len() > ADDRESSES_MAX {
        let detail = format!("only the first {ADDRESSES_MAX} addresses are looked at");
        more_addresses.push(NetError::new(GapReason::BudgetSpent, detail));
    }
    // Pages are read over one address, most often the first: bodies of the others are left.
    let first = addresses
        .addresses
        .iter()
        .position(|address| address.may_connect.is_ok());
    let (reader, glancer) = (
        Visitor::new(context.session, true),
        Visitor::new(context.session, false),
    );
    let attempts = addresses
        .addresses
        .iter()
        .enumerate()
        .take(ADDRESSES_MAX)
        .flat_map(|place| ports(context.target).map(|(scheme, port)| (place, scheme, port)))
        .filter_map(|((number, address), scheme, port)| {
            let start = url_of(context.target, scheme, port, "/")?;
            let visitor = if Some(number) == first {
                &reader
            } else {
                &glancer
            };
            Some(async move {
                let way = match &address.may_connect {
                    Ok(()) => visitor.follow(&start, address.ip).await,
                    Err(error) => Err(error.clone()),
                };
                Attempt {
                    scheme,
                    ip: address.ip,
                    port,
                    start,
                    way,
                }
            })
        });
    let origins = futures_util::future::join_all(attempts).await;
    let mut answers = Answers {
        origins,
        more_addresses,
        pages: Vec::new(),
        missed: Vec::new(),
        security_txt: None,
        no_security_txt: Vec::new(),
        security_text: String::new(),
    };
    Crawl::new(context, &mut answers).run().await;
    answers
}

/// The visit of pages over one address.
struct Crawl<'a> {
    context: ProbeContext<'a>,
    answers: &'a mut Answers,
    /// Keys of pages that were visited, and URLs that were asked for.
    known: BTreeSet<String>,
}

impl<'a> Crawl<'a> {
    fn new(context: ProbeContext<'a>, answers: &'a mut Answers) -> Self {
        Self {
            context,
            answers,
            known: BTreeSet::new(),
        }
    }

    async fn run(mut self) {
        let Some((origin, front)) = self.front_page() else {
            self.no_front_page();
            return;
        };
        // The body of an address that was only glanced at was cut before its first byte.
        let glanced = front.response.body.is_empty()
            && front
                .response
                .body_gap
                .as_ref()
                .is_some_and(|gap| gap.reason == GapReason::TooLarge);
        let ip = front.ip;
        let front_url = front.url.clone();
        if !glanced {
            self.add(front.url, front.ip, Arc::unwrap_or_clone(front.response));
        } else {
            match self.page(&front.url, ip).await {
                Ok((url, ip, response)) => self.add(url, ip, response),
                Err(error) => self.answers.missed.push(error),
            }
        }
        for path in &self.context.target.paths {
            self.visit_required(&origin, path).await;
        }
        if self.context.level >= Level::Standard {
            self.visit_links(&front_url, ip).await;
            self.security_txt(&origin).await;
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

    async fn visit_required(&mut self, origin: &(Url, IpAddr), path: &str) {
        let missed = |error: &NetError| {
            NetError::new(
                error.reason,
                format!("{}: {}", clean(path, 200), error.detail),
            )
        };
        let Ok(url) = origin.0.join(path) else {
            let detail = format!("{}: not a path", clean(path, 200));
            self.answers
                .missed
                .push(NetError::new(GapReason::Malformed, detail));
            return;
        };
        if self.known.contains(&self.key(&url)) {
            return;
        }
        match self.page(&url, origin.1).await {
            Ok((url, ip, response)) if response.status < 400 => self.add(url, ip, response),
            Ok((_, _, response)) => {
                let detail = format!("{}: status {}", clean(path, 200), response.status);
                self.answers
                    .missed
                    .push(NetError::new(GapReason::Refused, detail));
            }
            Err(error) => self.answers.missed.push(missed(&error)),
        }
    }

    /// Follows links from page to page, the most promising first, up to the cap.
    async fn visit_links(&mut self, front: &Url, ip: IpAddr) {
        let cap = usize::try_from(self.context.page_cap).unwrap_or(usize::MAX);
        let mut queue: Vec<Candidate> = Vec::new();
        let mut read = 0usize;
        let mut robots = None;
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
            if robots.is_none() {
                robots = Some(self.robots(front, ip).await);
            }
            let allowed = robots
                .as_ref()
                .is_some_and(|robots| robots.allows(&path_of(&candidate.url)));
            if !allowed {
                self.known.insert(candidate.url.to_string());
                continue;
            }
            match self.page(&candidate.url, ip).await {
                // A page that the site says is not there is not part of it.
                Ok((_, _, response)) if response.status >= 400 => {}
                Ok((url, ip, response)) => {
                    refused.clear();
                    self.add(url, ip, response);
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

    /// Which paths a crawler may visit (RFC 9309): all when there is no robots.txt, none
    /// when the server fails to give it.
    async fn robots(&self, front: &Url, ip: IpAddr) -> Robots {
        let Ok(url) = front.join("/robots.txt") else {
            return Robots::nothing_allowed();
        };
        match self.visitor().follow(&url, ip).await {
            Ok(way) => match (way.final_step(), &way.end) {
                (Some(step), _) if step.response.status == 200 => {
                    Robots::parse(&String::from_utf8_lossy(&step.response.body))
                }
                (Some(_), _) | (None, End::LeftScope(_)) => Robots::all_allowed(),
                (None, _) => Robots::nothing_allowed(),
            },
            Err(_) => Robots::nothing_allowed(),
        }
    }

    async fn security_txt(&mut self, origin: &(Url, IpAddr)) {
        let mut found = Ok(None);
        for path in ["/.well-known/security.txt", "/security.txt"] {
            let Ok(url) = origin.0.join(path) else {
                continue;
            };
            match self.page(&url, origin.1).await {
                Ok((url, ip, response)) if response.status == 200 => {
                    let text = String::from_utf8_lossy(&response.body).into_owned();
                    // A page for everything that is not there is no file.
                    if crate::wire::security_txt::parse(&text).is_plausible() {
                        self.answers.security_text = text;
                        found = Ok(Some(Sheet::read(url, response)));
                        break;
                    }
                    if let Some(gap) = response.body_gap {
                        found = Err(gap);
                        break;
                    }
                    self.answers.no_security_txt.push((url, ip, response));
                }
                Ok((url, ip, response)) if matches!(response.status, 404 | 410) => {
                    self.answers.no_security_txt.push((url, ip, response));
                }
                Ok((_, _, response)) => {
                    let detail = format!("{path}: status {}", response.status);
                    found = Err(NetError::new(GapReason::Refused, detail));
                    break;
                }
                Err(error) => {
                    found = Err(error);
                    break;
                }
            }
        }
        self.answers.security_txt = Some(found);
    }

    /// The page that a URL leads to.
    async fn page(
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
    fn visitor(&self) -> Visitor<'a> {
        Visitor::new(self.context.session, true)
    }

    fn add(&mut self, url: Url, ip: IpAddr, response: HttpResponse) {
        let key = self.key(&url);
        self.known.insert(url.to_string());
        if self.known.insert(key.clone()) {
            let sheet = Sheet::read(url, response);
            self.answers.pages.push(Visited { key, ip, sheet });
        }
    }

    /// What a page is called: path and query on the target, with the host in front elsewhere.
    fn key(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        let own = &self.context.target.name;
        let sibling =
            host.strip_prefix("www.") == Some(own) || own.strip_prefix("www.") == Some(host);
        let is_own = host == own || sibling || host.trim_matches(['[', ']']) == own;
        let path = clean(&path_of(url), 300);
        match (is_own, scheme_of(url), &self.context.target.port) {
            (true, Scheme::Https, _) | (true, Scheme::Http, None) => path,
            (true, Scheme::Http, Some(_)) => format!("http {path}"),
            (false, ..) => format!("{host}{path}"),
        }
    }
}

/// Path and query of a URL.
fn path_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The addresses of the target, or why there are none.
pub(super) async fn addresses(session: &Session, name: &str) -> Result<AddressSet, NetError> {
    let set = session.addresses(name).await?;
    if !set.addresses.is_empty() {
        return Ok(set);
    }
    let detail = if set.exists {
        "has no address"
    } else {
        "does not exist"
    };
    let error = NetError::new(GapReason::Unresolved, format!("{name} {detail}"));
    // Half of the answer is missing: the other half may have held the addresses.
    Err(set
        .failures
        .first()
        .map_or(error, |(_, failure)| failure.clone()))
}
