# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: from bare installed packages to a server that answers through Tor, and to a message between two people."""
import re
import time
import unittest

import machine
from machine import until

LAN = "192.0.2.10"
OURS = ("prekeyd", "blobd", "bridged", "sotto-broker", "tor@sotto")


def told(text):
    for line in text.splitlines():
        print("       " + line)


class Person:
    """Somebody with the package `sotto`, and a tor of their own in the private network."""

    def __init__(self, m, name, socks):
        self.m, self.name, self.socks = m, name, socks

    def do(self, *words):
        """The passphrase comes by a descriptor, as it must."""
        quoted = " ".join("'" + w.replace("'", "'\\''") + "'" for w in words)
        return self.m.sh(f"echo 'the passphrase of {self.name}' | sotto --passphrase-fd 3 --profile /root/{self.name} "
                         f"--socks {self.socks} --pacing fast {quoted} 3<&0 </dev/null", limit_s=120)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.installed()

    def test_1_nothing_of_ours_listens_before_init_and_coturn_never_ran(self):
        self.assertNotIn(LAN, self.m.before)
        self.assertEqual(self.m.run("systemctl", "is-enabled", "coturn", check=False)[1].strip(), "masked")
        self.assertNotIn("turnserver", self.m.sh("journalctl --no-pager -u coturn || :"))
        self.assertNotIn("_sotto-", self.m.sh("ps ax -o user= 2>/dev/null || :"))

    def test_2_init_makes_a_server_that_answers_through_tor(self):
        m = machine.running()
        told(m.init_said)
        print(f"       sottoctl init took {m.init_s:.1f} s")
        self.assertIn("all three daemons answer through Tor", m.init_said)
        self.assertRegex(m.init_said, r"(?m)^server: [a-z2-7]{56}\.onion$")
        self.assertRegex(m.init_said, r"(?m)^sotto://[A-Za-z0-9_-]+$")
        for unit in OURS:
            self.assertEqual(m.ask("systemctl", "is-active", "--quiet", f"{unit}.service"), 0, unit)
        self.assertEqual(m.ask("systemctl", "is-enabled", "--quiet", "sotto.target"), 0)
        self.assertEqual(m.run("systemctl", "--failed", "--no-legend", "--plain").strip(), "")

    def test_3_init_again_changes_nothing(self):
        m = machine.running()
        state = ("find /etc/sotto /etc/tor/instances /etc/postgresql /var/lib/tor-instances/sotto/api "
                 "/var/lib/tor-instances/sotto/live /etc/systemd/system -type f -exec sha256sum {} + | sort -k2; "
                 "systemctl show -P MainPID " + " ".join(OURS) + " 'postgresql@*-sotto.service'")
        before = m.sh(state)
        again = m.run("sottoctl", "init")
        self.assertEqual(m.sh(state), before)
        self.assertNotIn("sotto://", again)

    def test_4_init_repairs_what_was_broken(self):
        m = machine.running()
        m.sh("rm /etc/sotto/keys/blobd/nonce.key; sed -i s/^onion_live/#/ /etc/sotto/sotto.conf; systemctl stop sotto.target; "
             "cd /etc/postgresql/*/sotto; echo 'log_statement = all' >>conf.d/sotto.conf; echo '# mine' >>/etc/sotto/sotto.conf")
        m.run("sottoctl", "init")
        self.assertEqual(m.sh("psql -XAtc 'SHOW log_statement' 'host=/run/postgresql port=7000 user=postgres dbname=postgres'").strip(), "none")
        self.assertIn("# mine", m.run("cat", "/etc/sotto/sotto.conf"))
        for unit in OURS:
            self.assertEqual(m.ask("systemctl", "is-active", "--quiet", f"{unit}.service"), 0, unit)

    def test_5_nothing_listens_on_the_network(self):
        m = machine.running()
        listening = m.net("ss", "-ltunpH")
        for line in listening.splitlines():
            self.assertRegex(line.split()[4], r"^(127\.0\.0\.1|\[::1\]):", line)
            self.assertNotRegex(line, r'"(prekeyd|blobd|bridged|turnserver)"')
        lan = [line for line in listening.splitlines() if LAN in line]
        self.assertEqual(lan, [])

    def test_6_first_message(self):
        m = machine.running()
        began = time.monotonic()
        people = [Person(m, name, socks) for name, socks in zip(("alice", "bob"), m.socks)]
        first = re.search(r"(?m)^sotto://\S+$", m.init_said)[0] # what init printed
        for person, invite in zip(people, (first, m.invite())):
            person.do("init", invite)
        link = re.search(r"sotto://\S+", people[0].do("id"))[0]
        people[1].do("add", "alice", link)
        people[1].do("send", "alice", "hello from a bare machine")
        until("the message", lambda: "hello from a bare machine" in people[0].do("recv"), 60)
        print(f"       first message {time.monotonic() - began:.1f} s after init, {time.monotonic() - m.began:.1f} s after "
              "the bare machine had booted")

    def test_7_memory_of_an_idle_server(self):
        m = machine.running()
        pids = m.sh("for u in " + " ".join(OURS) + "; do echo $u $(systemctl show -P MainPID $u); done; "
                    "echo postgres $(head -n1 /var/lib/postgresql/*/sotto/postmaster.pid)")
        total = 0
        for line in pids.splitlines():
            name, pid = line.split()
            kib = 0
            for one in [pid] + m.sh(f"cat /proc/{pid}/task/{pid}/children 2>/dev/null || :").split():
                kib += int(re.search(r"(?m)^Pss: +(\d+)", m.run("cat", f"/proc/{one}/smaps_rollup"))[1])
            total += kib
            print(f"       {machine.SUITE}: {name:13} {kib / 1024:6.1f} MiB")
        print(f"       {machine.SUITE}: together      {total / 1024:6.1f} MiB")
        self.assertLess(total, 400 * 1024)
