# SPDX-License-Identifier: AGPL-3.0-or-later
"""People who call each other with the real client."""
import json
import os
import queue
import signal
import subprocess
import threading

import media
from people import Person, Town, friends
from stack import until


class Running:
    """A command that goes on; next() waits for one of its events."""

    def __init__(self, person, *words, program=None, env=None):
        fd, to = os.pipe()
        os.write(to, b"correct horse battery staple\n")
        os.close(to)
        asks = [] if person.is_unlocked else ["--passphrase-fd", str(fd)]
        argv = person.argv(*asks, "--json", *words)
        self.process = subprocess.Popen([program or argv[0], *argv[1:]], pass_fds=(fd,), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})})
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


def media_of(running):
    """The number of its media program, once that has a network of its own."""
    def ask():
        found = subprocess.run(["pgrep", "-P", str(running.process.pid)], check=False, capture_output=True, text=True).stdout
        return found and os.readlink(f"/proc/{int(found)}/ns/net") != os.readlink("/proc/self/ns/net") and int(found)

    return until("a media program", ask, seconds=60)


class CallBed(Town):
    """Alice, bob and carol, who know each other, and a relay."""
    names = ("alice", "bob", "carol")

    @classmethod
    def home(cls, name):
        """The server where that person is."""
        return cls.stack

    @classmethod
    def begin(cls):
        cls.stack.start("turn")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.begin()
        cls.people = [Person(cls.home(name), cls.socks, name) for name in cls.names]
        friends(*cls.people)
        for person in cls.people: # so that each knows the other's mailbox
            for other in cls.people:
                if other is not person:
                    person.do("send", other.name, "hello")
            for other in cls.people:
                other.do("recv")

    def setUp(self):
        self.alice, self.bob, self.carol = (self.people + [None])[:3]

    def go(self, person, *words, **more):
        one = Running(person, *words, **more)
        self.addCleanup(one.stop)
        return one

    def watch(self, person):
        one = self.go(person, "watch")
        one.next("live")
        return one

    def call(self, person, to, *words, **more):
        return self.go(person, "call", to.name, "--audio-in", "test:440",
                       "--audio-out", f"file:{self.stack.dir}/{person.name}.wav", *words, **more)

    def answer(self, person, *words, **more):
        return self.go(person, "answer", "--audio-in", "test:660",
                       "--audio-out", f"file:{self.stack.dir}/{person.name}.wav", *words, **more)

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
