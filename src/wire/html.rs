//! What matters of an HTML document, read from its tokens (HTML section 13.2.5).
//!
//! No tree is built, so a document of a million tags costs one pass and the
//! bounded lists below. Where the tree would matter, the rules of the tree
//! builder are followed in small: the head ends with the first thing that
//! cannot stand in it, a form inside a form is passed over, templates are
//! inert, and what `noscript` holds is not seen by a browser with scripts.

mod scan;

pub(super) use scan::each_event;

/// Most items of each list. What lies beyond is left out, and [`Cut`] says so.
const MAX_FORMS: usize = 100;
const MAX_FIELDS: usize = 1_000;
const MAX_SCRIPTS: usize = 500;
const MAX_RESOURCES: usize = 500;
const MAX_LINKS: usize = 2_000;
const MAX_LABELS: usize = 1_000;
const MAX_METAS: usize = 32;
/// Longest attribute value that is kept (bytes); a policy in a `meta` may be long.
const MAX_VALUE: usize = 16 << 10;
/// Longest text of a label, legend, link or title that is kept (characters).
const MAX_TEXT: usize = 200;

/// What matters of an HTML document. Texts are as sent, not cleaned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// `href` of the first `base` that has one.
    pub base: Option<String>,
    /// `title`.
    pub title: String,
    /// Contents of `meta http-equiv=content-security-policy` in the head.
    pub csp: Vec<String>,
    /// Contents of `meta name=referrer`.
    pub referrer: Vec<String>,
    /// Content of the first `meta http-equiv=refresh`.
    pub refresh: Option<String>,
    /// Content of `meta name=generator`.
    pub generator: Option<String>,
    /// Forms.
    pub forms: Vec<Form>,
    /// Fields that belong to no form.
    pub loose_fields: Vec<Field>,
    /// Scripts that are loaded from a URL.
    pub scripts: Vec<Script>,
    /// How many elements `script` there are, of any kind.
    pub script_elements: u32,
    /// Other parts that are loaded with the page.
    pub resources: Vec<Resource>,
    /// Links.
    pub links: Vec<Link>,
    /// Whether the head ended before the document did, so that all of it was read.
    pub head_ended: bool,
    /// Which lists are not complete.
    pub cut: Cut,
}

/// Which lists of a document are not complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Forms or fields.
    pub forms: bool,
    /// Scripts.
    pub scripts: bool,
    /// Other parts.
    pub resources: bool,
    /// Links.
    pub links: bool,
}

/// A form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// `id`.
    pub id: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// `method` in lower case; one that is unknown is `get`.
    pub method: String,
    /// `action` as sent; `None` when absent or empty, which means the page itself.
    pub action: Option<String>,
    /// Its fields in the order of the document, those of a `form` attribute last.
    pub fields: Vec<Field>,
}

/// A field of a form: `input`, `select`, `textarea` or `button`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// `name`.
    pub name: Option<String>,
    /// `id`.
    pub id: Option<String>,
    /// `type` of an input or button in lower case, else `select` or `textarea`.
    pub input_type: String,
    /// `autocomplete` in lower case.
    pub autocomplete: Option<String>,
    /// `placeholder`.
    pub placeholder: Option<String>,
    /// Text of its `label`, else `aria-label`, else `title`.
    pub label: Option<String>,
    /// Text of the `legend` above it.
    pub legend: Option<String>,
    /// Text right before it, since the field before.
    pub before: String,
}

/// A script that is loaded from a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// `src`.
    pub src: String,
    /// `integrity`.
    pub integrity: Option<String>,
    /// Whether `crossorigin` is present, without which integrity of another origin fails.
    pub crossorigin: bool,
}

/// A part that is loaded with the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Element that loads it.
    pub element: &'static str,
    /// The URL as sent.
    pub url: String,
    /// Whether a browser blocks it when it is mixed content, rather than upgrade it
    /// (W3C Mixed Content section 3.1).
    pub blockable: bool,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// `href`.
    pub href: String,
    /// Its text.
    pub text: String,
}

/// Reads a document.
pub fn parse(html: &str) -> Document {
    scan::scan(html)
}

/// The URL and the delay in seconds of a `meta` refresh (HTML section 4.2.5.3); the
/// URL is `None` when the page reloads itself.
pub fn parse_refresh(content: &str) -> Option<(u64, Option<&str>)> {
    let content = content.trim_start();
    let digits = content
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(content.len());
    let (number, rest) = content.split_at_checked(digits)?;
    if number.is_empty() && !rest.starts_with('.') {
        return None;
    }
    let seconds = if number.is_empty() {
        0
    } else {
        number.parse().unwrap_or(u64::MAX)
    };
    let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let Some(after) = rest.strip_prefix([';', ',', ' ', '\t', '\n']) else {
        return rest.is_empty().then_some((seconds, None));
    };
    let after = after.trim_start_matches([';', ',', ' ', '\t', '\n']);
    let url = match after.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => after
            .get(3..)
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix('='))
            .map_or(after, str::trim_start),
        _ => after,
    };
    let url = match url.chars().next() {
        Some(quote @ ('"' | '\'')) => url.get(1..).and_then(|rest| rest.split(quote).next()),
        _ => Some(url),
    };
    Some((seconds, url.map(str::trim).filter(|url| !url.is_empty())))
}

#[cfg(test)]
mod tests;
