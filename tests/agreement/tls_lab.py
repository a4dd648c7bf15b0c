#!/usr/bin/env python3
"""TLS servers of several makers, one that limits the rate and one that limits open connections; looked at by scrutineer and,
where they are there, by sslyze and testssl.sh in this network namespace.

usage: tls_lab.py PROGRAM FOLDER OUT [SERVER...]
Run it by `unshare -n` as root. SSLYZE and TESTSSL name the other scanners, OPENSSL_WITH_ML_KEM an OpenSSL from 3.5 on for the
server with a post-quantum group alone. Exits with 1 and a story when tls_explained.py leaves a difference unexplained or explains one
that is no more, with 75 when the lab itself broke, and with 77 when a program is missing.

A scanner that leaves something open is asked once more, alone. scrutineer is so only where its first look had gaps, and may then not
contradict itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import tls_peers
from internet import Missing, ends, program
from tls_explained import compare, contradictions, difference, left_open, show
from tls_servers import PORTS, Servers, connections_taken

# Servers that limit who comes: what they show must be what the server behind them shows.
LIMITED = {"rate", "open"}
UNLIMITED = "scrutineer without a limit"


class Lab:
    """A comparison of scrutineer with each of the peers, server by server."""

    def __init__(self, binary, folder, peers):
        self.binary, self.folder, self.peers = binary, folder, peers
        self.compared = dict.fromkeys(peers, 0)
        self.whole, self.facts, self.open = {}, {}, []

    def ask(self, name, server):
        """What a scanner says of a server: its version and facts; of scrutineer its facts and what it could not see."""
        if name == "scrutineer":
            return tls_peers.ours(self.binary, server, self.folder)
        path, ask = self.peers[name]
        return ask(path, server, self.folder)

    def look(self, server):
        said, connections = {}, {}
        for name in ["scrutineer", *self.peers]:
            before = connections_taken()
            said[name] = self.ask(name, server)
            connections[name] = connections_taken() - before
        ours, unseen = said.pop("scrutineer")
        left = self.judge(server, ours, said)
        for name in [name for name in self.peers if left[name]]:
            print(f"{name} once more, as at first it left open: {'; '.join(left[name])}")
            said[name] = self.ask(name, server)
        left = self.judge(server, ours, said)
        if unseen and any(left.values()):
            print(f"scrutineer once more, as at first it could not see {', '.join(sorted(unseen))}: {left}")
            again, _ = self.ask("scrutineer", server)
            self.open += [f"{server}: {text}" for text in contradictions(ours, again, unseen)]
            ours = again
            left = self.judge(server, ours, said)
        self.facts[server] = ours
        self.open += [text for texts in left.values() for text in texts]
        for name, (_, theirs) in said.items():
            self.compared[name] += len(compare(name, server, ours, theirs))
        facts = {"scrutineer": ours, **{name: theirs for name, (_, theirs) in said.items()}}
        self.whole[server] = {"connections": connections,
                              "facts": {name: {fact: show(value) for fact, value in one.items()} for name, one in facts.items()}}

    def judge(self, server, ours, said):
        """What is left open, by the scanner with which scrutineer was compared."""
        left = {name: left_open(name, version, server, compare(name, server, ours, theirs))
                for name, (version, theirs) in said.items()}
        if server in LIMITED and "intermediate" in self.facts:
            behind = {fact: difference(value, UNLIMITED, self.facts["intermediate"][fact]) for fact, value in ours.items()}
            left[UNLIMITED] = [f"{server}: {fact}: {text}" for fact, text in behind.items() if text]
        return left


def main():
    binary, folder, out, *only = sys.argv[1:]
    folder = Path(folder).resolve()
    folder.mkdir(parents=True)
    subprocess.run([program("ip"), "link", "set", "lo", "up"], check=True)
    peers = {name: (Path(program(os.environ[variable])).absolute(), ask) for name, (variable, ask) in tls_peers.PEERS.items()
             if os.environ.get(variable)}
    if not peers:
        raise Missing("sslyze (SSLYZE) and testssl.sh (TESTSSL)")
    lab = Lab(Path(binary).absolute(), folder, peers)
    with Servers(folder) as servers:
        for server in only or PORTS:
            try:
                servers.start(server)
            except Missing as missing:
                print(f"left out: {server}: {missing} is missing")
                continue
            lab.look(server)
    Path(out).write_text(json.dumps(lab.whole, indent=1, sort_keys=True))
    counts = ", ".join(f"{count} with {name}" for name, count in lab.compared.items())
    print(f"facts of {len(lab.whole)} servers compared: {counts}")
    print("\n".join(lab.open))
    return 1 if lab.open else 0


if __name__ == "__main__":
    ends(main)
