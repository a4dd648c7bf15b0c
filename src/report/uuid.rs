//! Identifiers that follow from what they identify.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The namespace of our UUIDs (RFC 9562 section 6.6), chosen once.
const NAMESPACE: [u8; 16] = [
    0x5c, 0x1e, 0x0b, 0x7a, 0x9d, 0x42, 0x4f, 0x0e, 0x8b, 0x36, 0x2f, 0xd1, 0x7c, 0x64, 0xa8, 0x13,
];

/// A UUID of version 5 (RFC 9562 section 5.5) over these parts. Formats
/// ask for this version; that SHA-1 is weak does not matter for a name.
pub fn uuid(parts: &[&str]) -> String {
    let mut name = NAMESPACE.to_vec();
    for part in parts {
        // The length keeps parts from running into each other.
        name.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &name);
    let mut text = String::with_capacity(36);
    for (at, byte) in hash.as_ref().iter().take(16).enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let byte = match at {
            6 => byte & 0x0f | 0x50,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_their_form() {
        let one = uuid(&["a", "bc"]);
        assert_eq!(one, uuid(&["a", "bc"]));
        assert_ne!(one, uuid(&["ab", "c"]));
        let groups: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(one.as_bytes().get(14), Some(&b'5'));
        assert!(one.get(19..20).is_some_and(|c| "89ab".contains(c)));
    }
}
