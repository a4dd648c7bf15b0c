#!/usr/bin/env python3
"""Mail domains whose exchangers are Postfix, with TLSA records in a signed zone and MTA-STS
policies on a web server, each with one fault; scanned in this network namespace.

usage: transport_lab.py PROGRAM FOLDER OUT
Run it by `unshare -n` as root. Exits with 1 and a story when the scan says other than the
cases expect, and with 77 when a program is missing."""

import http.server
import json
import os
import pwd
import shutil
import ssl
import subprocess
import sys
import threading
from pathlib import Path

from internet import AGAIN, Missing, ends, late, program, run, wait_for
from mail_lab import told_twice
from mail_server import postfix

# Exchangers: as they should be, without STARTTLS, with a key that is not the certificate's,
# and with the authority's certificate in the chain.
GOOD, PLAIN, BROKEN, CHAIN = "good", "plain", "broken", "chain"
POLICY = "version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 10368000\n"
CHECKS = ["mail.starttls.offered", "mail.tlsa.published", "mail.tlsa.matches", "mail.tlsa.signed", "mail.mta-sts.enforced",
          "mail.tlsa.no-faults", "mail.tlsa.no-stale", "mail.tlsa.digest-common", "mail.mta-sts.valid", "mail.mta-sts.covers-mx", "mail.mta-sts.max-age", "mail.cert.fits-mta-sts"]


def case(name, failing, mx=GOOD, tlsa="3 1 1 {key}", policy=POLICY, record='"v=STSv1; id=1;"', kind="text/plain", code=200,
         open_=()):
    return {"name": name, "failing": failing, "mx": mx, "tlsa": tlsa, "policy": policy, "record": record, "kind": kind,
            "code": code, "open": list(open_)}


