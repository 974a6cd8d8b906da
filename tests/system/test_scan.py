# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a code that is shown on one screen gets into another client by a picture, and a picture gets nothing else."""
import json
import os
import struct
import subprocess
import unittest
import zlib

from people import Town
from pictures import Picture
from stack import until

BUILD = os.environ.get("SOTTO_BUILD", "")


def scan(data):
    """Exit status and text of sotto-scan."""
    done = subprocess.run([f"{BUILD}/sotto-scan"], input=data, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout


def huge(width, height):
    """A PNG of that size, all of one colour, in some kilobytes."""
    picture = Picture([b"\0"])
    picture.width, picture.height = width, height
    picture.rows = []
    empty = picture.png()
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width)) for _ in range(height)) + packer.flush()
    data = struct.pack(">I", len(rows)) + b"IDAT" + rows + struct.pack(">I", zlib.crc32(b"IDAT" + rows))
    return empty[:33] + data + empty[-12:]


class Scan(Town):
    def file(self, data):
        path = f"{self.stack.dir}/{self.name('picture')}"
        with open(path, "wb") as file:
            file.write(data)
        return path

    def test_a_screenshot_adds_a_person_and_a_photograph_verifies_them(self):
        alice, bob = self.person("alice"), self.person("bob")
        alice.do("add", "bob", self.file(Picture.of(bob.do("id")).png()))
        bob.do("add", "alice", self.file(Picture.of(alice.do("id")).photographed().jpeg()))
        alice.do("send", "bob", "hello")
        bob.do("recv")
        hers = self.file(Picture.of(alice.do("verify", "bob")).photographed().jpeg())
        self.assertIn("ANOTHER NUMBER", alice.run("verify", "bob", hers).stderr) # her own
        self.assertIn("verified: alice", bob.do("verify", "alice", hers))
        self.assertIn("no contact link", alice.run("add", "x", hers).stderr)
        for data, why, status in ((b"no picture", "no PNG or JPEG", 8), (b"", "no PNG or JPEG", 8),
                                  (Picture([bytes(99)] * 99).png(), "no QR code", 2)):
            done = alice.run("add", "x", self.file(data))
            self.assertEqual(done.returncode, status)
            self.assertIn(why, done.stderr)
        self.assertIn("neither a link nor a file", alice.run("add", "x", "/nowhere").stderr)
        self.assertEqual(json.loads(alice.do("--json", "contacts"))["text"], "bob")

    def test_what_decodes_a_picture_is_alone_in_a_cage(self):
        alice, path = self.person("alice"), f"{self.stack.dir}/{self.name('pipe')}"
        os.mkfifo(path)
        with subprocess.Popen(alice.argv("add", "x", path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env={**alice.environment(), "SECRET": "s"}) as sotto:
            try:
                with open(path, "wb") as pipe: # so it waits for the first byte
                    child = until("the decoder", lambda: self.caged(sotto.pid), self.stack.check)
                    with open(f"/proc/{child}/environ", "rb") as file:
                        self.assertEqual(file.read(), b"")
                    self.assertEqual(sorted(os.listdir(f"/proc/{child}/fd")), ["0", "1"])
                    with open(f"/proc/{child}/limits", encoding="ascii") as file:
                        limits = {line[:26].strip(): line[26:].split()[0] for line in file}
                    self.assertEqual(limits["Max core file size"], "0")
                    self.assertEqual(limits["Max address space"], str(1 << 30))
                    pipe.write(b"no picture")
                self.assertEqual(sotto.wait(60), 8)
            finally:
                sotto.kill()

    def caged(self, parent):
        """The process id of its child, once that has a filter."""
        done = subprocess.run(["pgrep", "-P", str(parent), "-x", "sotto-scan"], capture_output=True, text=True, check=False)
        if not done.stdout.strip():
            return None
        child = int(done.stdout)
        with open(f"/proc/{child}/status", encoding="ascii") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        return child if (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1") else None


class Pictures(unittest.TestCase):
    """sotto-scan alone."""
    CODE = ("\u2588" * 4 + "\n") * 2

    def test_a_picture_that_unpacks_to_all_memory_is_refused(self):
        data = huge(20000, 20000)
        self.assertLess(len(data), 1 << 20)
        self.assertEqual(scan(data), (1, b""))
        self.assertEqual(scan(huge(12000, 20)), (2, b"")) # the largest, and what is over
        self.assertEqual(scan(huge(12001, 20)), (1, b""))
        self.assertEqual(scan(huge(8000, 8389)), (1, b""))

    def test_damaged_pictures_are_refused_or_hold_no_code(self):
        good = Picture([bytes(64)] * 64)
        for data in (good.png(), good.jpeg()):
            self.assertEqual(scan(data), (2, b""))
            for cut in range(0, len(data), max(1, len(data) // 40)):
                self.assertIn(scan(data[:cut])[0], (1, 2), cut)
            for i in range(0, len(data), max(1, len(data) // 40)):
                self.assertIn(scan(data[:i] + bytes([data[i] ^ 0x55]) + data[i + 1:])[0], (1, 2), i)


if __name__ == "__main__":
    unittest.main()
