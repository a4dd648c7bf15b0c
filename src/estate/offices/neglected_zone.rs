//! The zone of the neglected office, with what it has mended.

use super::super::mended::Mended;

const ZONE: &str = include_str!("../zones/neglected.zone");
const ABOVE: &str = include_str!("../zones/example.zone");

/// Lines that take the place of others: the change, how the old lines begin, and
/// the new ones. `{{mx-key}}` is the digest of the mail exchanger's key.
const EDITS: [(&str, &[&str], &str); 12] = [
    (
        "name",
        &["results "],
        "results       IN A    203.0.113.10\n",
    ),
    (
        "name-servers",
        &[],
        "@             IN NS   ns2.neglected.example.\nns2           IN A    192.0.2.61\n",
    ),
    (
        "dns.name.ipv6",
        &[],
        "@             IN AAAA 2001:db8:3::10\n\
         register      IN AAAA 2001:db8:3::11\n\
         mail          IN AAAA 2001:db8:3::10\n",
    ),
    (
        "dns.ns.ipv6",
        &[],
        "ns1           IN AAAA 2001:db8:3::53\nns2           IN AAAA 2001:db8:4::53\n",
    ),
    (
        "caa",
        &[],
        "@             IN CAA  0 issue \"trust.example\"\n\
         @             IN CAA  0 issuewild \";\"\n",
    ),
    (
        "spf",
        &["@             IN TXT  \"v=spf1"],
        "@             IN TXT  \"v=spf1 a mx include:_spf.mailer.example -all\"\n",
    ),
    (
        "dkim",
        &["mail._domainkey"],
        "mail._domainkey IN TXT \"v=DKIM1; k=rsa; \" \"p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtFXdgFzAbnM1gIhcTIVXSor7yZf9gFSUeHUztXcs7UvP2tMfEq4D0Sl+gtZ7Tbkm3bNXopaKd6cJfeQfjqgS+c2CMI9nR6A2UDeQOIHU54VhXWfufCtfx+fF0mJbdSryGfYfzXOOkMOLGMc6UvNHGjlpFikl\" \"pk+c4djObVc4vgIw91LeREAsHsggjAvK5r+rqOtgfRECzI4CA1lLTvS59mGBrGa0Mk5p3Y7APHzjvyhetfzLb208BU5QwGD27kpSpgCWV0tw221Z42dh1FyMrYAYYdjf3YnCzYCp1WCRxIwJmoRnAWzVczaEmsqSIywQetBtVOLooHtsnrRpENhNbQIDAQAB\"\n",
    ),
    (
        "dmarc-record",
        &["_dmarc"],
        "_dmarc        IN TXT  \"v=DMARC1; p=none; rua=mailto:dmarc@neglected.example\"\n",
    ),
    (
        "dmarc-policy",
        &["_dmarc"],
        "_dmarc        IN TXT  \"v=DMARC1; p=reject; rua=mailto:dmarc@neglected.example\"\n",
    ),
    (
        "tls-reports",
        &[],
        "_smtp._tls    IN TXT  \"v=TLSRPTv1; rua=mailto:tls-reports@neglected.example\"\n",
    ),
    (
        "mta-sts",
        &[],
        "_mta-sts      IN TXT  \"v=STSv1; id=20261122T080000\"\n\
         mta-sts       IN A    203.0.113.10\n",
    ),
    ("tlsa", &[], "_25._tcp.mail IN TLSA 3 1 1 {{mx-key}}\n"),
];

/// The zone itself.
pub(super) fn zone(mended: &Mended, mx_key: &str) -> String {
    let mut text = ZONE.to_owned();
    for (change, old, new) in EDITS {
        if mended.has(change) {
            text = replaced(&text, old, new);
        }
    }
    // Whatever has an address has one of either kind.
    if mended.has("dns.name.ipv6") {
        for (change, name, address) in [
            ("name", "results", "2001:db8:3::10"),
            ("mta-sts", "mta-sts", "2001:db8:3::10"),
        ] {
            if mended.has(change) {
                text.push_str(&format!("{name} IN AAAA {address}\n"));
            }
        }
    }
    text.replace("{{mx-key}}", mx_key)
}

/// The zone above, which names the servers of the zone.
pub(super) fn above(mended: &Mended) -> String {
    let mut text = ABOVE.to_owned();
    if mended.has("name-servers") {
        text.push_str("neglected         IN NS   ns2.neglected.example.\n");
    }
    text
}

/// The lines without those that begin in one of these ways, and the new ones at the end.
fn replaced(text: &str, old: &[&str], new: &str) -> String {
    let mut out: String = text
        .lines()
        .filter(|line| !old.iter().any(|start| line.starts_with(start)))
        .flat_map(|line| [line, "\n"])
        .collect();
    out.push_str(new);
    out
}
