# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: from bare installed packages to a server that answers through Tor, and to a message between two people."""
import re
import socket
import subprocess
import unittest

import machine
from machine import until

OURS = ("prekeyd", "blobd", "bridged", "sotto-broker", "tor@sotto")
TURN = ("sotto-turn", "sotto-turn-proxy")
PSQL = "psql -XAt 'host=/run/postgresql port=7000 user=postgres dbname=sotto' -c"

# All that init may touch: files with owner, mode and time, the database's roles, tables, functions and privileges, the
# first invite, and since when the services have been running.
STATE = f"""
find /etc/sotto /etc/tor/instances /etc/postgresql/*/sotto /var/lib/tor-instances/sotto/api /var/lib/tor-instances/sotto/live \
    /etc/systemd/system -printf '%p %m %u %g %T@ %l\n' | sort
find /etc/sotto /etc/tor/instances /etc/postgresql/*/sotto -type f -exec sha256sum {{}} + | sort -k2
pg_dump -s 'host=/run/postgresql port=7000 user=postgres dbname=sotto' | grep -v restrict
{PSQL} 'SELECT rolname, rolsuper, rolcanlogin, rolconnlimit, rolconfig FROM pg_roles ORDER BY 1'
{PSQL} 'SELECT count(*) FROM sotto.invite'
systemctl show -P MainPID -P ActiveEnterTimestampMonotonic {" ".join(OURS)} sotto.target sotto-migrate 'postgresql@*-sotto.service'
"""

# What an administrator or an accident may break, and what says that it is right again.
CONF = "/etc/sotto/sotto.conf"
KEY = f"$(sed -n 's/^prekeyd_key = //p' {CONF})"
BROKEN = {
    "a lost key": ("rm -f /etc/sotto/keys/blobd/nonce.key", "test -s /etc/sotto/keys/blobd/nonce.key"),
    "a key of another owner": ("chown root: /etc/sotto/keys/prekeyd/*.key",
                               "test $(stat -c %U /etc/sotto/keys/prekeyd/server.key) = _sotto-keys"),
    "a key that all may read": ("chmod 644 /etc/sotto/keys/bridged/server.key; chmod 755 /etc/sotto/keys/bridged",
                                "test -z \"$(find /etc/sotto/keys -perm /077)\""),
    "a lost password": ("rm -f /etc/sotto/keys/prekeyd/broker.key", "test -s /etc/sotto/keys/prekeyd/broker.key"),
    "a lost name": (f"sed -i s/^onion_live/#/ {CONF}", f"grep -q '^onion_live = .*onion$' {CONF}"),
    "a wrong key": (f'sed -i "s/^blobd_key = .*/blobd_key = {KEY}/" {CONF}', f'test $(grep -ce "{KEY}" {CONF}) = 1'),
    "a Tor that listens": ("echo 'SocksPort 0.0.0.0:9999' >>/etc/tor/instances/sotto/torrc",
                           "! grep -q 9999 /etc/tor/instances/sotto/torrc"),
    "a database that logs": ("echo 'log_statement = all' | tee -a /etc/postgresql/*/sotto/conf.d/sotto.conf",
                             "! grep -q 'statement = all' /etc/postgresql/*/sotto/conf.d/sotto.conf"),
    "a database open to all": ("echo 'local all all trust' | tee -a /etc/postgresql/*/sotto/pg_hba.conf",
                               "! grep -q trust /etc/postgresql/*/sotto/pg_hba.conf"),
    "a database without a limit": ("rm -r /etc/systemd/system/postgresql@*-sotto.service.d; systemctl daemon-reload",
                                   "test $(systemctl show -P MemoryMax 'postgresql@*-sotto.service') != infinity"),
    "a database not started at boot": ("echo manual | tee /etc/postgresql/*/sotto/start.conf",
                                       "grep -q auto /etc/postgresql/*/sotto/start.conf"),
    "a lost function": (f"{PSQL} 'DROP FUNCTION IF EXISTS sotto.deposit'",
                        f"test $({PSQL} \"SELECT count(*) FROM pg_proc WHERE proname = 'deposit'\") = 1"),
    "a changed role": (f"{PSQL} 'ALTER ROLE blobd RESET statement_timeout'",
                       f"{PSQL} \"SELECT rolconfig FROM pg_roles WHERE rolname = 'blobd'\" | grep -q statement_timeout=2s"),
    "a catalogue open to all": (f"{PSQL} 'GRANT SELECT ON pg_class TO PUBLIC'",
                                f"test $({PSQL} \"SELECT has_table_privilege('blobd', 'pg_class', 'SELECT')\") = f"),
    "a target not started at boot": ("systemctl disable --quiet sotto.target", "systemctl is-enabled --quiet sotto.target"),
    "a stopped server": ("systemctl stop sotto.target", " && ".join(f"systemctl is-active --quiet {u}" for u in OURS)),
}


