# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: after a conversation neither the exported journal nor any process' arguments tell who, with whom, or by which keys."""
import base64
import glob
import json
import re
import threading
import unittest
import uuid

import machine
from machine import until

TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'sotto'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
FORM = 16 # so much of one of its spellings gives a secret away
RUN = re.compile(rb"[0-9a-z_+/-]{16,}")


def spellings(secret):
    """The beginning of some bytes as text: hexadecimal, as a UUID, and base64 in both alphabets."""
    return {secret.hex()[:FORM], str(uuid.UUID(bytes=secret[:16].ljust(16)))[:FORM],
            base64.b64encode(secret).decode()[:FORM].lower(), base64.urlsafe_b64encode(secret).decode()[:FORM].lower()}


class Arguments:
    """Collects the command lines and environments of all processes in the box that systemd started, while it is entered."""

    def __init__(self, m):
        with open(f"/proc/{m.pid()}/cgroup", encoding="ascii") as file:
            self.group = re.search(r"(?m)^0::(/[^/]+/)", file.read())[1] # of the box: what systemd runs, and not people's shells
        self.seen, self.over = set(), threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.over.wait(0.01):
            for path in glob.glob("/proc/[0-9]*"):
                try:
                    with open(f"{path}/cgroup", encoding="ascii") as file:
                        if f"0::{self.group}" not in file.read():
                            continue
                    for name in ("cmdline", "environ"):
                        with open(f"{path}/{name}", "rb") as file:
                            self.seen.add(file.read())
                except OSError: # it has ended
                    pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.over.set()
        self.thread.join()


class Privacy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = machine.running()

    def ask(self, sql):
        return self.m.run("psql", "-XAtc", sql, "host=/run/postgresql port=7000 user=postgres dbname=sotto")

    def stored(self):
        """All bytes and UUIDs that the database holds: accounts, mailboxes, bundles, blobs, spent tokens."""
        self.ask("ALTER ROLE postgres SET bytea_output = hex")
        for table in self.ask(TABLES).split():
            for row in self.ask(f"SELECT row_to_json(r) FROM sotto.\"{table}\" r").splitlines():
                for name, value in json.loads(row).items():
                    if isinstance(value, str) and (found := re.fullmatch(r"\\x([0-9a-f]{32,})", value)):
                        yield f"{table}.{name}", bytes.fromhex(found[1])
                    elif isinstance(value, str) and re.fullmatch(r"[0-9a-f-]{36}", value):
                        yield f"{table}.{name}", bytes.fromhex(value.replace("-", ""))

    def secrets(self):
        """What must not be told, by name, and how it might be spelled."""
        found = {}
        for name, secret in self.stored():
            found.setdefault(name, set()).update(spellings(secret))
        for path in self.m.sh("find /etc/sotto/keys /var/lib/tor-instances/sotto -name '*key*' -type f").split():
            secret = bytes.fromhex(self.m.sh(f"od -An -v -tx1 {path}"))
            found[path] = spellings(secret[32:] if "tor-instances" in path else secret) # tor's begin with a label
        return found

    def journal(self):
        """All that was logged, once each daemon has told of a minute."""
        exported = self.m.sh("journalctl --sync; journalctl --no-pager -q -o export | base64 -w0", stderr=None)
        records = [r for r in base64.b64decode(exported).lower().split(b"\n\n") if b"sotto_event=metrics" in r]
        told = all(any(b"sotto_daemon=" + d in r for r in records) for d in (b"prekeyd", b"blobd", b"bridged"))
        return base64.b64decode(exported).lower() if told else None

    def test_the_journal_and_the_arguments_tell_nothing_about_anybody(self):
        alice, bob = machine.conversation(self.m)
        texts = "what alice says to bob", "what bob says to alice"
        with Arguments(self.m) as arguments:
            alice.do("send", "bob", texts[0])
            bob.do("send", "alice", texts[1])
            until("bob's message", lambda: texts[1] in alice.do("recv"))
            until("alice's message", lambda: texts[0] in bob.do("recv"))
            secrets = self.secrets()
            for person in (alice, bob):
                secrets[person.name] = {person.link().removeprefix("sotto://")[:FORM].lower(), person.name}
            for text in texts:
                secrets[text] = {text, *spellings(text.encode())}
            for name in re.findall(r"([a-z2-7]{56})\.onion", self.m.run("cat", "/etc/sotto/sotto.conf")):
                secrets[name] = {name[:FORM]}
            secrets["invite"] = {self.m.invite().removeprefix("sotto://")[:FORM].lower()}
        said = until("a minute's record of each daemon", self.journal)
        self.assertIn(b"/usr/lib/sotto/blobd", b"\n".join(arguments.seen))
        spelled = sum(map(len, secrets.values()))
        print(f"       {machine.SUITE}: {spelled} spellings of {len(secrets)} kinds of secrets; journal of {len(said)} bytes, "
              f"{len(arguments.seen)} command lines and environments")
        self.assertGreater(spelled, 500)
        for where, text in ("journal", said), ("arguments", b"\n".join(arguments.seen).lower()):
            runs = b"\n".join(set(RUN.findall(text))) # what a spelling could stand in
            for name, forms in secrets.items():
                for form in forms:
                    self.assertNotIn(form.encode(), runs if len(form) == FORM else text, f"the {where} tells {name}")
