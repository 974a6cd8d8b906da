# SPDX-License-Identifier: AGPL-3.0-or-later
"""The real client pays the real servers: invites, allowances, work, and what costs nothing."""
import unittest

from people import Person, Town, friends


class Pay(Town):
    def tearDown(self):
        self.stack.sottoctl("policy", "invite")
        super().tearDown()

    def stranger(self, name):
        """Not registered yet."""
        person = Person.__new__(Person)
        person.stack, person.socks, person.name, person.days = self.stack, self.socks, self.name(name), 0
        person.profile = f"{self.stack.dir}/{person.name}"
        return person

    def spent(self):
        rows = self.stack.sql("SELECT operation, count(*) FROM sotto.spent GROUP BY 1").split()
        return {int(row.split("|")[0]): int(row.split("|")[1]) for row in rows}

    def test_an_invite_registers_as_many_as_it_says(self):
        invite = self.stack.invite_link()
        self.stranger("anna").do("init", invite)
        done = self.stranger("ben").run("init", invite)
        self.assertEqual(done.returncode, 5)
        self.assertIn("used up", done.stderr)

    def test_init_that_is_repeated_uses_up_no_second_invite(self):
        invite, anna = self.stack.invite_link("--uses", "2"), self.stranger("anna")
        anna.do("init", invite)
        anna.do("init", invite)
        self.stranger("ben").do("init", invite)

    def test_init_that_was_cut_off_goes_on(self):
        invite, anna = self.stack.invite_link(), self.stranger("anna")
        self.socks.open = False
        self.assertEqual(anna.run("init", invite).returncode, 4)
        self.socks.open = True
        anna.do("init", invite)

    def test_without_an_invite_the_client_says_what_is_wanted(self):
        done = self.stranger("anna").run("init", "--server", self.stack.onion_api)
        self.assertEqual(done.returncode, 5)
        self.assertIn("wants an invite", done.stderr)

    def test_a_closed_server_takes_nobody(self):
        invite = self.stack.invite_link()
        self.stack.sottoctl("policy", "closed")
        done = self.stranger("anna").run("init", invite)
        self.assertEqual(done.returncode, 5)
        self.assertIn("registers nobody", done.stderr)

    def test_where_anybody_may_register_a_client_works_for_it(self):
        self.stack.sottoctl("policy", "open")
        done = self.stranger("anna").run("init", "--server", self.stack.onion_api)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Working for the server", done.stderr)

    def test_strangers_pay_for_bundle_and_inbox_and_friends_do_not(self):
        anna, ben = self.person("anna"), self.person("ben")
        friends(anna, ben)
        before = self.spent()
        anna.do("send", ben.name, "hello")
        ben.do("recv")
        ben.do("send", anna.name, "hello yourself")
        met = self.spent()
        self.assertEqual((met.get(2, 0) - before.get(2, 0), met.get(4, 0) - before.get(4, 0)), (1, 1))
        anna.do("recv")
        anna.do("send", ben.name, "now we are friends")
        ben.do("send", anna.name, "so we are")
        after = self.spent()
        self.assertEqual((after[2], after[4]), (met[2], met[4]))
        ben.do("recv")
        self.assertIn("now we are friends", ben.texts(anna.name))


if __name__ == "__main__":
    unittest.main()