WRONG = "ab" * 32
CASES = [
    case("good", []),
    case("plain", ["mail.starttls.offered"], mx=PLAIN),
    # It offers STARTTLS and then cannot: what it would present is not known.
    case("broken", [], mx=BROKEN, open_=["mail.cert.fits-mta-sts", "mail.tlsa.matches"]),
    case("mismatch", ["mail.tlsa.matches"], tlsa=f"3 1 1 {WRONG}"),
    case("rollover", [], tlsa="3 1 1 {key}\n" + f"3 1 1 {WRONG}"),
    case("next-authority", [], tlsa="3 1 1 {key}\n" + f"2 1 1 {WRONG}"),
    # Records of keys that were replaced long ago.
    case("stale", ["mail.tlsa.no-stale"], tlsa="3 1 1 {key}\n" + "".join(f"3 1 1 {byte * 32}\n" for byte in ("ab", "cd", "ef"))),
    case("browsers", ["mail.tlsa.no-faults"], tlsa="3 1 1 {key}\n1 1 1 {key}"),
    case("authority", [], mx=CHAIN, tlsa="2 1 1 {ca}"),
    # The authority's certificate must come along (RFC 7672 section 3.1.2).
    case("alone", ["mail.tlsa.matches"], tlsa="2 1 1 {ca}"),
    case("whole", [], tlsa="3 0 1 {certificate}"),
    case("sha512", ["mail.tlsa.digest-common"], tlsa="3 1 2 {key512}"),
    case("usage", ["mail.tlsa.published"], tlsa="1 1 1 {key}"),
    case("notlsa", ["mail.tlsa.published"], tlsa=""),
    case("nosts", ["mail.mta-sts.enforced"], record=None),
    case("testing", ["mail.mta-sts.enforced"], policy=POLICY.replace("enforce", "testing")),
    case("none", ["mail.mta-sts.enforced"], policy=POLICY.replace("enforce", "none")),
    case("othermx", ["mail.mta-sts.covers-mx"], policy=POLICY.replace("{mx}", "mx.elsewhere.example")),
    case("wildmx", [], policy=POLICY.replace("{mx}", "*.wildmx.example")),
    case("short", ["mail.mta-sts.max-age"], policy=POLICY.replace("10368000", "3600")),
    case("missing", ["mail.mta-sts.enforced"], code=404),
    case("moved", ["mail.mta-sts.enforced"], code=301),
    case("html", ["mail.mta-sts.valid"], kind="text/html"),
    case("nomode", ["mail.mta-sts.enforced"], policy=POLICY.replace("mode: enforce\n", "")),
    case("badmode", ["mail.mta-sts.enforced"], policy=POLICY.replace("enforce", "strict")),
    case("badage", ["mail.mta-sts.enforced"], policy=POLICY.replace("10368000", "long")),
    case("noage", ["mail.mta-sts.enforced"], policy=POLICY.replace("max_age: 10368000\n", "")),
    case("badmx", ["mail.mta-sts.covers-mx"], policy=POLICY.replace("{mx}", "*.*.example")),
    case("nomx", ["mail.mta-sts.enforced"], policy=POLICY.replace("mx: {mx}\n", "")),
    case("badpolicy", ["mail.mta-sts.enforced"], policy=POLICY.replace("STSv1", "STSv2")),
    case("noversion", ["mail.mta-sts.enforced"], policy=POLICY.replace("version: STSv1\n", "")),
    case("syntax", ["mail.mta-sts.valid"], policy=POLICY + "what is this\n"),
    case("badid", ["mail.mta-sts.valid"], record='"v=STSv1; id=not-an-id!;"'),
    case("noid", ["mail.mta-sts.valid"], record='"v=STSv1;"'),
    case("matching", ["mail.tlsa.published"], tlsa=f"3 1 9 {WRONG}"),
    case("selector", ["mail.tlsa.published"], tlsa=f"3 9 1 {WRONG}"),
    case("length", ["mail.tlsa.published"], tlsa="3 1 1 abab"),
    case("webname", ["mail.mta-sts.enforced"]),
    case("emptyid", ["mail.mta-sts.valid"], record='"v=STSv1; id=;"'),
    # Two records are as none (RFC 8461 section 3.1).
    case("tworecords", ["mail.mta-sts.enforced"], record='"v=STSv1; id=1;"\n_mta-sts IN TXT "v=STSv1; id=2;"'),
    case("nohost", ["mail.mta-sts.enforced"]),
    # A filter's answer is not the site's.
    case("blocked", [], code=403, open_=["mail.mta-sts.covers-mx", "mail.mta-sts.enforced", "mail.mta-sts.max-age", "mail.mta-sts.valid"]),
    case("mailname", ["mail.cert.fits-mta-sts"]),
]


# Each domain has addresses of its own, as a scan is slow towards any one address.
EXCHANGERS = {one["name"]: f"192.0.2.{number}" for number, one in enumerate(CASES, 10)}
WEB = {one["name"]: f"198.51.100.{number}" for number, one in enumerate(CASES, 10)}
HOSTS = [*EXCHANGERS.values(), *WEB.values()]


def openssl(*arguments, cwd):
    return subprocess.run([program("openssl"), *arguments], cwd=cwd, check=True, capture_output=True).stdout


def certificate(folder, name, names):
    """A certificate of the lab's authority."""
    if not (folder / "ca.pem").exists():
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out",
                "ca.pem", "-days", "30", "-subj", "/CN=Lab", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign", cwd=folder)
    (folder / f"{name}.ext").write_text("subjectAltName=" + ",".join(f"DNS:{n}" for n in names) +
                                        "\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
            f"{name}.csr", "-subj", f"/CN={name}", cwd=folder)
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "20",
            "-extfile", f"{name}.ext", "-out", f"{name}.pem", cwd=folder)


def digests(folder):
    import hashlib

    def key(name):
        pem = openssl("x509", "-in", f"{name}.pem", "-noout", "-pubkey", cwd=folder)
        return subprocess.run([program("openssl"), "pkey", "-pubin", "-outform", "DER"], input=pem, check=True,
                              capture_output=True).stdout
    whole = openssl("x509", "-in", "mail.pem", "-outform", "DER", cwd=folder)
    return {"key": hashlib.sha256(key("mail")).hexdigest(), "key512": hashlib.sha512(key("mail")).hexdigest(),
            "ca": hashlib.sha256(key("ca")).hexdigest(), "certificate": hashlib.sha256(whole).hexdigest()}


