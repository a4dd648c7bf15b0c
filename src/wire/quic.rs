//! Version negotiation of QUIC (RFC 9000 sections 6 and 17.2.1, RFC 8999): one
//! datagram of a version that will never exist, and the versions that a server
//! names in its answer.

/// The size of a datagram from which on servers have to answer (RFC 9000 section 14.1).
const DATAGRAM: usize = 1_200;

/// A version that is reserved to force negotiation (RFC 9000 section 15).
const UNKNOWN_VERSION: u32 = 0x1a2a_3a4a;

/// Most versions that are kept.
const MAX_VERSIONS: usize = 32;

/// Connection ids of one question, which the answer repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// Destination.
    pub to: [u8; 8],
    /// Source.
    pub from: [u8; 8],
}

/// A datagram with a long header of a version that nobody has; the rest of it
/// means nothing in any version.
pub fn question(ids: &Ids) -> Vec<u8> {
    let mut out = vec![0xc0];
    out.extend(UNKNOWN_VERSION.to_be_bytes());
    for id in [&ids.to, &ids.from] {
        out.push(8);
        out.extend_from_slice(id);
    }
    out.resize(DATAGRAM, 0);
    out
}

/// The versions that an answer names, in its order; `None` for what is no answer
/// to this question.
pub fn versions(answer: &[u8], ids: &Ids) -> Option<Vec<u32>> {
    let (first, rest) = answer.split_first()?;
    let (version, rest) = rest.split_at_checked(4)?;
    if first & 0x80 == 0 || version != [0; 4] {
        return None;
    }
    let (to, rest) = id(rest)?;
    let (from, rest) = id(rest)?;
    if to != ids.from || from != ids.to || rest.is_empty() || rest.len() % 4 != 0 {
        return None;
    }
    let words = rest.chunks_exact(4).take(MAX_VERSIONS);
    let words = words.filter_map(|word| Some(u32::from_be_bytes(word.try_into().ok()?)));
    // Reserved ones keep clients from relying on the list (RFC 9000 section 6.3).
    Some(words.filter(|version| !is_reserved(*version)).collect())
}

fn id(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

fn is_reserved(version: u32) -> bool {
    version & 0x0f0f_0f0f == 0x0a0a_0a0a
}

/// The name of a version: `v1` (RFC 9000), `v2` (RFC 9369), `draft-29`, or the
/// number.
pub fn version_name(version: u32) -> String {
    match version {
        1 => "v1".to_owned(),
        0x6b33_43cf => "v2".to_owned(),
        draft if draft & 0xffff_ff00 == 0xff00_0000 => format!("draft-{}", draft & 0xff),
        other => format!("0x{other:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const IDS: Ids = Ids {
        to: [1; 8],
        from: [2; 8],
    };

    fn answer(ids: &Ids, versions: &[u32]) -> Vec<u8> {
        let mut out = vec![0xff, 0, 0, 0, 0, 8];
        out.extend(ids.from);
        out.push(8);
        out.extend(ids.to);
        out.extend(versions.iter().flat_map(|version| version.to_be_bytes()));
        out
    }

    #[test]
    fn an_answer_names_its_versions() {
        let bytes = answer(&IDS, &[0x6b33_43cf, 1, 0xff00_001d, 0x2a3a_4a5a]);
        let found = versions(&bytes, &IDS).expect("an answer");
        let names: Vec<String> = found.into_iter().map(version_name).collect();
        assert_eq!(names, ["v2", "v1", "draft-29"]);
        let question = question(&IDS);
        assert_eq!(question.len(), 1_200);
        assert_eq!(versions(&question, &IDS), None);
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let other = Ids { to: [3; 8], ..IDS };
        assert_eq!(versions(&answer(&other, &[1]), &IDS), None);
        assert_eq!(versions(&answer(&IDS, &[]), &IDS), None);
        let mut cut = answer(&IDS, &[1]);
        cut.pop();
        assert_eq!(versions(&cut, &IDS), None);
        let mut short = answer(&IDS, &[1]);
        short[0] = 0x40;
        assert_eq!(versions(&short, &IDS), None);
        let many = versions(&answer(&IDS, &[1; 100]), &IDS).expect("an answer");
        assert_eq!(many.len(), MAX_VERSIONS);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = versions(&bytes, &IDS);
        }
    }
}
