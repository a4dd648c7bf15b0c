#!/usr/bin/env python3
"""Serves the mail domains in this network namespace, scans them, and where asked lets
checkdmarc look at the same domains. Writes what each said as JSON.

usage: mail_lab.py PROGRAM FOLDER OUT [ours] [checkdmarc=FOLDER]
FOLDER of checkdmarc: what `pip install --target FOLDER checkdmarc` made. Run it by `unshare
-n`. Exits with 1 and a story when the scan says other than the cases expect, with 75 when it
only could not see something or the lab broke, and with 77 when a program is missing."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

from internet import AGAIN, ends, late, program, run, wait_for
from mail_cases import CASES

AREAS = ("mail.spf.", "mail.dmarc.", "mail.dkim.", "mail.mx.re", "mail.mx.n", "mail.null-mx.", "mail.subdomains.", "mail.tls-rpt.valid")
MX_ADDRESS = "192.0.2.25"
CHECKS = ["mail.spf.published", "mail.spf.single", "mail.spf.valid", "mail.spf.lookups", "mail.spf.void-lookups",
          "mail.spf.not-open", "mail.spf.ends-in-fail", "mail.spf.ranges-narrow", "mail.dmarc.published",
          "mail.dmarc.valid", "mail.dmarc.policy-enforced", "mail.dmarc.subdomains-covered",
          "mail.dmarc.whole", "mail.dmarc.reports", "mail.dmarc.reports-permitted", "mail.dmarc.reports-registered",
          "mail.spf.registered", "mail.mx.registered", "mail.mx.resolves", "mail.mx.no-alias", "mail.mx.names-legal",
          "mail.null-mx.alone",
          "mail.subdomains.spf-not-open", "mail.subdomains.dmarc-kept",
          "mail.tls-rpt.valid", "mail.dkim.valid", "mail.dkim.key-size", "mail.dkim.not-testing",
          "mail.dkim.selectors-published"]


def keys():
    """DKIM keys as a zone has them: base64 in strings of at most 200 letters."""
    made = {}
    for kind in ("512", "1024", "2048", "ed25519"):
        how = ["-algorithm", "ed25519"] if kind == "ed25519" else ["-algorithm", "rsa", "-pkeyopt", f"rsa_keygen_bits:{kind}"]
        secret = subprocess.run([program("openssl"), "genpkey", *how], check=True, capture_output=True).stdout
        public = subprocess.run([program("openssl"), "pkey", "-pubout", "-outform", "DER"], input=secret, check=True,
                                capture_output=True).stdout
        # Ed25519 keys stand for themselves (RFC 8463 section 4), without the frame of X.509.
        text = base64.b64encode(public[-32:] if kind == "ed25519" else public).decode()
        made[kind] = " ".join(f'"{text[at:at + 200]}"' for at in range(0, len(text), 200))
    return made


def zone():
    text = ("$TTL 300\n@ IN SOA ns hostmaster 1 7200 3600 1209600 300\n@ IN NS ns\nns IN A 127.0.0.1\n"
            f"mx IN A {MX_ADDRESS}\n")
    for number in range(1, 12):
        text += f"h{number}.pool IN A 192.0.2.{100 + number}\n"
    for name, spf, dmarc, more, _ in CASES:
        text += f"$ORIGIN {name}.example.\n@ IN MX 10 mx.example.\n"
        if spf:
            text += f'@ IN TXT "{spf}"\n'
        if dmarc:
            text += f'_dmarc IN TXT "{dmarc.replace("{}", name + ".example")}"\n'
        text += more.replace("{}", name + ".example")
    for kind, key in keys().items():
        text = text.replace("{" + kind + "}", key)
    return text


OTHER = ("$TTL 300\n@ IN SOA ns.example. hostmaster.example. 1 7200 3600 1209600 300\n@ IN NS ns.example.\n"
         'permitted.example._report._dmarc.other IN TXT "v=DMARC1"\n')
EMPTY = "$TTL 300\n@ IN SOA ns.example. hostmaster.example. 1 7200 3600 1209600 300\n@ IN NS ns.example.\n"


def serve(folder):
    run("ip", "link", "set", "lo", "up")
    (folder / "example").write_text(zone())
    (folder / "test").write_text(OTHER)
    (folder / "root").write_text(EMPTY)
    (folder / "named.conf").write_text(f"""options {{ directory "{folder}"; listen-on {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
pid-file none; lock-file none; session-keyfile "{folder}/session.key"; recursion no; dnssec-validation no; notify no;
check-integrity no; check-names primary ignore; minimal-responses yes; }};
controls {{ }};
zone "." {{ type primary; file "root"; }};
zone "example" {{ type primary; file "example"; }};
zone "test" {{ type primary; file "test"; }};
""")
    log = folder / "named.log"
    with log.open("w") as out:
        process = subprocess.Popen([program("named"), "-g", "-n", "1", "-c", folder / "named.conf"], stdout=out, stderr=out)
    wait_for(53, "127.0.0.1", process, log)
    return process


def ours(folder, binary):
    (folder / "profiles").mkdir()
    ids = ", ".join(f"{{ id: {check} }}" for check in CHECKS)
    (folder / "profiles/mail-agreement.yaml").write_text(
        "id: mail-agreement\ntitle: What is compared\nextends: common-baseline\nentries:\n"
        f"  - {{ row: control#MAIL-01, as: all, level: should, checks: [{ids}] }}\n")
    names = [case[0] + ".example" for case in CASES]
    text = "organisation: { name: Office, country: US }\ncontact: security@office.example\ntargets:\n"
    for name in names:
        selectors = ", dkim_selectors: [k1]" if name.startswith("dkim-") else ""
        text += f"  - {{ name: {name}, roles: [mail-domain]{selectors} }}\n"
    (folder / "inventory.yaml").write_text(text)
    done = subprocess.run([binary, "scan", "--only=mail", "--profile=mail-agreement", f"--profiles={folder}/profiles",
                           f"--inventory={folder}/inventory.yaml", "--resolver=127.0.0.1:53", "--format", "json",
                           f"--save={folder}/run.jsonl",
                           f"--connect-to={MX_ADDRESS}:25:127.0.0.1:25"],
                          capture_output=True, text=True, timeout=200)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"the scan wrote no findings: {done.stderr}")
    said = {name: {"failing": set(), "open": set()} for name in names}
    for finding in found["findings"]:
        kind = {"fail": "failing", "inconclusive": "open"}.get(finding["verdict"])
        if kind and finding["check"].startswith(AREAS):
            said[finding["target"]][kind].add(finding["check"])
    return {name: {kind: sorted(checks) for kind, checks in entry.items()} for name, entry in said.items()}


def told_twice(run, binary):
    """Domains of which the common baseline says more than one thing that it does not say of the domain without a fault."""
    done = subprocess.run([binary, "judge", run, "--format", "json"], capture_output=True, text=True, timeout=100)
    failing = {}
    for finding in json.loads(done.stdout)["findings"]:
        if finding["verdict"] == "fail" and finding["check"].startswith("mail."):
            failing.setdefault(finding["target"], set()).add(finding["check"])
    usual = failing.get("good.example", set())
    return {name: sorted(checks - usual) for name, checks in sorted(failing.items()) if len(checks - usual) > 1}


def checkdmarc(where):
    script = """
import json, sys, checkdmarc
said = {}
for name in sys.argv[1:]:
    result = checkdmarc.check_domains([name], skip_tls=True, nameservers=["127.0.0.1"], timeout=2)
    entry = {}
    for area in ("spf", "dmarc", "mta_sts", "smtp_tls_reporting", "bimi"):
        part = result.get(area) or {}
        entry[area] = {"valid": part.get("valid"), "error": part.get("error"), "warnings": part.get("warnings") or []}
    said[name] = entry
print(json.dumps(said))
"""
    names = [case[0] + ".example" for case in CASES]
    done = subprocess.run(["python3", "-c", script, *names], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "PYTHONPATH": where})
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    binary, folder, out, *what = sys.argv[1:]
    folder = Path(folder).resolve()
    folder.mkdir(parents=True)
    server = serve(folder)
    said = {}
    try:
        for word in what:
            said[word.split("=")[0]] = ours(folder, binary) if word == "ours" else checkdmarc(word.split("=")[1])
    finally:
        server.terminate()
        server.wait(20)
    Path(out).write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    wrong, unseen = False, False
    for name, _, _, _, failing in CASES if "ours" in said else []:
        found = said["ours"][name + ".example"]
        if found["failing"] != sorted(failing):
            only_open = late(failing, found["failing"], found["open"])
            wrong, unseen = wrong or not only_open, unseen or only_open
            print(f"{name}.example: expected {sorted(failing)}, found {found}")
    if "ours" in said and (twice := told_twice(folder / "run.jsonl", binary)):
        wrong = True
        print(f"one fault, and more than one finding: {twice}")
    print(f"{len(CASES)} domains compared")
    return 1 if wrong else AGAIN if unseen else 0


if __name__ == "__main__":
    ends(main)
