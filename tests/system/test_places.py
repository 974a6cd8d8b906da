# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: who has more mailboxes than sessions hears of every contact at once, and goes on doing so as contacts come and go."""
import concurrent.futures

from people import Person, Socks, Town
from test_away import Watch

PLACES, MORE = 16, 16


class Places(Town):
    def acquaintance(self, i):
        """Somebody whose mailbox alice has told of. They come by a port of their own."""
        person = Person(self.stack, self.theirs, f"friend{i}")
        self.addCleanup(person.run, "lock")
        person.do("add", self.alice.name, self.alice.link())
        return person

    def meets(self, person):
        self.alice.do("add", person.name, person.link())
        self.alice.do("send", person.name, "hello")
        person.do("recv")

    def all_say(self, people, text):
        """Which can only be pushed: mailboxes cannot be read."""
        self.socks.close("blobd")
        for person in people:
            person.do("send", self.alice.name, text)
        for person in people:
            self.watch.until(f"{person.name} > {text}\n")
        self.socks.refuse = set()

    def test_more_mailboxes_than_sessions_are_all_live(self):
        self.theirs = Socks(self.stack)
        self.addCleanup(self.theirs.server_close)
        self.addCleanup(self.theirs.shutdown)
        self.alice = self.person("alice")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            people = list(pool.map(self.acquaintance, range(MORE)))
        for person in people:
            self.meets(person)
        began = len(self.socks.seen)
        self.watch = Watch(self, self.alice)
        self.watch.until("live\n")
        circuits = {user for user, port in self.socks.seen[began:] if port == 1883}
        self.assertEqual(len(circuits), PLACES)
        self.all_say(people, "one")
        late = self.acquaintance(MORE)
        self.meets(late)
        late.do("send", self.alice.name, "two")
        self.watch.until(f"{late.name} > two\n")
        self.all_say([late], "three")
        for person in people[:4]:
            self.alice.do("end", person.name)
        self.stack.stop("broker") # all sessions are asked for again, without those four
        self.watch.until("away")
        self.stack.start("broker")
        self.stack.wait_healthy("bridged")
        self.watch.until("live\n", 2)
        self.all_say(people[4:] + [late], "four")
        self.assertEqual(self.watch.end(), 0)
