//! `scrutineer tls --starttls` on servers from Debian packages: versions,
//! suites, their order and groups are exactly what each configuration offers.

use std::thread;

use scrutineer::probes::tls::facts::PreferenceBy::{Client, Server, Single};
use scrutineer::probes::tls::facts::VersionName::{self, Tls12, Tls13};

use crate::starttls_servers::{
    Mailboxes, dovecot, mariadb, postfix, postgresql, prosody, slapd, vsftpd,
};
use crate::support::free_port;
use crate::tls_offers::{
    A128, A256, ALL_GROUPS, CHACHA, MODERN, Offers, R128, R256, bars, command,
};

const TLS13_ONLY: &[VersionName] = &[Tls13];
/// OpenSSL's suites of TLS 1.3 in its own order, and where the client's decides.
const OWN: &[&str] = &[A256, CHACHA, A128];
const BY_CODE: &[&str] = &[A128, A256, CHACHA];

/// A port, the protocol before TLS, and what the configuration offers.
struct Case {
    name: &'static str,
    port: u16,
    starttls: Option<&'static str>,
    offers: Offers,
}

/// Connections that refusals by a bare close may cost beyond those by an alert.
const CLOSES: u64 = 40;

/// Looks at all of them side by side.
fn all(cases: &[Case]) {
    thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || {
                let (exit, seen) = command(case.port, case.starttls);
                assert_eq!(exit, 0, "{}: {:?}", case.name, seen.gaps);
                assert_eq!(seen.endpoint.speaks_tls.known(), Some(&true));
                let word = seen.endpoint.starttls.as_deref();
                assert_eq!(word, case.starttls.map(as_openssl), "{}", case.name);
                case.offers.compare(case.name, &seen);
                let (mut enumeration, mut whole) = bars(case.offers.versions, case.offers.groups);
                if ["Dovecot", "OpenLDAP"]
                    .iter()
                    .any(|name| case.name.starts_with(name))
                {
                    // They refuse by closing without a word: each refusal is asked for
                    // twice, and followed by a hello that they are known to answer.
                    (enumeration, whole) = (enumeration + CLOSES, whole + CLOSES);
                }
                assert_eq!(seen.over(case.name, (enumeration, whole)), None);
            });
        }
    });
}

