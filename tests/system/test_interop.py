# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: whoever follows docs/protocol.md with other libraries can talk to our client: python3-axolotl's sessions, HPKE and
X-Wing written a second time, and Signal's safety number. And our client with the other Signal library inside."""
import json
import unittest

import pq
from client import unb64
from other import Link, Other, safety_number
from people import Town, friends

# RFC 9180, A.2.1
INFO, AAD = "4f6465206f6e2061204772656369616e2055726e", "436f756e742d30"
SECRET, SEALED = ("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
                  "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
TEXT = "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"


class Interop(Town):
    def other(self):
        return Other(self.stack.server())

    def read(self, person):
        """What has come, as (contact, text)."""
        events = [json.loads(line) for line in person.do("--json", "recv").splitlines()]
        return [(e["contact"], e["text"]) for e in events if e["event"] in ("message", "request")]

    def converse(self, person, name, other):
        """Both ways, several of a turn, late ones, and one that never comes."""
        for n in range(3):
            for word in ("first", "second"):
                person.do("send", name, f"{word} {n}")
            self.assertEqual(other.receive(), [f"first {n}", f"second {n}"])
            early, late, _ = (other.packet(b"%s %d" % (word, n)) for word in (b"early", b"late", b"never"))
            other.number -= 1 # so that it is no gap
            other.deposit_packet(late)
            other.deposit_packet(early)
            self.assertEqual(self.read(person), [(name, f"early {n}"), (name, f"late {n}")])
        self.assertGreater(min(other.turn, other.peer_turn), 2)

    def write_long(self, person, name, other):
        """Both ways, in parts that have an id for each text."""
        ids = set()
        for word in ("one ", "two "):
            person.do("send", name, word * 700)
            parts = other.receive()
            self.assertEqual([part[1:3] for part in parts], [(0, 3), (1, 3), (2, 3)])
            self.assertEqual("".join(part[3] for part in parts), word * 700)
            ids |= {part[0] for part in parts}
        self.assertEqual(len(ids), 2)
        other.send_long(("it is ", "a long ", "story"))
        self.assertEqual(self.read(person), [(name, "it is a long story")])

    def test_the_other_hpke_is_that_of_the_rfc(self):
        info, aad, secret, sealed, text = map(bytes.fromhex, (INFO, AAD, SECRET, SEALED, TEXT))
        self.assertEqual(pq.open_(pq.DhKem(secret), sealed, info, aad, text), b"Beauty is truth, truth beauty")

    def test_another_client_begins(self):
        person, other = self.person("person"), self.other()
        other.begin(person.link())
        other.send("hello from afar")
        other.send("are you there?")
        said = self.read(person)
        self.assertEqual([text for _, text in said], ["hello from afar", "are you there?"])
        person.do("accept", said[0][0], "other")
        self.converse(person, "other", other)

    def test_both_signal_libraries_talk_and_read_each_others_sessions(self):
        one, other = self.person("one"), self.person("other")
        friends(one, other)
        said = {one: [], other: []}
        for turn, variants in enumerate((("", "-signal"), ("", "-signal"), ("-signal", ""), ("", ""))):
            one.variant, other.variant = variants
            for person, to in ((one, other), (other, one)): # at once, so that at first both begin
                for part in ("early", "late"):
                    said[person].append(f"{person.name} {part} {turn}")
                    person.do("send", to.name, said[person][-1])
            for person, by in ((one, other), (other, one)):
                person.do("recv")
                self.assertEqual(person.texts(by.name), said[by])

    def test_ours_begins_with_another_client_and_both_have_one_safety_number(self):
        person, other = self.person("person"), self.other()
        other.register()
        person.do("add", "other", other.link_text())
        person.do("send", "other", "hello \u2014 \u4f60\u597d")
        self.assertEqual(other.receive(), ["hello \u2014 \u4f60\u597d"])
        other.send("hello yourself")
        self.assertEqual(self.read(person), [("other", "hello yourself")])
        self.converse(person, "other", other)
        self.write_long(person, "other", other)

        shown, link = json.loads(person.do("--json", "verify", "other")), Link(person.link())
        digits, (ours, theirs) = safety_number((other.identity, other.account.uuid), (other.peer, str_uuid(link.uuid)))
        self.assertEqual(shown["digits"], digits)
        scanned = unb64(shown["text"].removeprefix("sotto://"))
        self.assertEqual(scanned, b"\3\x08\2\x12\x22\x0a\x20" + theirs + b"\x1a\x22\x0a\x20" + ours)


def str_uuid(data):
    text = data.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


if __name__ == "__main__":
    unittest.main()
