"""A small Internet in one network namespace: a root, a top-level domain, an office's
zone for each case, their servers, and a resolver. Signed by BIND's tools or by Knot."""

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ABOVE = ["203.0.113.1"]
FIRST = ["192.0.2.53", "2001:db8:1::53"]
SECOND = ["198.51.100.53", "2001:db8:2::53"]
# A server with everything wrong that is no matter of a zone.
LOOSE = ["203.0.113.53", "2001:db8:3::53"]
RESOLVER = "127.0.0.1"
HOSTS = ABOVE + FIRST + SECOND + LOOSE

ZONE = """@ IN SOA ns1 hostmaster 7 7200 3600 1209600 300
@ IN NS ns1
@ IN NS ns2
ns1 IN A 192.0.2.53
ns1 IN AAAA 2001:db8:1::53
ns2 IN A 198.51.100.53
ns2 IN AAAA 2001:db8:2::53
@ IN A 192.0.2.80
@ IN AAAA 2001:db8:1::80
@ IN CAA 0 issue ";"
@ IN CAA 0 iodef "mailto:security@office.example"
child IN NS ns.child
ns.child IN A 192.0.2.54
"""
PARENT = """{} IN NS ns1.{}
{} IN NS ns2.{}
ns1.{} IN A 192.0.2.53
ns1.{} IN AAAA 2001:db8:1::53
ns2.{} IN A 198.51.100.53
ns2.{} IN AAAA 2001:db8:2::53
"""


class Missing(Exception):
    """A program that is not installed."""


class Broken(Exception):
    """Something of the lab does not work."""


# What scripts end with when the lab broke or answered late, which is worth another look; and when a program is missing.
AGAIN, LEFT_OUT = 75, 77


def ends(main):
    """Ends the script as its main part says."""
    try:
        sys.exit(main())
    except Missing as missing:
        print(f"{missing} is missing", file=sys.stderr)
        sys.exit(LEFT_OUT)
    except Broken as broken:
        print(broken, file=sys.stderr)
        sys.exit(AGAIN)


def late(expected, found, open_, expected_open=()):
    """Whether all that a scan did not say as expected stayed open. Servers of a busy machine may answer late: that is an honest gap,
    and worth another look; a wrong word is not."""
    missing = set(expected) - set(found)
    return set(found) <= set(expected) and missing | set(expected_open) <= set(open_)


def program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Missing(name)
    return path


def run(*arguments, cwd=None, check=True, timeout=900):
    done = subprocess.run([program(arguments[0]), *map(str, arguments[1:])], cwd=cwd,
                          capture_output=True, text=True, timeout=timeout)
    if check and done.returncode:
        raise Broken(f"{arguments}: {done.stdout}{done.stderr}")
    return done.stdout


def records(text):
    """Owner, type and data of each line of a flat master file."""
    for line in text.splitlines():
        words = line.split(";")[0].split() if '"' not in line else line.split()
        if len(words) < 4 or not words[1].isdigit():
            continue
        rest = words[2:]
        if rest[0] == "IN":
            rest = rest[1:]
        yield words[0].lower(), rest[0], rest[1:]


def write(path, all_records):
    path.write_text("".join(f"{owner} 300 IN {kind} {' '.join(data)}\n" for owner, kind, data in all_records))


def wait_for(port, address, process, log):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as probe:
            probe.settimeout(1)
            # BIND accepts connections before it has read its zones, and answers SERVFAIL until then.
            reads = str(process.args[0]).endswith("named") and "all zones loaded" not in log.read_text()
            if probe.connect_ex((address, port)) == 0 and not reads:
                return
        time.sleep(0.05)
    raise Broken(f"{process.args} does not serve {address}: {log.read_text()}")


