"""The differences between scrutineer and other scanners of TLS that docs/tls-agreement.md explains, and what is left open of a
comparison with their help: a difference that nothing explains, and an explanation of a difference that is no more."""

import re
import sys
from typing import NamedTuple


class Explained(NamedTuple):
    """What only one of the two says of a fact of a server."""
    peer: str
    server: str
    fact: str
    # The difference, in one form or more.
    says: tuple[str, ...]
    # Versions of the peer, as a regular expression, for which alone it holds.
    only_on: str | None
    # Whether the peer says now this and now that, so that the difference need not be there each time.
    wavers: bool
    # Why, for either of the two.
    because: str | None
    # Where in this file it stands.
    line: int

    def holds_on(self, version):
        return self.only_on is None or re.fullmatch(self.only_on, version) is not None


def explained(peer, servers, fact, *says, only_on=None, wavers=False, because=None):
    """One explanation a server. What is demanded less than always wants a reason."""
    if (only_on is not None or wavers) != (because is not None):
        raise ValueError(f"{peer}, {fact}: an exception and the reason for it go together")
    line = sys._getframe(1).f_lineno
    return [Explained(peer, server, fact, says, only_on, wavers, because, line) for server in servers]


NOT_IN_ITS_LIST = "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256 TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256 only by scrutineer"
NOT_TO_OURS = "scrutineer None, sslyze True"
HANGS_UP = "its client ends after the handshake, whether the tickets of TLS 1.3 have come by then or not"
EXPLAINED = [
    *explained("sslyze", ["legacy", "mail"], "suites TLS1.2", NOT_IN_ITS_LIST),
    *explained("sslyze", ["tls13"], "extended master secret", NOT_TO_OURS),
    *explained("sslyze", ["tls13"], "secure renegotiation", NOT_TO_OURS),
    *explained("sslyze", ["intermediate", "tls13", "java"], "fallback signal", NOT_TO_OURS),
    *explained("sslyze", ["java"], "resumption by ticket", "scrutineer True, sslyze False"),
    *explained("sslyze", ["legacy"], "resumption by id", "scrutineer True, sslyze False"),
    *explained("sslyze", ["rate", "open"], "versions", "TLS1.2 TLS1.3 only by scrutineer"),
    *explained("sslyze", ["post-quantum"], "versions", "TLS1.3 only by scrutineer"),
    *explained("testssl.sh", ["tls13"], "resumption by id", "scrutineer None, testssl.sh True", "scrutineer None, testssl.sh False",
               wavers=True, because=HANGS_UP),
    *explained("testssl.sh", ["tls13"], "resumption by ticket", "scrutineer None, testssl.sh True", "scrutineer None, testssl.sh False",
               wavers=True, because=HANGS_UP),
    *explained("testssl.sh", ["gnutls"], "resumption by id", "scrutineer True, testssl.sh False", wavers=True,
               because="one run finds them and the next does not"),
    *explained("testssl.sh", ["post-quantum"], "versions", "TLS1.3 only by scrutineer"),
]
# Servers that turn a scanner away. While it finds no version there, nothing else that it says of them is compared.
TURNED_AWAY = {("sslyze", "rate"), ("sslyze", "open")}
# Servers that turn a scanner away now and then. What it misses there changes from run to run, with how fast the machine is, and is
# not held against ours; what it finds and ours does not is.
MISSES_SOME = {("testssl.sh", "rate")}


def difference(ours, peer, theirs):
    """What only one of the two says, in words; empty when they agree."""
    if isinstance(ours, set) and isinstance(theirs, set):
        sides = ((ours - theirs, "scrutineer"), (theirs - ours, peer))
        return "; ".join(f"{' '.join(sorted(only))} only by {who}" for only, who in sides if only)
    return "" if ours == theirs else f"scrutineer {show(ours)}, {peer} {show(theirs)}"


def show(value):
    return sorted(value) if isinstance(value, set) else value


def says_less(ours, theirs):
    """Whether a scanner found only a part of what ours did."""
    if isinstance(ours, set) and isinstance(theirs, set):
        return theirs < ours
    return (ours, theirs) == (True, False)


def compare(peer, server, ours, theirs):
    """The difference in each fact that a scanner tells."""
    told = {fact: value for fact, value in theirs.items() if value is not None}
    if (peer, server) in TURNED_AWAY and not told.get("versions"):
        told = {"versions": set()}
    if (peer, server) in MISSES_SOME:
        told = {fact: value for fact, value in told.items() if not says_less(ours.get(fact), value)}
    return {fact: difference(ours.get(fact), peer, value) for fact, value in told.items()}


def left_open(peer, version, server, differences, explanations=None):
    """What the comparison of a server with one version of a scanner leaves open."""
    explanations = EXPLAINED if explanations is None else explanations
    here = [one for one in explanations if (one.peer, one.server) == (peer, server) and one.holds_on(version)]
    known = {(one.fact, text) for one in here for text in one.says}
    unexplained = [f"{server}: {fact}: {text}" for fact, text in differences.items() if text and (fact, text) not in known]
    idle = [f"{server}: {one.fact}: tls_explained.py line {one.line} explains {' or '.join(one.says)!r}, but {peer} {version} "
            f"{'says nothing of it' if one.fact not in differences else differences[one.fact] or 'agrees'}: "
            "take it out, there and in docs/tls-agreement.md"
            for one in here if not one.wavers and differences.get(one.fact) not in one.says]
    return unexplained + idle


def contradictions(first, second, unseen):
    """Facts of which scrutineer said one thing and then another. Of those that the first look could not see, the second may tell, and
    may tell more of a list that was seen in part."""
    def fits(fact, before, after):
        more = before is None or isinstance(before, set) and isinstance(after, set) and before <= after
        return before == after or fact in unseen and more
    return [f"{fact}: scrutineer said {show(first[fact])} and then {show(second[fact])}"
            for fact in first if not fits(fact, first[fact], second[fact])]
