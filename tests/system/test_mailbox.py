# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mailboxes and blobs as an owner and a sender see them."""
import os

import client
from bed import Bed, blob, many


class Mailboxes(Bed):
    def test_what_is_deposited_is_fetched_acknowledged_and_gone(self):
        box, bodies = self.mailbox(), [blob(i) for i in range(3)]
        for body in bodies:
            answer = box.put(body)
            self.assertEqual((answer.status, len(answer.body)), (201, client.PAD_JSON))
        got = box.fetch()
        self.assertEqual([b for _, b in got], bodies)
        self.assertEqual(box.ack(got[0][0], got[1][0], os.urandom(16)).status, 200)
        self.assertEqual(box.fetch(), got[2:])
        self.assertEqual(box.end().status, 200)
        self.assertEqual(self.server.owned(box, "blobd", "GET", box.path + "/blobs").status, 404)
        self.assertEqual(box.put(blob()).status, 404)
        self.assertEqual(self.stack.sql(f"SELECT count(*) FROM sotto.blob WHERE mailbox = '\\x{box.id.hex()}'"), "0")

    def test_a_repeat_after_a_lost_reply_has_the_same_answer_and_one_effect(self):
        box, key, first = client.Mailbox(self.server), os.urandom(16), blob()
        self.assertEqual([box.make().status for _ in range(3)], [201] * 3)
        with client.Http(box.server.paths["blobd"]) as lost: # sent whole, the answer never read
            lost.putrequest("POST", "/v1/blobs")
            for name, value in (("Sotto-Deposit", client.b64(box.deposit)), ("Idempotency-Key", client.b64(key)),
                                ("Content-Length", str(client.BLOB))):
                lost.putheader(name, value)
            lost.endheaders(first)
        again = [box.put(body, key) for body in (first, first, blob())]
        self.assertEqual({(a.status, a.body) for a in again}, {(201, again[0].body)})
        self.assertEqual(box.fetch(), [(key, first)])
        self.assertEqual([box.ack(key).status for _ in range(3)], [200] * 3)
        self.assertEqual([box.end().status for _ in range(3)], [200] * 3)

    def test_the_same_id_sent_side_by_side_is_kept_once(self):
        box, key, body = self.mailbox(), os.urandom(16), blob()
        self.assertEqual({a.status for a in many(lambda _: box.put(body, key), range(64))}, {201})
        self.assertEqual(box.drain(), [(key, body)])

    def test_999_pieces_of_junk_do_not_keep_the_last_message_out_and_order_holds(self):
        box = self.mailbox()
        with client.Http(self.server.paths["blobd"]) as http:
            for i in range(1000):
                self.assertEqual(box.put(blob(i), http_=http).status, 201)
            full = box.put(blob(), http_=http)
        self.assertEqual((full.status, full.problem), (507, "mailbox-full"))
        self.assertEqual([int.from_bytes(b[:4], "big") for _, b in box.drain()], list(range(1000)))

    def test_a_deposit_hash_in_use_is_a_conflict(self):
        box, thief = self.mailbox(), client.Mailbox(self.server)
        answer = thief.make(client.h256(box.deposit))
        self.assertEqual((answer.status, answer.problem), (409, "conflict"))
        self.assertEqual(box.make(os.urandom(32)).status, 409)

    def test_a_signature_for_another_onion_is_refused(self):
        box = self.mailbox()
        headers = self.server.sign(box, "blobd", "GET", box.path + "/blobs", onion=os.urandom(32))
        answer = self.server.call("blobd", "GET", box.path + "/blobs", headers=headers)
        self.assertEqual((answer.status, answer.problem), (401, "unauthorized"))

    def test_a_wrong_nonce_is_refused_and_the_named_one_is_right(self):
        box = self.mailbox()
        answer = self.server.owned(box, "blobd", "GET", box.path + "/blobs", nonce=os.urandom(16))
        self.assertEqual(answer.status, 401)
        named = client.unb64(answer.headers["Sotto-Nonce"])
        self.assertEqual(self.server.owned(box, "blobd", "GET", box.path + "/blobs", nonce=named).status, 200)

    def test_a_changed_body_path_or_method_breaks_the_signature(self):
        box, body = self.mailbox(), bytes(1024)
        good = self.server.sign(box, "blobd", "POST", box.path + "/acks", body)
        call = lambda method, path, what: self.server.call("blobd", method, path, what, good).status
        self.assertEqual(call("POST", box.path + "/acks", body[1:] + b"x"), 401)
        self.assertEqual(call("GET", box.path + "/blobs", b""), 401)
        self.assertEqual(call("POST", box.path + "/acks", body), 200)

    def test_another_owners_mailbox_looks_like_none(self):
        box, other = self.mailbox(), self.mailbox()
        theirs = self.server.owned(other, "blobd", "GET", box.path + "/blobs")
        none = client.Mailbox(self.server)
        nothing = self.server.owned(none, "blobd", "GET", none.path + "/blobs")
        self.assertEqual((theirs.status, theirs.body), (404, nothing.body))

    def test_no_answer_tells_clock_or_server(self):
        for daemon in ("prekeyd", "blobd", "bridged"):
            for path in ("/v1/health", "/v1/nothing"):
                answer = self.server.call(daemon, "GET", path)
                self.assertNotIn("Date", answer.headers)
                self.assertNotIn("Server", answer.headers)
                self.assertEqual(len(answer.body), client.PAD_JSON)

    def test_another_method_is_told_those_that_the_path_takes(self):
        box = client.Mailbox(self.server)
        for path, methods in ((box.path, "PUT, DELETE"), (box.path + "/blobs", "GET"), ("/v1/blobs", "POST")):
            answer = self.server.call("blobd", "PATCH", path)
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, methods))
        self.assertNotIn("Allow", self.server.call("blobd", "PATCH", "/v1/nothing").headers)

    def test_bodies_of_another_size_are_refused(self):
        box = self.mailbox()
        for body in (b"", blob()[1:], blob() + b"x"):
            self.assertEqual(box.put(body).status, 413)


class SmallMailboxes(Bed):
    settings = {"mailbox_limit": 5}

    def test_a_full_mailbox_refuses_exactly_what_is_over_and_takes_again_after_an_ack(self):
        box = self.mailbox()
        answers = many(lambda i: box.put(blob(i)), range(40))
        self.assertEqual(sorted(a.status for a in answers), [201] * 5 + [507] * 35)
        got = box.fetch()
        self.assertEqual(len(got), 5)
        box.ack(got[0][0])
        self.assertEqual([box.put(blob()).status for _ in range(2)], [201, 507])

    def test_a_full_mailbox_still_answers_a_repeat(self):
        box, key, body = self.mailbox(), os.urandom(16), blob()
        self.assertEqual(box.put(body, key).status, 201)
        many(lambda i: box.put(blob(i)), range(8))
        self.assertEqual(box.put(body, key).status, 201)