def names(folder):
    """The zone with all domains, signed, and a signed root above it."""
    found = digests(folder)
    text = "$TTL 300\n@ IN SOA ns hostmaster 1 7200 3600 1209600 300\n@ IN NS ns\nns IN A 127.0.0.1\n"
    for one in CASES:
        text += f"$ORIGIN {one['name']}.example.\n@ IN MX 10 mx\nmx IN A {EXCHANGERS[one['name']]}\n@ IN TXT \"v=spf1 mx -all\"\n"
        text += ("_dmarc IN TXT \"v=DMARC1; p=reject; rua=mailto:reports@%s.example\"\n"
                 "_smtp._tls IN TXT \"v=TLSRPTv1; rua=mailto:reports@%s.example\"\n") % (one["name"], one["name"])
        if one["name"] != "nohost":
            text += f"mta-sts IN A {WEB[one['name']]}\n"
        if one["record"]:
            text += f"_mta-sts IN TXT {one['record']}\n"
        for line in one["tlsa"].format(**found).splitlines():
            text += f"_25._tcp.mx IN TLSA {line}\n"
    (folder / "example").write_text(text)
    (folder / "root").write_text("$TTL 300\n@ IN SOA ns.example. hostmaster.example. 1 7200 3600 1209600 300\n"
                                 "@ IN NS ns.example.\nexample. IN NS ns.example.\nns.example. IN A 127.0.0.1\n")
    for zone, file in (("example", "example"), (".", "root")):
        for flags in (["-f", "KSK"], []):
            run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flags, zone, cwd=folder)
        if zone == ".":
            (folder / "root").write_text((folder / "root").read_text() + (folder / "dsset-example.").read_text())
        run("dnssec-signzone", "-q", "-S", "-o", zone, "-f", f"{file}.signed", file, cwd=folder)
    (folder / "named.conf").write_text(f"""options {{ directory "{folder}"; listen-on {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
pid-file none; lock-file none; session-keyfile "{folder}/session.key"; recursion no; dnssec-validation no; notify no; check-integrity no; }};
controls {{ }};
zone "." {{ type primary; file "root.signed"; }};
zone "example" {{ type primary; file "example.signed"; }};
""")
    log = folder / "named.log"
    with log.open("w") as out:
        process = subprocess.Popen([program("named"), "-g", "-n", "1", "-c", folder / "named.conf"], stdout=out, stderr=out)
    wait_for(53, "127.0.0.1", process, log)
    return process


def exchangers(folder):
    options = {GOOD: "", PLAIN: "-o smtpd_tls_security_level=none",
               BROKEN: f"-o smtpd_tls_chain_files={folder}/ca.key,{folder}/mail.pem",
               CHAIN: f"-o smtpd_tls_chain_files={folder}/mail.key,{folder}/mail.pem,{folder}/ca.pem"}
    services = {EXCHANGERS[one["name"]]: options[one["mx"]] for one in CASES}
    return postfix(folder, services, [folder / "mail.key", folder / "mail.pem"])


