//! The registry of cipher suites (IANA "TLS Cipher Suites"), with what their
//! names say about them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Version;

/// A cipher suite and its properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Code point.
    pub id: u16,
    /// Name in the registry.
    pub name: &'static str,
    /// Key exchange: `ECDHE`, `DHE`, `RSA`, `DH`, `ECDH`, `PSK`, `any` for TLS 1.3, ...
    /// Anonymous suites have the exchange that takes place, `DHE` or `ECDHE`.
    pub key_exchange: &'static str,
    /// How the server is authenticated.
    pub authentication: Authentication,
    /// Bulk cipher without mode.
    pub cipher: &'static str,
    /// Mode of the bulk cipher.
    pub mode: &'static str,
    /// Whether it is one of the weakened suites of the time of export control.
    pub export: bool,
    /// Oldest version in which it may be used.
    pub since: Version,
}

/// How a suite authenticates the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// A certificate with an RSA key.
    Rsa,
    /// A certificate with an elliptic curve key (Ed25519 and Ed448 included).
    Ecdsa,
    /// A certificate with a DSA key.
    Dss,
    /// Nothing: anyone could have answered.
    Anonymous,
    /// A secret or an account that both sides know beforehand (PSK, Kerberos, SRP).
    Shared,
    /// A certificate with a GOST key.
    Gost,
    /// TLS 1.3: independent of the suite.
    Any,
}

impl Suite {
    /// Whether the keys of a session outlive the theft of the server's long-term key.
    pub fn forward_secret(&self) -> bool {
        matches!(self.key_exchange, "ECDHE" | "DHE" | "any")
    }

    /// Whether nobody is authenticated.
    pub fn anonymous(&self) -> bool {
        self.authentication == Authentication::Anonymous
    }

    /// Whether the server shows a certificate with it, up to TLS 1.2.
    pub fn shows_certificate(&self) -> bool {
        use Authentication as A;
        matches!(self.authentication, A::Rsa | A::Ecdsa | A::Dss | A::Gost)
    }

    /// Whether a client may offer it in this version.
    pub fn legal_in(&self, version: Version) -> bool {
        match version {
            Version::Tls13 => self.since == Version::Tls13,
            older => self.since <= older,
        }
    }
}

/// Every suite, in the order of code points.
pub fn all() -> &'static [Suite] {
    &REGISTRY.0
}

/// The suite of a code point.
pub fn by_id(id: u16) -> Option<&'static Suite> {
    REGISTRY.1.get(&id).and_then(|at| REGISTRY.0.get(*at))
}

/// The suite of a name.
pub fn by_name(name: &str) -> Option<&'static Suite> {
    REGISTRY.0.iter().find(|suite| suite.name == name)
}

/// The name of a code point, made up from its value when nobody registered it.
pub fn name_of(id: u16) -> String {
    by_id(id).map_or_else(|| format!("0x{id:04X}"), |suite| suite.name.to_owned())
}

static REGISTRY: LazyLock<(Vec<Suite>, HashMap<u16, usize>)> = LazyLock::new(|| {
    let mut suites: Vec<Suite> = include_str!("suites.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (code, name) = line.split_once(' ')?;
            Some(describe(u16::from_str_radix(code, 16).ok()?, name))
        })
        .collect();
    suites.sort_by_key(|suite| suite.id);
    let index = suites
        .iter()
        .enumerate()
        .map(|(at, suite)| (suite.id, at))
        .collect();
    (suites, index)
});

/// Reads the properties out of a name, which has the form
/// `TLS_` exchange and authentication `_WITH_` cipher, mode and hash.
fn describe(id: u16, name: &'static str) -> Suite {
    let body = name
        .trim_start_matches("TLS_")
        .trim_start_matches("SSL_")
        .trim_end_matches("_OLD");
    let (exchange, protection) = body.split_once("_WITH_").unwrap_or(("", body));
    let tls13 = exchange.is_empty() || protection.contains("_MGM_");
    let (key_exchange, authentication) = if tls13 {
        ("any", Authentication::Any)
    } else {
        exchange_of(exchange)
    };
    let (cipher, mode) = protection_of(protection);
    let new_hash = protection.ends_with("_SHA256") || protection.ends_with("_SHA384");
    let aead = matches!(mode, "GCM" | "CCM" | "CCM_8" | "POLY1305");
    // RFC 5487 and RFC 5489 let the PSK suites with CBC or NULL and a newer
    // hash be used before TLS 1.2.
    let since = if tls13 {
        Version::Tls13
    } else if aead || mode == "CTR" || (new_hash && !exchange.contains("PSK")) {
        Version::Tls12
    } else if new_hash || exchange.starts_with("GOST") {
        Version::Tls10
    } else {
        Version::Ssl3
    };
    Suite {
        id,
        name,
        key_exchange,
        authentication,
        cipher,
        mode,
        export: exchange.contains("EXPORT"),
        since,
    }
}

