# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: whose key a contact has is known, and who is a contact is the person's to say."""
import json
import re
import subprocess
import unittest

from people import Town, friends
from terminal import chat

CHANGE = r"""
#define SQLITE_HAS_CODEC
#include <linux/keyctl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned char held[69];
	const long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", argv[2], 0);
	char path[256], hex[68] = "x'";
	sqlite3 *db;

	if (argc != 4 || key < 1 || syscall(SYS_keyctl, KEYCTL_READ, key, held, sizeof held) != sizeof held)
		return 1;
	snprintf(path, sizeof path, "%s/db.%d", argv[1], held[68] & 1);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 + 2 * i, 4, "%02x'", held[4 + i]);
	return sqlite3_open(path, &db) || sqlite3_key(db, hex, 67) || sqlite3_busy_timeout(db, 60000) ||
		sqlite3_exec(db, argv[3], 0, 0, 0) || sqlite3_changes(db) != 1 || sqlite3_close(db);
}
"""


class Contacts(Town):
    def pair(self):
        """Two who have talked."""
        alice, bob = self.person("alice"), self.person("bob")
        friends(alice, bob)
        alice.do("send", bob.name, "hello")
        bob.do("recv")
        return alice, bob

    def safety(self, person, other):
        return json.loads(person.do("--json", "verify", other.name))

    def test_both_see_one_number_and_who_compares_it_has_verified_the_other(self):
        alice, bob = self.pair()
        hers, his = self.safety(alice, bob), self.safety(bob, alice)
        self.assertRegex(hers["digits"], "^[0-9]{60}$")
        self.assertEqual(hers["digits"], his["digits"])
        groups = [hers["digits"][i:i + 5] for i in range(0, 60, 5)]
        self.assertIn(" ".join(groups[:4]), alice.do("verify", bob.name))
        self.assertIn("\u2588", alice.do("verify", bob.name))
        self.assertNotIn("verified", alice.do("contacts"))
        wrong = ["00000" if groups[0] != "00000" else "11111", *groups[1:]]
        for said, why, status in ((wrong, "ANOTHER NUMBER", 1), (groups[1:], "no safety number", 2),
                                  ([his["text"][:-1]], "no safety", 2), ([hers["text"]], "ANOTHER NUMBER", 1)):
            done = alice.run("verify", bob.name, *said)
            self.assertEqual(done.returncode, status)
            self.assertIn(why, done.stderr)
        self.assertFalse(self.safety(alice, bob)["verified"])
        alice.do("verify", bob.name, *groups)
        bob.do("verify", alice.name, hers["text"])
        for one, other in ((alice, bob), (bob, alice)):
            self.assertIn(f"contact: {other.name}   (verified)", one.do("contacts"))
            self.assertTrue(self.safety(one, other)["verified"])
        alice.do("--no", "verify", bob.name)
        self.assertNotIn("verified", alice.do("contacts"))
        alice.do("verify", bob.name, "--yes")
        self.assertIn("(verified)", alice.do("contacts"))

    def test_whoever_comes_with_another_key_does_not_become_a_contact_that_is_there(self):
        alice, bob, mallory = (self.person(name) for name in ("alice", "bob", "mallory"))
        alice.do("add", "--yes", "bob", bob.link()) # seen on his screen
        done = alice.run("add", "bob", mallory.link())
        self.assertEqual(done.returncode, 7)
        self.assertIn("THE bob THAT YOU KNOW HAS ANOTHER KEY, which you have verified", done.stderr)
        self.assertIn("you have this person already, as bob", alice.run("add", "robert", bob.link()).stderr)
        self.assertIn("your own", alice.run("add", "me", alice.link()).stderr)
        self.assertIn("write to them first", alice.run("verify", "bob").stderr)
        alice.do("add", "bob too", mallory.link())
        self.assertEqual(alice.do("contacts"), "contact: bob   (verified)\ncontact: bob too\n")

    def change(self, person, sql):
        """In the open profile's database, by the key that the keyring has: nothing else can make two keys differ."""
        tool = f"{self.stack.dir}/change"
        headers = subprocess.run(["readelf", "-d", f"{self.stack.build}/sotto"], check=True, capture_output=True, text=True).stdout
        libs = re.search(r"RUNPATH.*\[(.*)/lib\]", headers)[1]   # wherever it was built with
        subprocess.run(["cc", "-x", "c", "-", "-o", tool, f"-I{libs}/include/sqlcipher", "-x", "none",
                        f"{libs}/lib/libsqlcipher.a", "-lcrypto", "-lm"], input=CHANGE, text=True, check=True)
        with open(f"{person.profile}/key", "rb") as file:
            subprocess.run([tool, person.profile, f"sotto:{file.read()[24:40].hex()}", sql], check=True)

    def test_in_a_chat_another_key_than_the_verified_one_is_told_loudly(self):
        alice, bob, carol = (self.person(name) for name in ("alice", "bob", "carol"))
        friends(alice, bob, carol)
        alice.do("send", bob.name, "hello")
        alice.do("verify", bob.name, "--yes")
        a = chat(self, alice)
        a.until(f"{bob.name} (verified)")
        self.change(alice, f"UPDATE contact SET verified = randomblob(32) WHERE name = '{bob.name}'")
        a.resize(24, 100)
        a.until("!!! THEIR KEY IS NOT THE ONE YOU VERIFIED: it may be another person. /verify")
        a.until(f"{bob.name} (ANOTHER KEY: /verify)")
        a.line(f"/go {carol.name}")
        a.until(re.compile(rf"^!{bob.name} ", re.M).search)
        a.line(f"/go {bob.name}")
        for text in "at nine", "at ten":   # each one
            a.line(text)
            a.until("Enter again does it")
            a.press("Left")   # that is not the same again
            a.until(lambda seen: "Enter again" not in seen)
            a.press("Enter")
            a.until("Enter again does it")
            self.assertNotIn(f"< {text}", a.text())
            a.press("Enter")
            a.until(f"< {text}")
        a.line("/edit at two")
        a.until("Enter again does it")
        self.assertNotIn("< at two", a.text())
        a.press("Enter")
        a.until("< at two  (edited)")
        a.line("/send /nowhere")
        a.until("Enter again does it")
        a.press("Enter")
        a.until("no such place")
        a.line("/call")
        a.until("Enter again does it")
        a.press("C-u")
        a.line("at half past")
        a.until("Enter again does it")
        a.press("C-z")   # nor is that
        a.until("sotto is locked")
        a.line("correct horse battery staple")
        a.until(lambda seen: "> at half past" in seen)
        a.press("Enter")
        a.until("Enter again does it")
        self.assertNotIn("< at half past", a.text())
        a.press("C-u")
        a.line("/verify yes")
        a.until(lambda text: f"{bob.name} (verified)" in text or "verified" in text.split("\n")[-3])
        a.press("C-u")
        a.until(lambda text: f"{bob.name} (verified)" in text and "!!!" not in text)
        a.line("at eleven")
        a.until("< at eleven")

    def test_a_stranger_is_listed_and_heard_no_further_until_accepted(self):
        alice, bob = self.person("alice"), self.person("bob")
        bob.do("add", "alice", alice.link())
        text = "let me in " * 1921 # 17 parts
        bob.do("send", "alice", text)
        alice.do("recv")
        request = json.loads(alice.do("--json", "requests"))
        self.assertEqual((request["texts"], request["more"]), (1, True))
        self.assertIn("1 text here, more when you accept", alice.do("requests"))
        alice.do("block", "request-")
        self.assertEqual(alice.do("requests"), "")
        self.assertIn("blocked: " + request["text"], alice.do("contacts"))
        alice.do("unblock", request["text"])
        alice.do("accept", request["text"][:12], "bob")
        alice.do("rename", "bob", "robert")
        for person in (alice, bob, alice):
            person.do("recv")
        self.assertEqual(alice.texts("robert"), [text])
        for words in (("accept", "request-", "x"), ("unblock", "robert"), ("rename", "bob", "x"), ("block", "bob")):
            self.assertIn("nobody of that name", alice.run(*words).stderr)


if __name__ == "__main__":
    unittest.main()
