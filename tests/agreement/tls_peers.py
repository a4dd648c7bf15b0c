"""What scrutineer, sslyze and testssl.sh say of a TLS server, in the same words, so that they can be compared."""

import base64
import csv
import json
import re
import subprocess

from internet import run
from tls_servers import HOST, PORTS

VERSIONS = ["SSLv2", "SSLv3", "TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3"]
# Names of the same group in OpenSSL's manner and in the registry's.
GROUPS = {"prime256v1": "secp256r1", "X25519": "x25519", "X448": "x448", "prime192v1": "secp192r1"}

# Where scrutineer's facts stand, below an endpoint.
PLACES = {"versions": "versions", **{f"suites {version}": "suites" for version in VERSIONS}, "curves": "groups", "finite fields": "groups",
          "order": "preference", "compression": "compression", "extended master secret": "extended_master_secret",
          "secure renegotiation": "secure_renegotiation", "fallback signal": "refuses_fallback",
          "resumption by id": "resumption/tls12_id", "resumption by ticket": "resumption/tls12_ticket",
          "early data": "resumption/early_data", "signatures TLS1.2": "signature_algorithms",
          "signatures TLS1.3": "signature_algorithms", "certificates": "certificates"}


def unseen(gaps):
    """Facts that scrutineer could not see, or not the whole list of."""
    places = [gap["at"] for gap in gaps if gap["reason"] != "not_asked"]

    def covers(place, at):
        return f"{at}/".startswith(f"{place}/") or place == f"{at}/-"
    return {fact for fact, below in PLACES.items() if any(covers(place, f"/tls/endpoints/0/{below}") for place in places)}


def ours(binary, name, folder):
    """The facts of `scrutineer tls`, and which of them it could not see though it tried."""
    port = {"mail": 25}.get(name, 443)
    words = ["--starttls", "smtp"] if name == "mail" else []
    said = json.loads(run(binary, "tls", HOST if name != "mail" else f"{HOST}:25", *words, "--connect-to",
                          f"{HOST}:{port}:127.0.0.1:{PORTS[name]}", "--resolver", "127.0.0.1:1", "--format", "json", cwd=folder,
                          check=False))
    endpoint = said["tls"]["endpoints"][0]

    def known(value, *path):
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value
    versions = known(endpoint, "versions")
    versions = None if versions is None else {one["name"] for one in versions}
    facts = {"versions": versions}
    for version in VERSIONS:
        suites = known(endpoint, "suites")
        facts[f"suites {version}"] = None if suites is None else {one["name"] for one in suites if one["version"] == version}
    groups = known(endpoint, "groups")
    groups = None if groups is None else {one["name"] for one in groups}
    facts["curves"] = None if groups is None else {one for one in groups if not one.startswith("ffdhe") and "MLKEM" not in one}
    facts["finite fields"] = None if groups is None else {one for one in groups if one.startswith("ffdhe")}
    orders = {one["by"] for one in known(endpoint, "preference") or []}
    facts["order"] = orders.pop() if len(orders) == 1 else None
    facts["compression"] = known(endpoint, "compression")
    facts["extended master secret"] = known(endpoint, "extended_master_secret")
    facts["secure renegotiation"] = known(endpoint, "secure_renegotiation")
    facts["fallback signal"] = known(endpoint, "refuses_fallback")
    facts["resumption by id"] = known(endpoint, "resumption", "tls12_id")
    facts["resumption by ticket"] = known(endpoint, "resumption", "tls12_ticket")
    facts["early data"] = known(endpoint, "resumption", "early_data")
    schemes = known(endpoint, "signature_algorithms")
    for version in ("TLS1.2", "TLS1.3"):
        facts[f"signatures {version}"] = schemes and {one["name"] for one in schemes if one["version"] == version}
    certificates = known(endpoint, "certificates")
    facts["certificates"] = None if certificates is None else {one["sha256"] for one in certificates}
    return facts, unseen(said.get("gaps", []))


