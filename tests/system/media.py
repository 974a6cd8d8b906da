# SPDX-License-Identifier: AGPL-3.0-or-later
"""sotto-media as sotto runs it, and what a recording holds."""
import array
import collections
import json
import math
import os
import queue
import socket
import struct
import subprocess
import threading

import stun
from stack import processes_of

RATE = 48000


def pump(source, sink, seen=lambda data: None):
    try:
        while data := source.recv(65536):
            seen(data)
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Frames:
    """What goes to the relay, cut into TURN's messages (RFC 8656, section 12); sizes() of those with RTP of a type, and how
    many are not on a channel yet: checks whether there is a way, and handshakes."""

    def __init__(self):
        self.stream, self.found, self.sends = b"", collections.Counter(), 0

    def take(self, data):
        self.stream += data
        while len(self.stream) >= 4:
            kind, size = struct.unpack("!HH", self.stream[:4])
            channel = 0x4000 <= kind < 0x8000
            whole = (size + 3 & ~3) + 4 if channel else size + 20
            if len(self.stream) < whole:
                return
            self.sends += kind == stun.SEND | 0x10
            if channel and self.stream[4] >> 6 == 2:
                self.found[self.stream[5] & 0x7F, size] += 1
            self.stream = self.stream[whole:]

    def sizes(self, payload_type):
        return {size: n for (found, size), n in self.found.items() if found == payload_type}


class Media:
    """One side's media process; dial() gives a connected socket to the relay."""

    def __init__(self, build, dial, log, env=None):
        self.dial, self.events, self.seen, self.ways, self.frames = dial, queue.Queue(), [], [], Frames()
        ours, theirs = socket.socketpair()
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                ["bash", "-c", f"exec 3<&{theirs.fileno()}; exec setpriv --pdeathsig KILL {build}/sotto-media"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, pass_fds=(theirs.fileno(),), text=True,
                env={**os.environ, "GST_REGISTRY_FORK": "no", **(env or {})})
        theirs.close()
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        ours.close()
        self.listener = socket.socket(fileno=fds[0]) if fds else None
        threading.Thread(target=self._carry, daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()

    def _carry(self):
        """One connection, and no more."""
        inner, _ = self.listener.accept()
        self.listener.close()
        self.ways = [inner, self.dial()]
        threading.Thread(target=pump, args=(*self.ways, self.frames.take), daemon=True).start()
        pump(*self.ways[::-1])

    def _read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put({"event": "gone"})

    def tell(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def next(self, *names, seconds=60):
        """The next event of one of these names; the end of the process is always one."""
        while True:
            event = self.events.get(timeout=seconds)
            self.seen.append(event)
            if event["event"] in (*names, "gone", "ended"):
                return event

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
        for way in self.ways:
            way.close()


def processes_in(directory, program):
    """Numbers of those of stack.processes_of that run that program."""
    return [pid for pid in processes_of(directory) if os.readlink(f"/proc/{pid}/exe").endswith(program)]


def start(media, secret, **options):
    user, password = stun.credential(secret)
    media.tell(do="start", user=user, password=password, **options)


def recording(path):
    """The samples of a recording whose header may not know its length, from where it is no longer silent."""
    with open(path, "rb") as file:
        data = file.read()[44:]
    return array.array("h", data[:len(data) // 2 * 2])


def level(samples, hertz):
    """The share of the energy that lies at that frequency (Goertzel), and the RMS of all."""
    window = samples[-RATE:]
    total = sum(s * s for s in window)
    if not total:
        return 0.0, 0.0
    w = 2 * math.cos(2 * math.pi * hertz / RATE)
    a = b = 0.0
    for s in window:
        a, b = s + w * a - b, a
    power = a * a + b * b - w * a * b
    return power * 2 / (len(window) * total), math.sqrt(total / len(window))
