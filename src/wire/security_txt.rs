//! security.txt (RFC 9116), signed (RFC 9580 section 7) or not.

use jiff::Timestamp;

/// Most values of one field, and most lines, that are read.
const MAX_VALUES: usize = 32;
const MAX_LINES: usize = 2_000;

/// A security.txt file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityTxt {
    /// `Contact` values, in order of preference.
    pub contacts: Vec<String>,
    /// `Expires` values as sent.
    pub expires: Vec<String>,
    /// `Canonical` values.
    pub canonical: Vec<String>,
    /// `Policy` values: where the policy on reported holes stands.
    pub policies: Vec<String>,
    /// Whether it is wrapped in an OpenPGP cleartext signature. The signature is not verified.
    pub signed: bool,
    /// `Preferred-Languages` lines.
    pub language_lines: usize,
    /// Lines that are neither field, comment nor empty.
    pub stray_lines: usize,
}

impl SecurityTxt {
    /// End of validity: the only `Expires`, when it is an RFC 3339 date-time.
    pub fn expiry(&self) -> Option<Timestamp> {
        match self.expires.as_slice() {
            [one] => date_time(one),
            _ => None,
        }
    }

    /// Faults by RFC 9116 sections 2.5 and 2.3, without those of the transfer.
    pub fn faults(&self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        if self.contacts.is_empty() {
            faults.push("no_contact");
        }
        // Section 2.5.3: an address is given as a URI, web addresses by https.
        if self.contacts.iter().any(|contact| !is_contact_uri(contact)) {
            faults.push("bad_contact");
        }
        match self.expires.as_slice() {
            [] => faults.push("no_expires"),
            [one] if date_time(one).is_none() => faults.push("invalid_expires"),
            [_] => {}
            _ => faults.push("several_expires"),
        }
        if self.language_lines > 1 {
            faults.push("several_preferred_languages");
        }
        if self.stray_lines > 0 {
            faults.push("stray_lines");
        }
        faults
    }

    /// Whether the text has any field of the RFC at all; an error page has none.
    pub fn is_plausible(&self) -> bool {
        !self.contacts.is_empty() || !self.expires.is_empty()
    }
}

/// Reads a file. Text around a cleartext signature is not part of it.
pub fn parse(text: &str) -> SecurityTxt {
    let mut file = SecurityTxt::default();
    let text = text.trim_start_matches('\u{feff}');
    let mut in_armor_headers = false;
    for line in text.lines().take(MAX_LINES) {
        let line = line.trim();
        if line == "-----BEGIN PGP SIGNED MESSAGE-----" {
            file = SecurityTxt {
                signed: true,
                ..SecurityTxt::default()
            };
            in_armor_headers = true;
        } else if file.signed && line == "-----BEGIN PGP SIGNATURE-----" {
            break;
        } else if in_armor_headers {
            in_armor_headers = !line.is_empty();
        } else {
            // Cleartext signatures escape a leading dash.
            let line = if file.signed {
                line.strip_prefix("- ").unwrap_or(line)
            } else {
                line
            };
            read_line(&mut file, line);
        }
    }
    file
}

fn read_line(file: &mut SecurityTxt, line: &str) {
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    let Some((name, value)) = line.split_once(':') else {
        file.stray_lines += 1;
        return;
    };
    let value = value.trim().to_owned();
    let keep = |list: &mut Vec<String>| {
        if list.len() < MAX_VALUES {
            list.push(value);
        }
    };
    match name.to_ascii_lowercase().as_str() {
        "contact" => keep(&mut file.contacts),
        "expires" => keep(&mut file.expires),
        "canonical" => keep(&mut file.canonical),
        "policy" => keep(&mut file.policies),
        "preferred-languages" => file.language_lines += 1,
        other if other.bytes().all(|byte| byte.is_ascii_graphic()) => {}
        _ => file.stray_lines += 1,
    }
}

