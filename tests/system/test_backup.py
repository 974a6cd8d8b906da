# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a backup brings people's server back without handing out or spending anything twice; a broken one changes nothing."""
import contextlib
import ctypes
import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess

import client
import tokens
from bed import blob
from people import Town, friends
from stack import DAEMONS, TOP, until

PASSPHRASE = b"six random words are better\n"


def opened(path, identity):
    """The content of a backup for an age recipient, read once more from docs/backup.md."""
    with open(path, "rb") as file:
        head = file.read(12)
        head += file.read(int.from_bytes(head[10:], "big"))
        key = subprocess.run(["age", "--decrypt", "--identity", identity], input=head[12:], check=True, capture_output=True).stdout
        stream, lib = "crypto_secretstream_xchacha20poly1305_", tokens.sodium()
        state = ctypes.create_string_buffer(lib[stream + "statebytes"]())
        lib[stream + "init_pull"](state, file.read(24), key)
        content, tag, given = b"", ctypes.c_ubyte(0), head
        while piece := file.read(int.from_bytes(file.read(4), "big")):
            out = ctypes.create_string_buffer(len(piece))
            assert lib[stream + "pull"](state, out, None, ctypes.byref(tag), piece, ctypes.c_ulonglong(len(piece)), given,
                                        ctypes.c_ulonglong(len(given))) == 0
            content, given = content + out[:len(piece) - 17], b""
    assert tag.value == 3, "the last piece is marked so"
    return content


def everything_from(terminal):
    """What was written to its other end, which is closed."""
    with open(terminal, "rb", buffering=0) as file:
        said = b""
        with contextlib.suppress(OSError): # EIO is its end
            while more := file.read(65536):
                said += more
    return said.decode()