def web(folder):
    policies = {f"mta-sts.{one['name']}.example": one for one in CASES}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            one = policies.get(self.headers.get("Host", ""))
            if one is None or self.path != "/.well-known/mta-sts.txt":
                self.send_error(404)
                return
            body = one["policy"].replace("{mx}", f"mx.{one['name']}.example").replace("\n", "\r\n").encode()
            self.send_response(one["code"])
            if one["code"] == 301:
                self.send_header("Location", "https://mta-sts.good.example/.well-known/mta-sts.txt")
            self.send_header("Content-Type", one["kind"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("0.0.0.0", 443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "web.pem", folder / "web.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def scan(folder, binary, areas, cases):
    """Failing checks and those that stay open, of each of these domains."""
    (folder / "profiles").mkdir(exist_ok=True)
    ids = ", ".join(f"{{ id: {check} }}" for check in CHECKS)
    (folder / "profiles/transport.yaml").write_text(
        "id: transport\ntitle: What is compared\nentries:\n"
        f"  - {{ row: control#MAIL-11, as: all, level: should, checks: [{ids}] }}\n")
    all_names = [one["name"] + ".example" for one in cases]
    text = "organisation: { name: Office, country: US }\ncontact: security@office.example\ntargets:\n"
    text += "".join(f"  - {{ name: {name}, roles: [mail-domain] }}\n" for name in all_names)
    (folder / "inventory.yaml").write_text(text)
    leads = [f"--connect-to={address}:{port}:{address}:{port}" for address, port in
             [(address, 25) for address in EXCHANGERS.values()] + [(address, 443) for address in WEB.values()]]
    done = subprocess.run([binary, "scan", f"--only={areas}", "--profile=transport", f"--profiles={folder}/profiles",
                           f"--inventory={folder}/inventory.yaml", "--resolver=127.0.0.1:53", f"--ca-file={folder}/ca.pem",
                           f"--save={folder}/run-{areas}.jsonl", "--allow-private", "--format", "json", *leads],
                          capture_output=True, text=True, timeout=300)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"the scan wrote no findings: {done.stderr}")
    said = {name: {"failing": set(), "open": set()} for name in all_names}
    for finding in found["findings"]:
        kind = {"fail": "failing", "inconclusive": "open"}.get(finding["verdict"])
        gaps = [found["gaps"][index] for index in finding["gaps"]]
        asked = not gaps or any(gap["reason"] != "not_asked" for gap in gaps)
        if kind == "failing" or kind == "open" and asked:
            said[finding["target"]][kind].add(finding["check"])
    return {name: {kind: sorted(checks) for kind, checks in entry.items()} for name, entry in said.items()}


def main():
    binary, folder, out = sys.argv[1:4]
    folder = Path(folder).resolve()
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    running = []
    try:
        for tool in ("named", "postfix", "openssl", "ip"):
            program(tool)
        try:
            pwd.getpwnam("postfix")
        except KeyError:
            raise Missing("the user postfix") from None
        run("ip", "link", "set", "lo", "up")
        for host in HOSTS:
            run("ip", "addr", "add", host + "/32", "dev", "lo")
        certificate(folder, "mail", [f"mx.{one['name']}.example" for one in CASES if one["name"] != "mailname"])
        certificate(folder, "web", [f"mta-sts.{one['name']}.example" for one in CASES if one["name"] != "webname"])
        shutil.copymode(folder / "mail.pem", folder / "mail.key")
        running.append(names(folder))
        running.append(exchangers(folder))
        web(folder)
        # Policies are judged without a look at the certificates of exchangers.
        shaking = [one for one in CASES if one["mx"] != GOOD or one["policy"] == POLICY and one["record"] == '"v=STSv1; id=1;"'
                   and one["code"] == 200 and one["kind"] == "text/plain" and one["name"] != "webname"]
        said = scan(folder, binary, "mail,tls", shaking)
        said |= scan(folder, binary, "mail", [one for one in CASES if one not in shaking])
    finally:
        for process in running:
            process.terminate()
            process.wait(20)
    Path(out).write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    wrong, unseen = False, False
    for one in CASES:
        found = said[one["name"] + ".example"]
        if found["failing"] != sorted(one["failing"]) or found["open"] != sorted(one["open"]):
            only_open = late(one["failing"], found["failing"], found["open"], one["open"])
            wrong, unseen = wrong or not only_open, unseen or only_open
            print(f"{one['name']}.example: expected {sorted(one['failing'])} and open {one['open']}, found {found}")
    for run_file in sorted(folder.glob("run-*.jsonl")):
        if twice := told_twice(run_file, binary):
            wrong = True
            print(f"one fault, and more than one finding: {twice}")
    print(f"{len(CASES)} domains compared")
    return 1 if wrong else AGAIN if unseen else 0


if __name__ == "__main__":
    ends(main)
