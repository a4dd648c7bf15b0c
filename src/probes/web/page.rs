//! Facts about one page, from its answer.

use url::Url;

use super::{
    components::components,
    contacts::contacts,
    facts::{Contact, Leak, Page, Scheme, SentHeaders},
    forms::forms_of,
    headers::{
        EMBEDDER, OPENER, RESOURCE, cookies_of, csp_of, hsts_of, policies_of, report_only_of,
    },
    leaks,
    parties::{challenge, third_parties},
    parts::{mixed_content, scripts, session_in_urls},
};
use crate::{
    model::{
        gap::{Gap, GapReason},
        seen::Seen,
    },
    net::{HttpResponse, NetError},
    wire::{
        charset::decode,
        html::{self, Document},
        http_headers::{
            Framing, alt_svc, cache_control, content_type, names_version, nosniff, token_of,
            x_frame_options,
        },
        page_text::{PageText, page_text},
        referrer_policy,
        text::clean,
    },
};

/// Lists that come from the whole document, and stay open where it is cut.
const LISTS: [&str; 8] = [
    "forms/-",
    "scripts/-",
    "mixed_content/-",
    "third_parties/-",
    "contacts/-",
    "components/-",
    "session_in_urls/-",
    "leaks/-",
];

/// An answer with its document read, if it is one.
pub(super) struct Sheet {
    pub(super) url: Url,
    pub(super) response: HttpResponse,
    media_type: Option<String>,
    pub(super) document: Option<Document>,
    contacts: Vec<Contact>,
    /// What the source tells about the inside.
    pub(super) leaks: Vec<Leak>,
    is_listing: bool,
    /// The text that it shows, where that was asked for.
    pub(super) text: Option<PageText>,
}

impl Sheet {
    /// Reads the document of an answer, and lets go of its bytes.
    pub(super) fn read(url: Url, response: HttpResponse) -> Self {
        Self::read_with(url, response, false)
    }

    /// Reads the document of an answer, on request with the text that it shows, and lets go of
    /// its bytes.
    pub(super) fn read_with(url: Url, mut response: HttpResponse, text: bool) -> Self {
        let (media_type, charset) = match content_type(&response.all("content-type")) {
            Some((media_type, charset)) => (Some(media_type), charset),
            None => (None, None),
        };
        let body = std::mem::take(&mut response.body);
        let is_html = match media_type.as_deref() {
            Some(media_type) => matches!(media_type, "text/html" | "application/xhtml+xml"),
            None => looks_like_html(&body),
        };
        let mut sheet = Self {
            url,
            response,
            media_type,
            document: None,
            contacts: Vec::new(),
            leaks: Vec::new(),
            is_listing: false,
            text: None,
        };
        if is_html {
            let source = decode(&body, charset.as_deref());
            let document = html::parse(&source);
            sheet.contacts = contacts(&source, sheet.url.host_str().unwrap_or_default());
            sheet.leaks = if sheet.response.status >= 400 {
                leaks::of_error_page(&source)
            } else {
                leaks::of_page(&source)
            };
            sheet.is_listing = leaks::is_listing(&document.title, &source);
            sheet.text = text.then(|| page_text(&source));
            sheet.document = Some(document);
        }
        sheet
    }

