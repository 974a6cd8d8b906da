#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""capture.py [MOST]: reads all packets in a network namespace until its standard input ends, or MOST were there. Prints
a JSON list of what was seen."""
import collections
import json
import select
import socket
import struct
import subprocess
import sys

ANY, IPV4, IPV6 = 0x0003, 0x0800, 0x86DD
PROTOCOLS = {6: "tcp", 17: "udp"}


def read(end, most=None):
    """{(protocol, from, to): packets}, each once: what comes in; ports are left out."""
    seen = collections.Counter()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ANY)) as sock:
        print("ready", flush=True)
        # What has come before the end too.
        while sum(seen.values()) != most and sock in select.select([sock, end], [], [])[0]:
            packet, address = sock.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING and address[0] == "lo":
                continue # it comes in as well
            if address[1] == IPV4:
                protocol, source, target = struct.unpack("!9xB2x4s4s", packet[:20])
                seen[PROTOCOLS.get(protocol, protocol), socket.inet_ntoa(source), socket.inet_ntoa(target)] += 1
            else:
                seen[f"ethertype {address[1]:#x}", "", ""] += 1
    return seen


class Capture:
    """All packets in the network of that process from now on, or the first `most`; end() stops and tells."""

    def __init__(self, pid, root=True, most=None):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "nsenter", *([] if root else ["-U", "--preserve-credentials"]), "-t", str(pid),
             "-n", sys.executable, __file__, *([] if most is None else [str(most)])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("no packets can be read")

    def end(self):
        out, _ = self.process.communicate(timeout=60)
        return {tuple(key): n for key, n in json.loads(out)}


def some(pid, most, root=True):
    """Waits until so many have been there."""
    capture = Capture(pid, root, most)
    try:
        capture.process.wait(60)
    finally:
        seen = capture.end()
    return seen


if __name__ == "__main__":
    print(json.dumps([[key, n] for key, n in read(sys.stdin, *map(int, sys.argv[1:])).items()]))
