//! The registry of signature schemes (IANA "TLS SignatureScheme" and the pairs
//! of hash and algorithm of RFC 5246 section 7.4.1.4.1).

/// A signature scheme and the hash that it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Code point.
    pub id: u16,
    /// Name in the registry, or made in its manner.
    pub name: &'static str,
    /// The hash (`SHA-256`); `none` for schemes without a separate one.
    pub hash: &'static str,
}

impl Scheme {
    /// Whether collisions of its hash can be made (RFC 9155).
    pub fn is_broken(&self) -> bool {
        matches!(self.hash, "MD5" | "SHA-1")
    }
}

/// Every scheme that a hello offers.
pub fn all() -> &'static [Scheme] {
    SCHEMES
}

/// Whether a hello offers all schemes in the order of [`all`].
pub fn in_usual_order(offered: &[u16]) -> bool {
    offered.iter().eq(all().iter().map(|scheme| &scheme.id))
}

/// The scheme of a code point.
pub fn by_id(id: u16) -> Option<&'static Scheme> {
    SCHEMES.iter().find(|scheme| scheme.id == id)
}

/// The name of a code point, made up from its value when nobody registered it.
pub fn name_of(id: u16) -> String {
    by_id(id).map_or_else(|| format!("0x{id:04X}"), |scheme| scheme.name.to_owned())
}

const fn scheme(id: u16, name: &'static str, hash: &'static str) -> Scheme {
    Scheme { id, name, hash }
}

static SCHEMES: &[Scheme] = &[
    scheme(0x0403, "ecdsa_secp256r1_sha256", "SHA-256"),
    scheme(0x0503, "ecdsa_secp384r1_sha384", "SHA-384"),
    scheme(0x0603, "ecdsa_secp521r1_sha512", "SHA-512"),
    scheme(0x0807, "ed25519", "none"),
    scheme(0x0808, "ed448", "none"),
    scheme(0x0804, "rsa_pss_rsae_sha256", "SHA-256"),
    scheme(0x0805, "rsa_pss_rsae_sha384", "SHA-384"),
    scheme(0x0806, "rsa_pss_rsae_sha512", "SHA-512"),
    scheme(0x0809, "rsa_pss_pss_sha256", "SHA-256"),
    scheme(0x080a, "rsa_pss_pss_sha384", "SHA-384"),
    scheme(0x080b, "rsa_pss_pss_sha512", "SHA-512"),
    scheme(0x0401, "rsa_pkcs1_sha256", "SHA-256"),
    scheme(0x0501, "rsa_pkcs1_sha384", "SHA-384"),
    scheme(0x0601, "rsa_pkcs1_sha512", "SHA-512"),
    scheme(0x081a, "ecdsa_brainpoolP256r1tls13_sha256", "SHA-256"),
    scheme(0x081b, "ecdsa_brainpoolP384r1tls13_sha384", "SHA-384"),
    scheme(0x081c, "ecdsa_brainpoolP512r1tls13_sha512", "SHA-512"),
    scheme(0x0904, "mldsa44", "none"),
    scheme(0x0905, "mldsa65", "none"),
    scheme(0x0906, "mldsa87", "none"),
    scheme(0x0708, "sm2sig_sm3", "SM3"),
    scheme(0x0303, "ecdsa_sha224", "SHA-224"),
    scheme(0x0301, "rsa_pkcs1_sha224", "SHA-224"),
    scheme(0x0203, "ecdsa_sha1", "SHA-1"),
    scheme(0x0201, "rsa_pkcs1_sha1", "SHA-1"),
    scheme(0x0402, "dsa_sha256", "SHA-256"),
    scheme(0x0502, "dsa_sha384", "SHA-384"),
    scheme(0x0602, "dsa_sha512", "SHA-512"),
    scheme(0x0302, "dsa_sha224", "SHA-224"),
    scheme(0x0202, "dsa_sha1", "SHA-1"),
    scheme(0x0101, "rsa_pkcs1_md5", "MD5"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn schemes_are_told_apart() {
        let ids: BTreeSet<u16> = all().iter().map(|scheme| scheme.id).collect();
        let names: BTreeSet<&str> = all().iter().map(|scheme| scheme.name).collect();
        assert_eq!((ids.len(), names.len()), (all().len(), all().len()));
        let broken = all().iter().filter(|scheme| scheme.is_broken());
        let broken: Vec<u16> = broken.map(|scheme| scheme.id).collect();
        assert_eq!(broken, [0x0203, 0x0201, 0x0202, 0x0101]);
        assert_eq!(name_of(0x0a0a), "0x0A0A");
    }
}
