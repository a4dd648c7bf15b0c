"""The crates that a release binary is made of, read from `cargo metadata`."""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# One list for every platform that is released would name crates of none: this is the platform of the packages.
PLATFORM = "x86_64-unknown-linux-gnu"


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={PLATFORM}"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def tree(data):
    """The root's id, and for every crate that is linked or runs at build time the ids of those it needs.

    The second value tells which are linked: the others are build scripts, macros and what they need.
    """
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    packages = {package["id"]: package for package in data["packages"]}
    root = data["resolve"]["root"]

    def needs(node, kinds):
        return sorted(
            dep["pkg"] for dep in nodes[node]["deps"] if any(kind["kind"] in kinds for kind in dep["dep_kinds"])
        )

    def is_macro(package):
        return any("proc-macro" in target["kind"] for target in packages[package]["targets"])

    everything, linked = {}, set()
    waiting = [(root, True)]
    while waiting:
        package, as_linked = waiting.pop()
        as_linked = as_linked and not is_macro(package)
        if package in everything and (not as_linked or package in linked):
            continue
        if as_linked:
            linked.add(package)
        everything[package] = needs(package, (None, "build"))
        runs = set(needs(package, (None,)))
        waiting += [(other, as_linked and other in runs) for other in everything[package]]
    return root, everything, linked, packages
