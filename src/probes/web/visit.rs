//! Asks for a URL and follows its redirects, hop by hop, within the scope.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OnceCell;
use url::Url;

use crate::{
    model::gap::GapReason,
    net::{HttpRequest, HttpResponse, NetError, Session},
    wire::text::clean,
};

/// Most redirects that are followed.
pub(super) const REDIRECTS_MAX: usize = 10;

/// A way from a first URL through its redirects.
pub(super) struct Way {
    pub(super) steps: Vec<Step>,
    pub(super) end: End,
}

/// One answer on the way.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) url: Url,
    pub(super) ip: IpAddr,
    pub(super) response: Arc<HttpResponse>,
}

/// How a way ended.
pub(super) enum End {
    /// With an answer that is no redirect.
    Final,
    /// With a page that a filter or a failing server sends in the site's place.
    Blocked(NetError),
    /// Back where it had been.
    Loop,
    /// After [`REDIRECTS_MAX`] redirects.
    TooMany,
    /// Towards a host outside of the scope, which is not asked.
    LeftScope(Url),
    /// With a redirect that leads nowhere.
    Broken,
    /// At a place that did not answer, or where it could not be told how to go on.
    Failed(NetError),
}

impl Way {
    /// The last answer, if the way ended with one of the site itself.
    pub(super) fn final_step(&self) -> Option<&Step> {
        match self.end {
            End::Final => self.steps.last(),
            _ => None,
        }
    }

    /// Why there is no final page, as a gap would say it.
    pub(super) fn failure(&self) -> Option<NetError> {
        match &self.end {
            End::Final => None,
            End::Blocked(error) | End::Failed(error) => Some(error.clone()),
            End::Loop => Some(NetError::new(
                GapReason::Refused,
                "the redirects go in a circle",
            )),
            End::TooMany => Some(NetError::new(
                GapReason::Refused,
                format!("more than {REDIRECTS_MAX} redirects"),
            )),
            End::Broken => Some(NetError::new(
                GapReason::Refused,
                "a redirect leads nowhere",
            )),
            End::LeftScope(url) => Some(NetError::new(
                GapReason::OutOfScope,
                format!(
                    "redirects to {}, which is not part of this scan",
                    clean(url.as_str(), 200)
                ),
            )),
        }
    }
}

/// Asks each address for each URL once, as ways over both ports mostly end on the same page.
pub(super) struct Visitor<'a> {
    session: &'a Session,
    /// Whether bodies are wanted.
    bodies: bool,
    asked: Mutex<HashMap<(String, IpAddr), Once>>,
}

type Once = Arc<OnceCell<Asked>>;
type Asked = Result<Arc<HttpResponse>, NetError>;

impl<'a> Visitor<'a> {
    pub(super) fn new(session: &'a Session, bodies: bool) -> Self {
        Self {
            session,
            bodies,
            asked: Mutex::default(),
        }
    }

    /// Follows a URL from an address of its host. An error means that the first URL itself
    /// did not answer.
    pub(super) async fn follow(&self, start: &Url, ip: IpAddr) -> Result<Way, NetError> {
        let first = self.get(start, ip).await?;
        let mut steps = vec![Step {
            url: start.clone(),
            ip,
            response: first,
        }];
        let mut seen = vec![without_fragment(start)];
        let end = loop {
            let Some(step) = steps.last() else {
                break End::Broken;
            };
            if let Some(error) = blocked(&step.response) {
                break End::Blocked(error);
            }
            let next = match redirect(&step.url, &step.response) {
                None => break End::Final,
                Some(None) => break End::Broken,
                Some(Some(next)) => next,
            };
            if seen.contains(&without_fragment(&next)) {
                break came_back(&steps);
            }
            if seen.len() > REDIRECTS_MAX {
                break End::TooMany;
            }
            let host = next.host_str().unwrap_or_default();
            if !self.session.in_scope(host) {
                break End::LeftScope(next);
            }
            let ip = match address_of(self.session, host, start, ip).await {
                Ok(ip) => ip,
                Err(error) => break End::Failed(error),
            };
            match self.get(&next, ip).await {
                Ok(response) => {
                    seen.push(without_fragment(&next));
                    steps.push(Step {
                        url: next,
                        ip,
                        response,
                    });
                }
                Err(error) => break End::Failed(error),
            }
        };
        Ok(Way { steps, end })
    }

