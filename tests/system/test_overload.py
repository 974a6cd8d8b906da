# SPDX-License-Identifier: AGPL-3.0-or-later
"""Before it is full a server refuses new accounts and mailboxes, then heavy mailboxes, and deposits last."""
import os
import tempfile

import client
from bed import Bed, blob, many, until

MB = 1 << 20


class Overload(Bed):
    journal = True

    def setUp(self):
        self.run_with()

    def run_with(self, **settings):
        """Both daemons anew, with these settings."""
        self.stack.settings = {"measure_ms": 100, "metrics_s": 1, **settings}
        self.stack.settings["circuit_line"] = "off"
        self.stack.write_settings()
        for daemon in ("prekeyd", "blobd"):
            self.stack.restart(daemon)
            self.stack.wait_healthy(daemon)

    def told(self, event, daemon="blobd"):
        return [e["MESSAGE"] for e in self.stack.journal(f"SOTTO_EVENT={event}", f"SOTTO_DAEMON={daemon}")]

    def says(self):
        description = self.server.call("prekeyd", "GET", "/v1/server").json
        return {**description["accepts"], "mailbox_blobs": description["limits"]["mailbox_blobs"]}

    def refused(self, answer, kind="overloaded"):
        self.assertEqual((answer.status, answer.json["type"]), (507 if kind == "mailbox-full" else 503,
                                                                f"urn:sotto:problem:{kind}"))

    def test_a_disk_that_fills_refuses_new_ones_and_takes_them_again(self):
        box, account = self.mailbox(), client.Account(self.server)
        free = os.statvfs("/dev/shm").f_bavail * os.statvfs("/dev/shm").f_frsize
        self.run_with(disk_path="/dev/shm", disk_reserve_mb=(free - 16 * MB) // MB // 2)
        self.assertEqual(self.says(), {"accounts": True, "mailboxes": True, "deposits": True, "mailbox_blobs": 1000})
        self.assertEqual(client.Mailbox(self.server).make().status, 201)
        before = {d: len(self.told("pressure", d)) for d in ("prekeyd", "blobd")}
        eased = {d: len(self.told("eased", d)) for d in before}
        with tempfile.TemporaryFile(dir="/dev/shm") as file:
            os.posix_fallocate(file.fileno(), 0, 32 * MB)
            for daemon, n in before.items():
                until(f"{daemon} to say so", lambda d=daemon, n=n: len(self.told("pressure", d)) > n, self.stack.check)
            self.assertIn("new accounts, mailboxes and pieces of files are refused (disk)", self.told("pressure")[-1])
            answer = client.Mailbox(self.server).make()
            self.refused(answer)
            self.assertEqual(answer.headers["Retry-After"], "60")
            self.refused(account.register())
            self.assertEqual(self.says(), {"accounts": False, "mailboxes": False, "deposits": True,
                                           "mailbox_blobs": 1000})
            self.assertEqual(box.put(blob()).status, 201)
            self.assertEqual(len(box.drain()), 1)
        for daemon in before:
            until(f"{daemon} to be at ease", lambda d=daemon: len(self.told("eased", d)) > eased[d], self.stack.check)
        self.assertEqual(account.register().status, 201)
        self.assertEqual(client.Mailbox(self.server).make().status, 201)

    def test_deposits_are_refused_last_and_what_waits_can_be_fetched(self):
        box = self.mailbox()
        box.put(blob())
        self.run_with(disk_reserve_mb=1000000)
        self.refused(box.put(blob()))
        self.refused(client.Mailbox(self.server).make())
        self.assertEqual(self.says()["deposits"], False)
        self.assertEqual(len(box.drain()), 1)
        self.assertEqual(box.end().status, 200)

    def test_heavy_mailboxes_are_full_first_and_quiet_ones_go_on(self):
        heavy, other, quiet = (self.mailbox() for _ in range(3))
        spare = [self.mailbox() for _ in range(4)]
        self.run_with(blob_budget_mb=1) # 236 blobs
        put = lambda box, n: self.assertEqual({a.status for a in many(lambda _: box.put(blob()), range(n))}, {201})
        limit = lambda n: until(f"a limit of {n}", lambda: self.says()["mailbox_blobs"] == n and
                                any(f" {n} blobs a mailbox" in text for text in self.told("pressure")), self.stack.check)
        put(heavy, 172)
        limit(200)
        put(other, 33)
        put(quiet, 2)
        limit(50)
        self.refused(heavy.put(blob()), "mailbox-full")
        put(other, 1)
        for box in spare[:2]:
            put(box, 10)
        limit(20)
        self.refused(other.put(blob()), "mailbox-full")
        put(quiet, 1)
        self.refused(client.Mailbox(self.server).make())
        put(spare[2], 15)
        until("deposits to be refused", lambda: not self.says()["deposits"], self.stack.check)
        until("blobd to refuse them", lambda: spare[3].put(blob()).status == 503, self.stack.check)
        eased = len(self.told("eased"))
        self.assertEqual(len(heavy.drain()), 172)
        until("all to be taken again", lambda: self.says() == {"accounts": True, "mailboxes": True, "deposits": True,
                                                               "mailbox_blobs": 1000}, self.stack.check)
        until("blobd to say so", lambda: len(self.told("eased")) > eased, self.stack.check)
        self.assertEqual(spare[3].put(blob()).status, 201)

    def test_memory_that_grows_refuses_new_ones_first_and_says_so(self):
        account = client.Account(self.server)
        head = b"GET /v1/server HTTP/1.1\r\nHost: sotto\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"x" * 1000) for i in range(12))
        self.run_with(memory_mb=16)
        held = []

        def refuses():
            for _ in range(8): # so few that a measure falls between the two limits
                held.append(client.dial(self.server.paths["prekeyd"]))
                held[-1].sendall(head)
            return not self.says()["accounts"]

        before = len(self.told("eased", "prekeyd"))
        try:
            until("new accounts to be refused", refuses, self.stack.check)
            self.assertIn("refused (memory)", self.told("pressure", "prekeyd")[-1])
            self.refused(account.register())
        finally:
            for sock in held:
                sock.close()
        until("all to be taken again", lambda: len(self.told("eased", "prekeyd")) > before, self.stack.check)
        self.assertEqual(account.register().status, 201)
