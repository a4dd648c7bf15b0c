//! DKIM key records (RFC 6376 section 3.6.1, RFC 8301, RFC 8463).

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig},
};

use super::{text::clean_bytes, x509::rsa_key_bits};

/// Most tags of a record that are read.
const TAGS_MAX: usize = 100;
/// Most hashes of a record that are kept.
const HASHES_MAX: usize = 10;
/// Most characters of a word.
const WORD_CHARS: usize = 50;
/// Bytes of an Ed25519 key (RFC 8463 section 4).
const ED25519_BYTES: usize = 32;

/// Base64 whose last bits may be set, as verifiers read it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A key record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DkimRecord {
    /// `k`: `rsa` where it is not said, `ed25519`, or another word, cleaned.
    pub key_type: String,
    /// Size of the key in bits; absent when there is none that can be read.
    pub bits: Option<u32>,
    /// `h`: the hashes that signatures may use, in lower case; absent: all.
    pub hashes: Option<Vec<String>>,
    /// Whether `p` is empty: the key was withdrawn.
    pub revoked: bool,
    /// `t=y`: the domain tests DKIM, and its signatures count for nothing.
    pub testing: bool,
    /// Faults: a stable name, and the part that is wrong.
    pub problems: Vec<(&'static str, String)>,
}

/// Whether a TXT value below `_domainkey` is a key record, if a faulty one: it
/// begins with a version of DKIM, or has no version and a `p` tag.
pub fn is_record(value: &[u8]) -> bool {
    let mut has_key = false;
    for (number, tag) in tags(value).enumerate() {
        match tag {
            Some((b"v", version)) => {
                let head = version.get(..4).unwrap_or_default();
                return head.eq_ignore_ascii_case(b"DKIM");
            }
            Some((b"V", _)) if number == 0 => return false,
            Some((b"p", _)) => has_key = true,
            _ => {}
        }
    }
    has_key
}

/// Reads a record for which [`is_record`] holds. Unknown tags are ignored.
pub fn parse(value: &[u8]) -> DkimRecord {
    let mut record = DkimRecord {
        key_type: "rsa".to_owned(),
        ..DkimRecord::default()
    };
    let mut seen: Vec<&[u8]> = Vec::new();
    let mut key = None;
    let count = value.split(|byte| *byte == b';').count();
    for (number, tag) in tags(value).enumerate() {
        let Some((name, value)) = tag else {
            // The list may end in a semicolon.
            let text = value.split(|byte| *byte == b';').nth(number);
            let text = text.unwrap_or_default().trim_ascii();
            if !text.is_empty() || number.saturating_add(1) < count {
                record.problem("syntax", text);
            }
            continue;
        };
        if seen.contains(&name) {
            record.problem("duplicate_tag", name);
            continue;
        }
        seen.push(name);
        match name {
            b"v" => {
                if number > 0 {
                    record.problem("version_not_first", value);
                }
                if value != b"DKIM1" {
                    record.problem("invalid_version", value);
                }
            }
            b"k" => record.key_type = clean_bytes(value, WORD_CHARS),
            b"h" => {
                let hashes = words(value).map(|word| word.to_ascii_lowercase());
                record.hashes = Some(hashes.take(HASHES_MAX).collect());
            }
            b"t" => record.testing = words(value).any(|flag| flag == "y"),
            b"s" if !words(value).any(|service| service == "*" || service == "email") => {
                record.problem("not_for_email", value);
            }
            b"p" => key = Some(value),
            _ => {}
        }
    }
    if let Some(hashes) = &record.hashes
        && !hashes.iter().any(|hash| hash == "sha256")
    {
        // RFC 8301 section 3.1: SHA-1 must not be used any more.
        let hashes = hashes.join(":");
        record.problem("no_sha256", hashes.as_bytes());
    }
    match key {
        None => record.problem("missing_key", b"no p tag"),
        Some(key) => record.read_key(key),
    }
    record
}

impl DkimRecord {
    fn problem(&mut self, name: &'static str, detail: &[u8]) {
        self.problems.push((name, clean_bytes(detail, 200)));
    }

    fn read_key(&mut self, text: &[u8]) {
        let text: Vec<u8> = text
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        if text.is_empty() {
            self.revoked = true;
            return;
        }
        let Ok(key) = BASE64.decode(&text) else {
            return self.problem("invalid_base64", &text);
        };
        match self.key_type.as_str() {
            "rsa" => match rsa_key_bits(&key) {
                Some(bits) => self.bits = Some(bits),
                None => self.problem("invalid_key", &text),
            },
            "ed25519" if key.len() == ED25519_BYTES => self.bits = Some(256),
            "ed25519" => {
                let detail = format!("{} bytes instead of {ED25519_BYTES}", key.len());
                self.problem("invalid_key", detail.as_bytes());
            }
            _ => {
                let name = self.key_type.clone();
                self.problem("unknown_key_type", name.as_bytes());
            }
        }
    }
}

/// Name and value of each tag; absent for what is none.
fn tags(value: &[u8]) -> impl Iterator<Item = Option<(&[u8], &[u8])>> {
    value
        .split(|byte| *byte == b';')
        .take(TAGS_MAX)
        .map(|part| {
            let at = part.iter().position(|byte| *byte == b'=')?;
            let (name, value) = part.split_at_checked(at)?;
            let name = name.trim_ascii();
            let letters = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let fits =
                name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().all(letters);
            fits.then(|| (name, value.get(1..).unwrap_or_default().trim_ascii()))
        })
}