fn exchange_of(exchange: &str) -> (&'static str, Authentication) {
    use Authentication as A;
    let plain = exchange
        .trim_end_matches("_EXPORT1024")
        .trim_end_matches("_EXPORT");
    match plain {
        "RSA" | "RSA_FIPS" => ("RSA", A::Rsa),
        "DH_RSA" => ("DH", A::Rsa),
        "DH_DSS" => ("DH", A::Dss),
        "DHE_RSA" => ("DHE", A::Rsa),
        "DHE_DSS" => ("DHE", A::Dss),
        "DH_anon" => ("DHE", A::Anonymous),
        "ECDH_RSA" => ("ECDH", A::Rsa),
        "ECDH_ECDSA" => ("ECDH", A::Ecdsa),
        "ECDHE_RSA" => ("ECDHE", A::Rsa),
        "ECDHE_ECDSA" => ("ECDHE", A::Ecdsa),
        "ECDH_anon" => ("ECDHE", A::Anonymous),
        "PSK" => ("PSK", A::Shared),
        "DHE_PSK" | "PSK_DHE" => ("DHE", A::Shared),
        "ECDHE_PSK" => ("ECDHE", A::Shared),
        "RSA_PSK" => ("RSA", A::Shared),
        "KRB5" => ("KRB5", A::Shared),
        "ECCPWD" => ("ECCPWD", A::Shared),
        srp if srp.starts_with("SRP") => ("SRP", A::Shared),
        gost if gost.starts_with("GOST") => ("GOST", A::Gost),
        _ => ("other", A::Any),
    }
}

