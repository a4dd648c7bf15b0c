"""Mail domains, each with one case in its SPF, DMARC, MTA-STS, TLS reporting or BIMI records.

Each case: name, SPF record (None: none), DMARC record, further records, and the checks that
must fail. What checkdmarc says of the same domains stands in docs/mail-agreement.md."""

SPF = "v=spf1 mx -all"
DMARC = "v=DMARC1; p=reject; rua=mailto:reports@{}"
LONG = " ".join(f"a:h{i}.pool.example" for i in range(1, 12))
VOID = " ".join(f"a:gone{i}.voids.example" for i in range(1, 4))


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
    # Two records are as none (RFC 9989).
    dmarc("twodmarc", DMARC, ["mail.dmarc.published"], '_dmarc IN TXT "v=DMARC1; p=none"\n'),
    dmarc("pnone", "v=DMARC1; p=none; rua=mailto:reports@{}", ["mail.dmarc.policy-enforced"]),
    dmarc("quarantine", "v=DMARC1; p=quarantine; rua=mailto:reports@{}", ["mail.dmarc.policy-enforced"]),
    dmarc("spnone", "v=DMARC1; p=reject; sp=none; rua=mailto:reports@{}", ["mail.dmarc.subdomains-covered"]),
    dmarc("pct", "v=DMARC1; p=reject; pct=50; rua=mailto:reports@{}", ["mail.dmarc.whole"]),
    dmarc("npnone", "v=DMARC1; p=reject; np=none; rua=mailto:reports@{}", ["mail.dmarc.subdomains-covered"]),
    dmarc("testing", "v=DMARC1; p=reject; t=y; rua=mailto:reports@{}", ["mail.dmarc.whole"]),
    dmarc("norua", "v=DMARC1; p=reject", ["mail.dmarc.reports"]),
    dmarc("badrua", "v=DMARC1; p=reject; rua=reports@{}", ["mail.dmarc.valid"]),
    # A policy that nobody knows counts as `none`.
    dmarc("badpolicy", "v=DMARC1; p=refuse; rua=mailto:reports@{}", ["mail.dmarc.policy-enforced"]),
    dmarc("badadkim", "v=DMARC1; p=reject; adkim=x; rua=mailto:reports@{}", ["mail.dmarc.valid"]),
    dmarc("elsewhere", "v=DMARC1; p=reject; rua=mailto:reports@pool.example", ["mail.dmarc.reports-permitted"]),
    # Nobody has registered the domain: that it does not consent follows from it.
    dmarc("lapsed", "v=DMARC1; p=reject; rua=mailto:reports@lapsed.test", ["mail.dmarc.reports-registered"]),
    dmarc("permitted", "v=DMARC1; p=reject; rua=mailto:reports@other.test", [],),
    dmarc("unrelated", DMARC, [], '_dmarc IN TXT "site-verification=1"\n'),
    also("tlsrpt", '_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:tls@tlsrpt.example"\n', []),
    also("badtlsrpt", '_smtp._tls IN TXT "v=TLSRPTv1; rua=nowhere"\n', ["mail.tls-rpt.valid"]),
    also("twotlsrpt", '_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:a@twotlsrpt.example"\n_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:b@twotlsrpt.example"\n',
         ["mail.tls-rpt.valid"]),
    spf("ptr", "v=spf1 mx ptr -all", ["mail.spf.valid"]),
    spf("lapsedspf", "v=spf1 include:lapsed.test -all", ["mail.spf.registered"]),
    # Names below the domain: SPF of theirs passes for the domain, and a DMARC record of theirs takes its place.
    also("subopen", 'www IN TXT "v=spf1 +all"\n', ["mail.subdomains.spf-not-open"]),
    also("wildopen", '* IN TXT "v=spf1 ip4:0.0.0.0/0"\n', ["mail.subdomains.spf-not-open"]),
    also("subweak", 'mail IN A 192.0.2.99\n_dmarc.mail IN TXT "v=DMARC1; p=none"\n', ["mail.subdomains.dmarc-kept"]),
    also("subgood", 'www IN A 192.0.2.99\nwww IN TXT "v=spf1 -all"\n_dmarc.www IN TXT "v=DMARC1; p=reject"\n', []),
    also("nullboth", "@ IN MX 0 .\n", ["mail.null-mx.alone"]),
    also("lapsedmx", "@ IN MX 20 mail.lapsed.test.\n", ["mail.mx.registered"]),
    also("aliasmx", "@ IN MX 20 other.{}.\nother IN CNAME mx.example.\n", ["mail.mx.no-alias"]),
    also("oddmx", "@ IN MX 20 mx_2.{}.\nmx_2 IN A 192.0.2.25\n", ["mail.mx.names-legal"]),
    also("gonemx", "@ IN MX 20 gone.{}.\n", ["mail.mx.resolves"]),
    also("bimi", 'default._bimi IN TXT "v=BIMI1; l=https://bimi.example/logo.svg;"\n', []),
    also("badbimi", 'default._bimi IN TXT "v=BIMI1; l=http://badbimi.example/logo.svg;"\n', []),
    dmarc("twice", "v=DMARC1; p=reject; p=reject; rua=mailto:reports@{}", ["mail.dmarc.valid"]),
    dmarc("nopolicy", "v=DMARC1; rua=mailto:reports@{}", ["mail.dmarc.policy-enforced"]),
    dmarc("badversion", "v=DMARC2; p=reject; rua=mailto:reports@{}", ["mail.dmarc.published"]),
    also("norpt", '_smtp._tls IN TXT "v=TLSRPTv1;"\n', ["mail.tls-rpt.valid"]),
    also("tworua", '_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:a@tworua.example; rua=mailto:b@tworua.example"\n', ["mail.tls-rpt.valid"]),
]


