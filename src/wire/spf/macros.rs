//! Macros in domains and explanations (RFC 7208 section 7).

use super::client::Client;

/// Longest name in a question, in characters (section 7.3).
const NAME_MAX: usize = 253;
/// Longest text that macros may grow to.
const EXPANDED_MAX: usize = 16_384;

/// A domain that may hold macros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainSpec(String);

/// What macros stand for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// Domain whose record is evaluated (`d`).
    pub(super) domain: &'a str,
    /// Domain of the sender (`o`).
    pub(super) origin: &'a str,
    /// The message; without one only `d` and `o` have a value.
    pub(super) client: Option<&'a Client>,
    /// Validated name of the sender's address (`p`).
    pub(super) name: Option<&'a str>,
}

impl DomainSpec {
    /// Reads `macro-string domain-end` (section 7.1).
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.is_empty() || !is_macro_string(text, false) {
            return None;
        }
        let ends_with_macro = text
            .rfind("%{")
            .and_then(|start| text.get(start..))
            .is_some_and(|last| last.find('}') == last.len().checked_sub(1));
        let bare = text.strip_suffix('.').unwrap_or(text);
        let top = bare.rsplit_once('.').map(|(_, top)| top);
        (ends_with_macro || top.is_some_and(is_top_label)).then(|| Self(text.to_owned()))
    }

    /// The domain as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the domain is the same for every message.
    pub fn is_fixed(&self) -> bool {
        !letters(&self.0).any(|letter| !matches!(letter.to_ascii_lowercase(), 'd' | 'o'))
    }

    /// Whether the name of the sender's address (`%{p}`) is needed.
    pub(super) fn needs_name(&self) -> bool {
        letters(&self.0).any(|letter| letter.eq_ignore_ascii_case(&'p'))
    }

    /// The domain, lower case and without the last dot; `None` when it depends
    /// on a message and there is none.
    pub(super) fn expand(&self, scope: Scope<'_>) -> Option<String> {
        let out = expand(&self.0, scope)?;
        let out = out.strip_suffix('.').unwrap_or(&out).to_ascii_lowercase();
        // Longer names lose labels from the left (section 7.3).
        let mut name = out.as_str();
        while name.len() > NAME_MAX {
            name = name.split_once('.')?.1;
        }
        (!name.is_empty()).then(|| name.to_owned())
    }
}

/// The letters of the macros in a text that [`is_macro_string`] accepts.
fn letters(text: &str) -> impl Iterator<Item = char> {
    // `%%{` is a percent sign and a brace, no macro.
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once('%')?;
            let mut chars = after.chars();
            let kind = chars.next()?;
            rest = chars.as_str();
            if kind == '{' {
                return rest.chars().next();
            }
        }
    })
}

/// Expands the macros of a text; `None` when one has no value.
pub(super) fn expand(text: &str, scope: Scope<'_>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once('%') {
        out.push_str(literal);
        let (kind, after) = after.split_at_checked(1)?;
        rest = match kind {
            "%" => {
                out.push('%');
                after
            }
            "_" => {
                out.push(' ');
                after
            }
            "-" => {
                out.push_str("%20");
                after
            }
            _ => {
                let (inside, after) = after.split_once('}')?;
                out.push_str(&expand_macro(inside, scope)?);
                after
            }
        };
        if out.len() > EXPANDED_MAX {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Expands the inside of a macro.
fn expand_macro(inside: &str, scope: Scope<'_>) -> Option<String> {
    let mut chars = inside.chars();
    let letter = chars.next()?;
    let value = value(letter.to_ascii_lowercase(), scope)?;
    let rest = chars.as_str();
    let digits_end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, rest) = rest.split_at_checked(digits_end)?;
    let (reverse, delimiters) = match rest.strip_prefix(['r', 'R']) {
        Some(delimiters) => (true, delimiters),
        None => (false, rest),
    };
    let split = if delimiters.is_empty() {
        "."
    } else {
        delimiters
    };
    let mut parts: Vec<&str> = value.split(|c| split.contains(c)).collect();
    if reverse {
        parts.reverse();
    }
    if !digits.is_empty() {
        let keep: usize = digits.parse().unwrap_or(usize::MAX);
        let drop = parts.len().saturating_sub(keep);
        parts.drain(..drop);
    }
    let text = parts.join(".");
    Some(if letter.is_ascii_uppercase() {
        escape(&text)
    } else {
        text
    })
}

/// What a macro letter stands for (section 7.2).
fn value(letter: char, scope: Scope<'_>) -> Option<String> {
    match letter {
        'd' => return Some(scope.domain.to_owned()),
        'o' => return Some(scope.origin.to_owned()),
        _ => {}
    }
    let client = scope.client?;
    Some(match letter {
        's' => format!("{}@{}", client.local, client.domain),
        'l' => client.local.clone(),
        'i' => client.dotted(),
        'p' => scope.name.unwrap_or("unknown").to_owned(),
        'v' => client.reverse_zone().to_owned(),
        'h' => client.helo.clone(),
        'c' => client.ip.to_string(),
        'r' => client.receiver.clone(),
        't' => client.time.to_string(),
        _ => return None,
    })
}

/// Escapes all but the unreserved characters of a URL (RFC 3986 section 2.3).
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Whether a text follows the macro syntax; `c`, `r` and `t`, and spaces, stand in
/// explanations alone.
pub(super) fn is_macro_string(text: &str, explanation: bool) -> bool {
    let mut rest = text;
    loop {
        let literal_end = rest.find('%').unwrap_or(rest.len());
        let Some((literal, after)) = rest.split_at_checked(literal_end) else {
            return false;
        };
        let visible = |b: u8| matches!(b, 0x21..=0x7e) || (explanation && b == b' ');
        if !literal.bytes().all(visible) {
            return false;
        }
        if after.is_empty() {
            return true;
        }
        let Some(after) = after.strip_prefix('%') else {
            return false;
        };
        rest = if let Some(after) = after.strip_prefix(['%', '_', '-']) {
            after
        } else if let Some((inside, after)) =
            after.strip_prefix('{').and_then(|s| s.split_once('}'))
            && is_macro(inside, explanation)
        {
            after
        } else {
            return false;
        };
    }
}

/// `macro-letter transformers *delimiter`
fn is_macro(inside: &str, explanation: bool) -> bool {
    let mut chars = inside.chars();
    let letters = if explanation {
        "slodiphcrtv"
    } else {
        "slodiphv"
    };
    let known = chars
        .next()
        .is_some_and(|letter| letters.contains(letter.to_ascii_lowercase()));
    let rest = chars
        .as_str()
        .trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = chars.as_str().len().saturating_sub(rest.len());
    let digits = chars.as_str().get(..digits).unwrap_or_default();
    let zero = !digits.is_empty() && digits.bytes().all(|b| b == b'0');
    let rest = rest.strip_prefix(['r', 'R']).unwrap_or(rest);
    known && !zero && rest.chars().all(|c| ".-+,/_=".contains(c))
}

/// A top-level label: letters, digits and inner hyphens, not digits alone.
fn is_top_label(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.bytes().all(|b| b.is_ascii_digit())
}
