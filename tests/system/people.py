# SPDX-License-Identifier: AGPL-3.0-or-later
"""People with the real client, a SOCKS port without Tor behind it, and a clock that a test may move."""
import contextlib
import glob
import os
import queue
import random
import re
import select
import socket
import socketserver
import subprocess
import sys
import threading
import time
import unittest

from stack import Stack

STEP_S = 60
PORTS = {7001: "prekeyd", 7002: "blobd", 7003: "bridged", 1883: "broker", 3478: "turn"}
API = 7001, 7002, 7003


class Socks(socketserver.ThreadingTCPServer):
    """Leads the two onion names of each stack to its sockets, and notes which circuit (user name) asked for what."""
    daemon_threads, allow_reuse_address = True, True

    def __init__(self, stack):
        super().__init__(("127.0.0.1", 0), Talk)
        self.stacks, self.open, self.seen, self.delay_s, self.refuse = [stack], True, [], 0, set()
        self.passed = lambda n, up: None # called with what has come, before it goes on
        self.asked = lambda data: None # the same with the bytes that clients send
        self.piece = 65536 # bytes that pass at once
        self.relayed, self.relay_s = [], 0 # streams to the relay, and how long it takes to reach it
        self.round_trip_s = 0 # for a connection, and then for what passes over it
        self.streams = {} # those that are open: [host, port, whether an answer is awaited]
        self.held = lambda host: False # nothing passes as long as that is so
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *unused):
        """A client that was killed is none."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, IndexError)):
            super().handle_error(*unused)

    def close(self, *parts):
        """From now on there is no way, or none to these; over what was open neither."""
        self.refuse |= set(parts)
        self.open = self.open and bool(parts)
        for talk, (_, port, _) in list(self.streams.items()):
            if not parts or PORTS.get(port) in parts:
                with contextlib.suppress(OSError):
                    talk.request.shutdown(socket.SHUT_RDWR)

    def path(self, host, port):
        for stack in self.stacks:
            if host == (stack.onion_api if port in API else stack.onion_live) and port in PORTS:
                return {1883: f"{stack.run}/sotto-broker/t/s", 3478: f"{stack.run}/sotto-turn/s"}.get(port) or \
                    stack.socket_path(PORTS[port])
        return None


class Talk(socketserver.StreamRequestHandler):
    def handle(self):
        hello = self.rfile.read(2)
        if len(hello) < 2:   # only looked whether somebody is there
            return
        self.rfile.read(hello[1])
        self.request.sendall(b"\5\2")
        self.rfile.read(1)
        user = self.rfile.read(self.rfile.read(1)[0]).decode()
        self.rfile.read(self.rfile.read(1)[0])
        self.request.sendall(b"\1\0")
        head = self.rfile.read(4)
        host = self.rfile.read(self.rfile.read(1)[0]).decode() if head[3] == 3 else ""
        port = int.from_bytes(self.rfile.read(2), "big")
        self.server.streams[self] = self.stream = [host, port, True]
        try:
            self.carry(user, host, port)
        finally:
            del self.server.streams[self]

    def carry(self, user, host, port):
        time.sleep(self.server.delay_s + self.server.round_trip_s) # a slow Tor
        with socket.socket(socket.AF_UNIX) as to:
            code = self.lead(to, user, host, port)
            self.stream[2] = False
            self.request.sendall(b"\5%c\0\1" % code + bytes(6))
            if code:
                return
            back = threading.Thread(target=self.pump, args=(to, self.request, False), daemon=True)
            back.start()
            self.pump(self.request, to, True)
            self.stream[2] = False # nobody waits any more
            back.join()

    def hold(self):
        """Until it is not held any more, or the client has gone."""
        gone = select.poll()
        gone.register(self.request, select.POLLRDHUP)
        while self.server.held(self.stream[0]):
            if gone.poll(50):
                raise ConnectionResetError

    def lead(self, to, user, host, port):
        """What Tor answers: there; no such onion; nobody listens at its port; that port's socket is gone."""
        path = self.server.path(host, port) if self.server.open else None
        if not path:
            return 4
        if PORTS[port] in self.server.refuse:
            return 5
        self.hold()
        self.server.seen.append((user, port))
        if port == 3478:
            time.sleep(self.server.relay_s)
            self.server.relayed.append(self.request)
        try:
            to.connect(path)
        except ConnectionRefusedError:
            return 5
        except FileNotFoundError:
            return 1
        return 0

    def pump(self, one, other, up):
        late = Late(other, self.server.round_trip_s / 2)
        try:
            while data := one.recv(self.server.piece):
                if up:
                    self.stream[2] = True
                self.hold()
                self.server.passed(len(data), up)
                if up:
                    self.server.asked(data)
                else:
                    self.stream[2] = False
                late.send(data)
        except OSError:
            pass
        finally:
            late.end()


