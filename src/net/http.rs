//! An HTTP client for looking, not for browsing: one request to one address, no
//! redirects followed, no cookies kept, no proxy asked.
//!
//! It speaks HTTP/1.1 and HTTP/2 over [`Session::connect`], so that scope, pace,
//! deadline and byte counts are those of every other connection. What counts is
//! every byte on the socket, TLS included.
//!
//! What a server may cost: a head of [`MAX_HEAD`] bytes and [`MAX_HEADERS`]
//! lines, a body of the requested size after decompression, and the requested
//! time from the first packet to the last.

mod body;
mod connect;
mod pool;

use http_body_util::Empty;
use hyper::{HeaderMap, Request, body::Bytes};
use std::{net::IpAddr, sync::Arc, time::Duration};
use url::Url;

pub(super) use pool::Pool;

use super::{error::NetError, session::Session};
use crate::{
    model::gap::GapReason,
    wire::text::{clean, clean_bytes},
};
use connect::{Live, connect};

/// Most header lines of an answer.
pub const MAX_HEADERS: usize = 500;
/// Most bytes of the status line and headers of an answer.
pub const MAX_HEAD: usize = 256 << 10;
/// Most bytes of a body after decompression, unless the request says otherwise.
pub const MAX_BODY: usize = 1 << 20;
/// How long an answer may take from the first packet to the last, unless the request says otherwise.
pub const TIME: Duration = Duration::from_secs(10);

/// What to ask for, and of whom.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// An `http` or `https` URL. User name and password in it are not sent.
    pub url: Url,
    /// The address to ask, as DNS has it.
    pub ip: IpAddr,
    /// What to do about a certificate that does not verify.
    pub trust: Trust,
    /// Most bytes of the body after decompression.
    pub max_body: usize,
    /// How long the answer may take, connecting included.
    pub time: Duration,
    /// What is asked.
    pub method: Method,
    /// `Origin` to send along, as a page of that site would; none by default.
    pub origin: Option<&'static str>,
    /// What kinds of answers are wanted (`Accept`).
    pub accept: &'static str,
}

/// What is asked of a server. Nothing that changes anything there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A page.
    Get,
    /// The request itself, sent back (RFC 9110 section 9.3.8).
    Trace,
}

/// What to do about a certificate that does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Refuse the connection ([`GapReason::TlsFailed`]), as a browser does.
    Verify,
    /// Note it in [`HttpResponse::certificate`] and look at the page nevertheless.
    Observe,
}

impl HttpRequest {
    /// A request that observes certificates, with the usual limits.
    pub fn new(url: Url, ip: IpAddr) -> Self {
        Self {
            url,
            ip,
            trust: Trust::Observe,
            max_body: MAX_BODY,
            time: TIME,
            method: Method::Get,
            origin: None,
            accept: "text/html,application/xhtml+xml,*/*;q=0.8",
        }
    }

    /// The same request, refusing certificates that do not verify.
    pub fn verified(self) -> Self {
        Self {
            trust: Trust::Verify,
            ..self
        }
    }
}

/// An answer: its head, and as much of its body as came and was allowed.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// Protocol version, as `HTTP/1.1` or `HTTP/2`.
    pub version: &'static str,
    /// Status code.
    pub status: u16,
    /// Header fields: names in lower case in the order of their first line, values as received.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// Why the body is not complete: cut ([`GapReason::TooLarge`]), too slow, broken off,
    /// or in an encoding that was not asked for. `None` for a complete one.
    pub body_gap: Option<NetError>,
    /// Whether the certificate verified, else why not; `None` over HTTP.
    pub certificate: Option<Result<(), String>>,
    /// The server's own certificate (DER); `None` over HTTP.
    pub leaf: Option<Arc<[u8]>>,
}

impl HttpResponse {
    /// The values of all header lines of a name (in lower case), in order.
    pub fn all<'a>(&'a self, name: &str) -> Vec<&'a [u8]> {
        self.headers
            .iter()
            .filter(|(own, _)| own == name)
            .map(|(_, value)| value.as_slice())
            .collect()
    }

    /// The first header line of a name (in lower case), cleaned and cut.
    pub fn first(&self, name: &str, max_chars: usize) -> Option<String> {
        self.all(name)
            .first()
            .map(|value| clean_bytes(value, max_chars))
    }

    /// Status and header lines for evidence, cleaned and cut to about `max_chars`
    /// characters; values of cookies are left out. Tells whether something was cut.
    pub fn head_text(&self, max_chars: usize) -> (String, bool) {
        let mut text = format!("{} {}", self.version, self.status);
        for (name, value) in &self.headers {
            let value = if name == "set-cookie" {
                redact_cookie(&clean_bytes(value, 1_000))
            } else {
                clean_bytes(value, 2_000)
            };
            let line = format!("\n{}: {value}", clean(name, 200));
            if text.chars().count() + line.chars().count() > max_chars {
                return (text, true);
            }
            text.push_str(&line);
        }
        (text, false)
    }
}

