# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: programs of one profile that run at the same time disturb none of the others."""
import re
import threading

from people import Town, friends, gather
from terminal import chat

ROUNDS = 8


class Beside(Town):
    def at_once(self, *tasks):
        """Each of them ROUNDS times, one after the other, beside the other tasks."""
        failed = []

        def go(task):
            try:
                for n in range(ROUNDS):
                    task(n)
            except Exception as error:   # told by the main thread
                failed.append(error)
        threads = [threading.Thread(target=go, args=(task,)) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    def test_what_runs_beside_a_chat_ends_neither(self):
        alice, bob, carl = (self.person(name) for name in ("alice", "bob", "carl"))
        friends(alice, bob, carl)
        gather("hill", alice, bob)
        alice.do("recv")
        for one, other in (alice, bob), (bob, alice):
            one.do("send", other.name, "hello")
            other.do("recv")
        link, path = carl.link(), self.source(100000, "picture.png")
        a = chat(self, alice)
        a.until("live")

        def comes_and_goes(_):
            alice.do("end", carl.name)
            alice.do("add", carl.name, link)
            alice.do("send", carl.name, "it is me again")

        def looks(_):
            alice.do("--json", "contacts")
            alice.do("files")

        self.at_once(
            lambda n: a.line(f"typed {n}"),
            lambda n: alice.do("send", bob.name, f"sent {n}"),
            lambda n: alice.do("group", "send", "hill", f"said {n}"),
            lambda n: alice.do("send", bob.name, "--file", path),
            lambda n: bob.do("send", alice.name, f"answered {n}"),
            lambda n: alice.do("recv"),
            comes_and_goes, looks)
        a.until(f"answered {ROUNDS - 1}")
        a.line("/quit")
        self.assertEqual(a.end(), 0)
        alice.do("recv")
        bob.do("recv")
        log = bob.do("log", alice.name) + bob.do("group", "log", "hill")
        for verb in "typed", "sent", "said":
            self.assertEqual(re.findall(rf" > {verb} (\d+)\n", log), [str(n) for n in range(ROUNDS)], log)
        self.assertEqual(log.count("picture.png"), ROUNDS, log)
