//! HTTP Archive 1.2: what a browser asked for and got, as its developer tools write it down.
//!
//! A capture holds the secrets of whoever made it. What is read here is what answers say; cookies
//! that the browser sent, its credentials and what it posted are never read.
//!
//! Chromium says what kind of thing each request loaded; Firefox does not, and leaves out or sets to
//! `null` what it has no value for. Its requests tell by `Sec-Fetch-Dest` what they were for.

use serde::{Deserialize, Deserializer};

/// Most entries of a capture that are read.
pub const ENTRIES_MAX: usize = 20_000;
/// Most header lines of an answer, and the longest value (bytes).
const HEADERS_MAX: usize = 500;
const VALUE_MAX: usize = 16 << 10;

/// A capture.
#[derive(Clone, Debug, Deserialize)]
pub struct Capture {
    /// All of it.
    pub log: Log,
}

/// What a capture holds.
#[derive(Clone, Debug, Deserialize)]
pub struct Log {
    /// Version of the format, as `1.2`.
    #[serde(default)]
    pub version: String,
    /// Requests with their answers, in order.
    pub entries: Vec<Entry>,
}

/// A request with its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When the request was sent, as RFC 3339.
    pub started_date_time: String,
    /// What was asked for.
    pub request: Request,
    /// What came back.
    pub response: Response,
    /// What kind of thing was loaded (`document`, `xhr`, ...), where the browser says so.
    #[serde(rename = "_resourceType", default)]
    pub resource_type: Option<String>,
}

/// What was asked for.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    /// Method.
    pub method: String,
    /// URL.
    pub url: String,
    /// What the answer was for (`Sec-Fetch-Dest`, as `document`, `empty`, `script`), where the browser
    /// said so. No other header of a request is read.
    #[serde(default, rename = "headers", deserialize_with = "destination")]
    pub destination: Option<String>,
}

/// What came back.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Status code; 0 when there was no answer.
    pub status: i64,
    /// Protocol, as `HTTP/1.1`, `h2`, `http/2.0`.
    #[serde(default, deserialize_with = "or_default")]
    pub http_version: String,
    /// Header lines.
    #[serde(default, deserialize_with = "or_default")]
    pub headers: Vec<Header>,
    /// Cookies that the answer sets, without their values.
    #[serde(default, deserialize_with = "or_default")]
    pub cookies: Vec<Cookie>,
    /// The body.
    #[serde(default, deserialize_with = "or_default")]
    pub content: Content,
}

/// A header line.
#[derive(Clone, Debug, Deserialize)]
pub struct Header {
    /// Name.
    pub name: String,
    /// Value.
    #[serde(default, deserialize_with = "or_default")]
    pub value: String,
}

/// A cookie that an answer sets. Its value is not read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// Name.
    pub name: String,
    /// Path.
    #[serde(default)]
    pub path: Option<String>,
    /// Domain.
    #[serde(default)]
    pub domain: Option<String>,
    /// Whether scripts cannot read it.
    #[serde(default)]
    pub http_only: Option<bool>,
    /// Whether it is sent over TLS alone.
    #[serde(default)]
    pub secure: Option<bool>,
    /// Whether requests of other sites carry it.
    #[serde(default)]
    pub same_site: Option<String>,
}

/// A body.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Its size in bytes; absent or -1 when it is not known.
    #[serde(default)]
    pub size: Option<i64>,
    /// Its media type.
    #[serde(default, deserialize_with = "or_default")]
    pub mime_type: String,
    /// Its text; absent where the capture was saved without bodies.
    #[serde(default)]
    pub text: Option<String>,
    /// `base64` where the text is that.
    #[serde(default)]
    pub encoding: Option<String>,
}

/// A value, or that of its type where it is `null`.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What the headers of a request say that its answer was for.
fn destination<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let headers: Option<Vec<Header>> = Option::deserialize(deserializer)?;
    let mut headers = headers.into_iter().flatten();
    let found = headers.find(|header| header.name.eq_ignore_ascii_case("sec-fetch-dest"));
    Ok(found.map(|header| header.value.to_ascii_lowercase()))
}

/// What is wrong with a capture, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HarError {
    /// Line and column, from 1; `None` for what is about an entry as a whole.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
}

/// Reads a capture. A byte order mark in front, as Firefox once wrote, is passed over.
///
/// # Errors
/// When it is not JSON, nests too deep, is no capture of version 1, or has too many entries.
pub fn parse(bytes: &[u8]) -> Result<Log, HarError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let capture: Capture = serde_json::from_slice(bytes).map_err(|error| HarError {
        place: Some((error.line(), error.column())),
        message: error.to_string(),
    })?;
    let fault = |message: String| HarError {
        place: None,
        message,
    };
    let log = capture.log;
    if !log.version.is_empty() && !log.version.starts_with("1.") {
        return Err(fault(format!(
            "`log.version` is {:?}, and 1.2 is read",
            log.version.chars().take(20).collect::<String>()
        )));
    }
    if log.entries.len() > ENTRIES_MAX {
        return Err(fault(format!(
            "`log.entries` has {} items, and at most {ENTRIES_MAX} are read",
            log.entries.len()
        )));
    }
    Ok(log)
}

