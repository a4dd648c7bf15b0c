//! What servers with TLS 1.0 to 1.3 and long lists cost, in both orders.

use crate::tls::{observe, serve};
use crate::tls_offers::bars;
use scrutineer::{
    model::level::Level,
    probes::tls::facts::{
        PreferenceBy::{self, Client, Server},
        VersionName::{self, Tls10, Tls11, Tls12, Tls13},
    },
};

const VERSIONS: [VersionName; 4] = [Tls10, Tls11, Tls12, Tls13];
const ORDERS: [(Option<&str>, PreferenceBy); 2] = [(None, Client), (Some("-serverpref"), Server)];

/// Eight suites for two kinds of certificate, with and without a curve.
const LONG: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
     ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256:\
     ECDHE-RSA-AES128-SHA:AES128-SHA:AES256-SHA:@SECLEVEL=0";

/// The same by the names of IANA, in that order.
const LONG_12: [&str; 8] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
];

#[test]
fn a_long_list_in_four_versions_stays_below_the_bars() {
    for (more, by) in ORDERS {
        let options = ["-groups", "P-256", "-cipher", LONG];
        let options: Vec<&str> = options.into_iter().chain(more).collect();
        let Some((_server, port)) = serve(&["ec", "rsa"], None, &options) else {
            return;
        };
        let seen = observe(port, None, Level::Standard);
        assert_eq!(seen.versions(), VERSIONS);
        for version in [Tls10, Tls11, Tls12] {
            let mut suites = seen.suites(version);
            let mut expected = LONG_12.to_vec();
            if version != Tls12 {
                expected.retain(|suite| suite.ends_with("CBC_SHA"));
            }
            if by == Client {
                // Without an order of its own, they stand by code point.
                suites.sort_unstable();
                expected.sort_unstable();
            }
            assert_eq!(suites, expected, "{version:?}");
        }
        for version in VERSIONS {
            assert_eq!(seen.preference(version), Some(by), "{version:?}");
        }
        assert_eq!(seen.groups(), ["secp256r1"]);
        assert_eq!(seen.endpoint.certificates.known().unwrap().len(), 2);
        // On a busy machine, a connection that was opened ahead may be left over.
        let over = seen.over("long list", bars(&VERSIONS, &[]));
        let over = over.and_then(|_| {
            let seen = observe(port, None, Level::Standard);
            seen.over("long list", bars(&VERSIONS, &[]))
        });
        assert_eq!(over, None);
    }
}

/// Up to TLS 1.2 a suite costs one answer, and the end of each list a refusal.
#[test]
fn a_whole_list_is_gone_through_once() {
    for (more, by) in ORDERS {
        let options = ["-groups", "P-256", "-cipher", "DEFAULT:@SECLEVEL=0"];
        let options: Vec<&str> = options.into_iter().chain(more).collect();
        let Some((_server, port)) = serve(&["ec", "rsa"], None, &options) else {
            return;
        };
        let seen = observe(port, None, Level::Standard);
        assert_eq!(seen.versions(), VERSIONS);
        let mut least = 0;
        for version in [Tls10, Tls11, Tls12] {
            assert_eq!(seen.preference(version), Some(by), "{version:?}");
            let suites = seen.suites(version).len();
            assert!(suites >= 8, "{version:?}: {suites}");
            least += suites + 1;
        }
        // TLS 1.3, what is older than TLS 1.0, the order, and what few answers leave in doubt.
        let most = u64::try_from(least + 5 + 2 + 1 + 8).unwrap();
        let cost = seen.cost.enumeration.unwrap();
        assert!(cost <= most, "{by:?}: {cost} of {most}");
    }
}
