# SPDX-License-Identifier: AGPL-3.0-or-later
"""The watchdog is fed while a daemon really serves, and starves when it does not: what systemd would kill."""
import os
import signal
import socket
import subprocess
import time

from bed import Bed, until

WATCHDOG_S = 2
SPIN = """\
#include <signal.h>
static void spin(int number) { for (;;) (void)number; }
__attribute__((constructor)) static void plant(void) { signal(SIGUSR2, spin); }
"""


class Watchdog(Bed):
    def setUp(self):
        """blobd under a watchdog; we are who is notified."""
        path = f"{self.stack.dir}/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)
        self.fed, self.status = [], []
        self.stack.environment["blobd"] = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(WATCHDOG_S * 1000000)}
        self.addCleanup(self.end, path)

    def end(self, path):
        self.stack.environment.clear()
        self.stack.restart("blobd", signal.SIGKILL)
        self.stack.wait_healthy("blobd")
        self.socket.close()
        os.unlink(path)

    def hear(self):
        while True:
            try:
                text = self.socket.recv(4096).decode()
            except BlockingIOError:
                return
            if "WATCHDOG=1" in text:
                self.fed.append(time.monotonic())
            if "STATUS=" in text:
                self.status.append(text)

    def feeds_since(self, moment):
        self.hear()
        return sum(1 for at in self.fed if at > moment)

    def starved(self):
        """As systemd counts: nothing for as long as WatchdogSec."""
        self.hear()
        return time.monotonic() - self.fed[-1] > WATCHDOG_S

    def feed_well(self):
        self.stack.restart("blobd")
        began = time.monotonic()
        until("the watchdog to be fed", lambda: self.feeds_since(began) > 2, self.stack.check)

    def test_a_wedged_database_connection_starves_the_watchdog(self):
        self.feed_well()
        backend = self.stack.backend("blobd")
        os.kill(backend, signal.SIGSTOP)
        try:
            told = len(self.status)
            until("the watchdog to starve", self.starved, self.stack.check)
            self.assertGreater(len(self.status), told, "the loop turned all the time")
        finally:
            os.kill(backend, signal.SIGCONT)
        again = time.monotonic()
        until("the watchdog to be fed again", lambda: self.feeds_since(again) > 1, self.stack.check)

    def test_a_loop_that_spins_starves_the_watchdog(self):
        library = f"{self.stack.dir}/spin.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], input=SPIN, text=True, check=True)
        self.stack.environment["blobd"]["LD_PRELOAD"] = library
        self.feed_well()
        self.stack.send("blobd", signal.SIGUSR2)
        until("the watchdog to starve", self.starved, self.stack.check)

    def test_a_database_that_is_away_does_not_starve_it(self):
        self.feed_well()
        self.stack.stop("postgres")
        try:
            until("blobd to notice", lambda: self.hear() or "database down" in self.status[-1], self.stack.check)
            gone = time.monotonic()
            until("the watchdog to be fed all the same", lambda: self.feeds_since(gone + WATCHDOG_S) > 2, self.stack.check)
        finally:
            self.stack.start("postgres")
