//! An entry of a capture as the answer that a scan would have received, without what is not judged.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    not_shown,
    redact::{cut_query, without_value},
};
use crate::{
    model::gap::GapReason,
    net::{HttpResponse, MAX_BODY, NetError},
    wire::har::Entry,
};

/// Headers that are judged; no other is taken.
const HEADERS: [&str; 27] = [
    "access-control-allow-credentials",
    "access-control-allow-origin",
    "alt-svc",
    "cache-control",
    "cf-mitigated",
    "content-encoding",
    "content-security-policy",
    "content-security-policy-report-only",
    "content-type",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "expires",
    "location",
    "permissions-policy",
    "pragma",
    "referrer-policy",
    "refresh",
    "server",
    "set-cookie",
    "strict-transport-security",
    "vary",
    "x-amzn-waf-action",
    "x-content-type-options",
    "x-frame-options",
    "x-powered-by",
    "x-xss-protection",
];

/// Why an entry does not show what the server answers.
pub(super) fn unusable(entry: &Entry) -> Option<NetError> {
    let header = |name: &str| {
        let mut headers = entry.response.headers.iter();
        headers.any(|header| header.name.eq_ignore_ascii_case(name))
    };
    match entry.response.status {
        304 => Some(not_shown(
            "came from the browser's cache: capture again with the cache disabled",
        )),
        _ if header("non-authoritative-reason") => {
            Some(not_shown("the browser redirected by itself, by HSTS"))
        }
        100..=599 => None,
        _ => Some(not_shown("the browser got no answer")),
    }
}

/// An answer as a scan would have received it, without what is not judged.
pub(super) fn response(entry: &Entry) -> HttpResponse {
    let response = &entry.response;
    let mut headers: Vec<(String, Vec<u8>)> = response
        .header_lines()
        .into_iter()
        .filter(|(name, _)| HEADERS.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = match name.as_str() {
                "set-cookie" => without_value(&value),
                "location" | "refresh" => cut_query(&String::from_utf8_lossy(&value)).into_bytes(),
                "content-security-policy" | "content-security-policy-report-only" => {
                    let text = String::from_utf8_lossy(&value);
                    let words: Vec<String> = text.split(' ').map(cut_query).collect();
                    words.join(" ").into_bytes()
                }
                _ => value,
            };
            (name, value)
        })
        .collect();
    if !headers.iter().any(|(name, _)| name == "set-cookie") {
        headers.extend(
            response
                .cookies
                .iter()
                .filter(|cookie| cookie.is_whole())
                .map(|cookie| ("set-cookie".to_owned(), cookie.line())),
        );
    }
    let (body, body_gap) = body(entry, &mut headers);
    HttpResponse {
        version: version(&response.http_version),
        status: u16::try_from(response.status).unwrap_or(0),
        headers,
        body,
        body_gap,
        certificate: None,
        leaf: None,
    }
}

fn version(text: &str) -> &'static str {
    match text.to_ascii_lowercase().as_str() {
        "h2" | "http/2" | "http/2.0" => "HTTP/2",
        "h3" | "http/3" | "http/3.0" => "HTTP/3",
        "http/1.0" => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

/// The body, and why it is not all there.
fn body(entry: &Entry, headers: &mut [(String, Vec<u8>)]) -> (Vec<u8>, Option<NetError>) {
    let content = &entry.response.content;
    let empty = content.size == Some(0) || matches!(entry.response.status, 204 | 301..=308);
    let Some(text) = &content.text else {
        let gap = (!empty).then(|| not_shown("the capture holds no body of this page"));
        return (Vec::new(), gap);
    };
    let mut body = match content.encoding.as_deref() {
        Some("base64") => {
            let decoded = BASE64_STANDARD.decode(text.trim());
            match decoded {
                Ok(body) => body,
                Err(_) => {
                    let detail = "the body in the capture is not base64";
                    let error = NetError::new(GapReason::Malformed, detail);
                    return (Vec::new(), Some(error));
                }
            }
        }
        _ => {
            // The browser has decoded it: whatever it was sent in, it is UTF-8 now.
            for (name, value) in headers {
                if name == "content-type" {
                    let text = String::from_utf8_lossy(value);
                    let media_type = text.split(';').next().unwrap_or_default();
                    *value = format!("{media_type}; charset=utf-8").into_bytes();
                }
            }
            text.clone().into_bytes()
        }
    };
    let gap = (body.len() > MAX_BODY).then(|| {
        let detail = format!("only the first {MAX_BODY} bytes of the body are read");
        NetError::new(GapReason::TooLarge, detail)
    });
    body.truncate(MAX_BODY);
    (body, gap)
}