fn is_contact_uri(contact: &str) -> bool {
    contact.split_once(':').is_some_and(|(scheme, rest)| {
        let scheme = scheme.to_ascii_lowercase();
        let well_formed = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        well_formed && scheme != "http" && !rest.is_empty()
    })
}

/// An RFC 3339 date-time, which is narrower than what `jiff` reads.
fn date_time(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let separator = bytes.get(10)?;
    let shape = matches!(separator, b'T' | b't')
        && bytes.get(13) == Some(&b':')
        && bytes.get(16) == Some(&b':')
        && !text.contains('[');
    shape.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_policy_is_read() {
        let file = parse("Contact: mailto:a@b.example\npolicy: https://vote.example/p \n");
        assert_eq!(file.policies, ["https://vote.example/p"]);
    }

    #[test]
    fn faults_are_named() {
        let good = "Contact: mailto:security@vote.example\nExpires: 2027-01-01T00:00:00Z\n";
        let cases: &[(&str, &[&str])] = &[
            (good, &[]),
            (
                "# note\r\n\r\nCONTACT: https://vote.example/report\r\nexpires: 2027-01-01T00:00:00+02:00\r\nPolicy: https://vote.example/p\r\n",
                &[],
            ),
            (
                "Contact: security@vote.example\nExpires: 2027-01-01T00:00:00Z",
                &["bad_contact"],
            ),
            (
                "Contact: http://vote.example/\nExpires: 2027-01-01T00:00:00Z",
                &["bad_contact"],
            ),
            ("Contact: tel:+1-201-555-0123\n", &["no_expires"]),
            ("Expires: 2027-01-01T00:00:00Z", &["no_contact"]),
            (
                "Contact: mailto:a@b.example\nExpires: 2027-01-01",
                &["invalid_expires"],
            ),
            (
                "Contact: mailto:a@b.example\nExpires: 2027-01-01 00:00:00Z",
                &["invalid_expires"],
            ),
            (
                "Contact: mailto:a@b.example\nExpires: Thu, 31 Dec 2026 18:37:07 -0800",
                &["invalid_expires"],
            ),
            (
                "Contact: mailto:a@b.example\nExpires: 2027-01-01T00:00:00Z\nExpires: 2028-01-01T00:00:00Z",
                &["several_expires"],
            ),
            (
                "Contact: mailto:a@b.example\nExpires: 2027-01-01T00:00:00Z\nPreferred-Languages: en\nPreferred-Languages: de",
                &["several_preferred_languages"],
            ),
            (
                "Contact: mailto:a@b.example\nExpires: 2027-01-01T00:00:00Z\nhello",
                &["stray_lines"],
            ),
        ];
        for (text, faults) in cases {
            assert_eq!(parse(text).faults(), *faults, "{text}");
        }
        let expiry = parse(good).expiry().map(|moment| moment.to_string());
        assert_eq!(expiry.as_deref(), Some("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn a_signed_file_is_read_inside_its_signature() {
        let text = "Contact: mailto:evil@example.net\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n\
                    Contact: mailto:a@b.example\n- Expires: 2027-01-01T00:00:00Z\n\
                    -----BEGIN PGP SIGNATURE-----\n\niQ:abc\n-----END PGP SIGNATURE-----\n";
        let file = parse(text);
        assert!(file.signed);
        assert_eq!(file.contacts, ["mailto:a@b.example"]);
        assert_eq!(file.faults(), Vec::<&str>::new());
    }

    #[test]
    fn an_error_page_is_no_file() {
        assert!(!parse("<html><body>style: none</body></html>").is_plausible());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,300}") {
            let file = parse(&text);
            let _ = (file.faults(), file.expiry());
        }

        #[test]
        fn lines_of_fields_are_read(lines in proptest::collection::vec("(Contact|Expires|-----BEGIN PGP SIGNED MESSAGE-----|x)(: ?[0-9TZ:+-]{0,30})?", 0..20)) {
            let file = parse(&lines.join("\n"));
            let _ = (file.faults(), file.expiry());
        }
    }
}
