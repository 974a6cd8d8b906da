# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: units that an administrator can trust, judged by the systemd that will run them."""
import glob
import os
import re
import unittest

import machine

SERVICES = ("prekeyd", "blobd", "bridged", "blobd@2", "prekeyd@2", "sotto-broker", "sotto-migrate", "sotto-sweep", "sotto-rotate",
            "sotto-turn", "sotto-turn-proxy")
MOST = 0.5

# What each service of ours says; leaving one out or saying another thing needs a comment with the word "Relaxed".
SANDBOX = """
AmbientCapabilities= CapabilityBoundingSet= DevicePolicy=closed IPAddressDeny=any KeyringMode=private LimitCORE=0
LockPersonality=yes MemoryDenyWriteExecute=yes NoNewPrivileges=yes PrivateDevices=yes PrivateIPC=yes PrivateMounts=yes
PrivateNetwork=yes PrivateTmp=yes PrivateUsers=yes ProcSubset=pid ProtectClock=yes ProtectControlGroups=yes
ProtectHome=yes ProtectHostname=yes ProtectKernelLogs=yes ProtectKernelModules=yes ProtectKernelTunables=yes
ProtectProc=invisible ProtectSystem=strict RemoveIPC=yes RestrictAddressFamilies=AF_UNIX RestrictNamespaces=yes
RestrictRealtime=yes RestrictSUIDSGID=yes SystemCallArchitectures=native SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service UMask=0077
""".split()
OPENERS = ("SupplementaryGroups", "ReadWritePaths", "BindPaths", "DeviceAllow", "IPAddressAllow", "StateDirectory",
           "RuntimeDirectory")


def relaxations(text):
    """The lines of a unit that let more through than the list above, each with the comment before it."""
    lines = text.splitlines()
    names = {word.split("=")[0] for word in SANDBOX}
    for i, line in enumerate(lines):
        name = line.split("=")[0]
        if line in SANDBOX or line == "SystemCallFilter=~@privileged @resources":
            continue
        if name in names or name in OPENERS or (name.startswith("Exec") and "=+" in line):
            comment = i - 1
            while lines[comment].startswith("#") and "Relaxed" not in lines[comment]:
                comment -= 1
            yield line, lines[comment].startswith("#")


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.installed()

    def test_pid_1_of_the_machine_is_systemd(self):
        comm, version = self.m.run("cat", "/proc/1/comm").strip(), self.m.run("systemctl", "--version").split("\n")[0]
        print(f"       {machine.SUITE}: /proc/1/comm is {comm}; {version}")
        self.assertEqual(comm, "systemd")
        self.assertIn("systemd", version)

    def test_systemd_finds_nothing_to_say_about_our_units(self):
        said = self.m.sh("systemd-analyze --man=no verify sotto.target sotto-sweep.timer " +
                         " ".join(f"{s}.service" for s in SERVICES) + " prekeyd.socket blobd.socket bridged.socket sotto-turn.socket")
        ours = [line for line in said.splitlines() if not line.startswith(("tor@", "postgresql"))]
        self.assertEqual(ours, [])

    def test_exposure_of_each_service_is_at_most_half_a_point(self):
        scores = {}
        for service in SERVICES:
            said = self.m.run("systemd-analyze", "--no-pager", "security", f"{service}.service")
            scores[service] = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
        print(f"       {machine.SUITE}: exposure " + ", ".join(f"{s} {x}" for s, x in scores.items()))
        self.assertEqual({s: x for s, x in scores.items() if x > MOST}, {})

    def test_every_line_that_relaxes_the_sandbox_is_explained(self):
        paths = glob.glob(f"{machine.TOP}/systemd/*.service")
        self.assertGreaterEqual(len(paths), 6)
        for path in paths: # as they are installed
            with open(f"{self.m.root}/lib/systemd/system/{os.path.basename(path)}", encoding="ascii") as file:
                text = file.read()
            missing = [line for line in SANDBOX if line not in text.splitlines() and
                       not any(said.startswith(line.split("=")[0] + "=") for said, _ in relaxations(text))]
            self.assertEqual(missing, [], os.path.basename(path))
            self.assertEqual([line for line, why in relaxations(text) if not why], [], os.path.basename(path))
