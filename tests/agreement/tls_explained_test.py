"""What a comparison of TLS scanners leaves open, and that the explanations are those of docs/tls-agreement.md."""

import re
import unittest
from pathlib import Path

from tls_explained import EXPLAINED, MISSES_SOME, compare, contradictions, explained, left_open
from tls_peers import unseen

PAGE = Path(__file__).parents[2] / "docs/tls-agreement.md"
RULES = [
    *explained("peer", ["a", "b"], "order", "scrutineer client, peer server"),
    *explained("peer", ["d"], "order", "scrutineer client, peer server", "scrutineer client, peer None"),
    *explained("peer", ["e"], "order", "scrutineer client, peer server", wavers=True, because="it guesses"),
    *explained("peer", ["a"], "curves", "x448 only by scrutineer", only_on=r"2\..*", because="version 3 knows x448"),
]


class LeftOpen(unittest.TestCase):
    def open(self, ours, theirs, version="2.1", server="a"):
        return left_open("peer", version, server, compare("peer", server, ours, theirs), RULES)

    def test_nothing_where_each_difference_is_explained_and_each_explanation_used(self):
        ours = {"order": "client", "curves": {"x25519", "x448"}, "early data": False}
        self.assertEqual(self.open(ours, {"order": "server", "curves": {"x25519"}, "early data": False}), [])
        self.assertEqual(self.open(ours, {"order": "server", "curves": {"x25519", "x448"}}, version="3.0"), [])
        self.assertEqual(self.open(ours, {"order": "server"}, server="b"), [])
        self.assertEqual(self.open(ours, {"order": "client"}, server="c"), [])

    def test_a_difference_that_nothing_explains(self):
        ours = {"order": "client", "curves": {"x25519", "x448"}}
        theirs = {"order": "server", "curves": {"x25519"}}
        self.assertEqual(self.open(ours, theirs, server="c"), ["c: order: scrutineer client, peer server",
                                                               "c: curves: x448 only by scrutineer"])
        # What holds on some versions explains nothing on others.
        self.assertEqual(self.open(ours, theirs, version="3.0"), ["a: curves: x448 only by scrutineer"])

    def test_an_explanation_that_explains_nothing_names_itself(self):
        ours = {"order": "client", "curves": {"x25519", "x448"}}
        agreed, = self.open(ours, {"order": "client"}, server="b")
        self.assertRegex(agreed, rf"^b: order: tls_explained.py line {RULES[0].line} explains .* but peer 2.1 agrees: take it out")
        unsaid, = self.open(ours, {"order": None}, server="b")
        self.assertIn("says nothing of it", unsaid)
        other = self.open(ours, {"order": "server", "curves": set()})
        self.assertEqual(len(other), 2, other)

    def test_a_scanner_that_wavers_may_agree_and_say_nothing_else(self):
        for theirs in ("client", "server"):
            self.assertEqual(self.open({"order": "client"}, {"order": theirs}, server="e"), [])
        self.assertEqual(len(self.open({"order": "client"}, {"order": "other"}, server="e")), 1)

    def test_one_of_two_forms_is_there(self):
        self.assertEqual(self.open({"order": "client"}, {"order": "server"}, server="d"), [])
        self.assertEqual(len(self.open({"order": "client"}, {"order": "client"}, server="d")), 1)
        self.assertEqual(len(self.open({"order": "client"}, {"order": "other"}, server="d")), 2)

    def test_exceptions_want_a_reason(self):
        for exception in ({"only_on": "2.*"}, {"wavers": True}, {"because": "so"}):
            with self.assertRaises(ValueError):
                explained("peer", ["a"], "order", "", **exception)

    def test_a_scanner_that_is_turned_away_no_more_is_compared(self):
        ours = {"versions": {"TLS1.3"}, "early data": True}
        away = compare("sslyze", "rate", ours, {"versions": set(), "early data": False})
        self.assertEqual(away, {"versions": "TLS1.3 only by scrutineer"})
        let_in = compare("sslyze", "rate", ours, {"versions": {"TLS1.3"}, "early data": False})
        self.assertEqual(let_in["early data"], "scrutineer True, sslyze False")

    def test_what_a_scanner_misses_that_is_turned_away_at_times_is_not_held_against_ours(self):
        ours = {"curves": {"x25519", "x448"}, "early data": True, "order": "client"}
        less = {"curves": {"x25519"}, "early data": False}
        self.assertEqual(compare("testssl.sh", "rate", ours, less), {})
        other = {"curves": {"x25519", "secp256r1"}, "order": "server"}
        self.assertEqual(len([text for text in compare("testssl.sh", "rate", ours, other).values() if text]), 2)
        self.assertEqual(compare("testssl.sh", "open", ours, less)["early data"], "scrutineer True, testssl.sh False")


class TwoLooks(unittest.TestCase):
    def test_more_may_be_seen_of_what_could_not_be_seen_and_nothing_else(self):
        first = {"order": None, "curves": {"x25519"}, "early data": False}
        more = {"order": "client", "curves": {"x25519", "x448"}, "early data": False}
        self.assertEqual(contradictions(first, more, {"order", "curves"}), [])
        self.assertEqual(contradictions(first, more, set()), ["order: scrutineer said None and then client",
                                                              "curves: scrutineer said ['x25519'] and then ['x25519', 'x448']"])
        other = {"order": None, "curves": {"x448"}, "early data": True}
        self.assertEqual(len(contradictions(first, other, {"curves", "early data"})), 2)

    def test_gaps_tell_what_could_not_be_seen(self):
        gaps = [{"at": f"/tls/endpoints/{at}", "reason": "timeout"} for at in ("-", "0/groups/-", "0/certificates/0/revocation", "0/ech")]
        self.assertEqual(unseen(gaps), {"curves", "finite fields"})
        self.assertEqual(unseen([{"at": "/tls/endpoints/0/resumption", "reason": "reset"}]),
                         {"resumption by id", "resumption by ticket", "early data"})
        self.assertEqual(unseen([{"at": "/tls/endpoints/0", "reason": "not_asked"}]), set())
        self.assertEqual(len(unseen([{"at": "/tls/endpoints/0", "reason": "timeout"}])), 20)


class Page(unittest.TestCase):
    def test_each_explanation_stands_on_the_page_and_no_other(self):
        told = set()
        for line in PAGE.read_text().splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) == 4 and cells[0] in {one.peer for one in EXPLAINED}:
                told |= {(cells[0], server) for server in re.findall("`([^`]+)`", cells[1])}
        self.assertEqual(told, {(one.peer, one.server) for one in EXPLAINED} | MISSES_SOME)


if __name__ == "__main__":
    unittest.main()
