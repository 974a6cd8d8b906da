# SPDX-License-Identifier: AGPL-3.0-or-later
"""What run-client measures of a device: how long a profile takes to open, and a file of 1 GB."""
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

from people import Socks
from stack import Stack, onion_name

OWN, DURESS, ROUNDS, OPENINGS = "kiosk wham dent ruby slum oboe", "vivid lather gnome pry sulk tape", 9, {
    "a profile without a duress code": ("plain", 0), "one with it, by its own passphrase": ("with", 0),
    "one with it, by the duress passphrase": ("with", 1), "the decoy, from then on": ("after", 1)}
GB, MB = 10**9, 1 << 20


class Place:
    """Profiles in a folder. No server: `init` makes the profile first, and `id` asks nobody."""

    def __init__(self, build):
        self.dir, self.sotto, self.server = tempfile.mkdtemp(prefix="so.", dir="/tmp"), f"{build}/sotto", onion_name(os.urandom(32))

    def run(self, name, secrets, *words):
        """Seconds, and exit status."""
        fd, to = os.pipe()
        os.write(to, "".join(f"{line}\n" for line in secrets).encode())
        os.close(to)
        began = time.monotonic()
        server = ["--server", self.server] if "init" in words else []
        done = subprocess.run([self.sotto, "--profile", f"{self.dir}/{name}", "--socks", "127.0.0.1:1", *server,
                               "--passphrase-fd", str(fd), *words], pass_fds=(fd,), check=False, capture_output=True, text=True)
        os.close(fd)
        return time.monotonic() - began, done.returncode

    def copy(self, name):
        shutil.rmtree(f"{self.dir}/copy", ignore_errors=True)
        shutil.copytree(f"{self.dir}/{name}", f"{self.dir}/copy")


def openings(build):
    """{what: [seconds]}, in turns; what Argon2id is to cost was measured when a profile was made, so all are one profile's."""
    place = Place(build)
    try:
        place.run("plain", [OWN], "init")
        place.copy("plain")
        os.rename(f"{place.dir}/copy", f"{place.dir}/with")
        place.run("with", [OWN, DURESS], "duress")
        place.copy("with")
        os.rename(f"{place.dir}/copy", f"{place.dir}/after")
        place.run("after", [DURESS], "id")
        times = {what: [] for what in OPENINGS}
        for _ in range(ROUNDS):
            for what, (name, which) in OPENINGS.items():
                place.copy(name)
                spent, status = place.run("copy", [(OWN, DURESS)[which]], "id")
                if status:
                    raise RuntimeError(f"{what}: status {status}")
                times[what].append(spent)
        return times
    finally:
        shutil.rmtree(place.dir)


def show_openings(say, build):
    times = openings(build)
    plain = statistics.median(times["a profile without a duress code"])
    say(f"\n{'time to open, s':<52}{'median':>10}{'least':>11}{'most':>8}{'times the first':>17}")
    for what, spent in times.items():
        say(f"{what:<52}{statistics.median(spent):>10.2f}{min(spent):>11.2f}{max(spent):>8.2f}"
            f"{statistics.median(spent) / plain:>17.2f}")


class Sender:
    """One of two people with a file; their processes' memory is what the kernel counted at their end."""

    def __init__(self, stack, socks, name):
        self.argv = [f"{stack.build}/sotto", "--profile", f"{stack.dir}/{name}", "--socks", "127.0.0.1:%d" % socks.server_address[1],
                     "--pacing", "fast"]
        self.most_kb = 0
        self.do("init", stack.invite_link())
        self.do("unlock", "600")

    def run(self, *words):
        """Exit status, and what was said."""
        asks = ["--passphrase-fd", "0"] if words[0] in ("init", "unlock") else []
        process = subprocess.Popen([*self.argv, *asks, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
        self.process = process
        process.stdin.write(f"{OWN}\n")
        process.stdin.close()
        said = process.stdout.read()
        process.stdout.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.most_kb = max(self.most_kb, used.ru_maxrss)
        return process.returncode, said

    def do(self, *words):
        status, said = self.run(*words)
        if status:
            raise RuntimeError(f"sotto {words[0]}: {status}\n{said}")
        return said

    def do_in_two(self, socks, n_bytes, *words):
        """Killed when half has passed, and gone on with by the same again. Seconds of both."""
        left, lock = [n_bytes // 2], threading.Lock()

        def passed(n, _):
            with lock:
                left[0] -= n
                if left[0] < 0:
                    socks.passed = lambda n, up: None
                    self.process.kill()

        socks.passed = passed
        began = time.monotonic()
        if self.run(*words)[0] != -9:
            raise RuntimeError("it was not killed half-way")
        self.do(*words)
        return time.monotonic() - began


def memory_kb(pid):
    """The most it ever had."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])


def write_file(path, n_bytes):
    with open(path, "wb") as file:
        for at in range(0, n_bytes, MB):
            file.write(os.urandom(min(MB, n_bytes - at)))


def show_large_file(say, build, n_bytes=GB):
    with Stack(build) as stack, Socks(stack) as socks:
        try:
            alice, bob = (Sender(stack, socks, name) for name in ("alice", "bob"))
            links = [re.search(r"sotto://[A-Za-z0-9_-]+", person.do("id"))[0] for person in (alice, bob)]
            alice.do("add", "bob", links[1])
            bob.do("add", "alice", links[0])
            path, got = f"{stack.dir}/large.bin", f"{stack.dir}/got"
            os.mkdir(got)
            write_file(path, n_bytes)
            for person in (alice, bob):
                person.most_kb = 0 # that of Argon2id
                person.do("contacts")
            small_kb, before_kb = max(alice.most_kb, bob.most_kb), memory_kb(stack.pid("blobd"))
            up = alice.do_in_two(socks, n_bytes, "send", "bob", "--file", path)
            n_pieces = int(stack.sql("SELECT count(*) FROM sotto.chunk"))
            bob.do("recv")
            down = bob.do_in_two(socks, n_bytes, "get", "1", got)
            subprocess.run(["cmp", path, f"{got}/large.bin"], check=True)
            left = stack.sql("SELECT count(*) FROM sotto.chunk")
            say(f"\na file of {n_bytes / 1e6:,.0f} MB over loopback without Tor, each way killed half-way and gone on with: "
                f"{n_pieces} pieces, that is as many tokens; {left} left at the server afterwards")
            say(f"{'':<36}{'MB/s':>8}{'memory, MB':>14}{'without the file':>19}")
            for what, spent, most, before in (("sent", up, alice.most_kb, small_kb), ("fetched", down, bob.most_kb, small_kb),
                                              ("blobd, both ways", up + down, memory_kb(stack.pid("blobd")), before_kb)):
                n = n_bytes * (2 if what.startswith("blobd") else 1)
                say(f"{what:<36}{n / 1e6 / spent:>8.1f}{most / 1024:>14.0f}{before / 1024:>19.0f}")
        finally:
            socks.shutdown()