    async fn get(&self, url: &Url, ip: IpAddr) -> Asked {
        let cell = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked
                .entry((without_fragment(url), ip))
                .or_default()
                .clone()
        };
        cell.get_or_init(|| async {
            let mut request = HttpRequest::new(url.clone(), ip);
            if !self.bodies {
                request.max_body = 0;
            }
            let mut response = self.session.get(&request).await?;
            // A redirect's body is of no use, and ten of them would be of some size.
            if redirect(url, &response).is_some() {
                response.body = Vec::new();
            }
            Ok(Arc::new(response))
        })
        .await
        .clone()
    }
}

/// A way that came back to where it had been: a circle, unless the site only wants the cookies
/// back that it set on the way.
fn came_back(steps: &[Step]) -> End {
    let sets_cookies = steps
        .iter()
        .any(|step| !step.response.all("set-cookie").is_empty());
    if sets_cookies {
        End::Failed(NetError::new(
            GapReason::Blocked,
            "the redirects come back for want of the cookies that they set",
        ))
    } else {
        End::Loop
    }
}

/// The address for a host on the way: the one that we came to, if the host lives there too,
/// else one of the same family.
async fn address_of(
    session: &Session,
    host: &str,
    start: &Url,
    ip: IpAddr,
) -> Result<IpAddr, NetError> {
    if start.host_str() == Some(host) {
        return Ok(ip);
    }
    let set = session.addresses(host).await?;
    let usable = || {
        set.addresses
            .iter()
            .filter(|address| address.may_connect.is_ok())
    };
    let found = usable()
        .find(|address| address.ip == ip)
        .or_else(|| usable().find(|address| address.ip.is_ipv4() == ip.is_ipv4()))
        .or_else(|| usable().next());
    match (found, set.addresses.first()) {
        (Some(address), _) => Ok(address.ip),
        (None, Some(address)) => Err(address
            .may_connect
            .clone()
            .err()
            .unwrap_or_else(|| no_address(host))),
        (None, None) => Err(no_address(host)),
    }
}

fn no_address(host: &str) -> NetError {
    NetError::new(
        GapReason::Unresolved,
        format!("{} has no address", clean(host, 253)),
    )
}

/// Where an answer redirects to: `None` when it does not, `Some(None)` when it leads nowhere.
pub(super) fn redirect(url: &Url, response: &HttpResponse) -> Option<Option<Url>> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let locations = response.all("location");
    let next = locations
        .first()
        .and_then(|value| url.join(&String::from_utf8_lossy(value)).ok())
        .filter(|next| matches!(next.scheme(), "http" | "https") && next.has_host());
    Some(next)
}

/// Whether something else than the site answered: a filter, a rate limit, a maintenance page,
/// a failing server. What such an answer says is not what the site says.
pub(super) fn blocked(response: &HttpResponse) -> Option<NetError> {
    let marks = ["cf-mitigated", "x-amzn-waf-action"];
    let mark = marks
        .into_iter()
        .find(|name| !response.all(name).is_empty());
    let words = match (response.status, mark) {
        (_, Some(name)) => format!("a filter answered ({name}), status {}", response.status),
        (403, _) => "status 403: the request was refused, perhaps by a filter".to_owned(),
        (429, _) => "status 429: too many requests".to_owned(),
        (503, _) => "status 503: out of service, or a filter".to_owned(),
        (500..=599, _) => format!("status {}: the server failed", response.status),
        _ => return None,
    };
    Some(NetError::new(GapReason::Blocked, words))
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}
