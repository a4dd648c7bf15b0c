#!/usr/bin/env python3
"""TLS servers of several makers, one that limits the rate and one that limits open connections; looked at by scrutineer and,
where they are there, by sslyze and testssl.sh in this network namespace.

usage: tls_lab.py PROGRAM FOLDER OUT [SERVER...]
Run it by `unshare -n` as root. SSLYZE and TESTSSL name the other scanners, OPENSSL_WITH_ML_KEM an OpenSSL from 3.5 on for the
server with a post-quantum group alone. Exits with 1 and a story when a difference is not explained here, and with 77 when a
program is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import tls_peers
from internet import Missing, program
from tls_servers import PORTS, Servers, connections_taken

# Differences that docs/tls-agreement.md explains: scanner, server (`*` for all) and fact, and what only one of the two says.
NOT_IN_ITS_LIST = "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256 TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256 only by scrutineer"
EXPLAINED = {
    ("sslyze", "legacy", "suites TLS1.2"): NOT_IN_ITS_LIST,
    ("sslyze", "mail", "suites TLS1.2"): NOT_IN_ITS_LIST,
    ("sslyze", "tls13", "extended master secret"): "scrutineer None, sslyze True",
    ("sslyze", "tls13", "secure renegotiation"): "scrutineer None, sslyze True",
    ("sslyze", "*", "fallback signal"): "scrutineer None, sslyze True",
    ("sslyze", "java", "resumption by ticket"): "scrutineer True, sslyze False",
    ("sslyze", "legacy", "resumption by id"): "scrutineer True, sslyze False",
    ("sslyze", "post-quantum", "versions"): "TLS1.3 only by scrutineer",
    ("testssl.sh", "tls13", "resumption by id"): "scrutineer None, testssl.sh True",
    ("testssl.sh", "tls13", "resumption by ticket"): "scrutineer None, testssl.sh True",
    ("testssl.sh", "gnutls", "resumption by id"): "scrutineer True, testssl.sh False",
    ("testssl.sh", "rate", "resumption by id"): "scrutineer True, testssl.sh False",
    ("testssl.sh", "post-quantum", "versions"): "TLS1.3 only by scrutineer",
}
# Servers that turn sslyze away: what it says of them is not compared.
TURN_AWAY = {"rate", "open"}


def difference(ours, peer, theirs):
    if isinstance(ours, set) and isinstance(theirs, set):
        sides = ((ours - theirs, "scrutineer"), (theirs - ours, peer))
        return "; ".join(f"{' '.join(sorted(only))} only by {who}" for only, who in sides if only)
    return "" if ours == theirs else f"scrutineer {show(ours)}, {peer} {show(theirs)}"


def show(value):
    return sorted(value) if isinstance(value, set) else value


def look(server, folder, binary, peers):
    """What each scanner says of a server, and how many connections the kernel took for it."""
    said, cost = {}, {}
    for name, ask in [("scrutineer", (tls_peers.ours, binary)), *peers.items()]:
        before = connections_taken()
        told = ask[0](ask[1], server, folder)
        said[name], cost[name] = told, connections_taken() - before
    return said, cost


def main():
    binary, folder, out, *only = sys.argv[1:]
    folder = Path(folder)
    folder.mkdir(parents=True)
    subprocess.run([program("ip"), "link", "set", "lo", "up"], check=True)
    peers = {name: (ask, os.environ[variable]) for name, variable, ask in
             (("sslyze", "SSLYZE", tls_peers.sslyze), ("testssl.sh", "TESTSSL", tls_peers.testssl)) if os.environ.get(variable)}
    if not peers:
        raise Missing("sslyze (SSLYZE) and testssl.sh (TESTSSL)")
    whole, facts, open_, compared = {}, {}, [], 0
    with Servers(folder) as servers:
        for server in only or PORTS:
            try:
                servers.start(server)
            except Missing as missing:
                print(f"left out: {server}: {missing} is missing")
                continue
            said, cost = look(server, folder, binary, peers)
            whole[server] = {"connections": cost, "facts": {name: {key: show(value) for key, value in one.items()}
                                                            for name, one in said.items()}}
            if server in TURN_AWAY:
                # What a limit hides from others must be as without it.
                behind = {fact: difference(value, "scrutineer without a limit", facts["intermediate"][fact])
                          for fact, value in said["scrutineer"].items()} if "intermediate" in facts else {}
                open_ += [f"{server}: {fact}: {text}" for fact, text in behind.items() if text]
                compared += len(behind)
            facts[server] = said["scrutineer"]
            for peer in peers:
                for fact, theirs in said[peer].items():
                    if theirs is None or (peer == "sslyze" and server in TURN_AWAY):
                        continue
                    compared += 1
                    text = difference(said["scrutineer"].get(fact), peer, theirs)
                    known = [EXPLAINED.get((peer, one, fact)) for one in (server, "*")]
                    if text and text not in known:
                        open_.append(f"{server}: {fact}: {text}")
    Path(out).write_text(json.dumps(whole, indent=1, sort_keys=True))
    print(f"{compared} facts of {len(whole)} servers compared")
    print("\n".join(open_))
    return 1 if open_ else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Missing as missing:
        print(f"{missing} is missing", file=sys.stderr)
        sys.exit(77)
