"""Zones signed by BIND and by Knot: healthy ones, and one fault at a time. For each the
status, the reason and the place that the scan must tell, and the checks that fail."""

from internet import ZONE, flip, is_of

BIND = {"bind": ["-3", "-"]}
BIND_NSEC = {"bind": []}
KNOT = {"knot": {"algorithm": "ecdsap256sha256", "nsec3": "on", "nsec3-iterations": 0, "nsec3-salt-length": 0}}
KNOT_NSEC = {"knot": {"algorithm": "ecdsap256sha256"}}
SECURE = ("secure", None, None)


def knot(**options):
    return {"knot": {**KNOT["knot"], **{key.replace("_", "-"): value for key, value in options.items()}}}


def without(kind):
    return lambda zone, records: [r for r in records if not is_of(r, zone, kind)]


def change(kind, at, word):
    """Another word in the data of the apex's records of a type; a function makes it of the old one."""
    def edit(zone, records):
        changed = []
        for record in records:
            if is_of(record, zone, kind):
                data = list(record[2])
                data[at] = word(data[at]) if callable(word) else word
                record = (record[0], record[1], data)
            changed.append(record)
        return changed
    return edit


def rejoin(edit):
    """Keys and signatures in one word, before they are edited."""
    def joined(zone, records):
        whole = []
        for owner, kind, data in records:
            head = {"DNSKEY": 3, "RRSIG": 8}.get(kind)
            if head:
                data = data[:head] + ["".join(data[head:])]
            whole.append((owner, kind, data))
        return edit(zone, whole)
    return joined


def denial_changed(zone, records):
    """The proof that there is no CDS record, changed after signing."""
    changed = []
    for owner, kind, data in records:
        if kind == "NSEC3" and "SOA" in data:
            data = data[:-1] + [data[-1], "TYPE1000"]
        elif kind == "NSEC" and owner == zone:
            data = [*data, "TYPE1000"]
        changed.append((owner, kind, data))
    return changed


def no_denial_of_apex(zone, records):
    """The apex has no NSEC3 record. The others stay: Knot 3.2 crashes in a signed zone without any."""
    apex = {r[0] for r in records if r[1] == "NSEC3" and "SOA" in r[2]}
    return [r for r in records if r[0] not in apex]


def unsigned_denials(zone, records):
    return [r for r in records if not (r[1] == "RRSIG" and r[2][0] in ("NSEC", "NSEC3"))]


def without_last_algorithm(zone, records):
    """The signatures of the algorithm with the highest number are gone, but for those over the keys."""
    last = max(int(r[2][2]) for r in records if is_of(r, zone, "DNSKEY"))
    return [r for r in records if not (r[1] == "RRSIG" and int(r[2][1]) == last and r[2][0] != "DNSKEY")]


def spoiled(zone, text, plain):
    """One server's signatures over SOA have a wrong bit."""
    lines = []
    for line in text.splitlines():
        words = line.split()
        if words[0] == zone and words[3:5] == ["RRSIG", "SOA"]:
            words = words[:12] + [flip("".join(words[12:]))]
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


