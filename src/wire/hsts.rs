//! Strict-Transport-Security as a browser reads it (RFC 6797 sections 6.1 and 8.1).
//!
//! Only the first header counts, and it is never split at commas. A directive
//! that is known and comes twice, or a value where none belongs, makes the
//! whole header void. Unknown directives are passed over.

/// Largest number of seconds that is reported (2^53 - 1); browsers cap far below.
pub const MAX_AGE_LIMIT: u64 = (1 << 53) - 1;

/// What the Strict-Transport-Security headers of one answer come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether a browser obeys the header.
    pub valid: bool,
    /// Seconds; 0 when the header is not valid.
    pub max_age: u64,
    /// Whether subdomains are covered; false when the header is not valid.
    pub include_subdomains: bool,
    /// Whether `preload` is present.
    pub preload: bool,
    /// Faults, each once, in the order in which they were met.
    pub faults: Vec<Fault>,
}

/// A fault of a Strict-Transport-Security header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More than one header; the others do not count.
    DuplicateHeader,
    /// A directive comes twice.
    DuplicateDirective,
    /// There is no `max-age`.
    MissingMaxAge,
    /// `max-age` is not a number.
    InvalidMaxAge,
    /// The header does not follow the grammar.
    BadSyntax,
}

impl Fault {
    /// The fault's name in observations.
    pub fn key(self) -> &'static str {
        match self {
            Self::DuplicateHeader => "duplicate_header",
            Self::DuplicateDirective => "duplicate_directive",
            Self::MissingMaxAge => "missing_max_age",
            Self::InvalidMaxAge => "invalid_max_age",
            Self::BadSyntax => "bad_syntax",
        }
    }
}

/// Reads all Strict-Transport-Security headers of an answer, in order; `None` without any.
pub fn parse(headers: &[&[u8]]) -> Option<Policy> {
    let (first, others) = headers.split_first()?;
    let mut policy = Reader::default().read(&String::from_utf8_lossy(first));
    if !others.is_empty() {
        policy.faults.insert(0, Fault::DuplicateHeader);
    }
    Some(policy)
}

#[derive(Default)]
struct Reader {
    max_age: Option<u64>,
    max_age_seen: bool,
    include_subdomains: bool,
    preload: bool,
    other_names: Vec<String>,
    void: bool,
    faults: Vec<Fault>,
}

impl Reader {
    fn read(mut self, header: &str) -> Policy {
        for part in split_outside_quotes(header, ';') {
            let part = trim(part);
            if !part.is_empty() {
                self.directive(part);
            }
        }
        if !self.max_age_seen {
            self.fault(Fault::MissingMaxAge, true);
        }
        let valid = !self.void;
        Policy {
            valid,
            max_age: self.max_age.filter(|_| valid).unwrap_or(0),
            include_subdomains: valid && self.include_subdomains,
            preload: self.preload,
            faults: self.faults,
        }
    }

