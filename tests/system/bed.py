# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the tests share: one stack a class, mailboxes made, many requests at once."""
import concurrent.futures
import os
import random
import unittest

import client
from stack import Stack, until

__all__ = ["Bed", "blob", "many", "until"]


def blob(n=None):
    """4096 random bytes; with a number in front so that order can be seen."""
    return (n.to_bytes(4, "big") if n is not None else os.urandom(4)) + random.randbytes(client.BLOB - 4)


def many(function, items, threads=32):
    """Results of function(item), in order, computed side by side."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


class Bed(unittest.TestCase):
    settings, instances, journal = {}, {}, False

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(os.environ["SOTTO_BUILD"], settings=cls.settings, instances=cls.instances,
                          journal=cls.journal)
        cls.addClassCleanup(cls.stack.down)
        cls.stack.up()
        cls.server = cls.stack.server()

    def tearDown(self):
        self.stack.check()

    def mailbox(self):
        box = client.Mailbox(self.server)
        self.assertEqual(box.make().status, 201)
        return box

    def session(self, *boxes, **other):
        answer = self.server.session(boxes, **other)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(len(answer.body), client.PAD_LARGE)
        return answer.json

    def live(self, session, **other):
        """A live connection that has subscribed."""
        mqtt = self.server.live(session, **other)
        self.addCleanup(mqtt.close)
        mqtt.subscribe(session["down"])
        return mqtt
