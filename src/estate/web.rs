//! Websites: HTTP/1.1 over any stream, answers from a pure function.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{HOST, HeaderName, HeaderValue},
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{http, mended::Mended};

/// A website.
pub(super) struct Site {
    /// Gives the answer to a request.
    pub answer: fn(&Asked<'_>) -> Answer,
    /// What its office has mended.
    pub mended: Mended,
}

/// What a request asks for. Its body is never read.
pub(super) struct Asked<'a> {
    /// Whether it came over TLS.
    pub secure: bool,
    /// The host asked for, without port.
    pub host: &'a str,
    /// The path, without query.
    pub path: &'a str,
    /// What the office has mended.
    pub mended: &'a Mended,
    /// A value that is fresh for each request and cannot be guessed.
    pub nonce: &'a str,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields in order; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A document.
    pub(super) fn html(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
            body: body.into(),
        }
    }

    /// Plain text.
    pub(super) fn text(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
            body: body.into(),
        }
    }

    /// A permanent redirect.
    pub(super) fn redirect(to: String) -> Self {
        Self {
            status: 301,
            headers: vec![("location", to)],
            body: String::new(),
        }
    }

    /// The answer to a path that is not there.
    pub(super) fn not_found(body: &str) -> Self {
        Self {
            status: 404,
            ..Self::html(body)
        }
    }

    /// The same with more header fields.
    pub(super) fn with(mut self, headers: &[(&'static str, &str)]) -> Self {
        let more = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        self.headers.extend(more);
        self
    }
}

impl Site {
    /// Serves one connection.
    pub(super) async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin, secure: bool) {
        http::serve(stream, |request| self.respond(request, secure)).await;
    }

    fn respond(&self, request: &Request<Incoming>, secure: bool) -> Response<Full<Bytes>> {
        let host = request
            .headers()
            .get(HOST)
            .and_then(|value| value.to_str().ok())
            .or_else(|| {
                request
                    .uri()
                    .authority()
                    .map(|authority| authority.as_str())
            })
            .unwrap_or_default();
        let host = host
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let answer = (self.answer)(&Asked {
            secure,
            host: &host,
            path: request.uri().path(),
            mended: &self.mended,
            nonce: &nonce(),
        });
        let mut response = Response::new(Full::new(Bytes::from(answer.body)));
        *response.status_mut() =
            StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in answer.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response
                    .headers_mut()
                    .append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// 18 random bytes in base64. Should the system give no randomness, a number
/// that never comes twice: it is the demo's own page that it guards.
fn nonce() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 18];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        return format!("nonce{count}");
    }
    STANDARD.encode(bytes)
}
