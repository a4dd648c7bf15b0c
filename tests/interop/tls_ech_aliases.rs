//! Encrypted hellos of services that HTTPS records in alias mode lead to (RFC 9460 section
//! 2.4.2).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use scrutineer::model::gap::GapReason;

use crate::tls::ZONE;
use crate::tls_ech::{behind_length, go, key, observe_all_beside};

/// The zone of another organisation, without its services.
const OTHER_ZONE: &str = "
$TTL 300
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300
@ IN NS  ns1
";

/// Records in alias mode lead from the name of the site to that of a service.
#[test]
fn aliases_are_followed() {
    let published = key(7);
    let Some((_server, port)) = go(&["ec", "other"], &[&published]) else {
        return;
    };
    let list = BASE64_STANDARD.encode(behind_length(&published.config));
    let service = format!("HTTPS 1 . alpn=\"h2\" ech=\"{list}\"");
    let chain = |length: u16| {
        let links = (1..length).map(|n| format!("n{n} IN HTTPS 0 n{}.site.example.\n", n + 1));
        let links: String = links.collect();
        format!(
            "{ZONE}@ IN HTTPS 0 n1.site.example.\n{links}n{length} IN {service}\nn{length} IN A 192.0.2.80\n"
        )
    };
    let zones = [
        format!("{ZONE}@ IN HTTPS 0 svc.site.example.\nsvc IN {service}\nsvc IN A 192.0.2.80\n"),
        // By a CNAME, to a record that names another host with the same address.
        format!(
            "{ZONE}@ IN HTTPS 0 www.site.example.\nwww IN CNAME svc\nhost IN A 192.0.2.80\n\
             svc IN HTTPS 1 host.site.example. ech=\"{list}\"\n"
        ),
        chain(8),
        // The record in service mode beside the alias counts for nothing.
        format!("{ZONE}@ IN HTTPS 0 none.site.example.\n@ IN {service}\nnone IN A 192.0.2.80\n"),
        format!("{ZONE}@ IN HTTPS 0 .\n"),
        // The service has another address.
        format!("{ZONE}@ IN HTTPS 0 svc.site.example.\nsvc IN {service}\nsvc IN A 192.0.2.81\n"),
        // Out of scope, and with this address all the same.
        format!("{ZONE}@ IN HTTPS 0 svc.front.example.\n"),
        format!(
            "{ZONE}@ IN HTTPS 0 a.site.example.\na IN HTTPS 0 b.site.example.\nb IN HTTPS 0 a.site.example.\n"
        ),
        format!("{ZONE}@ IN HTTPS 0 site.example.\n"),
        chain(9),
    ];
    let front = format!("{OTHER_ZONE}svc IN {service}\nsvc IN A 192.0.2.80\n");
    let [
        near,
        by_cname,
        longest,
        nothing,
        none,
        away,
        other_zone,
        circle,
        own,
        too_long,
    ] = observe_all_beside(port, zones.each_ref().map(String::as_str), Some(&front));
    for (name, seen) in [
        ("near", near),
        ("by a CNAME", by_cname),
        ("longest", longest),
        ("in another zone", other_zone),
    ] {
        assert!(
            seen.endpoint.ech.known().is_some_and(Option::is_some),
            "{name}: {:?}",
            seen.gaps
        );
        assert_eq!(seen.answer(), (true, None, None), "{name}");
        assert_eq!(seen.ech().config_id, Some(7));
    }
    let without = none.cost.connections;
    for seen in [nothing, none] {
        assert_eq!(seen.endpoint.ech.known(), Some(&None), "{:?}", seen.gaps);
    }
    for (seen, reason) in [
        (away, GapReason::OutOfScope),
        (circle, GapReason::Malformed),
        (own, GapReason::Malformed),
        (too_long, GapReason::TooLarge),
    ] {
        assert!(seen.endpoint.ech.is_unseen());
        assert_eq!(seen.ech_gaps(), [("", reason)]);
        assert_eq!(seen.cost.connections, without);
    }
}