    /// Domains of the mail addresses that it shows.
    pub(super) fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// The nonces of its policies.
    pub(super) fn nonces(&self) -> Vec<String> {
        self.policies()
            .nonces()
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    /// Whether it has a form that somebody fills in.
    pub(super) fn has_form(&self) -> bool {
        self.document
            .as_ref()
            .is_some_and(|document| document.forms.iter().any(|form| !form.fields.is_empty()))
    }

    /// What relative URLs of the document are relative to.
    pub(super) fn base(&self) -> Url {
        self.document
            .as_ref()
            .and_then(|document| document.base.as_deref())
            .and_then(|base| self.url.join(base.trim()).ok())
            .filter(|base| !matches!(base.scheme(), "data" | "javascript"))
            .unwrap_or_else(|| self.url.clone())
    }

    /// The page's facts under `key`, and what could not be seen below `at` (`/web/pages/0`).
    pub(super) fn facts(&self, key: &str, at: &str) -> (Page, Vec<Gap>) {
        let response = &self.response;
        let header = |name: &str| response.first(name, 300);
        let token = |name: &str, known: &[&'static str]| {
            token_of(&response.all(name), known).map(str::to_owned)
        };
        let scheme = scheme_of(&self.url);
        let policies = self.policies();
        let (server, powered_by) = (header("server"), header("x-powered-by"));
        let banners = [&server, &powered_by]
            .into_iter()
            .flatten()
            .any(|value| names_version(value));
        let framing = x_frame_options(&response.all("x-frame-options"));
        let mut page = Page {
            key: key.to_owned(),
            url: clean(self.url.as_str(), 500),
            scheme,
            status: response.status,
            http_version: response.version.to_owned(),
            http3_offered: alt_svc(&response.all("alt-svc"))
                .iter()
                .any(|protocol| protocol.starts_with("h3")),
            compressed: header("content-encoding").map(|value| value.to_lowercase()),
            media_type: self
                .media_type
                .as_deref()
                .map(|media_type| clean(media_type, 100)),
            html: self.document.is_some(),
            hsts: hsts_of(response, scheme == Scheme::Https),
            csp: Seen::Known(csp_of(&policies)),
            csp_report_only: report_only_of(response),
            x_frame_options: joined(response, "x-frame-options").map(|value| value.to_lowercase()),
            framing_limited: Seen::Known(
                policies
                    .framing_limited()
                    .unwrap_or(framing != Framing::Unlimited),
            ),
            nosniff: nosniff(&response.all("x-content-type-options")),
            referrer_policy: Seen::Known(self.referrer_policy().map(str::to_owned)),
            permissions_policy: joined(response, "permissions-policy"),
            opener_policy: token("cross-origin-opener-policy", &OPENER),
            embedder_policy: token("cross-origin-embedder-policy", &EMBEDDER),
            resource_policy: token("cross-origin-resource-policy", &RESOURCE),
            cache_control: cache_control(&response.all("cache-control"))
                .iter()
                .map(|directive| clean(directive, 100))
                .collect(),
            names_version: banners,
            components: Seen::Known(components(
                self.document.as_ref(),
                &self.base(),
                &[server.as_deref(), powered_by.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>(),
            )),
            server,
            powered_by,
            cors_origin: header("access-control-allow-origin"),
            cors_credentials: response.all("access-control-allow-credentials") == [b"true"],
            cookies: cookies_of(response, scheme == Scheme::Https),
            forms: Seen::Known(Vec::new()),
            scripts: Seen::Known(Vec::new()),
            mixed_content: Seen::Known(Vec::new()),
            third_parties: Seen::Known(Vec::new()),
            contacts: Seen::Known(self.contacts.clone()),
            session_in_urls: Seen::Known(Vec::new()),
            leaks: Seen::Known(self.leaks.clone()),
            challenge: Seen::Known(None),
            directory_listing: self.is_listing,
            sent: Seen::Known(SentHeaders {
                content_type_options: joined(response, "x-content-type-options"),
                referrer_policy: self.sent_referrer_policy(),
                resource_policy: joined(response, "cross-origin-resource-policy"),
            }),
            script_elements: Seen::Known(0),
        };
        if let Some(document) = &self.document {
            let base = self.base();
            page.forms = Seen::Known(forms_of(document, key, &self.url, &base));
            page.scripts = Seen::Known(scripts(document, &self.url, &base));
            page.script_elements = Seen::Known(document.script_elements);
            page.third_parties = Seen::Known(third_parties(document, &self.url, &base));
            page.session_in_urls = Seen::Known(session_in_urls(document, &self.url, &base));
            page.challenge = Seen::Known(challenge(document).map(str::to_owned));
            if scheme == Scheme::Https && !policies.upgrades_insecure() {
                page.mixed_content = Seen::Known(mixed_content(document, &base));
            }
        }
        let gaps = self.open_ends(&mut page, at);
        (page, gaps)
    }

    fn policies(&self) -> crate::wire::csp::Policies {
        let mut policies = policies_of(&self.response);
        for content in self.document.iter().flat_map(|document| &document.csp) {
            policies.add_meta(content);
        }
        policies
    }

    /// A `meta` element that comes later takes the place of the header.
    fn referrer_policy(&self) -> Option<&'static str> {
        self.document
            .iter()
            .flat_map(|document| document.referrer.iter().rev())
            .find_map(|content| referrer_policy::from_meta(content))
            .or_else(|| referrer_policy::from_headers(&self.response.all("referrer-policy")))
    }

    /// What headers and the last `meta` element say, in that order.
    fn sent_referrer_policy(&self) -> Option<String> {
        let header = joined(&self.response, "referrer-policy");
        let meta = self
            .document
            .as_ref()
            .and_then(|document| document.referrer.last());
        let all: Vec<String> = header
            .into_iter()
            .chain(meta.map(|content| clean(content, 300)))
            .collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Marks what the document did not show in full: facts that a later part could change go,
    /// lists stay open.
    fn open_ends(&self, page: &mut Page, at: &str) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let Some(document) = &self.document else {
            // Without a media type, a body that did not come may have been a document.
            if let Some(error) = &self.response.body_gap
                && self.media_type.is_none()
            {
                page.csp = Seen::Unseen;
                page.referrer_policy = Seen::Unseen;
                page.challenge = Seen::Unseen;
                page.script_elements = Seen::Unseen;
                let parts = ["csp", "referrer_policy", "challenge", "script_elements"];
                for part in parts.iter().chain(&LISTS) {
                    gaps.push(error.gap(format!("{at}/{part}")));
                }
            }
            return gaps;
        };
        if let Some(error) = &self.response.body_gap {
            if !document.head_ended {
                page.csp = Seen::Unseen;
                gaps.push(error.gap(format!("{at}/csp")));
                page.referrer_policy = Seen::Unseen;
                gaps.push(error.gap(format!("{at}/referrer_policy")));
            }
            for list in LISTS {
                gaps.push(error.gap(format!("{at}/{list}")));
            }
            page.script_elements = Seen::Unseen;
            gaps.push(error.gap(format!("{at}/script_elements")));
            self.open_challenge(page, at, error, &mut gaps);
            self.open_last_form(page, at, error, &mut gaps);
            return gaps;
        }
        let many = NetError::new(GapReason::TooLarge, "the page has more than are read");
        let cut = document.cut;
        let lists = [
            (cut.forms, "forms/-"),
            (cut.scripts, "scripts/-"),
            (cut.resources || cut.scripts, "mixed_content/-"),
            (cut.resources || cut.scripts, "third_parties/-"),
            (cut.scripts, "components/-"),
            (cut.links || cut.forms, "session_in_urls/-"),
        ];
        for (is_cut, list) in lists {
            if is_cut {
                gaps.push(many.gap(format!("{at}/{list}")));
            }
        }
        if cut.resources || cut.scripts || cut.forms {
            self.open_challenge(page, at, &many, &mut gaps);
        }
        if cut.forms {
            self.open_last_form(page, at, &many, &mut gaps);
        }
        gaps
    }

    /// What was not seen so far may come later.
    fn open_challenge(&self, page: &mut Page, at: &str, error: &NetError, gaps: &mut Vec<Gap>) {
        if page.challenge == Seen::Known(None) {
            page.challenge = Seen::Unseen;
            gaps.push(error.gap(format!("{at}/challenge")));
        }
    }

    /// Where a document breaks off, its last form may go on.
    fn open_last_form(&self, page: &Page, at: &str, error: &NetError, gaps: &mut Vec<Gap>) {
        let last = page
            .forms
            .known()
            .and_then(|forms| forms.len().checked_sub(1));
        if let Some(last) = last {
            gaps.push(error.gap(format!("{at}/forms/{last}/fields/-")));
        }
    }
}

pub(super) fn scheme_of(url: &Url) -> Scheme {
    if url.scheme() == "https" {
        Scheme::Https
    } else {
        Scheme::Http
    }
}

/// All lines of a header as one list, cleaned.
fn joined(response: &HttpResponse, name: &str) -> Option<String> {
    let lines = response.all(name);
    let text: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    (!text.is_empty()).then(|| clean(&text.join(", "), 1_000))
}

/// The first bytes by which browsers take a body without media type for HTML (MIME Sniffing).
fn looks_like_html(body: &[u8]) -> bool {
    let start = body
        .trim_ascii_start()
        .get(..14)
        .unwrap_or(body.trim_ascii_start());
    let start = start.to_ascii_lowercase();
    [
        "<!doctype html",
        "<html",
        "<head",
        "<script",
        "<body",
        "<title",
        "<!--",
    ]
    .iter()
    .any(|sign| start.starts_with(sign.as_bytes()))
}