# One fault of the office's zone, for both signers: name, what is done, what the scan must say.
FAULTS = [
    ("ds-other", {"ds": lambda ds: "{0} IN DS 4711 13 2 " + "ab" * 32 + "\n"},
     ("bogus", "ds_matches_no_key", "{} DNSKEY"), ["dns.dnssec.ds-matches"]),
    ("ds-digest", {"ds": lambda ds: " ".join(ds.split()[:-1][:6]) + " " + "ab" * 32 + "\n"},
     ("bogus", "ds_matches_no_key", "{} DNSKEY"), ["dns.dnssec.ds-matches"]),
    ("ds-none", {"ds": lambda ds: ""}, ("insecure", "no_ds", "{} DS"), ["dns.dnssec.signed"]),
    ("keys-none", {"edit": without("DNSKEY")}, ("bogus", "dnskey_missing", "{} DNSKEY"), ["dns.dnssec.ds-matches"]),
    ("ksk-none", {"edit": without("DNSKEY 257")}, ("bogus", "ds_matches_no_key", "{} DNSKEY"), ["dns.dnssec.ds-matches"]),
    ("zsk-none", {"edit": without("DNSKEY 256")}, ("bogus", "signature_wrong", "{} DNSKEY"), ["dns.dnssec.chain-valid"]),
    ("ksk-revoked", {"edit": change("DNSKEY 257", 0, "385")}, ("bogus", "ds_matches_no_key", "{} DNSKEY"), ["dns.dnssec.ds-matches"]),
    ("zsk-no-zone", {"edit": change("DNSKEY 256", 0, "0")}, ("bogus", "signature_wrong", "{} DNSKEY"), ["dns.dnssec.chain-valid"]),
    ("keys-unsigned", {"edit": without("RRSIG DNSKEY")}, ("bogus", "signature_missing", "{} DNSKEY"), ["dns.dnssec.chain-valid"]),
    ("keys-bit", {"edit": rejoin(change("RRSIG DNSKEY", 8, flip))}, ("bogus", "signature_wrong", "{} DNSKEY"), ["dns.dnssec.chain-valid"]),
    ("soa-changed", {"edit": change("SOA", 2, "99")}, ("bogus", "signature_wrong", "{} SOA"), ["dns.dnssec.chain-valid"]),
    ("soa-unsigned", {"edit": without("RRSIG SOA")}, ("bogus", "signature_missing", "{} SOA"), ["dns.dnssec.chain-valid"]),
    ("soa-bit", {"edit": rejoin(change("RRSIG SOA", 8, flip))}, ("bogus", "signature_wrong", "{} SOA"), ["dns.dnssec.chain-valid"]),
    ("soa-labels", {"edit": change("RRSIG SOA", 2, "5")}, ("bogus", "signature_labels_wrong", "{} SOA"), ["dns.dnssec.chain-valid"]),
    ("soa-tag", {"edit": change("RRSIG SOA", 6, "4711")}, ("bogus", "signature_key_missing", "{} SOA"), ["dns.dnssec.chain-valid"]),
    ("soa-signer", {"edit": change("RRSIG SOA", 7, "example.")}, ("bogus", "signature_by_other_zone", "{} SOA"), ["dns.dnssec.chain-valid"]),
    ("ns-unsigned", {"edit": without("RRSIG NS")}, ("bogus", "signature_missing", "{} NS"), ["dns.dnssec.chain-valid"]),
    ("a-changed", {"edit": change("A", 0, "192.0.2.66")}, ("bogus", "signature_wrong", "{} A"), ["dns.dnssec.chain-valid"]),
    ("a-unsigned", {"edit": without("RRSIG A")}, ("bogus", "signature_missing", "{} A"), ["dns.dnssec.chain-valid"]),
    ("denial-changed", {"edit": denial_changed}, ("bogus", "signature_wrong", "{} NSEC3"), ["dns.dnssec.chain-valid"]),
    ("denial-unsigned", {"edit": unsigned_denials}, ("bogus", "signature_missing", "{} NSEC3"), ["dns.dnssec.chain-valid"]),
    ("denial-apex", {"edit": no_denial_of_apex}, ("bogus", "denial_no_closest_encloser", "{} CDS"), ["dns.dnssec.chain-valid"]),
    ("one-server", {"second": spoiled}, SECURE, ["dns.server.signatures-valid"]),
    # Which server the resolver meets decides whether the addresses come with signatures.
    ("one-unsigned", {"second": lambda zone, text, plain: plain, "or": ["dns.dnssec.chain-valid", "dns.zone.same-keys"]},
     None, ["dns.server.signatures-valid", "dns.zone.same-keys"]),
]


def case(name, signer, what, validation, failing):
    """A zone: who signs it, what is done to it, what must come out."""
    built = {"name": name, "zone": ZONE, "validation": validation, "failing": failing, **signer, **what}
    if "ds" in what:
        change = what["ds"]
        built["ds"] = lambda ds: change(ds).replace("{0}", name)
    return built