fn as_openssl(protocol: &'static str) -> &'static str {
    match protocol {
        "postgresql" => "postgres",
        other => other,
    }
}

/// Servers that speak the protocol and have no TLS: that is known, and no gap.
fn none(cases: &[(&str, u16, &str)]) {
    for (name, port, protocol) in cases {
        let (exit, seen) = command(*port, Some(protocol));
        assert_eq!(exit, 0, "{name}");
        assert_eq!(seen.endpoint.speaks_tls.known(), Some(&false), "{name}");
        assert_eq!(seen.versions(), [], "{name}");
        assert_eq!(seen.gaps, [], "{name}");
    }
}

#[test]
fn postfix_transfers_mail() {
    let [modern, own, newest, implicit, plain] = [(); 5].map(|()| free_port());
    let curves = "tls_eecdh_auto_curves = X25519 prime256v1";
    let suites = "tls_medium_cipherlist = ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256";
    let Some(_server) = postfix(&[
        (modern, &["smtpd_tls_protocols = >=TLSv1.2", suites, curves]),
        (
            own,
            &[
                "smtpd_tls_protocols = >=TLSv1.2, <=TLSv1.2",
                suites,
                "tls_preempt_cipherlist = yes",
                "tls_eecdh_auto_curves = secp384r1",
            ],
        ),
        (newest, &["smtpd_tls_protocols = >=TLSv1.3", curves]),
        (
            implicit,
            &[
                "smtpd_tls_wrappermode = yes",
                "smtpd_tls_protocols = >=TLSv1.2",
                "tls_medium_cipherlist = ECDHE-RSA-AES128-GCM-SHA256",
                curves,
            ],
        ),
        (plain, &["smtpd_tls_security_level = none"]),
    ]) else {
        return;
    };
    let groups = &["secp256r1", "x25519"];
    let offers = Offers {
        versions: MODERN,
        tls12: &[R128, R256],
        tls13: BY_CODE,
        by: &[(Tls12, Client), (Tls13, Client)],
        groups,
    };
    all(&[
        Case {
            name: "Postfix, both versions",
            port: modern,
            starttls: Some("smtp"),
            offers,
        },
        Case {
            name: "Postfix, TLS 1.2 alone, its own order",
            port: own,
            starttls: Some("smtp"),
            offers: Offers {
                versions: &[Tls12],
                tls12: &[R256, R128],
                tls13: &[],
                by: &[(Tls12, Server)],
                groups: &["secp384r1"],
            },
        },
        Case {
            name: "Postfix, TLS 1.3 alone",
            port: newest,
            starttls: Some("smtp"),
            offers: Offers {
                versions: TLS13_ONLY,
                tls12: &[],
                tls13: BY_CODE,
                by: &[(Tls13, Client)],
                groups,
            },
        },
        Case {
            name: "Postfix, TLS from the start",
            port: implicit,
            starttls: None,
            offers: Offers {
                tls12: &[R128],
                by: &[(Tls12, Single), (Tls13, Client)],
                ..offers
            },
        },
    ]);
    none(&[("Postfix", plain, "smtp")]);
}

#[test]
fn dovecot_keeps_mailboxes() {
    let ports = || Mailboxes {
        imap: free_port(),
        imaps: free_port(),
        pop3: free_port(),
        lmtp: free_port(),
        sieve: free_port(),
    };
    let with = ports();
    let without = Mailboxes {
        imaps: 0,
        ..ports()
    };
    // LMTP offers DHE without having a prime for it: Dovecot then closes without
    // a word whenever DHE comes first, and would take the others.
    let settings = "
protocol imap {
  ssl_min_protocol = TLSv1.2
  ssl_cipher_list = ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384
  ssl_prefer_server_ciphers = yes
  ssl_curve_list = X25519:P-256
}
protocol pop3 {
  ssl_min_protocol = TLSv1.3
  ssl_curve_list = P-384
}
protocol sieve {
  ssl_min_protocol = TLSv1.2
  ssl_cipher_list = ECDHE-RSA-AES256-GCM-SHA384
  ssl_curve_list = P-521
}
protocol lmtp {
  ssl_min_protocol = TLSv1.2
  ssl_cipher_list = ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256
  ssl_curve_list = X25519:P-384
}
";
    let Some(_server) = dovecot(&with, settings) else {
        return;
    };
    let Some(_plain) = dovecot(&without, "ssl = no\n") else {
        return;
    };
    let imap = Offers {
        versions: MODERN,
        tls12: &[R128, R256],
        tls13: OWN,
        by: &[(Tls12, Server), (Tls13, Server)],
        groups: &["secp256r1", "x25519"],
    };
    all(&[
        Case {
            name: "Dovecot, IMAP",
            port: with.imap,
            starttls: Some("imap"),
            offers: imap,
        },
        Case {
            name: "Dovecot, IMAP with TLS from the start",
            port: with.imaps,
            starttls: None,
            offers: imap,
        },
        Case {
            name: "Dovecot, POP3",
            port: with.pop3,
            starttls: Some("pop3"),
            offers: Offers {
                versions: TLS13_ONLY,
                tls12: &[],
                tls13: BY_CODE,
                by: &[(Tls13, Client)],
                groups: &["secp384r1"],
            },
        },
        Case {
            name: "Dovecot, ManageSieve",
            port: with.sieve,
            starttls: Some("sieve"),
            offers: Offers {
                versions: MODERN,
                tls12: &[R256],
                tls13: BY_CODE,
                by: &[(Tls12, Single), (Tls13, Client)],
                groups: &["secp521r1"],
            },
        },
        Case {
            name: "Dovecot, LMTP, a suite over which it breaks",
            port: with.lmtp,
            starttls: Some("lmtp"),
            offers: Offers {
                versions: MODERN,
                tls12: &[R128, R256],
                tls13: BY_CODE,
                by: &[(Tls12, Client), (Tls13, Client)],
                groups: &["secp384r1", "x25519"],
            },
        },
    ]);
    none(&[
        ("IMAP", without.imap, "imap"),
        ("POP3", without.pop3, "pop3"),
        ("ManageSieve", without.sieve, "sieve"),
        ("LMTP", without.lmtp, "lmtp"),
        ("IMAP, asked for POP3", with.imap, "pop3"),
    ]);
}

#[test]
fn openldap_keeps_directories() {
    let [port, direct, plain] = [(); 3].map(|()| free_port());
    let priorities = "NONE:+VERS-TLS1.2:+VERS-TLS1.3:+ECDHE-RSA:+AES-256-GCM:+AES-128-GCM:+AEAD:\
                      +GROUP-X25519:+GROUP-SECP256R1:+SIGN-ALL:+COMP-NULL:%SERVER_PRECEDENCE";
    let Some(_server) = slapd(port, Some(direct), Some(priorities)) else {
        return;
    };
    let Some(_plain) = slapd(plain, None, None) else {
        return;
    };
    let offers = Offers {
        versions: MODERN,
        tls12: &[R256, R128],
        tls13: &[A256, A128],
        by: &[(Tls12, Server), (Tls13, Server)],
        groups: &["secp256r1", "x25519"],
    };
    all(&[
        Case {
            name: "OpenLDAP",
            port,
            starttls: Some("ldap"),
            offers,
        },
        Case {
            name: "OpenLDAP, TLS from the start",
            port: direct,
            starttls: None,
            offers,
        },
    ]);
    none(&[("OpenLDAP", plain, "ldap")]);
}

#[test]
fn prosody_chats() {
    let [clients, servers, direct] = [(); 3].map(|()| free_port());
    let settings = "protocol = \"tlsv1_2+\", ciphers = \"ECDHE-RSA-AES128-GCM-SHA256\", \
                    curveslist = { \"X25519\", \"P-256\" }";
    let Some(_server) = prosody(clients, servers, direct, settings) else {
        return;
    };
    let offers = Offers {
        versions: MODERN,
        tls12: &[R128],
        tls13: BY_CODE,
        by: &[(Tls12, Single), (Tls13, Client)],
        groups: &["secp256r1", "x25519"],
    };
    let case = |name, port, starttls| Case {
        name,
        port,
        starttls,
        offers,
    };
    all(&[
        case("Prosody, clients", clients, Some("xmpp")),
        case("Prosody, servers", servers, Some("xmpp-server")),
        case("Prosody, TLS from the start", direct, None),
    ]);
}

#[test]
fn vsftpd_serves_files() {
    let [port, plain] = [(); 2].map(|()| free_port());
    let settings = "ssl_enable=YES\nallow_anon_ssl=YES\nssl_ciphers=ECDHE-RSA-AES128-GCM-SHA256\n";
    let Some(_server) = vsftpd(port, settings) else {
        return;
    };
    let Some(_plain) = vsftpd(plain, "ftpd_banner=Files of the county\n") else {
        return;
    };
    all(&[Case {
        name: "vsftpd",
        port,
        starttls: Some("ftp"),
        offers: Offers {
            versions: MODERN,
            tls12: &[R128],
            tls13: BY_CODE,
            by: &[(Tls12, Single), (Tls13, Client)],
            // Written into its source.
            groups: &["secp256r1"],
        },
    }]);
    none(&[("vsftpd", plain, "ftp")]);
}

/// These two are large, so nothing installs them for the tests.
#[test]
fn databases_where_they_are_installed() {
    let [port, plain] = [(); 2].map(|()| free_port());
    let settings = [
        "ssl=on",
        "ssl_ecdh_curve=secp384r1",
        "ssl_ciphers=ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
        "ssl_prefer_server_ciphers=on",
    ];
    let servers = (postgresql(port, &settings), postgresql(plain, &["ssl=off"]));
    if let (Some(_server), Some(_plain)) = servers {
        all(&[Case {
            name: "PostgreSQL",
            port,
            starttls: Some("postgresql"),
            offers: Offers {
                versions: MODERN,
                tls12: &[R128, R256],
                tls13: OWN,
                by: &[(Tls12, Server), (Tls13, Server)],
                groups: &["secp384r1"],
            },
        }]);
        none(&[("PostgreSQL", plain, "postgresql")]);
    }
    let [port, plain] = [(); 2].map(|()| free_port());
    let options = [
        "--tls-version=TLSv1.2,TLSv1.3",
        "--ssl-cipher=ECDHE-RSA-AES128-GCM-SHA256",
    ];
    let servers = (mariadb(port, &options), mariadb(plain, &["--skip-ssl"]));
    if let (Some(_server), Some(_plain)) = servers {
        all(&[Case {
            name: "MariaDB",
            port,
            starttls: Some("mysql"),
            offers: Offers {
                versions: MODERN,
                tls12: &[R128],
                tls13: BY_CODE,
                by: &[(Tls12, Single), (Tls13, Client)],
                groups: ALL_GROUPS,
            },
        }]);
        none(&[("MariaDB", plain, "mysql")]);
    }
}
