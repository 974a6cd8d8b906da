# SPDX-License-Identifier: AGPL-3.0-or-later
"""Accounts and their prekey bundles."""
import os
import struct
import uuid

import client
from bed import Bed, many


class Accounts(Bed):
    instances = {"prekeyd": 2}

    def setUp(self):
        self.owner, self.uuid = client.Owner(), str(uuid.uuid4())
        self.path, self.last = f"/v1/accounts/{self.uuid}", os.urandom(client.BUNDLE)

    def owned(self, method, path="", body=b"", owner=None, token=None):
        return self.server.owned(owner or self.owner, "prekeyd", method, self.path + path, body, token=token)

    def register(self):
        answer = self.owned("PUT", "", self.last, token=self.server.token("account"))
        self.assertEqual((answer.status, answer.json), (201, {"generation": 0, "next": 1}))

    def refill(self, generation, first):
        bundles = [os.urandom(client.BUNDLE) for _ in range(50)]
        answer = self.owned("PUT", "/bundles", struct.pack(">QQ", generation, first) + self.last + b"".join(bundles))
        self.assertEqual(answer.status, 200, answer)
        return bundles, answer.json

    def take(self, token=None):
        return self.server.call("prekeyd", "POST", self.path + "/bundle", token=token or self.server.token("prekey"))

    def test_each_one_time_bundle_goes_out_once_then_the_last_resort(self):
        self.register()
        bundles = self.refill(0, 1)[0] + self.refill(0, 51)[0]
        answers = many(lambda _: self.take(), range(120))
        self.assertEqual({a.status for a in answers}, {200})
        given = [a.body for a in answers]
        # No assertEqual: showing how two lists of random bytes differ takes minutes.
        self.assertTrue(sorted(b for b in given if b != self.last) == sorted(bundles), "not each one exactly once")
        self.assertEqual(given.count(self.last), 20)
        self.assertEqual(self.owned("GET", "/bundles").json["left"], 0)

    def test_the_same_request_side_by_side_gets_one_bundle(self):
        self.register()
        self.refill(0, 1)
        token = self.server.token("prekey")
        self.assertEqual(len({a.body for a in many(lambda _: self.take(token), range(40))}), 1)
        self.assertEqual(self.owned("GET", "/bundles").json["left"], 49)

    def test_a_repeated_refill_never_puts_back_what_was_handed_out(self):
        self.register()
        bundles = [os.urandom(client.BUNDLE) for _ in range(50)]
        body = struct.pack(">QQ", 0, 1) + self.last + b"".join(bundles)
        first = self.owned("PUT", "/bundles", body)
        taken = {self.take().body for _ in range(10)}
        self.assertEqual(self.owned("PUT", "/bundles", body).body, first.body)
        self.assertEqual(self.owned("GET", "/bundles").json, {"generation": 0, "next": 51, "left": 40})
        rest = {self.take().body for _ in range(40)}
        self.assertEqual((len(rest), rest & taken), (40, set()))

    def test_a_new_generation_replaces_what_was_not_handed_out(self):
        self.register()
        self.refill(0, 1)
        fresh, where = self.refill(1, 51)
        self.assertEqual(where, {"generation": 1, "next": 101})
        self.assertEqual({self.take().body for _ in range(50)}, set(fresh))
        self.assertEqual(self.refill(0, 101)[1], {"generation": 1, "next": 101})

    def test_registering_is_repeatable_and_another_owner_is_a_conflict(self):
        self.register()
        self.register()
        self.assertEqual(self.owned("PUT", "", self.last).status, 201) # who owns it pays once
        other = self.owned("PUT", "", self.last, client.Owner(), self.server.token("account"))
        self.assertEqual(other.status, 409)
        self.assertEqual(self.owned("GET", "/bundles", owner=client.Owner()).status, 404)
        self.assertEqual(self.owned("DELETE", owner=client.Owner()).status, 200)
        self.assertEqual(self.take().body, self.last)

    def test_an_ended_account_is_gone(self):
        self.register()
        self.refill(0, 1)
        self.assertEqual([self.owned("DELETE").status for _ in range(2)], [200, 200])
        self.assertEqual(self.take().status, 404)
        self.assertEqual(self.stack.sql(f"SELECT count(*) FROM sotto.bundle WHERE account = '{self.uuid}'"), "0")

    def test_the_server_describes_itself(self):
        answer = self.server.call("prekeyd", "GET", "/v1/server")
        self.assertEqual((answer.status, len(answer.body)), (200, client.PAD_LARGE))
        self.assertEqual({d: client.unb64(k) for d, k in answer.json["keys"].items()}, self.stack.server_keys)
        self.assertEqual(answer.json["onions"], {"api": self.stack.onion_api, "live": self.stack.onion_live})

    def test_an_account_session_hears_that_bundles_run_low_and_that_it_ended(self):
        self.register()
        self.refill(0, 1)
        session = self.session(self.owner, kind="account", uuid=self.uuid)
        mqtt = self.live(session)
        for _ in range(40):
            self.take()
        while (down := mqtt.next_down())[0] == 2:  # a new publisher: at any time
            pass
        self.assertEqual(down, (3, bytes(32), bytes(16), bytes(4096)))
        self.owned("DELETE")
        while (kind := mqtt.next_down()[0]) in (2, 3):
            pass
        self.assertEqual(kind, 4)