CASES = [
    # Healthy ones.
    case("b-nsec", BIND_NSEC, {}, SECURE, []),
    case("b-nsec3", BIND, {}, SECURE, []),
    case("k-nsec", KNOT_NSEC, {}, SECURE, []),
    case("k-nsec3", KNOT, {}, SECURE, []),
    case("k-csk", knot(single_type_signing="on"), {}, SECURE, []),
    case("k-rsa", knot(algorithm="rsasha256", ksk_size=2048, zsk_size=2048), {}, SECURE, []),
    case("k-p384", knot(algorithm="ecdsap384sha384"), {}, SECURE, []),
    case("k-ed25519", knot(algorithm="ed25519"), {}, SECURE, []),
    case("k-cds", knot(cds_cdnskey_publish="always"), {}, SECURE, []),
    # In the midst of a rollover: each algorithm has its keys, signs all, and the parent names both.
    case("k-rollover", knot(manual="on", rollover=[
        "algorithm=ecdsap256sha256 ksk=yes", "algorithm=ecdsap256sha256 zsk=yes",
        "algorithm=ed25519 ksk=yes", "algorithm=ed25519 zsk=yes"]), {}, SECURE, []),
    # Faults that one signer alone makes.
    case("b-optout", {"bind": ["-3", "-", "-A"]}, {}, SECURE, ["dns.dnssec.no-opt-out"]),
    case("k-optout", knot(nsec3_opt_out="on"), {}, SECURE, ["dns.dnssec.no-opt-out"]),
    case("b-salted", {"bind": ["-3", "aabb", "-H", "5"]}, {}, SECURE, ["dns.dnssec.nsec3-plain"]),
    case("k-salted", knot(nsec3_salt_length=8, nsec3_iterations=10), {}, SECURE, ["dns.dnssec.nsec3-plain"]),
    case("b-expired", {"bind": ["-3", "-", "-s", "20200101000000", "-e", "20200201000000"]}, {},
         ("bogus", "signature_expired", "{} DNSKEY"), ["dns.dnssec.chain-valid"]),
    case("b-future", {"bind": ["-3", "-", "-s", "20500101000000", "-e", "20500201000000"]}, {},
         ("bogus", "signature_not_yet_valid", "{} DNSKEY"), ["dns.dnssec.chain-valid"]),
    case("k-expired", knot(rrsig_lifetime="6s", rrsig_refresh="2s", rrsig_pre_refresh="1s", dnskey_ttl=1, zone_max_ttl=1, propagation_delay=0), {},
         ("bogus", "signature_expired", "{} DNSKEY"), ["dns.dnssec.chain-valid"]),
    case("k-half-rollover", knot(manual="on", rollover=[
        "algorithm=ecdsap256sha256 ksk=yes", "algorithm=ecdsap256sha256 zsk=yes",
        "algorithm=ed25519 ksk=yes", "algorithm=ed25519 zsk=yes"]),
        {"edit": without_last_algorithm}, SECURE, ["dns.server.algorithms-complete"]),
    case("k-ds-algorithm", KNOT, {"ds": lambda ds: ds.replace(" 13 2 ", " 200 2 ")},
         ("insecure", "algorithms_unsupported", "{} DS"), ["dns.dnssec.chain-valid", "dns.dnssec.ds-matches"]),
    case("k-ds-digest-type", KNOT, {"ds": lambda ds: ds.replace(" 13 2 ", " 13 5 ")},
         ("insecure", "algorithms_unsupported", "{} DS"), ["dns.dnssec.chain-valid", "dns.ds.digests-current"]),
    case("k-cds-other", knot(cds_cdnskey_publish="always"), {"edit": change("CDS", 0, "4711")},
         ("bogus", "signature_wrong", "{} CDS"), ["dns.cds.matches-keys", "dns.dnssec.chain-valid"]),
]
for short, what, validation, failing in FAULTS:
    for letter, signer in (("b", BIND), ("k", KNOT)):
        CASES.append(case(f"{letter}-{short}", signer, what, validation, failing))
