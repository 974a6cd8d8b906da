# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a device is lost, and of an old export the conversation goes on; a bad export makes nothing."""
import os
import shutil
import subprocess
import unittest

from people import STEP_S, Town, friends

SECRET, OTHER = "correct horse battery staple", "ditto mural swab keg oat hinge"


class Export(Town):
    def setUp(self):
        self.alice, self.bob = self.person("alice"), self.person("bob")
        friends(self.alice, self.bob)
        self.file = f"{self.stack.dir}/{self.alice.name}.export"

    def say(self, one, other, text):
        one.do("send", other.name, text)
        other.do("recv")

    def read(self):
        with open(self.file, "rb") as file:
            return file.read()

    def imported(self, *secrets):
        """Status and what was told."""
        done = subprocess.run(self.alice.argv("import", self.file), input="".join(f"{s}\n" for s in secrets), text=True,
                              timeout=STEP_S, capture_output=True, check=False, env=self.alice.environment())
        return done.returncode, done.stdout + done.stderr

    def lose_device(self):
        self.alice.do("lock")
        shutil.rmtree(self.alice.profile)

    def test_of_an_old_export_a_conversation_goes_on_with_nothing_lost_and_nothing_twice(self):
        self.say(self.alice, self.bob, "one")
        self.say(self.bob, self.alice, "two")
        self.alice.do("export", self.file)
        self.say(self.alice, self.bob, "three")
        self.say(self.bob, self.alice, "four")
        self.lose_device()
        self.bob.do("send", self.alice.name, "five")
        self.assertIn("not the passphrase", self.imported(OTHER, OTHER)[1])
        self.assertFalse(os.path.exists(self.alice.profile))
        self.assertEqual(self.imported(SECRET, SECRET), (0, f"imported: {self.file}\n"))
        self.assertEqual(self.imported(SECRET, SECRET)[0], 7) # there is one now
        self.alice.run("unlock", "60")
        for days in (0.1, 0.2, 0.3): # a few hours: who lost something asks at most once in one
            for person in (self.alice, self.bob):
                person.days = days
                person.do("recv")
        self.alice.do("send", self.bob.name, "six")
        self.bob.do("recv")
        self.say(self.bob, self.alice, "seven")
        self.assertEqual(sorted(self.alice.texts(self.bob.name)), ["five", "four", "seven", "two"])
        self.assertEqual(self.bob.texts(self.alice.name), ["one", "three", "six"])
        self.assertIn("with 50 bundles", self.alice.run("doctor").stdout)

    def test_it_is_written_daily_on_request(self):
        self.alice.do("--daily", "export", self.file)
        first = self.read()
        self.alice.do("recv")
        self.assertEqual(self.read(), first)
        self.alice.days = 1
        self.say(self.bob, self.alice, "in the daily one")
        second = self.read()
        self.assertNotEqual(second, first)
        self.alice.do("--daily", "export")
        self.alice.days = 2
        self.alice.do("recv")
        self.assertEqual(self.read(), second)
        self.lose_device()
        with open(self.file, "r+b") as file:
            file.truncate(len(second) - 1)
        self.assertIn("not whole", self.imported(SECRET, SECRET)[1])
        self.assertFalse(os.path.exists(self.alice.profile))
        with open(self.file, "wb") as file:
            file.write(second)
        self.assertEqual(self.imported(SECRET, SECRET)[0], 0)
        self.assertEqual(self.alice.texts(self.bob.name), ["in the daily one"])


if __name__ == "__main__":
    unittest.main()
