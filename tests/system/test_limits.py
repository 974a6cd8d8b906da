# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: what the units may take fits a machine of 1 GB, and each part gives way before its unit ends it."""
import glob
import os
import re
import unittest

from stack import TOP

MACHINE, SYSTEM = 1024, 192 # MiB; the second is the kernel's, systemd's, and the administrator's
CLUSTER = "services/sottoctl/conf/postgresql.service.conf"
TOR = "systemd/tor@sotto.service.d/sotto.conf"


def read(path):
    with open(f"{TOP}/{path}", encoding="ascii") as file:
        return file.read()


def number(path, pattern):
    return int(re.search(rf"(?m){pattern}", read(path))[1])


def most(path):
    return number(path, r"^MemoryMax=(\d+)M$")


class Limits(unittest.TestCase):
    def test_all_units_together_fit_a_machine_of_1_gb(self):
        ours = [os.path.relpath(path, TOP) for path in glob.glob(f"{TOP}/systemd/*.service") if "@" not in path]
        self.assertGreaterEqual(len(ours), 9)
        most_of = {path: most(path) for path in [*ours, TOR, CLUSTER]}
        print(f"       {sum(most_of.values())} MiB: " + ", ".join(f"{os.path.basename(p)} {n}" for p, n in most_of.items()))
        self.assertLessEqual(sum(most_of.values()), MACHINE - SYSTEM)

    def test_a_daemon_refuses_before_its_unit_ends_it(self):
        refuses = number("libshared/settings.c", r'AT\(memory_mb\), "(\d+)"') * 5 / 4
        for daemon in "prekeyd", "blobd":
            self.assertLess(refuses, most(f"systemd/{daemon}.service"), daemon)
            self.assertEqual(most(f"systemd/{daemon}@.service"), most(f"systemd/{daemon}.service"))

    def test_postgresql_and_tor_are_told_less_than_they_are_given(self):
        conf = "services/sottoctl/conf/postgresql.conf"
        mb = lambda name: number(conf, rf"^{name} = (\d+)MB$")
        each = 1 + mb("work_mem") # a backend's own, measured: less than the first
        upkeep = 2 * mb("maintenance_work_mem") # the sweep's VACUUM, and the autovacuum worker
        self.assertEqual(number(conf, r"^autovacuum_max_workers = (\d+)$"), 1)
        sum_of = mb("shared_buffers") + mb("wal_buffers") + upkeep + each * number(conf, r"^max_connections = (\d+)$")
        self.assertLess(sum_of, most(CLUSTER))
        self.assertLessEqual(2 * number("torrc", r"^MaxMemInQueues (\d+) MB$"), most(TOR))