/// Bulk cipher and mode; longer names stand before their prefixes.
fn protection_of(protection: &str) -> (&'static str, &'static str) {
    const CIPHERS: &[(&str, &str)] = &[
        ("3DES_EDE", "3DES_EDE"),
        ("AEGIS_128L", "AEGIS_128L"),
        ("AEGIS_256", "AEGIS_256"),
        ("AES_128", "AES_128"),
        ("AES_256", "AES_256"),
        ("ARIA_128", "ARIA_128"),
        ("ARIA_256", "ARIA_256"),
        ("CAMELLIA_128", "CAMELLIA_128"),
        ("CAMELLIA_256", "CAMELLIA_256"),
        ("CHACHA20", "CHACHA20"),
        ("DES40", "DES_40"),
        ("DES_CBC_40", "DES_40"),
        ("DES", "DES"),
        ("IDEA", "IDEA"),
        ("KUZNYECHIK", "KUZNYECHIK"),
        ("MAGMA", "MAGMA"),
        ("28147", "28147"),
        ("RC2_CBC_40", "RC2_40"),
        ("RC2_CBC_56", "RC2_56"),
        ("RC4_128", "RC4_128"),
        ("RC4_40", "RC4_40"),
        ("RC4_56", "RC4_56"),
        ("SEED", "SEED"),
        ("SM4", "SM4"),
    ];
    const MODES: &[(&str, &str)] = &[
        ("_GCM", "GCM"),
        ("_CCM_8", "CCM_8"),
        ("_CCM", "CCM"),
        ("_POLY1305", "POLY1305"),
        ("_CBC", "CBC"),
        ("_CTR", "CTR"),
        ("_CNT", "CNT"),
        ("_MGM", "MGM"),
        ("AEGIS", "AEGIS"),
        ("RC4", "STREAM"),
    ];
    let Some((_, cipher)) = CIPHERS
        .iter()
        .find(|(prefix, _)| protection.starts_with(prefix))
    else {
        return ("NULL", "NULL");
    };
    let mode = MODES
        .iter()
        .find(|(part, _)| protection.contains(part))
        .map_or("other", |(_, mode)| *mode);
    (cipher, mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_described() {
        assert_eq!(all().len(), 366);
        for suite in all() {
            assert_ne!(suite.key_exchange, "other", "{}", suite.name);
            assert_ne!(suite.mode, "other", "{}", suite.name);
            assert_eq!(by_id(suite.id), Some(suite), "{} twice", suite.name);
            let null = suite.name.contains("_NULL_")
                || matches!(suite.name, "TLS_SHA256_SHA256" | "TLS_SHA384_SHA384");
            assert_eq!(suite.cipher == "NULL", null, "{}", suite.name);
        }
    }

    #[test]
    fn properties_follow_the_name() {
        // Name, exchange, authentication, cipher, mode, since, forward secret.
        use Authentication as A;
        type Case = (
            &'static str,
            &'static str,
            A,
            &'static str,
            &'static str,
            Version,
            bool,
        );
        let cases: &[Case] = &[
            (
                "TLS_AES_128_GCM_SHA256",
                "any",
                A::Any,
                "AES_128",
                "GCM",
                Version::Tls13,
                true,
            ),
            (
                "TLS_AES_128_CCM_8_SHA256",
                "any",
                A::Any,
                "AES_128",
                "CCM_8",
                Version::Tls13,
                true,
            ),
            (
                "TLS_SHA256_SHA256",
                "any",
                A::Any,
                "NULL",
                "NULL",
                Version::Tls13,
                true,
            ),
            (
                "TLS_RSA_WITH_RC4_128_MD5",
                "RSA",
                A::Rsa,
                "RC4_128",
                "STREAM",
                Version::Ssl3,
                false,
            ),
            (
                "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
                "RSA",
                A::Rsa,
                "RC2_40",
                "CBC",
                Version::Ssl3,
                false,
            ),
            (
                "TLS_DH_anon_WITH_AES_128_CBC_SHA",
                "DHE",
                A::Anonymous,
                "AES_128",
                "CBC",
                Version::Ssl3,
                true,
            ),
            (
                "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
                "ECDHE",
                A::Ecdsa,
                "AES_256",
                "CBC",
                Version::Tls12,
                true,
            ),
            (
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                "ECDHE",
                A::Rsa,
                "CHACHA20",
                "POLY1305",
                Version::Tls12,
                true,
            ),
            (
                "TLS_PSK_DHE_WITH_AES_128_CCM_8",
                "DHE",
                A::Shared,
                "AES_128",
                "CCM_8",
                Version::Tls12,
                true,
            ),
            (
                "TLS_PSK_WITH_AES_128_CBC_SHA256",
                "PSK",
                A::Shared,
                "AES_128",
                "CBC",
                Version::Tls10,
                false,
            ),
            (
                "TLS_RSA_WITH_NULL_SHA256",
                "RSA",
                A::Rsa,
                "NULL",
                "NULL",
                Version::Tls12,
                false,
            ),
            (
                "TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA",
                "KRB5",
                A::Shared,
                "DES_40",
                "CBC",
                Version::Ssl3,
                false,
            ),
            (
                "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA",
                "DHE",
                A::Rsa,
                "3DES_EDE",
                "CBC",
                Version::Ssl3,
                true,
            ),
        ];
        for (name, exchange, authentication, cipher, mode, since, forward) in cases {
            let suite = by_name(name).expect(name);
            assert_eq!(suite.key_exchange, *exchange, "{name}");
            assert_eq!(suite.authentication, *authentication, "{name}");
            assert_eq!((suite.cipher, suite.mode), (*cipher, *mode), "{name}");
            assert_eq!(suite.since, *since, "{name}");
            assert_eq!(suite.forward_secret(), *forward, "{name}");
            assert_eq!(suite.export, name.contains("EXPORT"), "{name}");
        }
    }

    #[test]
    fn suites_are_offered_only_where_they_are_legal() {
        let legal = |name: &str, version| by_name(name).expect(name).legal_in(version);
        assert!(legal("TLS_AES_128_GCM_SHA256", Version::Tls13));
        assert!(!legal("TLS_AES_128_GCM_SHA256", Version::Tls12));
        assert!(!legal("TLS_RSA_WITH_AES_128_CBC_SHA", Version::Tls13));
        assert!(!legal("TLS_RSA_WITH_AES_128_GCM_SHA256", Version::Tls11));
        assert!(legal("TLS_RSA_WITH_AES_128_CBC_SHA", Version::Ssl3));
    }
}
