//! The TLS probe on servers that limit connections: what it says is exact, or
//! it says that it was turned away. No list is shorter without a word.

use std::{fs, process::Command, thread};

use scrutineer::{
    model::gap::GapReason,
    probes::tls::facts::{
        PreferenceBy::{Client, Server},
        VersionName::{Tls12, Tls13},
    },
};

use crate::starttls_servers::postfix;
use crate::support::{Running, free_port, program};
use crate::tls::{Pki, Seen};
use crate::tls_offers::{A128, A256, CHACHA, MODERN, Offers, R128, R256, command};
use crate::tls_servers::files;

const OFFERS: Offers = Offers {
    versions: MODERN,
    tls12: &[R128, R256],
    tls13: &[A256, CHACHA, A128],
    by: &[(Tls12, Server), (Tls13, Server)],
    groups: &["secp256r1", "x25519"],
};

/// HAProxy that counts connections of each client and rejects some.
pub fn haproxy(port: u16, count: &str, reject: &str) -> Option<Running> {
    let haproxy = program("haproxy", "haproxy", "limits of connections")?;
    let (certificate, key) = files("rsa");
    let pki = Pki::get();
    let pem = fs::read_to_string(certificate).unwrap() + &fs::read_to_string(key).unwrap();
    let (identity, file) = (
        pki.path(&format!("limit-{port}.pem")),
        pki.path(&format!("limit-{port}.cfg")),
    );
    fs::write(&identity, pem).unwrap();
    let text = format!(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         frontend a\n bind 127.0.0.1:{port} ssl crt {} ssl-min-ver TLSv1.2 \
         ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384 curves X25519:P-256\n \
         stick-table type ip size 1k expire 60s store {count}\n \
         tcp-request connection track-sc0 src\n \
         tcp-request connection reject if {{ {reject} }}\n http-request return status 200\n",
        identity.display()
    );
    fs::write(&file, text).unwrap();
    let mut command = Command::new(haproxy);
    command.arg("-db").arg("-f").arg(file);
    let log = pki.path(&format!("limit-{port}.log"));
    Some(Running::start(
        command.env("OPENSSL_CONF", "/dev/null"),
        &[port],
        &log,
    ))
}

/// Each list is exact, or said to be open because we were turned away.
fn assert_honest(name: &str, seen: &Seen, offers: &Offers) {
    let open = |list: &str| {
        let gaps = seen
            .gaps
            .iter()
            .filter(|gap| gap.at.contains(&format!("/{list}")));
        let reasons: Vec<GapReason> = gaps.map(|gap| gap.reason).collect();
        assert!(
            reasons.iter().all(|reason| *reason == GapReason::Throttled),
            "{name}: {list}: {reasons:?}"
        );
        !reasons.is_empty()
    };
    if !open("versions") {
        assert_eq!(seen.versions(), offers.versions, "{name}");
    }
    if !open("groups") {
        assert_eq!(seen.groups(), offers.groups, "{name}");
    }
    let suites = open("suites");
    for (version, offered) in [(Tls12, offers.tls12), (Tls13, offers.tls13)] {
        let found = seen.suites(version);
        assert!(found.iter().all(|suite| offered.contains(suite)), "{name}");
        assert!(suites || found.len() == offered.len(), "{name}: {found:?}");
    }
    assert_eq!(seen.endpoint.throttles.known(), Some(&true), "{name}");
    for gap in &seen.gaps {
        let asked = gap.reason != GapReason::NotAsked;
        assert!(
            !asked || gap.reason == GapReason::Throttled,
            "{name}: {gap:?}"
        );
    }
}

/// On a busy machine a limit may not be waited out everywhere: then it was told, as
/// [`assert_honest`] saw, and what is left of the lists is no list to compare.
fn compare_where_all_is_seen(name: &str, seen: &Seen) {
    if !seen
        .gaps
        .iter()
        .any(|gap| gap.reason == GapReason::Throttled)
    {
        OFFERS.compare(name, seen);
    }
}

#[test]
fn limits_are_waited_out_or_told() {
    let [rate, open, mail] = [(); 3].map(|()| free_port());
    thread::scope(|scope| {
        scope.spawn(|| {
            // Twenty at once are too many; a second later there is room again.
            let limit = "sc0_conn_rate gt 20";
            let Some(_server) = haproxy(rate, "conn_rate(2s)", limit) else {
                return;
            };
            let (_, seen) = command(rate, None);
            assert_honest("rate", &seen, &OFFERS);
            compare_where_all_is_seen("rate", &seen);
        });
        scope.spawn(|| {
            let limit = "sc0_conn_cur gt 1";
            let Some(_server) = haproxy(open, "conn_cur", limit) else {
                return;
            };
            let (_, seen) = command(open, None);
            assert_honest("open connections", &seen, &OFFERS);
            compare_where_all_is_seen("open connections", &seen);
        });
        scope.spawn(|| {
            let options = [
                // In a minute: no scan can wait for that.
                "smtpd_client_connection_rate_limit = 8",
                "smtpd_tls_protocols = >=TLSv1.2",
                "tls_medium_cipherlist = ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
                "tls_eecdh_auto_curves = X25519 prime256v1",
            ];
            let Some(_server) = postfix(&[(mail, &options)]) else {
                return;
            };
            let (_, seen) = command(mail, Some("smtp"));
            let offers = Offers {
                tls13: &[A128, A256, CHACHA],
                by: &[(Tls12, Client), (Tls13, Client)],
                ..OFFERS
            };
            assert_honest("mail", &seen, &offers);
            let told = seen.gaps.iter().any(|gap| gap.at.ends_with("/suites/-"));
            assert!(told, "{:?}", seen.gaps);
        });
    });
}