class Internet:
    """All zones, and the servers while they run."""

    def __init__(self, folder, cases):
        self.folder = Path(folder)
        self.cases = cases
        self.running = []
        for name in ["first", "second", "knot", "keys"]:
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    # Signing

    def bind_keys(self, zone, algorithm="ECDSAP256SHA256"):
        for flags in (["-f", "KSK"], []):
            run("dnssec-keygen", "-q", "-K", "keys", "-a", algorithm, *flags, zone, cwd=self.folder)

    def bind_sign(self, zone, path, arguments=()):
        self.bind_keys(zone)
        run("dnssec-signzone", "-q", "-P", "-S", "-K", "keys", "-d", "keys", "-O", "full", "-o", zone,
            "-f", f"{path}.signed", *arguments, path, cwd=self.folder)
        name = zone if zone == "." else zone + "."
        return (self.folder / f"keys/dsset-{name}").read_text() if zone != "." else \
            (self.folder / "keys/dsset-.").read_text()

    def knot_sign(self, cases):
        """Lets Knot sign the zones of these cases, and takes what it wrote."""
        if not cases:
            return {}
        folder = self.folder / "knot"
        text = f"""server:
  rundir: {folder}
  listen: 127.0.0.1@5399
  user: root
database:
  storage: {folder}
log:
- target: stderr
  any: info
policy:
"""
        for case in cases:
            text += f"- id: {case['name']}\n"
            for key, value in {"zsk-lifetime": 0, "ksk-lifetime": 0, "cds-cdnskey-publish": "none",
                               **case["knot"]}.items():
                if key != "rollover":
                    text += f"  {key}: {value}\n"
        text += "template:\n- id: default\n  zonefile-sync: 0\n  journal-content: none\n  zonefile-load: whole\nzone:\n"
        for case in cases:
            zone = case["name"] + ".example"
            (folder / zone).write_text("$TTL 300\n$ORIGIN " + zone + ".\n" + case["zone"])
            text += f"- domain: {zone}\n  file: {folder}/{zone}\n  dnssec-signing: on\n  dnssec-policy: {case['name']}\n"
        conf = folder / "sign.conf"
        conf.write_text(text)
        for case in cases:
            for options in case["knot"].get("rollover", []):
                run("keymgr", "-c", conf, case["name"] + ".example", "generate", *options.split())
        log = folder / "sign.log"
        with log.open("w") as out:
            process = subprocess.Popen([program("knotd"), "-c", conf], stdout=out, stderr=out)
        try:
            end = time.monotonic() + 40
            waiting = list(cases)
            while waiting and time.monotonic() < end:
                time.sleep(0.2)
                waiting = [c for c in waiting
                           if "RRSIG" not in (folder / f"{c['name']}.example").read_text()]
            time.sleep(0.3)
            if waiting:
                raise Broken(f"Knot did not sign {[c['name'] for c in waiting]}: {log.read_text()}")
        finally:
            process.terminate()
            process.wait(20)
        signed = {}
        for case in cases:
            zone = case["name"] + ".example"
            lines = run("keymgr", "-c", conf, zone, "ds").splitlines()
            # SHA-256 of each key: 2 of 1, 2 and 4.
            ds = "".join(line + "\n" for line in lines if line.split()[4] == "2")
            signed[case["name"]] = ((folder / zone).read_text(), ds)
        return signed

    def build(self):
        signed = self.knot_sign([case for case in self.cases if case.get("knot") is not None])
        parent = ("$TTL 300\n@ IN SOA ns.example. hostmaster.example. 1 7200 3600 1209600 300\n"
                  "@ IN NS ns.example.\nns IN A 203.0.113.1\na.root IN A 203.0.113.1\n"
                  "nsalias IN CNAME nsreal\nnsreal IN A 198.51.100.53\nnsreal IN AAAA 2001:db8:2::53\n")
        for case in self.cases:
            zone = case["name"] + ".example"
            first, second = self.folder / "first" / zone, self.folder / "second" / zone
            plain = f"$TTL 300\n$ORIGIN {zone}.\n" + case["zone"]
            ds = ""
            if case["name"] in signed:
                text, ds = signed[case["name"]]
                write(first, records(text))
            elif case.get("bind") is not None:
                first.write_text(plain)
                ds = self.bind_sign(zone, f"first/{zone}", case["bind"])
                text = (first.parent / f"{zone}.signed").read_text()
                write(first, records(text))
            else:
                first.write_text(plain)
            whole = first.read_text()
            if case.get("edit"):
                changed = list(case["edit"](zone + ".", list(records(whole))))
                assert changed != list(records(whole)), f"{zone}: the edit changes nothing"
                write(first, changed)
            second.write_text(first.read_text())
            if case.get("second") == "absent":
                second.unlink()
            elif case.get("second"):
                text = second.read_text()
                text = case["second"](zone + ".", text, plain)
                second.write_text(text)
            if case.get("ds"):
                ds = case["ds"](ds)
            parent += (case.get("parent") or PARENT).replace("{}", case["name"])
            parent += ds
        (self.folder / "example").write_text(parent)
        ds = self.bind_sign("example", "example", ["-3", "-"])
        (self.folder / "root").write_text(
            "$TTL 300\n@ IN SOA a.root.example. hostmaster.example. 1 7200 3600 1209600 300\n"
            f"@ IN NS a.root.example.\nexample. IN NS ns.example.\n{ds}")
        (self.folder / "anchor").write_text(self.bind_sign(".", "root"))
        keys = [path.read_text() for path in (self.folder / "keys").glob("K.+*.key")]
        (self.folder / "anchor.keys").write_text("".join(text for text in keys if " 257 " in text))
        (self.folder / "hints").write_text(". 3600 IN NS a.root.example.\na.root.example. 3600 IN A 203.0.113.1\n")

    # Serving

    def start(self, arguments, log, addresses):
        with log.open("w") as out:
            process = subprocess.Popen([program(arguments[0]), *map(str, arguments[1:])],
                                       stdout=out, stderr=out, cwd=self.folder)
        self.running.append(process)
        for address in addresses:
            wait_for(53, address, process, log)

    def named(self, name, addresses, options, zones, version="version none;"):
        v4 = "; ".join(a for a in addresses if ":" not in a)
        v6 = "; ".join(a for a in addresses if ":" in a) or "none"
        text = f"""options {{ directory "{self.folder}"; listen-on {{ {v4}; }}; listen-on-v6 {{ {v6}; }};
pid-file none; lock-file none; session-keyfile "{self.folder}/{name}.key"; dnssec-validation no; notify no;
{version} check-integrity no; check-names primary ignore; {options} }};
controls {{ }};
"""
        for zone, file, more in zones:
            text += f'zone "{zone}" {{ type primary; file "{file}"; {more} }};\n'
        if "recursion yes" in options:
            text += 'zone "." { type hint; file "hints"; };\n'
        conf = self.folder / f"{name}.conf"
        conf.write_text(text)
        self.start(["named", "-g", "-n", "1", "-c", conf], self.folder / f"{name}.log", addresses)

    def knot(self, zones):
        text = f"""server:
  rundir: {self.folder}/second
  user: root
  version: ""
  identity: ""
"""
        for address in SECOND:
            text += f"  listen: {address}@53\n"
        text += f"database:\n  storage: {self.folder}/second\nlog:\n- target: stderr\n  any: info\n"
        text += "template:\n- id: default\n  journal-content: none\n  zonefile-sync: -1\n  semantic-checks: off\nzone:\n"
        for zone, file in zones:
            text += f"- domain: {zone}\n  file: {self.folder}/{file}\n"
        conf = self.folder / "second.conf"
        conf.write_text(text)
        self.start(["knotd", "-c", conf], self.folder / "second.log", SECOND)

    def serve(self):
        closed = "recursion no; allow-transfer { none; };"
        self.named("above", ABOVE, closed, [(".", "root.signed", ""), ("example", "example.signed", "")])
        zones = [case["name"] + ".example" for case in self.cases]
        more = {case["name"] + ".example": case.get("options", "") for case in self.cases}
        self.named("first", FIRST, closed, [(zone, f"first/{zone}", more[zone]) for zone in zones])
        self.knot([(zone, f"second/{zone}") for zone in zones if (self.folder / "second" / zone).exists()])
        loose = [(zone, f"first/{zone}", "") for zone in zones if zone.startswith("loose")]
        if loose:
            self.named("loose", LOOSE, 'recursion yes; allow-recursion { any; }; empty-zones-enable no;', loose,
                       version='version "9.18";')
        self.named("resolver", [RESOLVER], "recursion yes; allow-recursion { any; }; empty-zones-enable no;", [])

    def stop(self):
        """Ends the servers. One that ended by itself is no fault of the scan, and told as such."""
        dead = [f"{process.args[0]} ended with {process.returncode}" for process in self.running
                if process.poll() is not None]
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(20)
        if dead:
            raise Broken(", ".join(dead))


def interfaces():
    run("ip", "link", "set", "lo", "up")
    for host in HOSTS:
        run("ip", "addr", "add", host + ("/128" if ":" in host else "/32"), "dev", "lo")


def flip(text):
    """Signature or key data with another bit."""
    raw = bytearray(base64.b64decode(text))
    raw[-1] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def is_of(record, owner, kind):
    """Whether a record is of an owner and a type; `RRSIG A` is the signature over A."""
    words = kind.split()
    return record[0] == owner and record[1] == words[0] and record[2][:len(words) - 1] == words[1:]


def number(text):
    return re.sub(r"[^0-9]", "", text)
