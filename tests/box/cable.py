# SPDX-License-Identifier: AGPL-3.0-or-later
"""A cable from one machine's loopback to another's: cable.py PID FIRST LAST

What connects to a port between the two, on the loopback of the network that this is started in, is connected to the
same port in the network of the process PID.
"""
import asyncio
import ctypes
import os
import socket
import sys

NEWNET = 0x40000000


def listening(port):
    door = socket.create_server(("127.0.0.1", port))
    door.setblocking(False)
    return door


async def pass_on(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


async def connect(reader, writer):
    try:
        there, back = await asyncio.open_connection("127.0.0.1", writer.get_extra_info("sockname")[1])
    except OSError:
        writer.close()
        return
    await asyncio.gather(pass_on(reader, back), pass_on(there, writer))


async def main(pid, first, last):
    doors = [listening(port) for port in range(first, last + 1)] # they stay where they were made
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(network, NEWNET):
        sys.exit(os.strerror(ctypes.get_errno()))
    servers = [await asyncio.start_server(connect, sock=door) for door in doors]
    print("laid", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