class Safe(Town):
    """A stack with onion folders, which are plain files here: their addresses are tried in tests/box."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.stack.server()
        cls.onions = f"{cls.stack.dir}/onions"
        for name in ("api", "live"):
            os.makedirs(f"{cls.onions}/{name}/authorized_clients")
            for file in ("hostname", "hs_ed25519_secret_key", "hs_ed25519_public_key", "authorized_clients/one.auth"):
                with open(f"{cls.onions}/{name}/{file}", "wb") as to:
                    to.write(os.urandom(64))
        os.makedirs(f"{cls.stack.dir}/torrc.d")
        with open(f"{cls.stack.dir}/torrc.d/bridges.conf", "w", encoding="ascii") as to:
            to.write("UseBridges 1\n")

    def setUp(self):
        self.file = f"{self.stack.dir}/{self.id().rsplit('.', 1)[1]}.sotto"

    def argv(self, *words, sql=None):
        return [f"{self.stack.build}/sottoctl", "--database", f"host={self.stack.dir}/pg port=5432 user=sotto_owner", "--sql",
                sql or f"{self.stack.build}/sql", "--config", f"{self.stack.dir}/sotto.conf", words[0], "--keys",
                f"{self.stack.dir}/keys", "--onions", self.onions, *words[1:]]

    def ask(self, *words, passphrase=PASSPHRASE, status=0, terminal=False, **more):
        """What it said on standard error, which may be a terminal."""
        master, slave = os.openpty() if terminal else (None, subprocess.PIPE)
        fd, to = os.pipe()
        os.write(to, passphrase)
        os.close(to)
        try:
            if passphrase:
                words = (*words[:1], "--passphrase-fd", str(fd), *words[1:])
            done = subprocess.run(self.argv(*words, **more), pass_fds=(fd,), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=slave, text=True, check=False, timeout=120)
        finally:
            for one in (fd, slave) if terminal else (fd,):
                os.close(one)
        if terminal:
            done.stderr = everything_from(master)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def restore(self, *words, **more):
        """As it goes without systemd: the daemons are stopped, and started with the keys that are there then."""
        for daemon in DAEMONS:
            self.stack.stop(daemon)
        try:
            return self.ask("restore", "--no-units", *words, **more)
        finally:
            for daemon in DAEMONS:
                self.stack.start(daemon)
            for daemon in DAEMONS:
                self.stack.wait_healthy(daemon)
            self.server.stock, self.server.payer = {}, None

    def state(self):
        """All rows and files that a restore may touch."""
        tables = ("policy", "mailbox", "account", "blob", "chunk", "bundle", "spent", "invite", "issued")
        rows = {"tables": self.stack.sql(" UNION ALL ".join(f"SELECT '{t}', count(*), md5(string_agg(r::text, '' ORDER BY r::text)) "
                                                            f"FROM sotto.{t} r" for t in tables))}
        for top in (f"{self.stack.dir}/keys", self.onions, f"{self.stack.dir}/torrc.d", f"{self.stack.dir}/sotto.conf"):
            inside = glob.glob(f"{top}/**", recursive=True) if os.path.isdir(top) else []
            for path in [top, *inside, *glob.glob(f"{top}.*")]:
                st, digest = os.stat(path), ""
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        digest = hashlib.sha256(file.read()).hexdigest()
                rows[path] = (st.st_mode, st.st_uid, st.st_gid, digest)
        return rows

    def left(self, account):
        return int(self.stack.sql(f"SELECT count(*) FROM sotto.bundle WHERE account = '{account}' AND token IS NULL"))


class OldBackup(Safe):
    def test_nothing_comes_twice_out_of_an_old_backup_and_clients_recover_by_themselves(self):
        alice, bob = self.person("alice"), self.person("bob")
        friends(alice, bob)
        alice.do("send", bob.name, "before")
        bob.do("recv")
        bob_uuid = self.uuid_of(bob)
        self.ask("backup", self.file)

        # After the backup: bundles go out, tokens are spent, an invite is used, a mailbox and a person come.
        spent = self.server.token("mailbox")
        late = client.Mailbox(self.server)
        self.assertEqual(late.make(token=spent).status, 201)
        unspent = self.server.token("prekey")
        handed_out = [self.take(bob_uuid) for _ in range(5)]
        invite = self.stack.invite_link("--uses", "5")
        bob.do("send", alice.name, "an answer that came after the backup")
        alice.do("recv")
        carol = self.person("carol")
        friends(bob, carol)
        mailboxes = self.mailboxes() - {late.id.hex()}
        rows = self.stack.sql(f"SELECT next_number FROM sotto.account WHERE id = '{bob_uuid}'")

        self.restore(self.file)
        self.assertEqual(self.stack.sql("SELECT count(*) FROM sotto.bundle"), "0")
        self.assertEqual(self.stack.sql("SELECT count(*) FROM sotto.account WHERE last_resort IS NOT NULL"), "0")
        self.assertGreater(int(self.stack.sql(f"SELECT next_number FROM sotto.account WHERE id = '{bob_uuid}'")),
                           int(rows) + 1000000)
        # No token of before pays, spent or not; nor does an invite of before.
        self.assertEqual(client.Mailbox(self.server).make(token=spent).problem, "token-required")
        self.assertEqual(self.server.call("prekeyd", "POST", f"/v1/accounts/{bob_uuid}/bundle", token=unspent).problem,
                         "token-required")
        code = client.unb64(invite.removeprefix("sotto://"))[33:]
        with self.assertRaisesRegex(AssertionError, "402"):
            self.server.buy("account", {"kind": "invite", "code": client.b64(code)})
        # Whoever comes before bob's client gets no bundle, rather than one that was handed out.
        token = self.server.token("prekey")
        self.assertEqual(self.take(bob_uuid, token).status, 404)

        # A day later everybody's client has been there. Carol is new again: with what buys an account.
        self.stack.sottoctl("policy", "open")
        for person in (alice, bob, carol):
            person.days += 1.5
            person.do("recv")
        self.assertEqual(self.left(bob_uuid), 50)
        again = [self.take(bob_uuid, token)] + [self.take(bob_uuid) for _ in range(49)]
        bundles = [a.body for a in handed_out + again]
        self.assertEqual(len(set(bundles)), len(bundles))
        self.assertLessEqual(mailboxes, self.mailboxes())
        self.assertEqual(self.left(self.uuid_of(carol)), 50)
        for one, other in ((alice, bob), (bob, alice), (carol, bob)):
            one.do("send", other.name, f"afterwards from {one.name}")
        for person in (bob, alice):
            person.do("recv")
        for one, other in ((alice, bob), (bob, alice), (carol, bob)):
            self.assertIn(f"afterwards from {one.name}", other.texts(one.name))

    def mailboxes(self):
        return set(self.stack.sql("SELECT encode(id, 'hex') FROM sotto.mailbox").split())

    def take(self, uuid, token=None):
        return self.server.call("prekeyd", "POST", f"/v1/accounts/{uuid}/bundle", token=token or self.server.token("prekey"))

    def uuid_of(self, person):
        """sotto://: version, onion 32, uuid 16 and more."""
        link = client.unb64(person.link().removeprefix("sotto://"))
        text = link[33:49].hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Move(Safe):
    def tearDown(self):
        if os.path.exists(f"{self.stack.dir}/held"):
            os.unlink(f"{self.stack.dir}/held")
        super().tearDown()

    def held(self):
        with open(f"{self.stack.dir}/held", encoding="ascii") as file:
            return file.read().strip()

    def move(self, *words, **more):
        return self.ask("move", "--no-units", *words, **more)

    def take(self, uuid):
        return self.server.call("prekeyd", "POST", f"/v1/accounts/{uuid}/bundle", token=self.server.token("prekey")).body

    def test_a_move_takes_everything_once_and_ends_the_old_host(self):
        box, person = client.Mailbox(self.server), self.person("alice") # with bundles
        spent, unspent = self.server.token("mailbox"), self.server.token("mailbox")
        self.assertEqual((box.make(token=spent).status, box.put(blob(1)).status), (201, 201))
        uuid = self.stack.sql("SELECT DISTINCT account FROM sotto.bundle")
        taken, before = self.take(uuid), self.state()
        said = self.move("--to", self.file)
        self.assertRegex(said, r"[\d.]+ MiB, [\d.]+ s after the stop; this server is off for good\n  do: sottoctl restore")
        self.assertEqual((self.held(), os.stat(self.file).st_mode & 0o777), ("moved", 0o600))
        self.assertIn("held already", self.move("--to", self.file + "2", status=1))
        self.assertIn("both would answer to one address", self.move("--back", passphrase=b"", status=1))
        self.assertEqual(self.held(), "moved")

        # The other host: other keys, and other rows.
        os.unlink(f"{self.stack.dir}/held")
        for path in glob.glob(f"{self.stack.dir}/keys/*/token-keys") + [f"{self.stack.dir}/keys/blobd/nonce.key"]:
            os.unlink(path)
        self.stack.sql("TRUNCATE sotto.mailbox, sotto.spent, sotto.bundle; UPDATE sotto.account SET last_resort = NULL")
        self.stack.sottoctl("keys", f"{self.stack.dir}/keys")
        stock = self.server.stock
        self.assertIn("a move, complete", self.restore(self.file))
        after = self.state()
        self.assertEqual({p for p in before.keys() | after.keys() if before.get(p, "")[-1:] != after.get(p, "")[-1:]}, set())
        self.assertEqual(after["tables"], before["tables"])
        self.server.stock = stock
        self.assertEqual(client.Mailbox(self.server).make(token=spent).problem, "token-required")
        self.assertEqual(client.Mailbox(self.server).make(token=unspent).status, 201)
        self.assertNotEqual(self.take(uuid), taken)
        self.assertEqual(len(box.drain()), 1)
        person.do("recv")

        # A second time it would be a backup, and is taken as one only.
        before = self.state()
        self.assertRegex(self.ask("restore", "--no-units", self.file, status=1), r"restore: move-received-before: .*\n  do: ")
        self.assertEqual(self.state(), before)
        self.restore("--as-backup", self.file)
        self.assertEqual(self.stack.sql("SELECT count(*) FROM sotto.bundle"), "0")
        self.assertEqual(client.Mailbox(self.server).make(token=unspent).problem, "token-required")

    def test_a_move_that_fails_leaves_the_old_host_as_it_was(self):
        with open("/dev/full", "wb") as full:
            done = self.begin(full).communicate()[1].decode()
        self.assertIn("this server goes on", done)
        self.assertFalse(os.path.exists(f"{self.stack.dir}/held"))
        shutil.move(f"{self.onions}/live", f"{self.onions}/gone")
        try:
            self.move("--to", self.file, status=1)
        finally:
            shutil.move(f"{self.onions}/gone", f"{self.onions}/live")
        self.assertFalse(os.path.exists(self.file) or os.path.exists(f"{self.stack.dir}/held"))
        self.assertIn("was not moved", self.move("--back", passphrase=b"", status=1))

    def begin(self, output):
        """A move to there, under way."""
        fd, to = os.pipe()
        os.write(to, PASSPHRASE)
        try:
            return subprocess.Popen(self.argv("move", "--no-units", "--passphrase-fd", str(fd), "--to", "-"), pass_fds=(fd,),
                                    stdout=output, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        finally:
            os.close(fd)
            os.close(to)

    def test_long_work_shows_on_a_terminal_how_far_it_is(self):
        box = client.Mailbox(self.server)
        self.assertEqual((box.make().status, box.put(blob()).status), (201, 201))
        whole = r"\A(\r\x1b\[K\w+, [\d.]+ MiB{})+\r\x1b\[K[^\r]*{}"
        self.assertRegex(self.ask("backup", "--blobs", self.file, terminal=True), whole.format("", "MiB"))
        self.assertRegex(self.move("--to", self.file + ".move", terminal=True), whole.format("", "after the stop"))
        os.unlink(f"{self.stack.dir}/held")
        said = self.restore(self.file + ".move", terminal=True)
        self.assertRegex(said, whole.format(r" \(\d+ %\)", "a move, complete"))
        self.assertNotIn("\x1b", self.ask("backup", self.file + ".quiet"))

    def test_who_has_all_but_the_last_piece_has_nothing_and_the_old_host_goes_on(self):
        box = client.Mailbox(self.server)
        self.assertEqual(box.make().status, 201)
        for i in range(60): # more than a pipe holds
            self.assertEqual(box.put(blob(i)).status, 201)
        with self.begin(subprocess.PIPE) as process:
            got = process.stdout.read(100000)
            self.assertEqual(self.held(), "moving")
            process.stdout.close()
            self.assertIn("this server goes on", process.stderr.read().decode())
            self.assertEqual(process.wait(), 1)
        self.assertFalse(os.path.exists(f"{self.stack.dir}/held"))
        with open(self.file, "wb") as file:
            file.write(got)
        self.assertIn("truncated", self.ask("restore", "--no-units", self.file, status=1))


class Backup(Safe):
    def test_a_restore_brings_back_files_accounts_and_mailboxes(self):
        box, account = client.Mailbox(self.server), client.Account(self.server)
        self.assertEqual((box.make().status, account.register().status), (201, 201))
        self.stack.sottoctl("policy", "open")
        before = self.state()
        self.ask("backup", self.file)
        self.stack.sottoctl("policy", "closed")
        self.assertEqual(box.end().status, 200)
        self.stack.sql(f"UPDATE sotto.mailbox SET seen_on = current_date - 89; DELETE FROM sotto.account WHERE id = '{account.uuid}'")
        for path in (f"{self.stack.dir}/keys/blobd/nonce.key", f"{self.onions}/live/hostname", f"{self.stack.dir}/torrc.d/bridges.conf",
                     f"{self.onions}/api/authorized_clients/one.auth"):
            os.unlink(path)
        open(f"{self.onions}/api/other", "w", encoding="ascii").close()
        with open(f"{self.stack.dir}/sotto.conf", "a", encoding="ascii") as conf:
            conf.write("metrics_s = 30\n")
        self.restore(self.file)
        after = self.state()
        differ = {p for p in before.keys() | after.keys() if p[0] == "/" and before.get(p, "")[-1:] != after.get(p, "")[-1:]}
        self.assertEqual({p.removeprefix(f"{self.stack.dir}/keys/") for p in differ}, {f"{d}/token-keys" for d in DAEMONS})
        modes = {p: oct(value[0] & 0o7777) for p, value in after.items() if p[0] == "/"}
        for path, mode in modes.items():
            if path.startswith(f"{self.stack.dir}/keys/"):
                self.assertIn(mode, ("0o700", "0o400"), path)
            elif path.startswith((f"{self.onions}/api", f"{self.onions}/live")):
                self.assertIn(mode, ("0o700", "0o600"), path)
        self.assertEqual(self.stack.sottoctl("policy"), "open\n")
        self.assertEqual(box.put(blob()).status, 201)
        self.assertEqual(len(box.drain()), 1)
        self.assertEqual(self.stack.sql("SELECT count(*) FROM sotto.mailbox WHERE seen_on < current_date"), "0")
        got = self.server.owned(account, "prekeyd", "GET", account.path + "/bundles")
        self.assertEqual((got.status, got.json["left"]), (200, 0))

    def test_blobs_come_along_when_asked_for_in_their_order(self):
        box = client.Mailbox(self.server)
        self.assertEqual(box.make().status, 201)
        sent = [blob(i) for i in range(20)]
        for one in sent:
            self.assertEqual(box.put(one).status, 201)
        self.ask("backup", self.file)
        self.ask("backup", "--blobs", self.file + ".blobs")
        self.restore(self.file)
        self.assertEqual(box.fetch(), [])
        self.restore(self.file + ".blobs")
        self.assertEqual(box.put(sent[0][:4] + sent[1][4:]).status, 201) # comes last
        self.assertEqual([b for _, b in box.drain()][:20], sent)

    def test_the_file_is_new_closed_and_sealed(self):
        box = client.Mailbox(self.server)
        self.assertEqual(box.make().status, 201)
        os.umask(0)
        self.addCleanup(os.umask, 0o022)
        said = self.ask("backup", self.file)
        self.assertRegex(said, r"backup: [\d.]+ MiB, without blobs, in [\d.]+ s")
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        with open(self.file, "rb") as file:
            sealed = file.read()
        for path in glob.glob(f"{self.stack.dir}/keys/**", recursive=True) + glob.glob(f"{self.onions}/**", recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    self.assertNotIn(file.read()[:32], sealed)
        for secret in (box.id, client.h256(box.deposit), b"onion_api", b"mailbox", PASSPHRASE.strip()):
            self.assertNotIn(secret, sealed)
        self.assertIn("nothing is overwritten", self.ask("backup", self.file, status=1))
        with open(self.file, "rb") as file:
            self.assertEqual(file.read(), sealed)
        self.assertIn("too short", self.ask("backup", self.file + "2", passphrase=b"eleven char\n", status=1))
        self.assertFalse(os.path.exists(self.file + "2"))

    def test_a_backup_that_fails_leaves_no_file(self):
        shutil.move(f"{self.onions}/live", f"{self.onions}/gone")
        try:
            self.assertIn("there is no file", self.ask("backup", self.file, status=1))
        finally:
            shutil.move(f"{self.onions}/gone", f"{self.onions}/live")
        self.assertEqual(glob.glob(self.file + "*"), [])

    def test_whatever_is_wrong_with_the_file_has_a_name_and_a_remedy_and_changes_nothing(self):
        box = client.Mailbox(self.server)
        self.assertEqual(box.make().status, 201)
        for i in range(40): # more than one piece
            self.assertEqual(box.put(blob(i)).status, 201)
        identity = f"{self.stack.dir}/identity" # opens at once, where a passphrase takes its time
        made = subprocess.run(["age-keygen", "-o", identity], check=True, capture_output=True, text=True).stderr
        self.ask("backup", self.file)
        self.ask("backup", "--blobs", "--recipient", re.search(r"age1\w+", made)[0], self.file + ".age", passphrase=b"")
        with open(self.file, "rb") as file:
            small = file.read()
        with open(self.file + ".age", "rb") as file:
            whole = file.read()
        self.assertGreater(len(whole), 150000)
        older = f"{self.stack.dir}/older"
        shutil.copytree(f"{self.stack.build}/sql", older)
        os.unlink(sorted(glob.glob(f"{older}/migrations/*.sql"))[-1])
        before = self.state()

        def changed(content, at):
            return content[:at] + bytes([content[at] ^ 1]) + content[at + 1:]

        by_age = {"passphrase": b""}
        cases = [("locked", small, {"passphrase": b"another passphrase\n"}), ("locked", changed(small, 12), {}),
                 ("locked", changed(small, 40), {}), ("locked", changed(whole, 30), by_age), ("newer-version", small, {"sql": older}),
                 ("newer-version", small[:8] + b"\2" + small[9:], {}), ("not-a-backup", b"x" * 5000, {}),
                 ("not-a-backup", b"", {}), ("damaged", whole + b"\0", by_age)]
        cases += [("truncated", whole[:n], by_age) for n in (100, 300, 5000, 65536, 70000, len(whole) - 17, len(whole) - 1)]
        cases += [("damaged", changed(whole, at), by_age) for at in (1000, 30000, 80000, len(whole) - 30, len(whole) - 1)]
        for name, content, how in cases:
            with self.subTest(name=name, length=len(content)):
                with open(self.file + ".bad", "wb") as file:
                    file.write(content)
                words = ("--identity", identity) if how is by_age else ()
                said = self.ask("restore", "--no-units", *words, self.file + ".bad", status=1, **how)
                self.assertRegex(said, rf"(?m)^sottoctl: restore: {name}: .*\n  do: ")
                self.assertEqual(self.state(), before)
        self.assertIn("No such file", self.ask("restore", "--no-units", self.file + ".none", status=1))
        self.assertEqual(self.state(), before)

    def test_a_restore_that_is_interrupted_changes_nothing(self):
        box = client.Mailbox(self.server)
        self.assertEqual(box.make().status, 201)
        for i in range(40):
            self.assertEqual(box.put(blob(i)).status, 201)
        self.ask("backup", "--blobs", self.file)
        before, fd = self.state(), os.open(self.file, os.O_RDONLY)
        secret, to = os.pipe()
        os.write(to, PASSPHRASE)
        with subprocess.Popen(self.argv("restore", "--no-units", "--passphrase-fd", str(secret), "-"), stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE, pass_fds=(secret,)) as process:
            process.stdin.write(os.read(fd, os.stat(self.file).st_size - 20))
            process.stdin.flush()
            until("its transaction", lambda: self.stack.sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'") != "0",
                  self.stack.check)
            process.send_signal(signal.SIGTERM)
            said = process.stderr.read().decode()
            self.assertEqual(process.wait(), 1, said)
        for one in (fd, secret, to):
            os.close(one)
        self.assertIn("nothing was changed", said)
        self.assertEqual(self.state(), before)

    def test_an_age_recipient_opens_it_and_nobody_else(self):
        keys = []
        for i in range(2):
            path = f"{self.stack.dir}/age{i}"
            if not os.path.exists(path):
                subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
            with open(path, encoding="ascii") as file:
                keys.append((path, re.search(r"age1\w+", file.read())[0]))
        self.ask("backup", "--recipient", keys[0][1], self.file, passphrase=b"")
        # What could be handed out or spent twice is not even in it.
        tables = opened(self.file, keys[0][0])
        self.assertIn(b"made_on, keep_days", tables)
        for columns in (b"taken_on, head", b"operation, token", b"uses, expires_on", b"payment, request", b"last_resort"):
            self.assertNotIn(columns, tables)
        before = self.state()
        self.assertIn(" locked: ", self.ask("restore", "--no-units", "--identity", keys[1][0], self.file, passphrase=b"", status=1))
        self.assertIn("give --identity", self.ask("restore", "--no-units", self.file, status=1))
        self.assertEqual(self.state(), before)
        self.restore("--identity", keys[0][0], self.file, passphrase=b"")
        self.assertIn("no such recipient", self.ask("backup", "--recipient", "age1nobody", self.file + "2", passphrase=b"", status=1))
        self.assertFalse(os.path.exists(self.file + "2"))

    def test_the_units_do_not_start_while_a_server_is_held(self):
        for unit in ("prekeyd.service", "prekeyd@.service", "blobd.service", "blobd@.service", "bridged.service",
                     "tor@sotto.service.d/sotto.conf"):
            with open(f"{TOP}/systemd/{unit}", encoding="ascii") as file:
                self.assertIn("\nConditionPathExists=!/etc/sotto/held\n", file.read(), unit)
