# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a person's packages work on a bare Debian: the full-screen chat, and a program of somebody else on libsotto."""
import re
import select
import subprocess
import sys
import unittest

import machine
from machine import until

sys.path.insert(0, f"{machine.TOP}/tests/system")
from terminal import Terminal # noqa: E402 - needs the path

PACKAGES = "sotto", "libsotto0", "libsotto-dev"
COMPILER = "gcc", "libc6-dev", "pkg-config"
ECHO = "cc /usr/share/doc/libsotto-dev/examples/echo.c $(pkg-config --cflags --libs libsotto) -o /root/echo.program"


class Home(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.running()
        packages = [path for name in PACKAGES for path in machine.debs(name)]
        cls.home = machine.Machine([*packages, *COMPILER])
        cls.home.install(packages)

    @classmethod
    def tearDownClass(cls):
        cls.home.off()

    def guest(self, name):
        """Somebody at home whom bob knows, and who has accepted him."""
        bob = machine.conversation(self.m)[1]
        guest = machine.Person(self.m, name, self.home)
        self.home.sh(f"rm -rf /root/{name}")
        guest.do("init", self.m.invite())
        contact = f"{name}{self.m.n_guests}"
        self.m.n_guests += 1
        bob.do("add", contact, guest.link())
        bob.do("send", contact, "may i?")
        until("a request", lambda: "request-" in guest.do("recv"))
        guest.do("accept", re.search(r"request-[0-9a-f]+", guest.do("contacts"))[0], "bob")
        return guest, bob, contact

    def test_1_chat_starts_and_talks(self):
        self.assertEqual(self.home.sh("dpkg -l | grep -E 'libsodium|libsqlcipher|libomemo' || :"), "")
        guest, bob, contact = self.guest("dora")
        argv = [f"{machine.HERE}/box", "net", self.m.root, *self.home.enter(f"exec sotto {guest.options()} chat")]
        terminal = Terminal(argv, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"})
        self.addCleanup(terminal.close)
        terminal.wait(lambda: b"Passphrase" in terminal.raw(), "a beginning")
        terminal.line("the passphrase of dora")
        terminal.until("live")
        bob.do("send", contact, "hello in a window")
        terminal.until("hello in a window")
        print("".join(f"       | {row}\n" for row in terminal.text().rstrip().splitlines()))
        terminal.line("and out of it")
        until("an answer", lambda: "and out of it" in bob.do("recv"))
        terminal.line("/quit")
        self.assertEqual(terminal.end(), 0)

    def test_2_the_librarys_example_is_compiled_by_pkg_config_and_answers(self):
        self.home.sh("export DEBIAN_FRONTEND=noninteractive; apt-get -qq install -y --no-install-recommends " + " ".join(COMPILER))
        self.home.sh(ECHO)
        said = self.home.sh("ldd /root/echo.program")
        self.assertIn("libsotto.so.0", said)
        self.assertNotIn("not found", said)
        guest, bob, contact = self.guest("echo")
        options = guest.options().split()
        argv = [f"{machine.HERE}/box", "net", self.m.root,
                *self.home.enter(f"exec /root/echo.program {options[1]} {options[3]}")]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
            program.stdin.write("the passphrase of echo\n")
            program.stdin.flush()
            self.assertTrue(select.select([program.stdout], [], [], machine.WAIT_S)[0], "it says nothing")
            self.assertEqual(program.stdout.readline(), "live\n")
            bob.do("send", contact, "say it again")
            until("it again", lambda: "say it again" in bob.do("recv"), 300) # at its own pace
            program.stdin.close()
            self.assertEqual(program.wait(timeout=60), 0)
