# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: all of it fits a machine of 1 GB, under load: the limits of the units hold, and nobody meets one of them."""
import os
import re
import sys
import threading
import unittest

import machine
from machine import until

sys.path.insert(0, f"{machine.TOP}/tests/system")
import client # noqa: E402 - needs the path

MB = 1 << 20
DAEMONS = "prekeyd", "blobd", "bridged"
SHORT = "sotto-migrate", "sotto-sweep", "sotto-rotate"
UNITS = (*SHORT, *DAEMONS, "sotto-broker", "tor@sotto", "sotto-turn", "sotto-turn-proxy", "postgresql@*-sotto")
SILENT = 1900 # connections to each daemon, of 2048, that send all of a head but its end
DEPOSITS = 5000
HEAD = b"GET /v1/health HTTP/1.1\r\nHost: sotto\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"x" * 1000) for i in range(12))


class Group:
    """A memory cgroup of this machine (version 1: the box's own, which systemd sees, has no controllers), with a limit."""

    def __init__(self, path, limit=None): # without one, a group that is there
        self.path = path
        if limit:
            os.mkdir(path)
            self.write("memory.limit_in_bytes", limit)

    def write(self, name, value):
        with open(f"{self.path}/{name}", "w", encoding="ascii") as file:
            file.write(str(value))

    def read(self, name):
        with open(f"{self.path}/{name}", encoding="ascii") as file:
            return file.read()

    def killed(self):
        return int(re.search(r"oom_kill (\d+)", self.read("memory.oom_control"))[1])

    def most(self):
        return int(self.read("memory.max_usage_in_bytes")) / MB

    def taken(self):
        """Without what the kernel would give back: pages of files."""
        return {name: int(re.search(rf"(?m)^total_{name} (\d+)", self.read("memory.stat"))[1]) / MB for name in ("rss", "shmem")}

    def end(self, to):
        for pid in self.read("cgroup.procs").split():
            to.write("cgroup.procs", pid)
        os.rmdir(self.path)


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = m = machine.running()
        m.run("systemctl", "disable", "--quiet", "--now", "blobd@2.service", "prekeyd@2.service")
        cls.limits = {unit: int(m.run("systemctl", "show", "-P", "MemoryMax", f"{unit}.service")) for unit in cls.units()}

    @classmethod
    def units(cls):
        version = cls.m.sh("ls -d /etc/postgresql/*/sotto").strip().split("/")[3]
        return [unit.replace("*", version) for unit in UNITS]

    def confine(self):
        """The machine gets 1 GB, each unit what its own line says; as systemd would, where it has the controllers."""
        with open(f"/proc/{self.m.pid()}/cgroup", encoding="ascii") as file:
            back = Group("/sys/fs/cgroup/memory" + re.search(r"(?m):memory:(.*)$", file.read())[1].rstrip("/"))
        outer = Group(back.path + f"/box.{self.m.pid()}", 1 << 30)
        self.addCleanup(outer.end, back)
        outer.write("cgroup.procs", self.m.pid())
        self.m.run("systemctl", "start", "sotto-turn-proxy.service")
        groups = {}
        for unit, limit in self.limits.items():
            group = groups[unit] = Group(f"{outer.path}/{unit}", limit)
            self.addCleanup(group.end, outer)
            self.inside(group, outer, "restart", unit)
        self.m.run("systemctl", "start", "sotto.target")
        until("all to be well", lambda: self.m.ask("sottoctl", "doctor", "--local") in (0, 3))
        return outer, groups

    def inside(self, group, outer, verb, unit):
        """Whom systemd starts while it is in that group is there from the first byte on."""
        group.write("cgroup.procs", self.m.pid())
        self.m.run("systemctl", verb, f"{unit}.service")
        outer.write("cgroup.procs", self.m.pid())

    def server(self):
        m, run = self.m, f"/proc/{self.m.pid()}/root/run"
        conf = dict(line.split(" = ") for line in m.run("cat", "/etc/sotto/sotto.conf").splitlines() if " = " in line)
        paths = {d: f"{run}/sotto-{d}/s" for d in DAEMONS}
        code = lambda: client.unb64(m.invite().removeprefix("sotto://"))[33:]
        return client.Server(paths, f"{run}/sotto-broker/t/s", {d: client.unb64(conf[f"{d}_key"]) for d in DAEMONS},
                             conf["onion_api"], 7, code)

    def silent(self, server, daemon):
        """As many connections as it takes, each with its buffer full."""
        for i in range(SILENT):
            sock = client.dial(server.paths[daemon], 1 << 20 | i)
            self.addCleanup(sock.close)
            sock.sendall(HEAD)

    def uploads(self, server):
        """Large pieces that never come to their end."""
        for i in range(40):
            piece = client.Chunk(server, bytes(1 << 20))
            http = client.Http(server.paths["blobd"], 2 << 20 | i)
            self.addCleanup(http.close)
            http.putrequest("POST", "/v1/chunks")
            for name, value in piece.headers().items():
                http.putheader(name, value)
            http.endheaders()
            try:
                http.send(piece.whole()[:-1])
            except OSError: # no room
                pass

    def deposits(self, boxes, server):
        """As fast as four threads can; and pushed to sessions that do not read."""
        for i, box in enumerate(boxes):
            session = server.session([box]).json
            mqtt = server.live(session, circuit=None)
            self.addCleanup(mqtt.close)
            mqtt.subscribe(session["down"])
        done = []
        def one(n):
            while len(done) < DEPOSITS:
                box = boxes[(n + len(done)) % len(boxes)]
                with client.Http(server.paths["blobd"], 3 << 20 | len(done)) as http:
                    done.append(box.put(bytes(client.BLOB), http_=http).status)
        threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return done

    def test_all_of_it_holds_within_its_limits_in_a_machine_of_1_gb(self):
        outer, groups = self.confine()
        server = self.server()
        boxes = [client.Mailbox(server) for _ in range(24)]
        self.assertEqual({box.make().status for box in boxes}, {201})
        before = {u: self.m.run("systemctl", "show", "-P", "NRestarts", f"{u}.service") for u in groups}
        for daemon in DAEMONS:
            self.silent(server, daemon)
        self.uploads(server)
        done = self.deposits(boxes, server)
        self.inside(groups["sotto-sweep"], outer, "restart", "sotto-sweep")
        self.m.sh("rm -f /root/memory.backup; sottoctl backup --blobs --passphrase-fd 3 /root/memory.backup 3<<EOF\nsix random words are better\nEOF\n")
        for unit, group in [*groups.items(), ("together", outer)]:
            took = ", ".join(f"{name} {mb:.1f}" for name, mb in group.taken().items())
            print(f"       {machine.SUITE}: {unit:20} most {group.most():6.1f} of {int(group.read('memory.limit_in_bytes')) / MB:5.0f} MiB; {took}")
        print(f"       {machine.SUITE}: {len(done)} deposits: { {s: done.count(s) for s in set(done)} }")
        self.assertEqual({u: g.killed() for u, g in groups.items() if g.killed()}, {})
        self.assertEqual(outer.killed(), 0)
        self.assertEqual({u: self.m.run("systemctl", "show", "-P", "NRestarts", f"{u}.service") for u in groups}, before)
        self.assertEqual(set(done), {201})
