//! What the rules of the common baseline cannot compute, each with its reason.

/// Controls of which one is the stricter: who passes the second passes the
/// first, so the first has no entry of its own where the second has one.
pub const COVERED_BY: &[(&str, &str)] = &[
    ("TLS-04", "TLS-01"),
    ("CERT-03", "CERT-04"),
    ("WEB-03", "WEB-05"),
    ("MAIL-09", "MAIL-10"),
];

/// What backs a control that one nation alone asks for: an RFC or the standard
/// of the web that stands in its place, a rule of the CA/Browser Forum, or an
/// attack on elections.
pub const BACKING: &[(&str, &str)] = &[
    (
        "CERT-08",
        "CA/Browser Forum Baseline Requirements, section 6.3.2",
    ),
    ("WEB-02", "RFC 6797, section 7.2"),
    ("WEB-04", "RFC 6797, section 14.4"),
    ("WEB-06", "W3C Content Security Policy Level 3"),
    ("WEB-08", "WHATWG Fetch, X-Content-Type-Options"),
    ("WEB-09", "W3C Referrer Policy"),
    ("WEB-10", "RFC 6265, section 8.3"),
    ("DNS-05", "RFC 8659"),
    (
        "DNS-07",
        "the campaign against government domains of 2018 and 2019 (CISA ED 19-01)",
    ),
    ("DNS-08", "RFC 6540"),
    ("MAIL-20", "RFC 8461"),
];

/// Rows that the crosswalk calls equal, and that ask for the control in a
/// special case only; they do not count.
pub const SPECIAL_CASES: &[(&str, &str, &str)] = &[(
    "MAIL-14",
    "nz-nzism#nonsending",
    "speaks of domains that send no mail",
)];

/// Our own controls, which no row asks for: how binding they are. Their source
/// stands in `checks/controls.yaml`. What only portals are asked for stands in
/// the profile `registration-portal`.
pub const OWN: &[(&str, &str)] = &[
    ("TLS-29", "portals"),
    ("TLS-30", "should"),
    ("TLS-31", "should"),
    ("TLS-32", "should"),
    ("TLS-33", "should"),
    ("TLS-34", "portals"),
    ("PORTAL-01", "must"),
    ("PORTAL-02", "must"),
    ("PORTAL-03", "must"),
    ("PORTAL-04", "should"),
    ("PORTAL-05", "should"),
    ("PORTAL-06", "should"),
    ("PORTAL-07", "should"),
    ("EXPO-01", "should"),
    ("EXPO-02", "should"),
    ("CONT-01", "should"),
    ("CONT-02", "should"),
    ("AVAIL-01", "should"),
    ("AVAIL-02", "should"),
    ("AVAIL-03", "must"),
    ("AVAIL-04", "should"),
    ("PORTAL-08", "should"),
    ("PORTAL-09", "portals"),
    ("PORTAL-10", "should"),
    ("PORTAL-11", "portals"),
    ("EXPO-03", "should"),
    ("EXPO-04", "must"),
    ("EXPO-05", "should"),
    ("EXPO-06", "portals"),
    ("EXPO-07", "should"),
    ("EXPO-08", "should"),
    ("CONT-03", "should"),
    ("CONT-04", "may"),
    ("CONT-05", "may"),
    ("CONT-06", "must"),
    ("CONT-07", "portals"),
    ("AVAIL-05", "should"),
    ("AVAIL-06", "portals"),
    ("AVAIL-07", "portals"),
    ("AVAIL-08", "portals"),
];