/// The words of a list with colons, cleaned.
fn words(value: &[u8]) -> impl Iterator<Item = String> {
    value
        .split(|byte| *byte == b':')
        .map(|word| clean_bytes(word.trim_ascii(), WORD_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The key of RFC 8463 appendix A.2 and that of RFC 6376 appendix C.
    const ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkM\
        oGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/R\
        tdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToI\
        MmPSPDdQPNUYckcQ2QIDAQAB";

    fn names(record: &DkimRecord) -> Vec<&str> {
        record.problems.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn key_records_are_told_from_other_text() {
        let cases: &[(&str, bool)] = &[
            ("v=DKIM1; p=", true),
            ("v=DKIM1", true),
            (" v = DKIM1 ; k=rsa", true),
            ("v=dkim1; p=x", true),
            ("v=DKIM2; p=x", true),
            ("k=rsa; p=AAAA", true),
            ("p=", true),
            ("k=rsa; p=x; v=DKIM1", true),
            ("v=spf1 -all", false),
            ("v=DMARC1; p=reject", false),
            ("V=DMARC1; p=reject", false),
            ("t=y; o=~", false),
            ("some-verification=1", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_record(text.as_bytes()), *expected, "{text}");
        }
    }

    #[test]
    fn keys_are_read() {
        // record, key type, bits, revoked, testing, problems
        type Case<'a> = (String, &'a str, Option<u32>, bool, bool, &'a [&'a str]);
        let cases: &[Case] = &[
            (
                format!("v=DKIM1; k=rsa; p={RSA_1024}"),
                "rsa",
                Some(1024),
                false,
                false,
                &[],
            ),
            (
                format!("p={RSA_1024};"),
                "rsa",
                Some(1024),
                false,
                false,
                &[],
            ),
            (
                format!(
                    "v=DKIM1;t=s : y;n=note;x=unknown;p= {}",
                    RSA_1024.replace("R", "R\t ").replace("R\t ", "R ")
                ),
                "rsa",
                Some(1024),
                false,
                true,
                &[],
            ),
            (
                format!("v=DKIM1; k=ed25519; p={ED25519}"),
                "ed25519",
                Some(256),
                false,
                false,
                &[],
            ),
            ("v=DKIM1; p=".to_owned(), "rsa", None, true, false, &[]),
            ("v=DKIM1; t=y; p=;".to_owned(), "rsa", None, true, true, &[]),
            (
                "v=DKIM1; k=rsa".to_owned(),
                "rsa",
                None,
                false,
                false,
                &["missing_key"],
            ),
            (
                "v=DKIM1; p=AAAA".to_owned(),
                "rsa",
                None,
                false,
                false,
                &["invalid_key"],
            ),
            (
                "v=DKIM1; p=not base64!".to_owned(),
                "rsa",
                None,
                false,
                false,
                &["invalid_base64"],
            ),
            (
                format!("v=DKIM1; k=ed25519; p={RSA_1024}"),
                "ed25519",
                None,
                false,
                false,
                &["invalid_key"],
            ),
            (
                format!("v=DKIM1; k=ed25519; p={ED25519}; k=rsa"),
                "ed25519",
                Some(256),
                false,
                false,
                &["duplicate_tag"],
            ),
            (
                format!("v=DKIM1; k=falcon; p={ED25519}"),
                "falcon",
                None,
                false,
                false,
                &["unknown_key_type"],
            ),
            (
                format!("v=dkim1; p={RSA_1024}"),
                "rsa",
                Some(1024),
                false,
                false,
                &["invalid_version"],
            ),
            (
                format!("p={RSA_1024}; v=DKIM1"),
                "rsa",
                Some(1024),
                false,
                false,
                &["version_not_first"],
            ),
            (
                format!("v=DKIM1; h=sha1; p={RSA_1024}"),
                "rsa",
                Some(1024),
                false,
                false,
                &["no_sha256"],
            ),
            (
                format!("v=DKIM1; h=sha1:SHA256; p={RSA_1024}"),
                "rsa",
                Some(1024),
                false,
                false,
                &[],
            ),
            (
                format!("v=DKIM1; s=tlsrpt; p={RSA_1024}"),
                "rsa",
                Some(1024),
                false,
                false,
                &["not_for_email"],
            ),
            (
                format!("v=DKIM1; s=email:tlsrpt; p={RSA_1024}"),
                "rsa",
                Some(1024),
                false,
                false,
                &[],
            ),
            (
                format!("v=DKIM1; k; p={RSA_1024}"),
                "rsa",
                Some(1024),
                false,
                false,
                &["syntax"],
            ),
            (
                format!("v=DKIM1;; p={RSA_1024}"),
                "rsa",
                Some(1024),
                false,
                false,
                &["syntax"],
            ),
        ];
        for (text, key_type, bits, revoked, testing, problems) in cases {
            let record = parse(text.as_bytes());
            assert_eq!(
                (
                    record.key_type.as_str(),
                    record.bits,
                    record.revoked,
                    record.testing
                ),
                (*key_type, *bits, *revoked, *testing),
                "{text}"
            );
            assert_eq!(names(&record), *problems, "{text}");
        }
    }

    #[test]
    fn the_key_may_stand_without_its_wrapping() {
        // PKCS#1 (RFC 8017 appendix A.1.1), which RFC 6376 names, instead of SPKI.
        let spki = BASE64.decode(RSA_1024).unwrap();
        let bare = BASE64.encode(spki.get(22..).unwrap());
        let record = parse(format!("v=DKIM1; p={bare}").as_bytes());
        assert_eq!(record.bits, Some(1024));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            is_record(&bytes);
            parse(&bytes);
        }

        #[test]
        fn any_key_is_read(
            kind in "(rsa|ed25519|x)",
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let text = format!("v=DKIM1; k={kind}; p={}", BASE64.encode(&bytes));
            let record = parse(text.as_bytes());
            prop_assert_eq!(record.revoked, bytes.is_empty());
        }
    }
}
