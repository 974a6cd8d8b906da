# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: an epoch ends, the issuing keys of tokens are renewed, and people notice nothing."""
import json
import os
import subprocess
import tempfile
import time
import unittest

import machine
from machine import until
from test_4_upgrade import Load, client

DAY_S, EPOCH_DAYS = 86400, 30 # as libshared/token.h has it
CLOCK = """\
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);
	t->tv_sec += rc == 0 && id == CLOCK_REALTIME ? AHEAD : 0;
	return rc;
}
time_t time(time_t *out)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return out ? *out = t.tv_sec : t.tv_sec;
}
"""
READERS = "prekeyd.service", "blobd.service", "bridged.service"


class Rotate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.running()

    def epochs(self):
        with client.Http(f"/proc/{self.m.pid()}/root/run/sotto-prekeyd/s", 1) as http:
            return {token["epoch"] for token in json.loads(http.request("GET", "/v1/server").body)["tokens"]}

    def clock(self, ahead_s):
        """Moves the clock of the daemons and of the rotation, and of nothing else in the machine: who hands out tokens."""
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)
            subprocess.run(["cc", "-shared", "-fPIC", f"-DAHEAD={ahead_s}", "-x", "c", "-", "-o", f"{place}/clock.so"], input=CLOCK,
                           text=True, check=True)
            self.m.box("copy-in", f"{place}/clock.so", "/usr/lib/sotto")
        lines = "[Service]\\nEnvironment=LD_PRELOAD=/usr/lib/sotto/clock.so\\n"
        for unit in (*READERS, "prekeyd@.service", "blobd@.service", "sotto-rotate.service"):
            self.m.sh(f"mkdir -p /run/systemd/system/{unit}.d; printf '{lines}' >/run/systemd/system/{unit}.d/clock.conf")
        self.m.run("systemctl", "daemon-reload")

    def clock_back(self):
        self.m.sh("rm -f /run/systemd/system/*.d/clock.conf /usr/lib/sotto/clock.so; systemctl daemon-reload; "
                  "systemctl start sotto-rotate.service; systemctl restart 'prekeyd*.service' 'blobd*.service' bridged.service")

    def pids(self):
        return [self.m.run("systemctl", "show", "-P", "MainPID", unit).strip() for unit in READERS]

    def talk(self, said):
        alice, bob = machine.conversation(self.m)
        for one, other, text in (alice, bob, f"{said}?"), (bob, alice, f"{said}!"):
            one.do("send", other.name, text)
            until(text, lambda other=other, text=text: text in other.do("recv"))

    def test_1_an_epoch_ends_while_people_talk(self):
        epoch = int(time.time()) // (EPOCH_DAYS * DAY_S)
        self.m.run("systemctl", "start", "sotto-rotate.service")
        until("this epoch's keys", lambda: epoch in self.epochs())
        self.assertNotIn(epoch + 1, self.epochs())
        self.talk("before the rotation")
        self.addCleanup(self.clock_back)
        self.clock((epoch + 1) * EPOCH_DAYS * DAY_S + DAY_S - int(time.time())) # a day into the next: tokens of before count
        before = self.pids()
        with Load(self.m, "prekeyd", "/v1/server") as load:
            self.m.run("systemctl", "start", "sotto-rotate.service")
            until("the next epoch's keys", lambda: epoch + 1 in self.epochs())
        self.assertEqual(load.lost, [])
        self.assertTrue(all(a != b for a, b in zip(before, self.pids())))
        self.assertEqual(self.epochs(), {epoch, epoch + 1})
        self.talk("after the rotation")
        carol = machine.Person(self.m, f"carol{time.monotonic_ns()}") # who buys and spends tokens of the new keys alone
        carol.do("init", self.m.invite())
        carol.do("add", "alice", machine.conversation(self.m)[0].link())
        carol.do("send", "alice", "hello in a new epoch")
        until("a stranger's message", lambda: "hello in a new epoch" in machine.conversation(self.m)[0].do("recv"))
