//! Ids as OSCAL takes them.

/// An id as OSCAL's type `token`: letters, digits, `.`, `-` and `_`, beginning
/// with a letter or `_`. Other characters become `_`.
pub fn token(id: &str) -> String {
    let mut token = String::with_capacity(id.len());
    for c in id.chars().take(200) {
        let fits = c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if token.is_empty() && !(c.is_ascii_alphabetic() || c == '_') {
            token.push('_');
        }
        token.push(if fits { c } else { '_' });
    }
    if token.is_empty() {
        token.push('_');
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_form() {
        for (id, expected) in [
            ("TLS-01", "TLS-01"),
            ("1 <x>", "_1__x_"),
            ("", "_"),
            ("-a", "_-a"),
        ] {
            assert_eq!(token(id), expected);
        }
    }
}
