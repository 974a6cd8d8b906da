# SPDX-License-Identifier: AGPL-3.0-or-later
"""What costs a token, that each pays once, that no failure burns one, and that nothing leads back to who bought it."""
import base64
import contextlib
import os
import random
import signal
import uuid

import client
import tokens
from bed import Bed, blob, many, until


class Paying(Bed):
    instances = {"prekeyd": 2, "blobd": 2}
    settings = {"mailbox_limit": 3}

    def secrets(self):
        """{(operation, epoch): secret} of all keys that prekeyd holds."""
        with open(f"{self.stack.dir}/keys/prekeyd/token-keys", "rb") as file:
            data = file.read()
        names = {number: name for name, number in tokens.OPERATIONS.items()}
        return {(names[r[0]], int.from_bytes(r[1:5], "big")): r[5:]
                for r in (data[i:i + 37] for i in range(0, len(data), 37))}

    def make(self, token=None, box=None):
        """PUT of a mailbox with this token, or with none at all."""
        box = box or client.Mailbox(self.server)
        body = client.pad({"deposit": client.b64(client.h256(box.deposit)), "keep_days": 21, "inbox": box.inbox})
        return self.server.owned(box, "blobd", "PUT", box.path, body, token=token)

    def inbox(self):
        box = client.Mailbox(self.server, inbox=True)
        self.assertEqual(box.make().status, 201)
        return box

    def unpaid(self, answer):
        self.assertEqual((answer.status, answer.problem), (401, "token-required"))
        challenge = 'PrivateToken challenge="' + base64.urlsafe_b64encode(
            tokens.TYPE + tokens.part(self.server.onion_name.encode()) + b"\0" +
            tokens.part(self.server.onion_name.encode())).decode()
        self.assertTrue(answer.headers["WWW-Authenticate"].startswith(challenge))
        return answer.body

    def test_what_strangers_want_costs_a_token_and_renewals_do_not(self):
        account, box, inbox = client.Account(self.server), self.mailbox(), self.inbox()
        put = lambda: self.server.owned(account, "prekeyd", "PUT", account.path, account.last)
        self.unpaid(put())
        self.assertEqual((account.register().status, put().status), (201, 201))
        self.unpaid(self.server.call("prekeyd", "POST", account.path + "/bundle"))
        self.unpaid(self.server.call("prekeyd", "POST", client.Account(self.server).path + "/bundle"))
        self.assertEqual(account.take().body, account.last)
        self.unpaid(self.make())
        self.assertEqual(self.make(box=box).status, 201)
        self.unpaid(inbox.put(blob()))
        self.assertEqual(inbox.put(blob(), token=self.server.token("inbox")).status, 201)
        self.assertEqual(box.put(blob()).status, 201)
        stray = self.server.token("inbox") # between contacts nobody looks at it
        self.assertEqual(box.put(blob(), token=stray).status, 201)
        self.assertEqual(inbox.put(blob(), token=stray).status, 201)

    def test_a_token_pays_once_however_many_connections_bring_it(self):
        token = self.server.token("mailbox")
        answers = many(lambda _: self.make(token), range(24))
        self.assertEqual(sorted(a.status for a in answers), [201] + [401] * 23)
        account, token = client.Account(self.server), self.server.token("account")
        answers = many(lambda a: a.register(token), [client.Account(self.server) for _ in range(16)])
        self.assertEqual(sorted(a.status for a in answers), [201] + [401] * 15)
        inbox, token = self.inbox(), self.server.token("inbox")
        answers = many(lambda _: inbox.put(blob(), token=token), range(16))
        self.assertEqual(sorted(a.status for a in answers), [201] + [401] * 15)
        self.assertEqual(len(inbox.fetch()), 1)
        account.register()
        token = self.server.token("prekey")
        other = client.Account(self.server)
        other.register()
        answers = many(lambda i: (account, other)[i % 2].take(token), range(16))
        self.assertEqual(sorted(a.status for a in answers), [200] * 8 + [401] * 8)

    def test_spent_forged_expired_and_malformed_look_the_same(self):
        spent = self.server.token("mailbox")
        self.assertEqual(self.make(spent).status, 201)
        forged = spent[:-1] + bytes([spent[-1] ^ 1])
        keys, onion = self.secrets(), self.server.onion_name
        epoch = self.server.token_key("mailbox")[0]
        stranger = tokens.mint(os.urandom(31) + b"\0", onion)
        elsewhere = tokens.mint(keys["mailbox", epoch], client.b64(os.urandom(42)) + ".onion")
        not_yet = tokens.mint(keys["mailbox", max(e for _, e in keys)], onion)
        other = tokens.mint(keys["inbox", epoch], onion)
        answers = [self.make(t) for t in (None, spent, forged, stranger, elsewhere, not_yet, other, bytes(162))]
        self.assertEqual(len({self.unpaid(a) for a in answers}), 1)
        self.assertEqual(len({tuple((k, v) for k, v in a.headers.items() if k != "Sotto-Nonce") for a in answers}), 1)
        box = client.Mailbox(self.server)
        body = client.pad({"deposit": client.b64(client.h256(box.deposit)), "keep_days": 21, "inbox": False})
        for text in ("", "PrivateToken", 'PrivateToken token="AAUA"', "Basic eDp5", 'PrivateToken token="' + "A" * 216):
            headers = {**self.server.sign(box, "blobd", "PUT", box.path, body), "Authorization": text}
            answer = self.server.call("blobd", "PUT", box.path, body, headers)
            self.assertEqual(self.unpaid(answer), answers[0].body)
        # The administrator's own mint, for comparison: this is what a good one is.
        self.assertEqual(self.make(tokens.mint(keys["mailbox", epoch], onion)).status, 201)

    def test_a_request_that_fails_does_not_burn_its_token(self):
        token, box = self.server.token("mailbox"), self.mailbox()
        self.assertEqual(client.Mailbox(self.server).make(client.h256(box.deposit), token).status, 409)
        thief = client.Mailbox(self.server)
        wrong = self.server.owned(thief, "blobd", "PUT", box.path, bytes(1024), token=token)
        self.assertEqual((wrong.status, wrong.problem), (404, "not-found"))
        unsigned = self.server.call("blobd", "PUT", box.path, bytes(1024), token=token)
        self.assertEqual((unsigned.status, unsigned.problem), (401, "unauthorized"))
        self.assertEqual(self.server.owned(thief, "blobd", "PUT", thief.path, bytes(1024), token=token).status, 400)
        self.assertEqual(thief.make(token=token).status, 201)

        account, token = client.Account(self.server), self.server.token("account")
        self.assertEqual(account.register().status, 201)
        other = self.server.owned(client.Owner(), "prekeyd", "PUT", account.path, account.last, token=token)
        self.assertEqual(other.status, 409)
        self.assertEqual(client.Account(self.server).register(token).status, 201)

        token = self.server.token("prekey")
        self.assertEqual(client.Account(self.server).take(token).status, 404)
        self.assertEqual(account.take(token).status, 200)

        inbox, token = self.inbox(), self.server.token("inbox")
        paid = [(os.urandom(16), blob(), self.server.token("inbox")) for _ in range(3)]
        self.assertEqual([inbox.put(b, k, token=t).status for k, b, t in paid], [201] * 3)
        self.assertEqual(inbox.put(blob(), token=token).status, 507)
        self.assertEqual(inbox.put(paid[0][1], paid[0][0], token=token).status, 201) # there already
        inbox.ack(paid[0][0])
        self.assertEqual(inbox.put(blob(), token=token).status, 201)
        # Full again, and the first was fetched: its request has paid and is answered as at first.
        self.assertEqual(inbox.put(paid[0][1], paid[0][0], token=paid[0][2]).status, 201)
        self.assertEqual(len(inbox.fetch()), 3)

    def test_a_lost_reply_costs_nothing(self):
        account = client.Account(self.server)
        account.register()
        token = self.server.token("prekey")
        with client.Http(self.server.paths["prekeyd"]) as lost: # sent whole, the answer never read
            lost.putrequest("POST", account.path + "/bundle")
            for name, value in {**tokens.header(token), "Content-Length": "0"}.items():
                lost.putheader(name, value)
            lost.endheaders()
        self.assertEqual([account.take(token).body for _ in range(3)], [account.last] * 3)
        other = client.Account(self.server)
        other.register()
        self.unpaid(other.take(token))

    def test_what_was_paid_before_postgresql_died_stays_paid(self):
        token, first = self.server.token("mailbox"), client.Mailbox(self.server)
        self.server.token("mailbox") # stock, so that nothing is bought meanwhile
        self.assertEqual(first.make(token=token).status, 201)
        self.stack.kill("postgres", signal.SIGKILL)
        until("the backends to end", lambda: not self.kill_backends())
        self.stack.start("postgres")
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.stack.wait_healthy(daemon)
        again = [until("an answer", lambda b=box: (a := self.make(token, b)).status != 503 and a) for box in (None, first)]
        self.unpaid(again[0])
        self.assertEqual(again[1].status, 201)
        self.assertEqual(self.stack.sql(f"SELECT count(*) FROM sotto.mailbox WHERE id = '\\x{first.id.hex()}'"), "1")

    def kill_backends(self):
        """What kill -9 of the postmaster leaves behind for a moment."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == f"{self.stack.dir}/pgdata":
                    os.kill(int(entry), signal.SIGKILL)
                    found.append(entry)
        return found

    def test_a_rotation_takes_nothing_that_was_bought(self):
        bought, before = self.server.token("mailbox"), self.secrets()
        self.stack.sottoctl("rotate", f"{self.stack.dir}/keys")
        for name in ("prekeyd", "prekeyd.2", "blobd", "blobd.2"):
            self.stack.restart(name)
        self.stack.wait_healthy("blobd")
        self.assertEqual(self.secrets(), before)
        self.assertEqual(self.make(bought).status, 201)
        self.assertEqual(self.make(self.server.token("mailbox")).status, 201)


class Linking(Bed):
    """The experiment: the same operation bought in two ways, and a program that sees every row where it lies on disk and
    says for each spent token in which way it was bought. In three ways: by the order of rows, by the nearness of their
    bytes, by hashes of one that occur in the other."""
    settings = {"work_bits": 3, "work_rate": 1000000}
    N = 32 # of each kind

    def rows(self, table):
        return [line.split("|") for line in self.stack.sql(f"SELECT * FROM sotto.{table} ORDER BY tableoid, ctid")
                .splitlines()]

    def shares(self, bought_by, spent_by):
        """How much of what was spent each program puts right. {payment: kind}, {token hash: kind}, in hex."""
        issued = [(row[2][2:], row[3][2:]) for row in self.rows("issued") if row[2][2:] in bought_by]
        spent = [(row[2][2:], row[3][2:]) for row in self.rows("spent") if row[2][2:] in spent_by]
        kinds = [bought_by[payment] for payment, _ in issued]
        self.assertEqual(len(spent), 2 * self.N)
        said = {"order": [kinds[i * len(kinds) // len(spent)] for i in range(len(spent))]}
        apart = lambda a, b: bin(int(a, 16) ^ int(b, 16)).count("1")
        said["nearness"] = [min((apart(mine, theirs), kind) for row, kind in zip(issued, kinds) for theirs in row
                                for mine in pair)[1] for pair in spent]
        hashes = {client.h256(*map(bytes.fromhex, parts)).hex(): kind for row, kind in zip(issued, kinds)
                  for parts in (row, row[::-1], row[:1], row[1:])}
        said["hashes"] = [hashes.get(token, hashes.get(request, random.randrange(2))) for token, request in spent]
        return {name: sum(kind == spent_by[token] for kind, (token, _) in zip(some, spent)) / len(spent)
                for name, some in said.items()}

    def hold_no_better_than_chance(self, shares):
        print("       right: " + ", ".join(f"{share:.0%} by {name}" for name, share in shares.items()))
        for name, share in shares.items(): # of 64 guesses; five standard deviations are 31 %
            self.assertLess(abs(share - 0.5), 0.32, name)

    def test_who_came_by_invite_and_who_by_work_cannot_be_told_apart_after_a_sweep(self):
        self.stack.sottoctl("policy", "open")
        code = self.stack.invite("--uses", str(self.N))
        bought_by, spent_by = {client.h256(code).hex(): 0}, {}
        kinds = [0, 1] * self.N
        random.shuffle(kinds)
        for kind in kinds: # bought and spent at once, as a new client does
            pay = self.server.work("account") if kind else {"kind": "invite", "code": client.b64(code)}
            if kind:
                bought_by[client.h256(client.unb64(pay["challenge"])).hex()] = 1
            token = self.server.buy("account", pay)[0]
            self.assertEqual(client.Account(self.server).register(token).status, 201)
            spent_by[client.h256(token).hex()] = kind
        self.assertEqual(self.shares(bought_by, spent_by)["order"], 1) # the program works, where there is something
        self.stack.sottoctl("sweep")
        self.hold_no_better_than_chance(self.shares(bought_by, spent_by))

    def test_members_and_strangers_who_take_bundles_cannot_be_told_apart(self):
        target, payer = client.Account(self.server), client.Account(self.server)
        self.assertEqual((target.register().status, payer.register().status), (201, 201))
        work = self.server.work("prekey")
        bought_by = {client.h256(uuid.UUID(payer.uuid).bytes, bytes([tokens.OPERATIONS["prekey"]])).hex(): 0,
                     client.h256(client.unb64(work["challenge"])).hex(): 1}
        stock = [(0, t) for t in self.server.buy("prekey", {"kind": "account", "uuid": payer.uuid}, payer)]
        stock += [(1, t) for t in self.server.buy("prekey", work)]
        random.shuffle(stock) # as stock is spent over days
        self.assertEqual({target.take(token).status for _, token in stock}, {200})
        self.hold_no_better_than_chance(self.shares(bought_by, {client.h256(t).hex(): kind for kind, t in stock}))
