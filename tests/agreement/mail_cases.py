"""Mail domains, each with one case in its SPF, DMARC, MTA-STS, TLS reporting or BIMI records.

Each case: name, SPF record (None: none), DMARC record, further records, and the checks that
must fail. What checkdmarc says of the same domains stands in docs/mail-agreement.md."""

SPF = "v=spf1 mx -all"
DMARC = "v=DMARC1; p=reject; rua=mailto:reports@{}"
LONG = " ".join(f"a:h{i}.pool.example" for i in range(1, 12))
VOID = " ".join(f"a:gone{i}.example" for i in range(1, 4))


def spf(name, record, failing, more=""):
    return (name, record, DMARC, more, failing)


def dmarc(name, record, failing, more=""):
    return (name, SPF, record, more, failing)


def also(name, more, failing):
    return (name, SPF, DMARC, more, failing)


CASES = [
    spf("good", SPF, []),
    spf("upper", "V=SPF1 MX -ALL", []),
    spf("nospf", None, ["mail.spf.published"]),
    spf("twospf", SPF, ["mail.spf.single"], '@ IN TXT "v=spf1 -all"\n'),
    spf("open", "v=spf1 +all", ["mail.spf.not-open"]),
    spf("neutral", "v=spf1 mx ?all", ["mail.spf.ends-in-fail"]),
    spf("noall", "v=spf1 mx", ["mail.spf.ends-in-fail"]),
    spf("soft", "v=spf1 mx ~all", ["mail.spf.ends-in-fail"]),
    spf("wide", "v=spf1 ip4:0.0.0.0/1 -all", ["mail.spf.ranges-narrow"]),
    spf("unknown", "v=spf1 mx foo:bar -all", ["mail.spf.valid"]),
    spf("badip", "v=spf1 ip4:192.0.2.300 -all", ["mail.spf.valid"]),
    spf("lookups", f"v=spf1 {LONG} -all", ["mail.spf.lookups"]),
    spf("voids", f"v=spf1 {VOID} -all", ["mail.spf.void-lookups"]),
    spf("loop", "v=spf1 include:loop.example -all", ["mail.spf.valid"]),
    spf("includenone", "v=spf1 include:pool.example -all", ["mail.spf.valid"]),
    spf("includeopen", "v=spf1 include:open.example -all", ["mail.spf.ranges-narrow"]),
    spf("redirect", "v=spf1 redirect=good.example", []),
    spf("afterall", "v=spf1 -all mx", ["mail.spf.valid"]),
    spf("twoall", "v=spf1 redirect=good.example redirect=good.example", ["mail.spf.valid"]),
    dmarc("nodmarc", None, ["mail.dmarc.published"]),
    # Two records are as none (RFC 9989): what is wrong, and what follows from it.
    dmarc("twodmarc", DMARC, ["mail.dmarc.published", "mail.dmarc.valid"], '_dmarc IN TXT "v=DMARC1; p=none"\n'),
    dmarc("pnone", "v=DMARC1; p=none; rua=mailto:reports@{}", ["mail.dmarc.policy-enforced"]),
    dmarc("quarantine", "v=DMARC1; p=quarantine; rua=mailto:reports@{}", ["mail.dmarc.policy-enforced"]),
    dmarc("spnone", "v=DMARC1; p=reject; sp=none; rua=mailto:reports@{}", ["mail.dmarc.subdomains-covered"]),
    dmarc("pct", "v=DMARC1; p=reject; pct=50; rua=mailto:reports@{}", ["mail.dmarc.whole"]),
    dmarc("testing", "v=DMARC1; p=quarantine; t=y; rua=mailto:reports@{}", ["mail.dmarc.policy-enforced", "mail.dmarc.whole"]),
    dmarc("norua", "v=DMARC1; p=reject", ["mail.dmarc.reports"]),
    dmarc("badrua", "v=DMARC1; p=reject; rua=reports@{}", ["mail.dmarc.valid"]),
    # A policy that nobody knows counts as `none`.
    dmarc("badpolicy", "v=DMARC1; p=refuse; rua=mailto:reports@{}", ["mail.dmarc.policy-enforced", "mail.dmarc.valid"]),
    dmarc("badadkim", "v=DMARC1; p=reject; adkim=x; rua=mailto:reports@{}", ["mail.dmarc.valid"]),
    dmarc("elsewhere", "v=DMARC1; p=reject; rua=mailto:reports@pool.example", ["mail.dmarc.reports-permitted"]),
    dmarc("permitted", "v=DMARC1; p=reject; rua=mailto:reports@other.test", [],),
    dmarc("unrelated", DMARC, [], '_dmarc IN TXT "site-verification=1"\n'),
    also("tlsrpt", '_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:tls@tlsrpt.example"\n', []),
    also("badtlsrpt", '_smtp._tls IN TXT "v=TLSRPTv1; rua=nowhere"\n', ["mail.tls-rpt.valid"]),
    also("twotlsrpt", '_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:a@twotlsrpt.example"\n_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:b@twotlsrpt.example"\n',
         ["mail.tls-rpt.valid"]),
    also("badsts", '_mta-sts IN TXT "v=STSv1; id=;"\n', ["mail.mta-sts.valid"]),
    also("nosts-policy", '_mta-sts IN TXT "v=STSv1; id=1;"\n', ["mail.mta-sts.valid"]),
    also("bimi", 'default._bimi IN TXT "v=BIMI1; l=https://bimi.example/logo.svg;"\n', []),
    also("badbimi", 'default._bimi IN TXT "v=BIMI1; l=http://badbimi.example/logo.svg;"\n', []),
]