/// A Set-Cookie value with the value of the cookie taken out.
fn redact_cookie(header: &str) -> String {
    let (pair, attributes) = match header.split_once(';') {
        Some((pair, attributes)) => (pair, format!(";{attributes}")),
        None => (header, String::new()),
    };
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}=[...]{attributes}"),
        None => format!("[...]{attributes}"),
    }
}

impl Session {
    /// Asks one address for a URL. Redirects are answers like others.
    ///
    /// # Errors
    /// When no head of an answer came: the reasons of [`Session::connect`], and
    /// [`GapReason::TlsFailed`], [`GapReason::Timeout`], [`GapReason::Reset`],
    /// [`GapReason::TooLarge`] (head), [`GapReason::Malformed`];
    /// [`NetError::is_other_protocol`] tells a port where TLS or HTTP is not
    /// spoken at all. A body that fails is [`HttpResponse::body_gap`].
    pub async fn get(&self, request: &HttpRequest) -> Result<HttpResponse, NetError> {
        let what = format!(
            "asking {} for {}",
            request.ip,
            clean(request.url.as_str(), 200)
        );
        let started = tokio::time::Instant::now();
        let (mut live, head) = self
            .within(request.time, &what, self.ask(request))
            .await??;
        let (parts, incoming) = head.into_parts();
        let encodings: Vec<&[u8]> = parts
            .headers
            .get_all("content-encoding")
            .iter()
            .map(|value| value.as_bytes())
            .collect();
        let mut sink = body::Sink::new(&encodings, request.max_body);
        let left = request.time.saturating_sub(started.elapsed());
        let read = self
            .within(left, &what, body::read(incoming, &mut sink))
            .await;
        let body_gap = match read {
            Ok(Ok(())) => None,
            Ok(Err(error)) | Err(error) => Some(error),
        };
        let certificate = live.certificate().cloned();
        let leaf = live.leaf();
        // After a body that was not read to its end, HTTP/1.1 cannot go on.
        if body_gap.is_none() && live.is_ready().await {
            self.http_pool().put(live);
        }
        Ok(HttpResponse {
            version: version_name(parts.version),
            status: parts.status.as_u16(),
            headers: list_headers(&parts.headers),
            body: sink.into_body(),
            body_gap,
            certificate,
            leaf,
        })
    }

    /// Sends the request on a connection that is open already, else on a new one.
    async fn ask(
        &self,
        request: &HttpRequest,
    ) -> Result<(Live, hyper::Response<hyper::body::Incoming>), NetError> {
        let place = pool::Place::of(request)?;
        if let Some(mut live) = self.http_pool().take(&place) {
            let message = message(self, request, live.is_http2())?;
            // A server may close an idle connection at any time: then ask anew.
            if let Ok(head) = live.send(message).await {
                return Ok((live, head));
            }
        }
        let mut live = connect(self, &place).await?;
        let message = message(self, request, live.is_http2())?;
        let head = live.send(message).await?;
        Ok((live, head))
    }
}

/// The request as sent. The same words for every site, so that answers can be compared.
fn message(
    session: &Session,
    request: &HttpRequest,
    http2: bool,
) -> Result<Request<Empty<Bytes>>, NetError> {
    let url = &request.url;
    let host = url.host_str().unwrap_or_default();
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let path = url.path();
    let query = url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let target = if http2 {
        format!("{}://{authority}{path}{query}", url.scheme())
    } else {
        format!("{path}{query}")
    };
    let mut builder = Request::builder().uri(target).method(match request.method {
        Method::Get => hyper::Method::GET,
        Method::Trace => hyper::Method::TRACE,
    });
    if let Some(origin) = request.origin {
        builder = builder.header("origin", origin);
    }
    if !http2 {
        builder = builder.header("host", authority);
    }
    builder
        .header("user-agent", session.user_agent())
        .header("accept", request.accept)
        .header("accept-language", "en")
        .header("accept-encoding", "gzip")
        .body(Empty::new())
        .map_err(|error| {
            let url = clean(url.as_str(), 200);
            NetError::new(
                GapReason::Malformed,
                format!("{url} cannot be asked for: {error}"),
            )
        })
}

fn list_headers(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}

fn version_name(version: hyper::Version) -> &'static str {
    match version {
        hyper::Version::HTTP_09 => "HTTP/0.9",
        hyper::Version::HTTP_10 => "HTTP/1.0",
        hyper::Version::HTTP_11 => "HTTP/1.1",
        hyper::Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/3",
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
