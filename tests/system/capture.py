#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads all packets in a network namespace for some seconds: capture.py SECONDS. Prints a JSON list of what was seen."""
import collections
import json
import socket
import struct
import subprocess
import sys
import time

ANY, IPV4, IPV6 = 0x0003, 0x0800, 0x86DD
PROTOCOLS = {6: "tcp", 17: "udp"}


def read(seconds):
    """{(protocol, from, to): packets}, each once: what comes in; ports are left out."""
    seen = collections.Counter()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ANY)) as sock:
        sock.settimeout(0.2)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                packet, address = sock.recvfrom(65536)
            except TimeoutError:
                continue
            if address[2] == socket.PACKET_OUTGOING and address[0] == "lo":
                continue # it comes in as well
            if address[1] == IPV4:
                protocol, source, target = struct.unpack("!9xB2x4s4s", packet[:20])
                seen[PROTOCOLS.get(protocol, protocol), socket.inet_ntoa(source), socket.inet_ntoa(target)] += 1
            else:
                seen[f"ethertype {address[1]:#x}", "", ""] += 1
    return seen


def inside(pid, seconds, root=True):
    """The same, in the network of that process."""
    out = subprocess.run(["nsenter", *([] if root else ["-U", "--preserve-credentials"]), "-t", str(pid), "-n", sys.executable,
                          __file__, str(seconds)], check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    return {tuple(key): n for key, n in json.loads(out)}


if __name__ == "__main__":
    print(json.dumps([[key, n] for key, n in read(float(sys.argv[1])).items()]))
