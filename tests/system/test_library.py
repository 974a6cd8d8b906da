# SPDX-License-Identifier: AGPL-3.0-or-later
"""libsotto as others use it: its interface, and the examples against real servers."""
import os
import re
import subprocess
import tempfile
import threading
import unittest

from people import STEP_S, Town, friends
from stack import TOP

PASSPHRASE = b"correct horse battery staple\n"


def read(path):
    with open(f"{TOP}/{path}", encoding="utf-8") as file:
        return file.read()


def headers():
    return read("client/sotto.h") + "".join(read(f"client/sotto/{name}") for name in sorted(os.listdir(f"{TOP}/client/sotto")))


def run(*argv, **more):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=4 * STEP_S, check=False, **more)
    if done.returncode:
        raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Interface(unittest.TestCase):
    build = os.environ["SOTTO_BUILD"]

    def test_only_what_the_header_names_is_seen(self):
        table = run("nm", "-D", "--defined-only", f"{self.build}/libsotto.so.0")
        seen = re.findall(r" [A-Z] (\w+)@@SOTTO_[\d.]+$", table, re.M)
        named = re.findall(r"^SOTTO_(?:API|MUST) [^;]*?\b(sotto_\w+)\(", headers(), re.M)
        self.assertEqual(sorted(seen), sorted(named))
        self.assertEqual([line for line in table.splitlines() if "@@" not in line and " A SOTTO_" not in line], [])

    def test_the_command_line_stands_on_the_header_alone(self):
        taken = {"client/media/sandbox.h", "client/scan/scan.h", "client/sotto.h", "libshared/error.h", "libshared/plain.h",
                 "libshared/qr.h", "libshared/scope.h"}
        folders = ("client/cli", "client/chat")
        sources = [f"{folder}/{name}" for folder in folders for name in os.listdir(f"{TOP}/{folder}") if name[-2:] in (".c", ".h")]
        included = {name for path in sources for name in re.findall(r'^#\s*include "(.*)"', read(path), re.M)}
        self.assertEqual(included - taken - set(sources), set())
        objects = [f"{self.build}/client-side/{path[:-2]}.o" for path in sources if path.endswith(".c")]
        wanted = set(re.findall(r" U (\w+)", run("nm", "-u", *objects)))
        ours = set(re.findall(r" [A-Z] (\w+)$", run("nm", "--defined-only", f"{self.build}/libsotto.a"), re.M))
        public = set(re.findall(r"^\t(\w+);", read("client/lib/libsotto.map"), re.M))
        self.assertGreater(len(wanted & public), 60)
        self.assertEqual((wanted & ours) - public, {"plain_unwanted", "qr_print"})

    def test_it_keeps_no_state_beside_its_handles(self):
        """What our objects may write to: one pthread_once of libmosquitto's, and what the linker puts for two streams."""
        rows = [[cell.strip() for cell in line.split("|")]
                for line in run("nm", "-f", "sysv", f"{self.build}/libsotto.a").splitlines() if line.count("|") == 6]
        written = {row[0] for row in rows if re.match(r"\.(t?bss|t?data)(\.(?!rel\.ro)|$)|\*COM\*", row[6])}
        self.assertEqual({re.sub(r"^\w+\.(?=once)|\.\d+$", "", name) for name in written if "odr_asan" not in name},
                         {"once", "__wrap_stdout", "__wrap_stderr"})

    def test_it_is_the_interface_that_is_kept(self):
        self.assertRegex(run(f"{TOP}/.ci/abi", self.build), r"1 passed, 0 failed\n$")

    def test_the_header_stands_alone_in_c_and_in_cxx(self):
        for language in ("c -std=c99", "c++ -std=c++11"):
            run("gcc", "-x", *language.split(), "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                f"{TOP}/client/sotto.h")


class Examples(Town):
    """Both are built and run from an installed tree, as a stranger would."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        scratch = tempfile.TemporaryDirectory(prefix="so.")
        cls.addClassCleanup(scratch.cleanup)
        cls.root = scratch.name
        run("make", "-s", "-C", TOP, f"B={os.path.relpath(cls.stack.build, TOP)}", f"DESTDIR={cls.root}", "install-library")
        cls.env = {**os.environ, "LD_LIBRARY_PATH": f"{cls.root}/usr/lib", "PKG_CONFIG_SYSROOT_DIR": cls.root,
                   "PKG_CONFIG_PATH": f"{cls.root}/usr/lib/pkgconfig"}
        flags = run("pkg-config", "--cflags", "--libs", "libsotto", env=cls.env).split()
        run("gcc", "-Wall", "-Wextra", "-Werror", f"{TOP}/client/examples/echo.c", *flags, "-o", f"{cls.root}/echo")

    def test_sixty_lines_of_c_answer_python(self):
        self.assertLessEqual(read("client/examples/echo.c").count("\n"), 60)
        alice, bob = self.person("alice"), self.person("bob")
        friends(alice, bob)
        socks = "127.0.0.1:%d" % self.socks.server_address[1]
        echo = subprocess.Popen([f"{self.root}/echo", bob.profile, socks], stdin=subprocess.PIPE, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env)
        ended = threading.Timer(4 * STEP_S, echo.kill)   # then readline() and communicate() end
        ended.start()
        try:
            echo.stdin.write(PASSPHRASE.decode())
            echo.stdin.flush()
            self.assertEqual(echo.stdout.readline(), "live\n")
            said = run("python3", f"{TOP}/client/examples/ask.py", alice.profile, socks, bob.name, "hello, \u00e9cho",
                       input=PASSPHRASE.decode(), env=self.env)
            self.assertEqual(said, "hello, \u00e9cho\n")
            out, err = echo.communicate()
        finally:
            ended.cancel()
            echo.kill()
            echo.wait()
        self.assertEqual((out, err, echo.returncode), (f"{alice.name} wrote 12 bytes\n", "echo: done\n", 0))
