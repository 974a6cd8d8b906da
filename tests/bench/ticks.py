# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mouth and an ear: named pipes as --audio-in and --audio-out of a call, and the moment of each tick in both.

Sound goes in as a microphone gives it, in blocks and when their time has passed; what comes out is written when it would be
played (client/media/pipeline.c). Both moments are of one clock, so no clocks have to be set.
"""
import array
import fcntl
import math
import os
import struct
import termios
import threading
import time

RATE, BLOCK, BYTES = 48000, 1024, 4 # of two channels; GStreamer reads 4096 bytes at a time
EVERY, LENGTH = 50, 2 # blocks: a tick each 1.07 s, of 43 ms; no multiple of a packet's 60 ms
HEADER = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 0x7FFFFFF0, b"WAVE", b"fmt ", 16, 1, 2, RATE, RATE * BYTES, BYTES, 16,
                     b"data", 0x7FFFFF00)
SOUND = array.array("h", (int(20000 * math.sin(2 * math.pi * 1000 * (i // 2) / RATE))
                          for i in range(2 * BLOCK))).tobytes()
LOUD = 6000


def waiting(pipe):
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


class Ticks:
    """path.in and path.out; said and heard are moments in seconds."""

    def __init__(self, path):
        self.said, self.heard, self.ended = [], [], threading.Event()
        self.paths = [f"{path}.in", f"{path}.out"]
        self.fds = []
        for name in self.paths:
            os.mkfifo(name)
            self.fds.append(os.open(name, os.O_RDWR)) # so that neither end waits for the other to open
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self._speak, self._listen)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def _speak(self):
        """A block goes out when its last sample is there; a tick is said at its first. As with a device, what finds the
        last block not yet taken is dropped: else what waits at the start would wait all the call."""
        os.write(self.fds[0], HEADER)
        began, n = time.monotonic(), 0
        while not self.ended.wait(max(0, began + (n + 1) * BLOCK / RATE - time.monotonic())):
            n += 1
            if waiting(self.fds[0]):
                continue
            if n % EVERY == 1:
                self.said.append(began + (n - 1) * BLOCK / RATE)
            os.write(self.fds[0], SOUND if n % EVERY in range(1, 1 + LENGTH) else bytes(len(SOUND)))

    def _listen(self):
        """What comes at once is a packet's, played from then on; the header is shorter than one."""
        quiet = 0
        while not self.ended.is_set():
            data = os.read(self.fds[1], 65536)
            at, samples = time.monotonic(), array.array("h", data[:len(data) // 2 * 2])
            for i, sample in enumerate(samples):
                if abs(sample) < LOUD:
                    quiet += 1
                    continue
                if quiet > RATE // 5:
                    self.heard.append(at + i / RATE)
                quiet = 0

    def close(self):
        self.ended.set()
        os.write(self.fds[1], bytes(2)) # wakes the ear
        for thread in self.threads:
            if thread.is_alive():
                thread.join()
        for fd, path in zip(self.fds, self.paths):
            os.close(fd)
            os.unlink(path)


def delays(mouth, ear):
    """Seconds from each tick to its sound, of those said since one was heard: the way is open."""
    return [next(s for s in ear.heard if s > t) - t for t in mouth.said if ear.heard and ear.heard[0] < t < ear.heard[-1] - 1]