impl Response {
    /// Header lines with names in lower case, bounded; what HTTP/2 writes before them is left out.
    pub fn header_lines(&self) -> Vec<(String, Vec<u8>)> {
        let own = self
            .headers
            .iter()
            .filter(|header| !header.name.starts_with(':'));
        let mut lines = Vec::new();
        for header in own.take(HEADERS_MAX) {
            let name = header.name.to_ascii_lowercase();
            // Firefox and Chromium put several lines of a name into one, with line feeds between.
            for value in header.value.split('\n') {
                let value = value.trim().as_bytes();
                let value = value.get(..VALUE_MAX).unwrap_or(value);
                lines.push((name.clone(), value.to_vec()));
            }
        }
        lines
    }
}

impl Cookie {
    /// Whether its attributes are written down. Firefox gives name and value alone; then only header
    /// lines tell.
    pub fn is_whole(&self) -> bool {
        self.secure.is_some() && self.http_only.is_some()
    }

    /// The cookie as a header line without its value.
    pub fn line(&self) -> Vec<u8> {
        let mut line = format!("{}=x", self.name);
        for (name, value) in [
            ("Path", &self.path),
            ("Domain", &self.domain),
            ("SameSite", &self.same_site),
        ] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                line.push_str(&format!("; {name}={value}"));
            }
        }
        for (name, is_set) in [("Secure", self.secure), ("HttpOnly", self.http_only)] {
            if is_set == Some(true) {
                line.push_str("; ");
                line.push_str(name);
            }
        }
        line.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &str = r#"{"log": {"version": "1.2", "creator": {}, "entries": [{
        "startedDateTime": "2026-11-23T03:00:00.000Z", "_resourceType": "document",
        "request": {"method": "GET", "url": "https://vote.example/", "headers": [{"name": "Cookie", "value": "s=secret"}]},
        "response": {"status": 200, "httpVersion": "h2", "headers": [
            {"name": ":status", "value": "200"}, {"name": "Set-Cookie", "value": "a=1; Secure\nb=2"}],
            "content": {"size": 2, "mimeType": "text/html", "text": "hi"}}}]}}"#;

    #[test]
    fn a_capture_is_read() {
        let log = parse(format!("\u{feff}{ONE}").as_bytes()).expect("a capture");
        let [entry] = log.entries.as_slice() else {
            panic!("one entry")
        };
        let lines = entry.response.header_lines();
        assert_eq!(
            lines,
            [
                ("set-cookie".to_owned(), b"a=1; Secure".to_vec()),
                ("set-cookie".to_owned(), b"b=2".to_vec())
            ]
        );
        assert!(!format!("{log:?}").contains("secret"));
    }

    #[test]
    fn firefox_leaves_out_what_it_does_not_know() {
        let text = r#"{"log": {"version": "1.2", "entries": [{
            "pageref": "page_1", "startedDateTime": "2026-11-23T04:00:00.000+01:00", "_securityState": "secure",
            "request": {"bodySize": 0, "method": "GET", "url": "https://vote.example/", "headers": [
                {"name": "Cookie", "value": "s=secret"}, {"name": "Sec-Fetch-Dest", "value": "document"}]},
            "response": {"status": 200, "httpVersion": null, "headers": [{"name": "X-Empty"}],
                "cookies": [{"name": "s", "value": "secret"}],
                "content": {"mimeType": null, "size": null, "comment": "not included"}}}]}}"#;
        let log = parse(text.as_bytes()).expect("a capture");
        let [entry] = log.entries.as_slice() else {
            panic!("one entry")
        };
        assert_eq!(entry.request.destination.as_deref(), Some("document"));
        assert_eq!(
            entry.response.header_lines(),
            [("x-empty".to_owned(), Vec::new())]
        );
        assert!(!entry.response.cookies.iter().any(Cookie::is_whole));
        assert_eq!(
            (entry.response.content.size, &entry.response.content.text),
            (None, &None)
        );
        assert!(!format!("{log:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_capture_is_told_with_its_place() {
        let deep = "[".repeat(100_000);
        let cases = [
            ("", Some((1, 0))),
            ("{\n \"log\": {\"entries\": 3}}", Some((2, 21))),
            (deep.as_str(), Some((1, 2))),
            (r#"{"log": {"version": "2.0", "entries": []}}"#, None),
        ];
        for (text, place) in cases {
            let error = parse(text.as_bytes()).expect_err("no capture");
            assert_eq!(error.place, place, "{}: {}", error.message, text.len());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..600) {
            let _ = parse(&bytes);
            let mut broken = ONE.as_bytes().to_vec();
            let at = at % broken.len();
            broken[at] ^= 0x55;
            let _ = parse(&broken);
        }
    }
}