class Late:
    """What is sent to it goes on after so long."""

    def __init__(self, to, delay_s):
        self.to, self.delay_s, self.pieces = to, delay_s, queue.Queue()
        if delay_s:
            threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        data = b"begins"
        with contextlib.suppress(OSError):
            while data:
                when, data = self.pieces.get()
                time.sleep(max(0, when - time.monotonic()))
                self._pass(data)

    def _pass(self, data):
        if data:
            self.to.sendall(data)
        else:
            self.to.shutdown(socket.SHUT_WR)

    def send(self, data):
        if self.delay_s:
            self.pieces.put((time.monotonic() + self.delay_s, data))
        else:
            self._pass(data)

    def end(self):
        with contextlib.suppress(OSError):
            self.send(b"")


class Person:
    """A profile in the stack's directory; do() runs one command at that person's time."""
    variant = os.environ.get("SOTTO_VARIANT", "") # of the build: "-signal", on the other Signal library; "-thread"

    def __init__(self, stack, socks, name):
        self.stack, self.socks, self.name = stack, socks, name
        self.profile, self.days = f"{stack.dir}/{name}", 0
        self.do("init", stack.invite_link())
        self.is_unlocked = not self.run("unlock", "60").returncode # Argon2id once, where there is a keyring

    def argv(self, *words):
        return [f"{self.stack.build}{self.variant}/sotto", "--profile", self.profile, "--socks",
                "127.0.0.1:%d" % self.socks.server_address[1], "--pacing", "fast", *words]

    def environment(self):
        """libfaketime moves the wall clock of the client, and no other."""
        if not self.days:
            return dict(os.environ) # and it can be a sanitised one
        library, = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        return {**os.environ, "LD_PRELOAD": library, "FAKETIME": f"{self.days:+}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def run(self, *words):
        return subprocess.run(self.argv(*words), input="correct horse battery staple\n", timeout=STEP_S,
                              capture_output=True, text=True, check=False, env=self.environment())

    def do(self, *words):
        done = self.run(*words)
        if done.returncode:
            raise AssertionError(f"{self.name}: sotto {words[0]}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def link(self):
        return re.search(r"sotto://[A-Za-z0-9_-]+", self.do("id"))[0]

    def texts(self, name):
        """What was heard from a contact, in order."""
        return re.findall(rf"^{name} > (.*)$", self.do("log", name), re.M)


def friends(*people):
    """Each adds each other."""
    links = {p.name: p.link() for p in people}
    for person in people:
        for name in links:
            if name != person.name:
                person.do("add", name, links[name])


def gather(group, maker, *others):
    """Its maker invites them, and they join, of which nobody has heard yet."""
    maker.do("group", "new", group)
    for other in others:
        maker.do("group", "invite", group, other.name)
        other.do("recv")
        other.do("group", "join", group)


class Town(unittest.TestCase):
    """One stack a class, and people in it, each under a name of their own."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(os.environ["SOTTO_BUILD"])
        cls.addClassCleanup(cls.stack.down)
        cls.stack.up()
        cls.socks = Socks(cls.stack)
        cls.addClassCleanup(cls.socks.server_close)
        cls.addClassCleanup(cls.socks.shutdown)
        cls.n = 0

    def tearDown(self):
        self.stack.check()

    def name(self, name):
        type(self).n += 1
        return f"{name}{self.n}"

    @classmethod
    def another_stack(cls):
        """A further one, to which the same port leads."""
        stack = Stack(cls.stack.build)
        cls.addClassCleanup(stack.down)
        stack.up()
        cls.socks.stacks.append(stack)
        return stack

    def person(self, name, stack=None):
        person = Person(stack or self.stack, self.socks, self.name(name))
        self.addCleanup(person.run, "lock")
        return person

    def source(self, size, name):
        """The path of such a file, of noise."""
        path = f"{self.stack.dir}/sources/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(random.randbytes(size))
        return path

    def killed_after(self, n_bytes, person, *words):
        """Runs a command whose process is killed as soon as so many bytes have passed, either way."""
        state = {"n": 0}
        with subprocess.Popen(person.argv(*words), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=person.environment()) as process:
            def passed(n, up):
                state["n"] += n
                if state["n"] > n_bytes:
                    process.kill()
            self.socks.passed = passed
            process.communicate(b"correct horse battery staple\n", 60)
        self.socks.passed = lambda n, up: None
        return process.returncode


class TwoTowns(Town):
    """The stack of a Town lies in the south, another one in the north."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.north = cls.another_stack()

    def tearDown(self):
        super().tearDown()
        self.north.check()
