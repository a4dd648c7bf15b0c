//! Digests and fingerprints: SHA-256 over canonical JSON (RFC 8785).

use serde::Serialize;
use sha2::{Digest, Sha256};

/// SHA-256 over the canonical JSON of a value, in lower-case hexadecimal.
///
/// # Errors
/// When the value has no canonical form: floats that are not finite, or keys
/// that are no strings.
pub fn digest(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value).map(|bytes| hex(&Sha256::digest(bytes)))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| DIGITS.get(usize::from(digit)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn digest_ignores_order_and_space() {
        let one: serde_json::Value = serde_json::from_str(r#"{"b":1, "a":[true,null]}"#).unwrap();
        let other: serde_json::Value = serde_json::from_str(r#"{"a":[true,null],"b":1}"#).unwrap();
        assert_eq!(digest(&one).unwrap(), digest(&other).unwrap());
        // Of the empty object, computed with `printf '{}' | sha256sum`.
        assert_eq!(
            digest(&json!({})).unwrap(),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }

    #[test]
    fn hex_keeps_leading_zeros() {
        assert_eq!(hex(&[0, 15, 16, 255]), "000f10ff");
    }
}
