#!/usr/bin/env python3
"""Builds the zones, serves them in this network namespace, scans them, and where asked lets
other tools look at the same zones. Writes what each said as JSON.

usage: lab.py PROGRAM FOLDER OUT [dnssec] [delegation] [ours] [dnsviz] [zonemaster] [only=REGEX]
Run it by `unshare -n`: it takes addresses of others on the loopback interface. Exits with 1
and a story when the scan says other than the cases expect, with 75 when it only could not see something or the lab broke, and with 77
when a program is missing."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import dnssec_cases
import delegation_cases
from internet import AGAIN, HOSTS, RESOLVER, Internet, ends, interfaces, late, program

PROFILE = """id: agreement
title: The common baseline and all that is looked at in DNS
extends: common-baseline
entries:
  - { row: control#DNS-03, as: all, level: should, checks: [{ id: dns.server.algorithms-complete }, { id: dns.dnssec.algorithms-current }, { id: dns.dnssec.rsa-size }, { id: dns.ds.digests-current }, { id: dns.dnssec.no-opt-out }, { id: dns.dnssec.nsec3-plain }] }
  - { row: control#DNS-04, as: all, level: should, checks: [{ id: dns.dnssec.signatures-short }, { id: dns.dnssec.signatures-fresh }, { id: dns.cds.matches-keys }] }
  - { row: control#DNS-10, as: all, level: should, checks: [{ id: dns.server.no-transfer }, { id: dns.server.no-recursion }, { id: dns.server.version-hidden }, { id: dns.ns.routes-valid }] }
"""


# The routing table, and whom the owners of the networks let announce them.
ROUTES = """192.0.2.0/24 64496
2001:db8:1::/48 64496
198.51.100.0/24 64497
2001:db8:2::/48 64497
203.0.113.0/24 64500
2001:db8:3::/48 64498
"""
VRPS = {"roas": [{"asn": f"AS{origin}", "prefix": prefix, "maxLength": int(prefix.split("/")[1])} for prefix, origin in [
    ("192.0.2.0/24", 64496), ("2001:db8:1::/48", 64496), ("198.51.100.0/24", 64497), ("2001:db8:2::/48", 64497),
    ("203.0.113.0/24", 64498), ("2001:db8:3::/48", 64498)]]}


def ours(internet, binary):
    """Failing checks, what stays open and the validation of each zone."""
    folder = internet.folder
    (folder / "profiles").mkdir()
    (folder / "profiles/agreement.yaml").write_text(PROFILE)
    (folder / "routes").write_text(ROUTES)
    (folder / "vrps.json").write_text(json.dumps(VRPS))
    names = [case["name"] + ".example" for case in internet.cases]
    text = ("organisation: { name: Office, country: US }\ncontact: security@office.example\n"
            f"authorisation: {{ by: the test, until: \"2099-01-01\", targets: [{', '.join(names)}] }}\ntargets:\n")
    text += "".join(f"  - {{ name: {name}, roles: [dns-zone] }}\n" for name in names)
    (folder / "inventory.yaml").write_text(text)
    leads = [f"--connect-to={f'[{host}]' if ':' in host else host}:53:{f'[{host}]' if ':' in host else host}:53" for host in HOSTS]
    done = subprocess.run(
        [binary, "scan", "--only=dns", "--level=intrusive", "--profile=agreement", f"--profiles={folder}/profiles",
         f"--inventory={folder}/inventory.yaml", f"--save={folder}/run.jsonl", f"--resolver={RESOLVER}:53",
         f"--root-hints={folder}/hints", f"--trust-anchor={folder}/anchor",
         f"--routes={folder}/routes", f"--vrps={folder}/vrps.json", "--allow-private", *leads, "--format", "json"],
        capture_output=True, text=True, timeout=300)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"the scan wrote no findings: {done.stderr}")
    said = {name: {"failing": [], "open": []} for name in names}
    for finding in found["findings"]:
        entry = said.get(finding["target"])
        if entry is None:
            continue
        if finding["verdict"] == "fail":
            entry["failing"].append(finding["check"])
        elif finding["verdict"] == "inconclusive":
            gaps = [found["gaps"][index] for index in finding["gaps"]]
            if any(gap["reason"] != "not_asked" for gap in gaps):
                entry["open"].append(finding["check"])
    for line in (folder / "run.jsonl").read_text().splitlines()[1:]:
        seen = json.loads(line)
        entry = said[seen["target"]["name"]]
        validation = seen.get("dns", {}).get("dnssec", {}).get("validation") or {}
        entry["validation"] = [validation.get(key) for key in ("status", "reason", "broken_at")]
        entry["queries"] = seen["cost"]["queries"]
        entry["gaps"] = [[gap["at"], gap["reason"]] for gap in seen.get("gaps", []) if gap["reason"] != "not_asked"]
    for entry in said.values():
        entry["failing"] = sorted(set(entry["failing"]))
        entry["open"] = sorted(set(entry["open"]))
    return said


def dnsviz(internet):
    """Status of each zone, and the errors and warnings below it."""
    folder = internet.folder
    names = [case["name"] + ".example" for case in internet.cases]
    subprocess.run([program("dnsviz"), "probe", "-A", "-a", ".", "-x", ".+:a.root.example=203.0.113.1", "-4",
                    "-o", folder / "probed.json", *names], check=True, capture_output=True, timeout=1500)
    # It looks for a version where the pygraphviz of Debian 12 has none.
    shim = ("import sys; sys.argv = sys.argv[1:]; import pygraphviz, runpy, types; "
            "pygraphviz.release = types.SimpleNamespace(version='1.7'); runpy.run_path(sys.argv[0], run_name='__main__')")
    said = {}
    while True:
        done = subprocess.run(["/usr/bin/python3", "-c", shim, program("dnsviz"), "grok", "-r", folder / "probed.json",
                               "-t", folder / "anchor.keys", "-P", "-l", "info", "-o", folder / "grok.json", *names],
                              capture_output=True, text=True, timeout=600)
        if done.returncode == 0:
            break
        # It crashes over some zones whose keys are not there, and says which it was at.
        last = done.stderr.splitlines()[-1]
        zone = next(name for name in names if name in last)
        said[zone] = {"crashed": last.split(":")[0]}
        names.remove(zone)
    for name, entry in json.loads((folder / "grok.json").read_text()).items():
        name = name.rstrip(".")
        if name not in names:
            continue
        codes = {"errors": set(), "warnings": set()}
        collect(entry, codes)
        said[name] = {"delegation": entry.get("delegation", {}).get("status"),
                      "errors": sorted(codes["errors"]), "warnings": sorted(codes["warnings"])}
    return said


def collect(value, codes):
    """The codes of all errors and warnings, wherever they stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in codes and isinstance(inner, list):
                codes[key].update(item["code"] for item in inner if "code" in item)
            collect(inner, codes)
    elif isinstance(value, list):
        for inner in value:
            collect(inner, codes)


def zonemaster(internet):
    """Tags at level WARNING and above."""
    said = {}
    for case in internet.cases:
        name = case["name"] + ".example"
        done = subprocess.run([program("zonemaster-cli"), "--hints", internet.folder / "hints", "--level", "WARNING",
                               "--json", "--no-time", name], capture_output=True, text=True, timeout=300)
        try:
            entries = json.loads(done.stdout)
        except ValueError:
            raise SystemExit(f"zonemaster-cli {name}: {done.stdout}{done.stderr}")
        results = entries["results"] if isinstance(entries, dict) else entries
        said[name] = sorted({f"{entry['level']} {entry['tag']}" for entry in results})
    return said


def main():
    binary, folder, out, *what = sys.argv[1:]
    cases = {"dnssec": dnssec_cases.CASES, "delegation": delegation_cases.CASES}
    chosen = [word for word in what if word in cases] or list(cases)
    only = next((word[5:] for word in what if word.startswith("only=")), "")
    all_cases = [case for word in chosen for case in cases[word] if re.search(only, case["name"])]
    tools = [word for word in what if word in ("ours", "dnsviz", "zonemaster")]
    Path(folder).mkdir(parents=True, exist_ok=True)
    internet = Internet(Path(folder).resolve(), all_cases)
    begun = time.monotonic()

    def step(word):
        print(f"{time.monotonic() - begun:6.1f} s  {word}", file=sys.stderr)

    interfaces()
    try:
        internet.build()
        step("zones are signed")
        internet.serve()
        step("servers answer")
        said = {}
        for tool in tools:
            said[tool] = ours(internet, binary) if tool == "ours" else globals()[tool](internet)
            step(tool)
    finally:
        internet.stop()
    Path(out).write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    return differences(all_cases, said["ours"]) if "ours" in said else 0


def differences(cases, said):
    """Prints where a scan says other than expected; 1 when there is any such place, `AGAIN` when it only could not see."""
    wrong, unseen = False, False
    for case in cases:
        name = case["name"] + ".example"
        found = said[name]
        validation = case.get("validation") and [part and part.replace("{}", name) for part in case["validation"]]
        allowed = [sorted(case["failing"])] + ([case["or"]] if "or" in case else [])
        if found["failing"] in allowed and not found["open"] and validation in (None, found["validation"]):
            continue
        unsure = found["validation"][0] in (None, "indeterminate") or validation in (None, found["validation"])
        if found["open"] and unsure and any(late(failing, found["failing"], found["open"]) for failing in allowed):
            unseen = True
        else:
            wrong = True
        print(f"{name}: expected {allowed} {validation}, found {found}")
    print(f"{len(cases)} zones compared")
    return 1 if wrong else AGAIN if unseen else 0


if __name__ == "__main__":
    ends(main)
