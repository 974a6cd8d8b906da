# SPDX-License-Identifier: AGPL-3.0-or-later
"""A neighbour on a machine's LAN: what it can reach there, and what it hears of it.

lan.py hear FILE              notes each packet that comes, but what every kernel says by itself, until it is ended
lan.py knock HOST [PORT...]   prints the TCP ports that answer, of these or of all
"""
import socket
import sys

ETH_ALL, ARP, IPV4, IPV6 = 3, 0x0806, 0x0800, 0x86dd
TCP, ICMP6, HOP_BY_HOP, RST = 6, 58, 0, 4


def is_noise(kind, packet):
    """Address resolution, neighbour discovery, and the refusals that a knock gets."""
    if kind == IPV6:
        return packet[6] in (ICMP6, HOP_BY_HOP)
    return kind == ARP or kind == IPV4 and packet[9] == TCP and packet[(packet[0] & 15) * 4 + 13] & RST


def hear(path):
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_ALL)) as card, \
            open(path, "a", 1, encoding="ascii") as out:
        print("listening", flush=True)
        while True:
            packet, (_, kind, direction, *_) = card.recvfrom(65536)
            if direction != socket.PACKET_OUTGOING and not is_noise(kind, packet):
                print(f"{kind:04x} {packet[:60].hex()}", file=out)


def knock(host, *ports):
    for port in map(int, ports or range(1, 65536)):
        with socket.socket() as door:
            door.settimeout(5)
            if door.connect_ex((host, port)) == 0:
                print(port)


if __name__ == "__main__":
    {"hear": hear, "knock": knock}[sys.argv[1]](*sys.argv[2:])