    fn directive(&mut self, part: &str) {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (trim(name), Some(trim(value))),
            None => (part, None),
        };
        if !is_token(name) {
            return self.fault(Fault::BadSyntax, true);
        }
        match name.to_ascii_lowercase().as_str() {
            "max-age" => {
                if std::mem::replace(&mut self.max_age_seen, true) {
                    return self.fault(Fault::DuplicateDirective, true);
                }
                self.max_age = value.and_then(unquote).and_then(|digits| seconds(&digits));
                if self.max_age.is_none() {
                    self.fault(Fault::InvalidMaxAge, true);
                }
            }
            "includesubdomains" => {
                if std::mem::replace(&mut self.include_subdomains, true) {
                    self.fault(Fault::DuplicateDirective, true);
                } else if value.is_some() {
                    self.fault(Fault::BadSyntax, true);
                }
            }
            "preload" => {
                // Not of the RFC: browsers skip it, so its faults do not void the header.
                if std::mem::replace(&mut self.preload, true) {
                    self.fault(Fault::DuplicateDirective, false);
                } else if value.is_some() {
                    self.fault(Fault::BadSyntax, false);
                }
            }
            other => {
                if value.is_some_and(|value| unquote(value).is_none()) {
                    self.fault(Fault::BadSyntax, true);
                }
                if self.other_names.iter().any(|seen| seen == other) {
                    self.fault(Fault::DuplicateDirective, false);
                } else if self.other_names.len() < 32 {
                    self.other_names.push(other.to_owned());
                }
            }
        }
    }

    fn fault(&mut self, fault: Fault, voids: bool) {
        self.void |= voids;
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

fn seconds(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // All digits, so the only way to fail is a number that is too large.
    Some(digits.parse().unwrap_or(MAX_AGE_LIMIT).min(MAX_AGE_LIMIT))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A token as it is, or the content of a quoted string; `None` for neither.
fn unquote(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else {
        return is_token(value).then(|| value.to_owned());
    };
    let mut content = String::new();
    let mut letters = inner.chars();
    loop {
        match letters.next()? {
            '"' => return letters.as_str().is_empty().then_some(content),
            '\\' => content.push(letters.next()?),
            letter => content.push(letter),
        }
    }
}

/// The parts of a header value between separators that stand outside of quoted strings.
pub(crate) fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |letter: char| {
        if escaped {
            escaped = false;
            return false;
        }
        match letter {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return letter == separator && !quoted,
        }
        false
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Headers, then valid, max-age, subdomains, preload, faults.
    type Case = (
        &'static [&'static str],
        bool,
        u64,
        bool,
        bool,
        &'static [Fault],
    );

    #[test]
    fn headers_are_read_as_browsers_do() {
        use Fault::*;
        let cases: &[Case] = &[
            (&["max-age=31536000"], true, 31_536_000, false, false, &[]),
            (
                &["MAX-AGE=63072000 ; IncludeSubDomains; PreLoad"],
                true,
                63_072_000,
                true,
                true,
                &[],
            ),
            (&["max-age=\"600\""], true, 600, false, false, &[]),
            (&["max-age=\"6\\00\""], true, 600, false, false, &[]),
            (&[" ;; max-age = 5 ;"], true, 5, false, false, &[]),
            (&["max-age=0"], true, 0, false, false, &[]),
            (
                &["max-age=99999999999999999999999"],
                true,
                MAX_AGE_LIMIT,
                false,
                false,
                &[],
            ),
            (&["max-age"], false, 0, false, false, &[InvalidMaxAge]),
            (&["max-age=-1"], false, 0, false, false, &[InvalidMaxAge]),
            (&["max-age=1.5"], false, 0, false, false, &[InvalidMaxAge]),
            (&["max-age=+60"], false, 0, false, false, &[InvalidMaxAge]),
            (&["max-age='60'"], false, 0, false, false, &[InvalidMaxAge]),
            (&["max-age=\"60"], false, 0, false, false, &[InvalidMaxAge]),
            (
                &["max-age=60, includeSubDomains"],
                false,
                0,
                false,
                false,
                &[InvalidMaxAge],
            ),
            (
                &["includeSubDomains"],
                false,
                0,
                false,
                false,
                &[MissingMaxAge],
            ),
            (&[""], false, 0, false, false, &[MissingMaxAge]),
            (
                &["max-age=1; max-age=1"],
                false,
                0,
                false,
                false,
                &[DuplicateDirective],
            ),
            (
                &["max-age=1; includeSubDomains; includeSubDomains"],
                false,
                0,
                false,
                false,
                &[DuplicateDirective],
            ),
            (
                &["max-age=1; includeSubDomains=true"],
                false,
                0,
                false,
                false,
                &[BadSyntax],
            ),
            (
                &["max-age=1; preload=1"],
                true,
                1,
                false,
                true,
                &[BadSyntax],
            ),
            (&["max-age=1; x y"], false, 0, false, false, &[BadSyntax]),
            (&["max-age=1; x=\"a;b\""], true, 1, false, false, &[]),
            (
                &["max-age=1; x; x"],
                true,
                1,
                false,
                false,
                &[DuplicateDirective],
            ),
            (
                &["max-age=31536000", "max-age=0"],
                true,
                31_536_000,
                false,
                false,
                &[DuplicateHeader],
            ),
            (
                &["max-age=x", "max-age=31536000"],
                false,
                0,
                false,
                false,
                &[DuplicateHeader, InvalidMaxAge],
            ),
        ];
        for (headers, valid, max_age, include_subdomains, preload, faults) in cases {
            let raw: Vec<&[u8]> = headers.iter().map(|header| header.as_bytes()).collect();
            let expected = Policy {
                valid: *valid,
                max_age: *max_age,
                include_subdomains: *include_subdomains,
                preload: *preload,
                faults: faults.to_vec(),
            };
            assert_eq!(parse(&raw), Some(expected), "{headers:?}");
        }
        assert_eq!(parse(&[]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let policy = parse(&[&bytes]).expect("there is a header");
            prop_assert!(policy.max_age <= MAX_AGE_LIMIT);
            prop_assert!(policy.valid || !policy.faults.is_empty());
        }
    }
}
