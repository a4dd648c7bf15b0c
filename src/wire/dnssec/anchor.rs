//! Keys of the root zone that are trusted to begin with (RFC 5011, RFC 7958).

use hickory_proto::{
    dnssec::{Algorithm, DigestType, rdata::DS},
    rr::Name,
};

/// Keys of the root that IANA publishes: those of 2017 and of 2024.
const IANA: [(u16, &str); 2] = [
    (
        20326,
        "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    ),
    (
        38696,
        "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
    ),
];

/// The root's DS records that are trusted when the user gives none.
pub fn iana_anchors() -> Vec<DS> {
    IANA.iter()
        .filter_map(|(tag, digest)| {
            Some(DS::new(
                *tag,
                Algorithm::RSASHA256,
                DigestType::SHA256,
                hex(digest)?,
            ))
        })
        .collect()
}

/// Reads DS records of the root from a master file (`. IN DS 20326 8 2 E06D...`), one a line.
///
/// # Errors
/// The line's number and what is wrong with it.
pub fn parse_anchors(text: &str) -> Result<Vec<DS>, (usize, String)> {
    let mut anchors = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split(';').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let wrong = |what: &str| (number, what.to_owned());
        if words.first() != Some(&".") {
            return Err(wrong("the owner must be the root, written as `.`"));
        }
        // A time to live and the class may stand before the type.
        let at = words
            .iter()
            .position(|word| word.eq_ignore_ascii_case("DS"))
            .ok_or_else(|| {
                wrong("expected a DS record: `. IN DS TAG ALGORITHM DIGEST-TYPE DIGEST`")
            })?;
        let [tag, algorithm, kind, digest @ ..] = words.get(at + 1..).unwrap_or_default() else {
            return Err(wrong(
                "a DS record has a tag, an algorithm, a digest type and a digest",
            ));
        };
        let number_of = |word: &str, what: &str| {
            word.parse::<u16>()
                .map_err(|_| wrong(&format!("`{word}` is no {what}")))
        };
        let byte = |word: &str, what: &str| {
            u8::try_from(number_of(word, what)?)
                .map_err(|_| wrong(&format!("`{word}` is no {what}")))
        };
        let digest = hex(&digest.concat())
            .filter(|digest| !digest.is_empty())
            .ok_or_else(|| wrong("the digest is not hexadecimal"))?;
        anchors.push(DS::new(
            number_of(tag, "key tag")?,
            Algorithm::from_u8(byte(algorithm, "algorithm number")?),
            DigestType::from(byte(kind, "digest type")?),
            digest,
        ));
    }
    match anchors.is_empty() {
        true => Err((1, "holds no DS record of the root".to_owned())),
        false => Ok(anchors),
    }
}

/// A DS record of the root as [`parse_anchors`] reads it.
pub fn anchor_line(ds: &DS) -> String {
    let digest: String = ds
        .digest()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    format!(
        "{} IN DS {} {} {} {digest}\n",
        Name::root(),
        ds.key_tag(),
        u8::from(ds.algorithm()),
        u8::from(ds.digest_type()),
    )
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) || text.len() > 256 {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_read_as_they_are_written() {
        let text: String = iana_anchors().iter().map(anchor_line).collect();
        assert_eq!(parse_anchors(&text), Ok(iana_anchors()));
        let spaced = ". 172800 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D084 \
                      58E880409BBC683457104237C7F8EC8D ; 2017\n\n";
        assert_eq!(parse_anchors(spaced).map(|all| all.len()), Ok(1));
    }

    #[test]
    fn wrong_lines_are_named() {
        for (text, line, what) in [
            ("", 1, "no DS record"),
            ("\nexample. IN DS 1 8 2 AA", 2, "the root"),
            (". IN DNSKEY 257 3 8 AwEAAa", 1, "expected a DS record"),
            (". IN DS 1 8", 1, "has a tag"),
            (". IN DS x 8 2 AA", 1, "`x` is no key tag"),
            (". IN DS 1 800 2 AA", 1, "`800` is no algorithm number"),
            (". IN DS 1 8 2 XY", 1, "not hexadecimal"),
        ] {
            let (at, said) = parse_anchors(text).expect_err(text);
            assert_eq!(at, line, "{text}");
            assert!(said.contains(what), "{text}: {said}");
        }
    }
}