/// Checks that serve a control and stay out of its entry.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "cert.key.ec-size",
        "cert.key.curve says which curves, and so which sizes",
    ),
    ("cert.key.one-of", "what a server has besides does no harm"),
    (
        "cert.key.type",
        "takes the list of one nation as its parameter",
    ),
    (
        "cert.lifetime.at-most",
        "takes the number of one nation as its parameter",
    ),
    ("cert.name.present", "cert.name.matches-host asks for more"),
    ("cert.authority-key.named", "one nation asks for it"),
    ("cert.version.three", "one nation asks for it"),
    (
        "cert.revocation.ocsp",
        "authorities may do without, says the CA/Browser Forum",
    ),
    (
        "cert.signature.allowed",
        "takes the list of one nation as its parameter",
    ),
    (
        "dns.caa.account-bound",
        "hardens what few authorities support",
    ),
    (
        "dns.caa.methods-limited",
        "hardens what few authorities support",
    ),
    (
        "dns.caa.reports",
        "authorities need not report, says RFC 8659",
    ),
    (
        "dns.caa.wildcards-limited",
        "is a choice: some offices need wildcards",
    ),
    ("dns.ns.systems", "needs a routing table, which few have"),
    (
        "dns.registration.ds-matches",
        "is seen with --rdap alone, which is off unless asked for",
    ),
    (
        "dns.registration.registry-locked",
        "is seen with --rdap alone, which is off unless asked for",
    ),
    (
        "dns.registration.time-left",
        "is seen with --rdap alone, which is off unless asked for",
    ),
    (
        "dns.registration.transfer-locked",
        "is seen with --rdap alone, which is off unless asked for",
    ),
    ("dns.wildcard.none", "is a choice of the zone"),
    (
        "dns.server.version-hidden",
        "is seen at level intrusive alone, which no baseline counts",
    ),
    (
        "expo.files.none-left",
        "is seen at level intrusive alone, which no baseline counts",
    ),
    (
        "dns.server.named-back",
        "is a courtesy; nothing fails without it",
    ),
    ("mail.bimi.dmarc-enforced", "a logo is a wish, not a duty"),
    ("mail.bimi.valid", "a logo is a wish, not a duty"),
    ("mail.tlsa.rollover-ready", "is a convenience"),
    (
        "mail.null-mx.no-sender",
        "some domains send and take no answers, though receivers may mind",
    ),
    (
        "mail.dmarc.failure-reports-asked",
        "asks for what one nation wants and another rules out",
    ),
    (
        "mail.dmarc.single",
        "mail.dmarc.valid tells it with all other faults",
    ),
    (
        "mail.domain.signed",
        "asks of mail domains what dns.dnssec.signed asks of all",
    ),
    ("mail.dmarc.reports-to", "one nation asks for it"),
    ("mail.mta-sts.tls12", "is looser than mail.tls.no-legacy"),
    ("mail.mx.ipv6", "one nation asks for it"),
    (
        "mail.subdomains.spf-published",
        "asks for what a DMARC policy covers where there is one",
    ),
    ("mail.tls-rpt.by-mail", "one nation asks for it"),
    (
        "mail.unused.dmarc-reject",
        "takes the demands of one nation as its parameters",
    ),
    (
        "tls.groups.allowed",
        "takes the list of one nation as its parameter",
    ),
    (
        "tls.groups.none-of",
        "takes the list of one nation as its parameter",
    ),
    (
        "tls.protocol.allowed",
        "takes the list of one nation as its parameter",
    ),
    (
        "tls.signatures.allowed",
        "takes the list of one nation as its parameter",
    ),
    (
        "tls.suites.allowed",
        "takes the list of one nation as its parameter",
    ),
    (
        "tls.suites.ciphers-allowed",
        "takes the demands of one nation as its parameters",
    ),
    (
        "tls.suites.key-exchange-allowed",
        "takes the demands of one nation as its parameters",
    ),
    (
        "tls.suites.no-cipher",
        "takes the demands of one nation as its parameters",
    ),
    (
        "tls.suites.one-of",
        "takes the list of one nation as its parameter",
    ),
    (
        "tls.library.no-early-change",
        "is seen at level intrusive alone, which no baseline counts",
    ),
    (
        "tls.library.no-heartbleed",
        "is seen at level intrusive alone, which no baseline counts",
    ),
    (
        "tls.library.no-robot",
        "is seen at level intrusive alone, which no baseline counts",
    ),
    (
        "tls.library.no-ticketbleed",
        "is seen at level intrusive alone, which no baseline counts",
    ),
    (
        "tls.library.no-winshock-signs",
        "is a guess from suites and a banner",
    ),
    (
        "tls.renegotiation.client-limited",
        "is looser than tls.renegotiation.client-refused",
    ),
    (
        "tls.renegotiation.client-refused",
        "is seen at level intrusive alone, which no baseline counts",
    ),
    ("tls.suites.sha2", "one nation asks for it"),
    (
        "tls.suites.some-forward-secret",
        "is looser than tls.suites.forward-secret",
    ),
    ("web.csp.complete", "one nation asks for it"),
    ("web.csp.header", "one nation asks for it"),
    (
        "web.framing.x-frame-options",
        "web.framing.limited is met by it too",
    ),
    (
        "web.redirect.to-https",
        "is looser than web.redirect.same-host-first",
    ),
    ("web.hsts.preload-ready", "one nation asks for it"),
    (
        "web.isolation.embedder",
        "breaks parts of other sites, and few pages gain by it",
    ),
    ("web.security-txt.policy", "one nation asks for it"),
    ("web.security-txt.renewed", "one nation asks for it"),
    (
        "web.security-txt.signed",
        "the RFC recommends it, and few offices have a key",
    ),
];

/// Checks of another control that an entry needs too: a site that every browser
/// refuses is not served over HTTPS.
pub const ALSO: &[(&str, &[&str])] = &[(
    "WEB-01",
    &[
        "cert.chain.complete",
        "cert.chain.trusted",
        "cert.name.matches-host",
        "cert.validity.in-date",
    ],
)];

/// Parameters that differ from the check's defaults.
pub const PARAMS: &[(&str, &str, &str)] = &[
    (
        "MAIL-10",
        "mail.dmarc.policy-enforced",
        "{ accept: [reject] }",
    ),
    ("CERT-04", "cert.key.size", "{ rsa: 3072 }"),
];

/// The value of the first pair with this key.
pub fn of<'a>(table: &[(&str, &'a str)], key: &str) -> Option<&'a str> {
    table
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, value)| *value)
}
