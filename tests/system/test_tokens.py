# SPDX-License-Identifier: AGPL-3.0-or-later
"""Anonymous tokens: what buys them, how often, and that nobody is told why not."""
import os

import client
import tokens
from bed import Bed, many

b64, unb64 = client.b64, client.unb64


class Issuing(Bed):
    settings = {"work_bits": 4, "work_rate": 1000, "allowance_mailbox": 1, "allowance_turn": 2}
    instances = {"prekeyd": 2}

    def setUp(self):
        self.stack.sottoctl("policy", "invite")

    def order(self, operation):
        epoch, key = self.server.token_key(operation)
        return epoch, tokens.Order(key, self.server.onion_name, tokens.BATCH[operation])

    def ask(self, operation, pay, owner=None, blinded=None):
        epoch, order = self.order(operation)
        return self.server.issue(operation, epoch, blinded or order.blinded, pay, owner)

    def invite(self, *arguments):
        return {"kind": "invite", "code": b64(self.stack.invite(*arguments))}

    def account(self):
        """A registered one, and how its allowance pays."""
        account = client.Account(self.server)
        self.assertEqual(account.register().status, 201)
        return account, {"kind": "account", "uuid": account.uuid}

    def refused(self, answer):
        self.assertEqual((answer.status, answer.problem, len(answer.body)), (402, "not-paid", client.PAD_JSON))
        return answer.body

    def test_an_invite_buys_one_batch_for_each_use_however_many_ask_at_once(self):
        pay = self.invite("--uses", "3")
        epoch, _ = self.order("account")
        orders = [self.order("account")[1] for _ in range(8)]
        ask = lambda order: self.server.issue("account", epoch, order.blinded, pay)
        answers = many(ask, orders * 4)
        paid = {i % 8 for i, a in enumerate(answers) if a.status == 200}
        self.assertEqual((len(paid), {a.status for a in answers}), (3, {200, 402}))
        self.assertEqual({i for i in range(8) if ask(orders[i]).status == 200}, paid)
        for order in [orders[i] for i in paid]: # each repeat the same, and good
            again = [ask(order).json["evaluated"] for _ in range(3)]
            self.assertEqual(again, again[:1] * 3)

    def test_an_invite_that_is_over_answers_repeats_only(self):
        pay = self.invite("--uses", "5", "--days", "1")
        epoch, order = self.order("account")
        first = self.server.issue("account", epoch, order.blinded, pay)
        code = client.h256(unb64(pay["code"])).hex()
        self.stack.sql(f"UPDATE sotto.invite SET expires_on = current_date - 1 WHERE code = '\\x{code}'")
        again = self.server.issue("account", epoch, order.blinded, pay)
        self.assertEqual((first.status, again.status), (200, 200))
        self.assertEqual(again.json["evaluated"], first.json["evaluated"])
        self.refused(self.ask("account", pay))

    def test_what_buys_what_under_each_policy(self):
        account, allowance = self.account()
        for policy in ("open", "invite", "closed"):
            self.stack.sottoctl("policy", policy)
            self.assertEqual(self.server.call("prekeyd", "GET", "/v1/server").json["registration"], policy)
            for operation in tokens.OPERATIONS:
                pays = {self.ask(operation, self.invite()).status == 200 and "invite",
                        self.ask(operation, self.server.work(operation)).status == 200 and "work",
                        operation in ("account", "prekey", "chunk") and
                        self.ask(operation, allowance, account).status == 200 and "account"} - {False}
                wanted = {"invite"} if operation == "account" and policy != "closed" else set()
                wanted |= {"work"} if policy == "open" or operation in ("prekey", "inbox") else set()
                wanted |= {"account"} if operation in ("prekey", "chunk") else set()
                self.assertEqual(pays, wanted, (policy, operation))

    def test_an_allowance_is_for_a_day_and_for_its_owner(self):
        account, pay = self.account()
        self.assertEqual(self.ask("mailbox", pay).status, 401)
        self.refused(self.ask("mailbox", pay, client.Owner()))
        self.assertEqual(self.ask("mailbox", pay, account).status, 200)
        self.refused(self.ask("mailbox", pay, account))
        self.assertEqual([self.ask("turn", pay, account).status for _ in range(3)], [200, 200, 402])
        # Yesterday's does not count, and a repeat of it is still answered.
        epoch, order = self.order("mailbox")
        self.stack.sql("UPDATE sotto.issued SET ends_on = ends_on - 1")
        self.assertEqual(self.server.issue("mailbox", epoch, order.blinded, pay, account).status, 200)
        self.stack.sql("UPDATE sotto.issued SET ends_on = ends_on - 1")
        self.assertEqual(self.server.issue("mailbox", epoch, order.blinded, pay, account).status, 200)
        self.assertEqual(self.ask("mailbox", pay, account).status, 200)

    def test_work_pays_once_and_only_for_what_it_was_asked(self):
        pay = self.server.work("prekey")
        epoch, order = self.order("prekey")
        first = self.server.issue("prekey", epoch, order.blinded, pay)
        self.assertEqual(first.status, 200)
        self.refused(self.ask("prekey", pay))
        self.refused(self.ask("inbox", self.server.work("prekey")))
        again = many(lambda _: self.server.issue("prekey", epoch, order.blinded, pay), range(8))
        self.assertEqual({str(a.json["evaluated"]) for a in again}, {str(first.json["evaluated"])})

    def test_whatever_is_wrong_with_a_payment_the_answer_is_the_same(self):
        account, allowance = self.account()
        self.ask("mailbox", allowance, account)
        spent, unsolved, easier = (self.server.work("prekey") for _ in range(3))
        self.ask("prekey", spent)
        challenge = unb64(unsolved["challenge"])
        wrong = next(s for s in (bytes([0] * 7 + [i]) for i in range(99)) if client.h256(challenge, s)[0] >> 4)
        unsolved["solution"] = b64(wrong)
        easier["challenge"] = b64(challenge[:2] + b"\0" + challenge[3:])
        used, over = self.invite(), self.invite()
        self.ask("account", used)
        self.stack.sql("UPDATE sotto.invite SET expires_on = current_date - 1 WHERE code = '\\x%s'" %
                       client.h256(unb64(over["code"])).hex())
        answers = [self.ask("account", {"kind": "invite", "code": b64(os.urandom(16))}), self.ask("account", used),
                   self.ask("account", over), self.ask("prekey", spent), self.ask("prekey", unsolved),
                   self.ask("prekey", easier), self.ask("mailbox", self.server.work("mailbox")),
                   self.ask("mailbox", self.invite()), self.ask("mailbox", allowance, account),
                   self.ask("account", allowance, account), self.ask("mailbox", allowance, client.Owner()),
                   self.ask("mailbox", {**allowance, "uuid": client.Account(self.server).uuid}, account)]
        self.assertEqual(len({self.refused(a) for a in answers}), 1)

    def test_what_cannot_be_evaluated_is_refused_before_anything_is_paid(self):
        pay = self.invite()
        good = self.order("account")[1].blinded[0]
        for blinded in ([], [good, good], [bytes(32)], [b"\xff" * 32], [good[:31]], [good + b"\0"]):
            answer = self.ask("account", pay, blinded=blinded or [b""])
            self.assertEqual((answer.status, answer.problem), (400, "bad-request"), blinded)
        for kind in ({"kind": "gift"}, {"kind": "invite"}, {"kind": "invite", "code": 1}, {}, None):
            self.assertEqual(self.ask("account", kind).status, 400, kind)
        epoch, _ = self.order("account")
        for other in (epoch - 1 if epoch > self.epoch() else epoch - 2, epoch + 1, 0, 2**32 - 1):
            answer = self.server.issue("account", other, [good], pay)
            self.assertEqual((answer.status, answer.problem), (404, "not-found"), other)
        self.assertEqual(self.ask("account", pay).status, 200)

    def epoch(self):
        """The newest that is listed, less one when the one before is listed too."""
        return min(k["epoch"] for k in self.server.call("prekeyd", "GET", "/v1/server").json["tokens"])

    def test_keys_are_listed_in_order_and_those_of_the_next_epoch_are_not(self):
        listed = [(tokens.OPERATIONS[k["operation"]], k["epoch"])
                  for k in self.server.call("prekeyd", "GET", "/v1/server").json["tokens"]]
        self.assertEqual(listed, sorted(set(listed)))
        with open(f"{self.stack.dir}/keys/prekeyd/token-keys", "rb") as file:
            records = file.read()
        held = {(r[0], int.from_bytes(r[1:5], "big")) for r in (records[i:i + 37] for i in range(0, len(records), 37))}
        newest = max(epoch for _, epoch in held)
        self.assertEqual(set(listed), {(o, e) for o, e in held if e < newest})


class Hard(Bed):
    settings = {"work_bits": 3, "work_rate": 2}

    def test_work_gets_harder_with_what_was_solved(self):
        bits, n = 3, 0
        while bits < 5: # for two doublings of the rate; a slow machine needs more
            self.assertLess(n, 200)
            self.server.buy("prekey", self.server.work("prekey"))
            n += 1
            bits = self.server.challenge("prekey")[2]
            self.assertTrue(bits == 3 or n >= 4, (bits, n))