def sslyze(program, name, folder):
    """The version of sslyze, and the same facts by it, all of them that it knows."""
    out = folder / f"sslyze-{name}.json"
    words = ["--starttls=smtp"] if name == "mail" else []
    run(program, f"--json_out={out}", "--quiet", "--certinfo", "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3",
        "--compression", "--early_data", "--ems", "--fallback", "--reneg", "--resum", "--elliptic_curves", "--heartbleed",
        "--openssl_ccs", "--robot", f"--sni={HOST}", *words, f"127.0.0.1:{PORTS[name]}", cwd=folder, check=False)
    written = json.loads(out.read_text())
    version, whole = written["sslyze_version"], written["server_scan_results"][0]
    if whole["scan_status"] != "COMPLETED":
        return version, {"versions": set()}
    results = whole["scan_result"]

    def said(test, *path):
        value = results[test]["result"]
        for part in path:
            value = value[part] if value is not None else None
        return value
    facts = {"versions": set()}
    for name, test in zip(VERSIONS, ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3"]):
        suites = said(f"{test}_cipher_suites", "accepted_cipher_suites")
        facts[f"suites {name}"] = None if suites is None else {one["cipher_suite"]["name"] for one in suites}
        if suites:
            facts["versions"].add(name)
    curves = said("elliptic_curves", "supported_curves")
    facts["curves"] = None if curves is None else {GROUPS.get(one["name"], one["name"]) for one in curves}
    facts["compression"] = said("tls_compression", "supports_compression")
    facts["extended master secret"] = said("tls_extended_master_secret", "supports_ems_extension")
    facts["secure renegotiation"] = said("session_renegotiation", "supports_secure_renegotiation")
    facts["fallback signal"] = said("tls_fallback_scsv", "supports_fallback_scsv")
    full = {"FULLY_SUPPORTED": True, "NOT_SUPPORTED": False}
    facts["resumption by id"] = full.get(said("session_resumption", "session_id_resumption_result"))
    facts["resumption by ticket"] = full.get(said("session_resumption", "tls_ticket_resumption_result"))
    facts["early data"] = said("tls_1_3_early_data", "supports_early_data")
    sent = said("certificate_info", "certificate_deployments")
    facts["certificates"] = None if sent is None else {base64.b64decode(one["received_certificate_chain"][0]["fingerprint_sha256"]).hex() for one in sent}
    return version, facts


def scheme(word):
    """A signature scheme in the registry's words; testssl.sh has OpenSSL's."""
    curves = {"SHA256": "secp256r1_", "SHA384": "secp384r1_", "SHA512": "secp521r1_"}
    key, _, digest = word.partition("+")
    begins = {"RSA": "rsa_pkcs1_", "DSA": "dsa_", "ECDSA": f"ecdsa_{curves.get(digest, '')}"}
    return begins.get(key, f"{key.lower().replace('-', '_')}_") + digest.lower()


def testssl(program, name, folder):
    """The version of testssl.sh, and the same facts by it."""
    banner = subprocess.run([program, "--version"], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=60).stdout
    version = re.search(r"testssl\.sh\S* version (\S+)", re.sub("\x1b[^m]*m", "", banner)).group(1)
    out = folder / f"testssl-{name}.csv"
    out.unlink(missing_ok=True)
    words = ["-t", "smtp"] if name == "mail" else []
    subprocess.run([program, "--quiet", "--color", "0", "--warnings", "batch", "--ip", "127.0.0.1", "--nodns", "none", "--csvfile", out,
                    "-p", "-E", "-f", "-P", "-S", "-R", "-Z", "--crime", *words, f"{HOST}:{PORTS[name]}"],
                   cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=1800)
    rows = {row["id"]: row["finding"] for row in csv.DictReader(out.open())} if out.exists() else {}
    facts = {"versions": set()}
    for protocol, test in zip(VERSIONS, ["SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3"]):
        if rows.get(test, "").startswith("offered"):
            facts["versions"].add(protocol)
        prefix = f"cipher-{test.lower()}_x"
        facts[f"suites {protocol}"] = {finding.split()[-1] for row, finding in rows.items() if row.startswith(prefix)}
    if not facts["versions"]:
        return version, {"versions": set()}

    def first(*ids):
        return next((rows[one] for one in ids if one in rows), None)

    def told(yes, no, *ids):
        finding = first(*ids) or ""
        return True if finding.startswith(yes) else False if finding.startswith(no) else None

    def names(text):
        return None if text is None else {GROUPS.get(one, one) for one in re.split(r"[ ,]+", text) if one}
    facts["curves"] = names(first("FS_ECDHE_curves", "PFS_ECDHE_curves"))
    facts["finite fields"] = {one for one in names(first("DH_groups")) or [] if one.startswith("ffdhe")}
    orders = {"client" if "NOT" in rows[one] else "server" for one in ("cipher_order-tls1_2", "cipher_order-tls1_3") if one in rows}
    facts["order"] = orders.pop() if len(orders) == 1 else None
    for protocol in ("TLS1.2", "TLS1.3"):
        words = rows.get(f"FS_{protocol.replace('.', '')}_sig_algs")
        facts[f"signatures {protocol}"] = words and {scheme(one) for one in words.split()}
    facts["compression"] = told("VULNERABLE", "not vulnerable", "CRIME_TLS")
    facts["extended master secret"] = told("Extended master secret extension detected", "No extended master secret", "TLS_misses_extension_23")
    facts["secure renegotiation"] = told("supported", "not supported", "secure_renego")
    facts["fallback signal"] = told("supported", "not supported", "fallback_SCSV")
    facts["resumption by id"] = told("supported", "not supported", "sessionresumption_ID")
    facts["resumption by ticket"] = told("supported", "not supported", "sessionresumption_ticket")
    facts["early data"] = told("supported", "No early data", "early_data")
    facts["certificates"] = {finding.lower() for row, finding in rows.items() if row.startswith("cert_fingerprintSHA256")}
    return version, facts


# The variable that names each, and how it is asked.
PEERS = {"sslyze": ("SSLYZE", sslyze), "testssl.sh": ("TESTSSL", testssl)}
