//! The TLS probe against OpenSSL as four servers configure it: HAProxy, stunnel, nginx and
//! Apache. What is found is exactly what the configuration offers.

use scrutineer::probes::tls::facts::{PreferenceBy, VersionName};

use crate::tls_offers::{A128, A256, CHACHA, MODERN, R128, R256};
use crate::tls_servers::{apache, haproxy, nginx, stunnel};
use crate::tls_stacks::{Case, E128, E256, all};

use PreferenceBy::{Client, Server, Single};
use VersionName::{Tls12, Tls13};

#[test]
fn openssl_behind_haproxy_and_stunnel() {
    let usual: &'static [&'static str] = &[A256, CHACHA, A128];
    all(&[
        Case {
            name: "HAProxy, both versions",
            start: haproxy,
            settings: &[
                "rsa",
                "ssl-min-ver TLSv1.2 ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384 curves X25519:P-256",
            ],
            versions: MODERN,
            tls12: &[R128, R256],
            tls13: usual,
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "HAProxy, TLS 1.3 alone",
            start: haproxy,
            settings: &[
                "ec",
                "ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256 curves P-384",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A128],
            by: &[(Tls13, Single)],
            groups: &["secp384r1"],
        },
        Case {
            name: "HAProxy, TLS 1.2 alone, client's order",
            start: haproxy,
            settings: &[
                "ec",
                "ssl-max-ver TLSv1.2 ssl-min-ver TLSv1.2 prefer-client-ciphers ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256 curves P-256",
            ],
            versions: &[Tls12],
            tls12: &[E128, E256],
            tls13: &[],
            by: &[(Tls12, Client)],
            groups: &["secp256r1"],
        },
        Case {
            name: "stunnel, both versions",
            start: stunnel,
            settings: &[
                "ec",
                "sslVersionMin = TLSv1.2\nciphers = ECDHE-ECDSA-AES128-GCM-SHA256\ncurves = X25519:P-256",
            ],
            versions: MODERN,
            tls12: &[E128],
            tls13: &[A128, A256, CHACHA],
            by: &[(Tls12, Single), (Tls13, Client)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "stunnel, TLS 1.3 alone",
            start: stunnel,
            settings: &[
                "rsa",
                "sslVersionMin = TLSv1.3\nciphersuites = TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256\ncurves = P-521",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A128, CHACHA],
            by: &[(Tls13, Client)],
            groups: &["secp521r1"],
        },
    ]);
}

#[test]
fn openssl_behind_nginx_and_apache() {
    all(&[
        Case {
            name: "nginx, two certificates, its own order",
            start: nginx,
            settings: &[
                "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_ecdh_curve X25519:prime256v1:secp384r1; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256;",
            ],
            versions: MODERN,
            tls12: &[E128, R256, R128],
            tls13: &[A256, CHACHA, A128],
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: &["secp256r1", "secp384r1", "x25519"],
        },
        Case {
            name: "nginx, Mozilla's modern",
            start: nginx,
            settings: &[
                "ssl_protocols TLSv1.3; ssl_prefer_server_ciphers off; ssl_ecdh_curve X25519:prime256v1:secp384r1;",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A128, A256, CHACHA],
            by: &[(Tls13, Client)],
            groups: &["secp256r1", "secp384r1", "x25519"],
        },
        Case {
            name: "nginx, TLS 1.2 alone",
            start: nginx,
            settings: &[
                "ssl_protocols TLSv1.2; ssl_prefer_server_ciphers off; ssl_ecdh_curve prime256v1; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256;",
            ],
            versions: &[Tls12],
            tls12: &[R128, R256],
            tls13: &[],
            by: &[(Tls12, Client)],
            groups: &["secp256r1"],
        },
        Case {
            name: "Apache, TLS 1.2 alone, its own order",
            start: apache,
            settings: &[
                "SSLProtocol +TLSv1.2\nSSLHonorCipherOrder on\nSSLCipherSuite ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256\nSSLOpenSSLConfCmd Groups P-256:P-384",
            ],
            versions: &[Tls12],
            tls12: &[R256, R128],
            tls13: &[],
            by: &[(Tls12, Server)],
            groups: &["secp256r1", "secp384r1"],
        },
        Case {
            name: "Apache, TLS 1.3 alone",
            start: apache,
            settings: &[
                "SSLProtocol +TLSv1.3\nSSLHonorCipherOrder off\nSSLOpenSSLConfCmd Groups X25519",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A128, A256, CHACHA],
            by: &[(Tls13, Client)],
            groups: &["x25519"],
        },
    ]);
}
