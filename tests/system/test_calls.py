# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: two people call each other with nothing but the client: what is heard, and every way in which a call ends."""
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import threading
import time

import media
from people import Person, Town, friends



class Running:
    """A command that goes on; next() waits for one of its events."""

    def __init__(self, person, *words, program=None):
        fd, to = os.pipe()
        os.write(to, b"correct horse battery staple\n")
        os.close(to)
        argv = person.argv("--passphrase-fd", str(fd), "--json", *words)
        self.process = subprocess.Popen([program or argv[0], *argv[1:]], pass_fds=(fd,), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        os.close(fd)
        self.name, self.events, self.seen = f"{person.name} {words[0]}", queue.Queue(), []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put({"event": "gone"})

    def next(self, *names):
        while True:
            event = self.events.get(timeout=60)
            self.seen.append(event)
            if event["event"] in names:
                return event
            if event["event"] == "gone":
                self.process.wait()
                raise AssertionError(f"{self.name}: no {names}: {self.seen} {self.process.stderr.read()}")

    def ended(self):
        """The last word, and whether it was a call."""
        text = self.next("ended")["text"]
        return text, self.process.wait(60) == 0

    def type(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=60)


class Calls(Town):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.start("turn")
        cls.people = [Person(cls.stack, cls.socks, name) for name in ("alice", "bob", "carol")]
        friends(*cls.people)
        for person in cls.people: # so that each knows the other's mailbox
            for other in cls.people:
                if other is not person:
                    person.do("send", other.name, "hello")
            for other in cls.people:
                other.do("recv")

    def setUp(self):
        self.alice, self.bob, self.carol = self.people

    def go(self, person, *words, **more):
        one = Running(person, *words, **more)
        self.addCleanup(one.stop)
        return one

    def watch(self, person):
        one = self.go(person, "watch")
        one.next("live")
        return one

    def call(self, person, to, *words, **more):
        return self.go(person, "call", to.name, "--audio-in", "test:440", "--audio-out", f"file:{self.stack.dir}/{person.name}.wav", *words, **more)

    def answer(self, person, *words, **more):
        return self.go(person, "answer", "--audio-in", "test:660", "--audio-out", f"file:{self.stack.dir}/{person.name}.wav",
                       *words, **more)

    def ring(self, *words):
        """Alice calls bob, who watches and hears it."""
        watch = self.watch(self.bob)
        call = self.call(self.alice, self.bob, *words)
        self.assertEqual(watch.next("call")["contact"], self.alice.name)
        return call, watch

    def talk(self, *running):
        for one in running:
            one.next("talking")
        for one in running:
            while one.next("stats")["received"] < 40:
                pass

    def heard(self, person, hertz):
        share, rms = media.level(media.recording(f"{self.stack.dir}/{person.name}.wav"), hertz)
        self.assertGreater(share, 0.9, f"{person.name} hears {hertz} Hz")
        self.assertGreater(rms, 8000)

    def test_two_people_hear_each_other_and_one_hangs_up(self):
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        call.type("h")
        self.assertEqual(call.ended(), ("you hung up", True))
        self.assertEqual(answer.ended(), ("they hung up", True))
        self.heard(self.alice, 660)
        self.heard(self.bob, 440)

    def test_a_declined_call_is_told_and_is_no_missed_one(self):
        call, watch = self.ring("--video", "--video-in", "test")
        self.assertIn("declined", self.bob.do("decline"))
        self.assertEqual(call.ended(), ("they declined", False))
        self.assertIn("nobody is calling", self.bob.run("answer").stderr)
        watch.stop()
        self.assertNotIn("missed", self.bob.do("recv"))

    def test_who_is_offline_finds_a_missed_call(self):
        call = self.call(self.alice, self.bob, "--ring", "3")
        self.assertEqual(call.ended(), ("no answer", False))
        self.assertEqual(self.bob.do("recv").count(f"missed call: {self.alice.name}"), 1)
        self.assertNotIn("missed", self.bob.do("recv"))

    def test_a_call_that_is_given_up_is_missed_once(self):
        call, watch = self.ring()
        call.process.send_signal(signal.SIGINT)
        self.assertEqual(call.ended(), ("no answer", False))
        self.assertEqual(watch.next("missed call")["contact"], self.alice.name)
        watch.stop()
        self.assertNotIn("missed", self.bob.do("recv"))
        self.assertEqual([e["event"] for e in watch.seen if "call" in e["event"]], ["call", "missed call"])

    def test_who_is_in_a_call_is_busy(self):
        call, watch = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        third = self.call(self.carol, self.bob)
        self.assertEqual(third.ended(), ("they are in another call", False))
        self.assertIn("you are in a call", self.bob.run("call", self.carol.name).stderr)
        call.type("h")
        answer.ended()
        self.assertEqual(watch.next("missed call")["contact"], self.carol.name)

    def test_both_call_at_once_and_it_is_one_call(self):
        calls = [self.call(self.alice, self.bob), self.call(self.bob, self.alice)]
        self.talk(*calls)
        calls[0].type("h")
        self.assertEqual([one.ended()[1] for one in calls], [True, True])
        for person in (self.alice, self.bob):
            self.assertNotIn("missed", person.do("recv"))

    def test_who_sends_many_signals_keeps_no_call_away(self):
        self.socks.sent = b""
        first, watch = self.ring()
        first.process.send_signal(signal.SIGINT)
        first.ended()
        watch.next("missed call")
        deposit = re.search(rb"POST /v1/signals.*?Sotto-Deposit: (\S+)", self.socks.sent, re.S)[1].decode()
        self.socks.sent = None
        server = self.stack.server()
        for _ in range(40): # junk, in a mailbox that bob is live on
            self.assertEqual(server.call("bridged", "POST", "/v1/signals", os.urandom(4096),
                                                         {"Sotto-Deposit": deposit}).status, 202)
        self.call(self.alice, self.bob)
        self.assertEqual(watch.next("call")["contact"], self.alice.name)

    def forger(self):
        """The client with a media program that names another certificate than its own."""
        path = f"{self.stack.dir}/forger"
        os.makedirs(path, exist_ok=True)
        shutil.copy(f"{self.stack.build}/sotto", path)
        with open(f"{path}/sotto-media", "w", encoding="ascii") as file:
            file.write(f"#!/bin/bash\n{self.stack.build}/sotto-media | "
                       "sed -u 's/sha-256 ..:../sha-256 00:00/'\n")
        os.chmod(file.name, 0o755)
        return f"{path}/sotto"

    def test_another_certificate_is_refused_and_told(self):
        call, _ = self.ring()
        answer = self.answer(self.bob, program=self.forger())
        text, good = call.ended()
        self.assertIn("the certificate at the other end is not the one", text)
        self.assertFalse(good)
        self.assertIn("certificate", answer.ended()[0])
        self.assertFalse(any(e["event"] == "talking" for e in call.seen))

    def test_a_peer_that_vanishes_ends_the_call_with_a_word(self):
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        began = time.monotonic()
        answer.process.kill()
        call.next("the way is lost, looking for another")
        self.assertEqual(call.ended(), ("the way was lost, and no other found in time", False))
        self.assertLess(time.monotonic() - began, 60)
