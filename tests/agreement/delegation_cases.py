"""Zones with one fault of their delegation, of their servers or of their SOA record each,
and the checks that fail."""

from internet import PARENT, ZONE

SIGNED = ["-3", "-"]
V4 = "{} IN NS ns1.{}\n{} IN NS ns2.{}\nns1.{} IN A 192.0.2.53\nns2.{} IN A 198.51.100.53\n"


def zone(gone="-", more=""):
    kept = [line for line in ZONE.splitlines() if not any(word in line for word in gone.split("|"))]
    return "\n".join(kept) + "\n" + more


def case(name, failing, signed=True, **rest):
    built = {"name": name, "zone": ZONE, "failing": failing, **rest}
    if signed:
        built["bind"] = SIGNED
    else:
        built["failing"] = [*failing, "dns.dnssec.signed"]
    return built


def other(old, new):
    """The second server has another text."""
    def change(_zone, _text, plain):
        assert old in plain
        return plain.replace(old, new)
    return change


SOA = "@ IN SOA ns1 hostmaster 7 7200 3600 1209600 300"
CASES = [
    case("healthy", []),
    case("lame", ["dns.server.authoritative"], second="absent"),
    case("serial", ["dns.zone.same-serial"], signed=False, second=other(" 7 7200", " 6 7200")),
    case("timers", ["dns.zone.same-soa"], signed=False, second=other(" 7 7200", " 7 7300")),
    case("rname", ["dns.zone.same-soa"], signed=False, second=other("hostmaster", "somebody")),
    case("nameservers", ["dns.zone.same-ns"], signed=False,
         second=other("@ IN NS ns2\n", "")),
    case("unlisted", ["dns.delegation.complete", "dns.ns.addresses-own"],
         zone=zone(more="@ IN NS ns3\nns3 IN A 192.0.2.53\nns3 IN AAAA 2001:db8:1::53\n")),
    case("stale", ["dns.delegation.no-stale", "dns.ns.addresses-own"], parent=PARENT + "{} IN NS ns3.{}\nns3.{} IN A 192.0.2.53\n",
         zone=zone(more="ns3 IN A 192.0.2.53\n")),
    case("noglue", ["dns.delegation.glue-present"],
         parent="{} IN NS ns1.{}\n{} IN NS ns2.{}\nns1.{} IN A 192.0.2.53\n"),
    case("oldglue", ["dns.delegation.glue-true", "dns.server.authoritative"],
         parent="{} IN NS ns1.{}\n{} IN NS ns2.{}\nns1.{} IN A 192.0.2.53\nns2.{} IN A 203.0.113.1\n"),
    case("alias", ["dns.ns.no-alias"], zone=zone("@ IN NS ns2", "@ IN NS nsalias.example.\n"),
         parent="{} IN NS ns1.{}\n{} IN NS nsalias.example.\nns1.{} IN A 192.0.2.53\nns1.{} IN AAAA 2001:db8:1::53\n"),
    case("single", ["dns.ns.ipv6", "dns.ns.several"], zone=zone("@ IN NS ns2"),
         parent="{} IN NS ns1.{}\nns1.{} IN A 192.0.2.53\nns1.{} IN AAAA 2001:db8:1::53\n"),
    case("onenet", ["dns.ns.addresses-own"],
         zone=zone("198.51.100.53", "ns2 IN A 192.0.2.53\n"),
         parent="{} IN NS ns1.{}\n{} IN NS ns2.{}\nns1.{} IN A 192.0.2.53\nns2.{} IN A 192.0.2.53\n"),
    case("shared", ["dns.ns.addresses-own"], zone=zone(more="ns2 IN A 192.0.2.53\n")),
    case("noaddress", ["dns.ns.registered"], zone=zone(more="@ IN NS ns9.example.\n"), parent=PARENT + "{} IN NS ns9.example.\n"),
    case("v4only", ["dns.ns.ipv6"], zone=zone("ns1 IN AAAA|ns2 IN AAAA"), parent=V4),
    case("placeholder", ["dns.soa.names-real"],
         zone=zone(SOA, "@ IN SOA localhost. root. 7 7200 3600 1209600 300\n")),
    case("expires", ["dns.soa.timers-sane"], zone=zone(SOA, "@ IN SOA ns1 hostmaster 7 7200 3600 86400 300\n")),
    case("retries", ["dns.soa.timers-sane"], zone=zone(SOA, "@ IN SOA ns1 hostmaster 7 3600 7200 1209600 300\n")),
    case("open", ["dns.server.no-transfer"], options="allow-transfer { any; };"),
    case("underscore", ["dns.ns.names-legal"], zone=zone("@ IN NS ns2", "@ IN NS n_s2\nn_s2 IN A 198.51.100.53\nn_s2 IN AAAA 2001:db8:2::53\n"),
         parent="{} IN NS ns1.{}\n{} IN NS n_s2.{}\nns1.{} IN A 192.0.2.53\nns1.{} IN AAAA 2001:db8:1::53\n"
                "n_s2.{} IN A 198.51.100.53\nn_s2.{} IN AAAA 2001:db8:2::53\n"),
    case("crowded", ["dns.delegation.referral-fits", "dns.ns.addresses-own", "dns.ns.ipv6"],
         zone=zone("@ IN NS ns2", "".join(f"@ IN NS name-server-number-{i}\nname-server-number-{i} IN A 198.51.100.53\n" for i in range(2, 14))),
         parent="{} IN NS ns1.{}\nns1.{} IN A 192.0.2.53\nns1.{} IN AAAA 2001:db8:1::53\n" + "".join(
             f"{{}} IN NS name-server-number-{i}.{{}}\nname-server-number-{i}.{{}} IN A 198.51.100.53\n" for i in range(2, 14))),
    case("unsigned", [], signed=False),
    # Its second server resolves for anybody, hands out the zone, says what it runs, and stands in a network whose
    # route has another origin than its owner signed.
    case("loose", ["dns.ns.routes-valid", "dns.server.no-recursion", "dns.server.no-transfer", "dns.server.version-hidden"],
         zone=zone("ns2 IN", "ns2 IN A 203.0.113.53\nns2 IN AAAA 2001:db8:3::53\n"),
         parent="{} IN NS ns1.{}\n{} IN NS ns2.{}\nns1.{} IN A 192.0.2.53\nns1.{} IN AAAA 2001:db8:1::53\n"
                "ns2.{} IN A 203.0.113.53\nns2.{} IN AAAA 2001:db8:3::53\n"),
]
