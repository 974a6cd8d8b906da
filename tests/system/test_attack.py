# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: whatever strangers do, every message of an honest pair arrives. `make attack` has the numbers, over Tor."""
import attacks
from bed import Bed


class Attacked(Bed):
    settings = {"circuit_line": "required", "connections": 900, "deadline_ms": 120000}

    def setUp(self):
        self.pair = attacks.Pair(self.server)
        self.addCleanup(self.pair.close)

    def under(self, attack, n_messages=25):
        """What the attacker was answered while the pair talked."""
        self.assertNotIn(None, self.pair.talk(2))
        with attacks.Under(attack, self.server, self.pair) as under:
            said = self.pair.talk(n_messages)
        self.assertEqual(said.count(None), 0, f"lost: {said}")
        self.assertTrue(under.seen, "there was no attack")
        return under.seen

    def test_while_bundles_are_drained(self):
        before = self.pair.bundles_left()
        seen = self.under(attacks.bundle_drainer)
        self.assertLessEqual(set(seen), {200, 401, 429}) # 200: the bundle that a spent token has bought, again
        self.assertGreater(seen[401], seen[200])
        self.assertEqual(self.pair.bundles_left(), before)
        self.assertEqual(self.pair.account.take().status, 200) # a stranger who pays

    def test_while_accounts_are_registered(self):
        before = self.stack.sql("SELECT count(*) FROM sotto.account")
        self.assertLessEqual(set(self.under(attacks.account_flood)), {401, 429})
        self.assertEqual(self.stack.sql("SELECT count(*) FROM sotto.account"), before)

    def test_while_spent_tokens_come_again(self):
        before = self.stack.sql("SELECT count(*) FROM sotto.mailbox")
        self.assertLessEqual(set(self.under(attacks.spent_tokens)), {401, 429})
        self.assertEqual(self.stack.sql("SELECT count(*) FROM sotto.mailbox"), before)

    def test_while_one_circuit_takes_all_it_can(self):
        self.assertGreater(self.under(attacks.one_circuit)[429], 0)

    def test_while_mailboxes_are_filled(self):
        self.assertGreater(self.under(attacks.mailbox_filler)[401], 0)
        self.assertEqual(self.pair.inbox.fetch(), [])

    def test_while_it_is_replayed(self):
        self.assertEqual(set(self.under(attacks.replayer)) - {429}, {201})
        left = [i for i, _ in self.pair.box.drain()] # acknowledgements may still be on their way
        self.assertLessEqual(set(left), self.pair.keys)
        self.assertEqual(len(left), len(set(left))) # it is one blob all the time

    def test_while_bodies_drip(self):
        self.under(attacks.slow_bodies)

    def test_while_a_thousand_connections_are_half_open(self):
        self.assertGreaterEqual(self.under(attacks.half_open, 8)["connections"], 1000)
