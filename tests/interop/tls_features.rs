//! What the TLS probe tells beside versions and suites: against OpenSSL's
//! `s_server`, and a front where no server in use shows the fault any more.

use scrutineer::{
    model::{gap::GapReason, level::Level, seen::Seen as Fact},
    probes::tls::facts::VersionName,
};

use crate::tls::{Seen, observe, serve};
use crate::tls_odd::{Act, Between};

/// Features in the order of the table below.
fn features(seen: &Seen) -> [Option<&Option<bool>>; 6] {
    let endpoint = &seen.endpoint;
    [
        endpoint.secure_renegotiation.known(),
        endpoint.extended_master_secret.known(),
        endpoint.encrypt_then_mac.known(),
        endpoint.heartbeat.known(),
        endpoint.truncated_hmac.known(),
        endpoint.refuses_fallback.known(),
    ]
}

fn schemes(seen: &Seen) -> Vec<&str> {
    let schemes = seen.endpoint.signature_schemes.known().unwrap();
    schemes.iter().map(|scheme| scheme.name.as_str()).collect()
}

#[test]
fn features_are_those_of_the_server() {
    const YES: Option<&Option<bool>> = Some(&Some(true));
    const NO: Option<&Option<bool>> = Some(&Some(false));
    const NONE: Option<&Option<bool>> = Some(&None);
    struct Case {
        name: &'static str,
        certificate: &'static str,
        options: &'static [&'static str],
        /// Renegotiation, master secret, encrypt-then-MAC, heartbeat, short MAC, fallback.
        features: [Option<&'static Option<bool>>; 6],
        schemes: &'static [&'static str],
    }
    let cases = [
        Case {
            name: "TLS 1.3 alone",
            certificate: "ec",
            options: &["-tls1_3", "-groups", "P-256"],
            features: [NONE; 6],
            schemes: &[],
        },
        Case {
            name: "TLS 1.2 without CBC",
            certificate: "ec",
            options: &["-no_tls1", "-no_tls1_1", "-cipher", "ECDHE+AESGCM"],
            features: [YES, YES, NONE, NO, NONE, NONE],
            schemes: &["ecdsa_secp256r1_sha256"],
        },
        Case {
            name: "TLS 1.2 with CBC",
            certificate: "rsa",
            options: &["-tls1_2", "-cipher", "AES128-SHA:DHE-RSA-AES128-SHA256"],
            features: [YES, YES, YES, NO, NO, NONE],
            schemes: &["rsa_pss_rsae_sha256"],
        },
        Case {
            name: "no encrypt-then-MAC, nothing signed",
            certificate: "rsa",
            options: &["-tls1_2", "-no_etm", "-cipher", "AES128-SHA"],
            features: [YES, YES, NO, NO, NO, NONE],
            schemes: &[],
        },
        Case {
            name: "old versions, and SHA-1 for those who want it",
            certificate: "rsa",
            options: &["-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"],
            features: [YES, YES, YES, NO, NO, YES],
            schemes: &["rsa_pkcs1_sha1", "rsa_pss_rsae_sha256"],
        },
        Case {
            name: "an old version alone",
            certificate: "rsa",
            options: &["-tls1_1", "-cipher", "AES128-SHA:@SECLEVEL=0"],
            features: [YES, YES, YES, NO, NO, NONE],
            schemes: &[],
        },
    ];
    for case in cases {
        let Some((_server, port)) = serve(&[case.certificate], None, case.options) else {
            return;
        };
        let seen = observe(port, None, Level::Standard);
        let name = case.name;
        let bar = match case.options.first() {
            Some(&"-tls1_3") => 10,
            Some(&"-cipher") => 30,
            _ => 20,
        };
        assert_eq!(seen.over(name, (bar, bar * 3 / 2)), None);
        // What a handshake shows stays open where no modern client gets one, in TLS 1.2
        // for want of a modern suite.
        let agreed = seen
            .endpoint
            .negotiated
            .known()
            .is_some_and(Option::is_some);
        let gaps = seen.gaps.iter().filter(|gap| {
            // No fingerprint is made of less than all answers.
            let whole = gap.at.ends_with("/alpn/-") || gap.at.ends_with("/fingerprint");
            let shown = !agreed && whole;
            !shown && !gap.at.ends_with("/tls12_id")
        });
        assert_eq!(gaps.count(), 0, "{name}: {:?}", seen.gaps);
        assert_eq!(features(&seen), case.features, "{name}");
        assert_eq!(schemes(&seen), case.schemes, "{name}");
        assert_eq!(seen.endpoint.compression.known(), Some(&false), "{name}");
    }
}

/// Debian's OpenSSL has no zlib: a front says that DEFLATE was chosen.
#[test]
fn compression_is_seen() {
    let Some((_server, port)) = serve(&["ec"], None, &["-tls1_2"]) else {
        return;
    };
    let front = Between::start(port, |_, _| Act::Compress);
    let seen = observe(front.port, None, Level::Standard);
    assert_eq!(seen.endpoint.compression.known(), Some(&true));
}

#[test]
fn a_server_that_refuses_deflate_is_enumerated_without() {
    let options = ["-no_tls1", "-no_tls1_1", "-cipher", "ECDHE+AESGCM"];
    let Some((_server, port)) = serve(&["ec"], None, &options) else {
        return;
    };
    let front = Between::start(port, |_, _| Act::RefuseDeflate);
    let seen = observe(front.port, None, Level::Standard);
    assert_eq!(seen.versions(), [VersionName::Tls12, VersionName::Tls13]);
    assert_eq!(seen.suites(VersionName::Tls12).len(), 2);
    assert_eq!(
        seen.endpoint.extended_master_secret.known(),
        Some(&Some(true))
    );
    assert_eq!(seen.endpoint.compression, Fact::Unseen);
    let open: Vec<_> = seen
        .gaps
        .iter()
        .map(|gap| (gap.at.as_str(), gap.reason))
        .collect();
    assert_eq!(
        open,
        [
            ("/tls/endpoints/0/compression", GapReason::Malformed),
            ("/tls/endpoints/0/fingerprint", GapReason::Malformed),
            ("/tls/endpoints/0/heartbeat", GapReason::Malformed),
            ("/tls/endpoints/0/npn", GapReason::Malformed),
            (
                "/tls/endpoints/0/resumption/tls12_ticket",
                GapReason::Malformed
            ),
        ]
    );
}