def dkim(name, record, failing):
    """A domain whose DKIM key stands under the selector that the inventory names."""
    return also("dkim-" + name, f'k1._domainkey IN TXT {record}\n', failing)


# `{2048}` stands for a key of so many bits, in pieces as a zone has them.
CASES += [
    dkim("good", '"v=DKIM1; k=rsa; p=" {2048}', []),
    dkim("ed25519", '"v=DKIM1; k=ed25519; p=" {ed25519}', []),
    dkim("short", '"v=DKIM1; k=rsa; p=" {1024}', ["mail.dkim.key-size"]),
    dkim("factored", '"v=DKIM1; k=rsa; p=" {512}', ["mail.dkim.key-size"]),
    dkim("revoked", '"v=DKIM1; k=rsa; p="', ["mail.dkim.published"]),
    dkim("testing", '"v=DKIM1; k=rsa; t=y; p=" {2048}', ["mail.dkim.not-testing"]),
    dkim("twice", '"v=DKIM1; k=rsa; k=rsa; p=" {2048}', ["mail.dkim.valid"]),
    dkim("base64", '"v=DKIM1; k=rsa; p=*not*base64*"', ["mail.dkim.valid"]),
    dkim("nokey", '"v=DKIM1; k=rsa; p=AAAA"', ["mail.dkim.valid"]),
    dkim("missing", '"v=DKIM1; k=rsa"', ["mail.dkim.valid"]),
    dkim("version", '"v=DKIM2; k=rsa; p=" {2048}', ["mail.dkim.valid"]),
    dkim("later", '"k=rsa; v=DKIM1; p=" {2048}', ["mail.dkim.valid"]),
    dkim("sha1", '"v=DKIM1; k=rsa; h=sha1; p=" {2048}', ["mail.dkim.valid"]),
    dkim("service", '"v=DKIM1; k=rsa; s=other; p=" {2048}', ["mail.dkim.valid"]),
    dkim("kind", '"v=DKIM1; k=dsa; p=" {2048}', ["mail.dkim.valid"]),
    dkim("two", '"v=DKIM1; k=rsa; p=" {2048}\nk1._domainkey IN TXT "v=DKIM1; k=rsa; t=s; p=" {2048}', ["mail.dkim.valid"]),
    also("dkim-absent", "k2._domainkey IN TXT \"other\"\n", ["mail.dkim.published"]),
]