def told(text):
    for line in text.splitlines():
        print("       " + line)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.installed()

    def test_1_nothing_of_ours_listens_before_init_and_coturn_never_ran(self):
        self.assertEqual(self.m.bound(), self.m.before[1])
        self.assertEqual(self.m.run("systemctl", "is-enabled", "coturn", check=False)[1].strip(), "masked")
        self.assertIn("masked", self.m.run("systemctl", "start", "coturn", check=False)[1])
        self.assertNotIn("turnserver", self.m.sh("journalctl --no-pager -u coturn || :"))
        self.assertNotIn("_sotto-", self.m.sh("ps ax -o user= 2>/dev/null || :"))

    def test_2_init_makes_a_server_that_answers_through_tor(self):
        m = machine.running()
        self.assertIn("all three daemons answer through Tor", m.init_said)
        self.assertRegex(m.init_said, r"(?m)^server: [a-z2-7]{56}\.onion$")
        self.assertRegex(m.init_said, r"(?m)^sotto://[A-Za-z0-9_-]+$")
        self.assertIn("\u2588\u2588\u2588", m.init_said)
        for unit in OURS:
            self.assertEqual(m.ask("systemctl", "is-active", "--quiet", f"{unit}.service"), 0, unit)
        self.assertEqual(m.ask("systemctl", "is-enabled", "--quiet", "sotto.target"), 0)
        until("all to be well", lambda: m.ask("sottoctl", "status") == 0) # in the journal, too, after its moment
        self.assertEqual(m.run("systemctl", "--failed", "--no-legend", "--plain").strip(), "")

    def test_3_first_message_to_somebody_on_a_bare_machine(self):
        """The client's package on a root that has neither libsodium nor SQLCipher; a network only to Tor."""
        m = machine.running()
        package = next(d for d in machine.debs() if re.search(r"/sotto_[^/]*$", d))
        home = machine.Machine([package])
        home.install([package])
        self.assertEqual(home.sh("dpkg -l | grep -E 'libsodium|libsqlcipher|libomemo' || :"), "")
        self.assertEqual(home.sh("ldd /usr/bin/sotto | grep -E 'not found|sodium|sqlcipher' || :"), "")
        alice, bob = machine.Person(m, "alice"), machine.Person(m, "bob", home)
        alice.do("init", re.search(r"(?m)^sotto://\S+$", m.init_said)[0]) # what init printed
        bob.do("init", m.invite())
        bob.do("add", "alice", alice.link())
        bob.do("send", "alice", "hello from a bare machine")
        until("the message", lambda: "hello from a bare machine" in alice.do("recv"))
        told("\n".join(m.transcript))
        m.people = alice, bob

    def test_4_init_again_changes_nothing(self):
        m = machine.running()
        before = m.sh(STATE)
        again = m.run("sottoctl", "init")
        self.assertEqual(m.sh(STATE), before)
        self.assertNotIn("sotto://", again)

    def test_5_init_repairs_what_was_broken(self):
        m = machine.running()
        for what, (breaks, heals) in BROKEN.items():
            m.sh(breaks)
            self.assertNotEqual(m.ask("sh", "-c", heals), 0, what)
        m.sh(f"echo '# mine' >>{CONF}")
        m.run("sottoctl", "init")
        self.assertIn("# mine", m.run("cat", CONF))
        for what, (_, heals) in BROKEN.items():
            with self.subTest(what):
                m.sh(heals)
        self.assertNotIn("BAD", m.run("sottoctl", "doctor", check=False)[1])

    def test_6_init_lets_tor_ask_anew_when_it_reaches_nobody(self):
        """Tor may know another place, or have asked too early; its own events tell that it forgets, and asks directories."""
        m = machine.running()
        run = f"/proc/{m.pid()}/root/run/tor-instances/sotto"
        onion = m.run("cat", "/var/lib/tor-instances/sotto/api/hostname").strip().removesuffix(".onion")
        m.sh("systemctl mask --runtime --now prekeyd.socket prekeyd.service")
        with socket.socket(socket.AF_UNIX) as control, open(f"{run}/control.authcookie", "rb") as cookie:
            control.connect(f"{run}/control")
            control.settimeout(max(machine.WAIT_S, 150)) # longer than an attempt takes that hears nothing
            control.sendall(b"AUTHENTICATE %s\r\nSETEVENTS SIGNAL HS_DESC\r\n" % cookie.read().hex().encode())
            events = control.makefile("r", encoding="ascii")
            argv = [f"{machine.HERE}/box", "run", m.root, "script", "-qec", "timeout 240 sottoctl init", "/dev/null"]
            with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as init:
                try:
                    for wanted in "SIGNAL NEWNYM", f"HS_DESC REQUESTED {onion}":
                        self.assertTrue(any(wanted in line for line in events), wanted)
                finally: # else it would wait on
                    m.sh("systemctl unmask --runtime prekeyd.socket prekeyd.service; systemctl start prekeyd.service")
                said = init.communicate()[0]
        self.assertRegex(said, r"\x1b\[Konion: waiting, \d+ s\s+\x1b\[K") # on a terminal, how long it has been
        self.assertIn("all three daemons answer through Tor", said)

    def test_7_memory_of_an_idle_server(self):
        m = machine.running()
        m.run("systemctl", "start", "sotto-turn-proxy.service") # as the first call does
        pids = m.sh("for u in " + " ".join(OURS + TURN) + "; do echo $u $(systemctl show -P MainPID $u); done; "
                    "echo postgres $(head -n1 /var/lib/postgresql/*/sotto/postmaster.pid)")
        total = 0
        for line in pids.splitlines():
            name, pid = line.split()
            kib = 0
            for one in [pid] + m.sh(f"cat /proc/{pid}/task/{pid}/children 2>/dev/null || :").split():
                said = m.sh(f"cat /proc/{one}/smaps_rollup 2>/dev/null || :") # nothing of a child that has ended meanwhile
                kib += int((re.search(r"(?m)^Pss: +(\d+)", said) or [0, 0])[1])
            total += kib
            print(f"       {machine.SUITE}: {name:16} {kib / 1024:6.1f} MiB")
        print(f"       {machine.SUITE}: together         {total / 1024:6.1f} MiB")
        self.assertLess(total, 400 * 1024)
