# SPDX-License-Identifier: AGPL-3.0-or-later
"""Booted machines for tests: a Debian of the release $BOX_SUITE with systemd as PID 1 (tests/box/box)."""
import atexit
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SUITE = os.environ.get("BOX_SUITE", "bookworm")
WAIT_S = int(os.environ.get("BOX_WAIT_S", "120"))
LAN, NEIGHBOUR = "192.0.2.10", "192.0.2.11"


def debs(names="sotto*"):
    """The packages that `make deb` left for this processor, without debugging symbols."""
    arch = subprocess.run(["dpkg", "--print-architecture"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    found = [d for d in glob.glob(f"{TOP}/build/deb/{names}_*_{arch}.deb") if "-dbgsym_" not in d]
    if not found:
        raise RuntimeError("no packages in build/deb: run make deb")
    return sorted(found)


def until(what, condition, limit_s=WAIT_S):
    """Waits for a condition, and returns what it returned; generous, as other things run beside."""
    end = time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {limit_s} s for {what}")
        time.sleep(0.1)
    return value


class Failed(Exception):
    """A command ended with another status than 0."""


class Machine:
    """One box. `run` is a command inside, `net` one of ours in the box's network."""

    def __init__(self, packages=()): # files, and names of others that shall be ready for apt inside
        self.root = tempfile.mkdtemp(prefix="so.box.", dir="/tmp") + "/root"
        os.chmod(os.path.dirname(self.root), 0o755)
        atexit.register(self.off)
        self.box("make", SUITE, *packages)
        self.box("boot")
        self.began, self.transcript, self.n_guests = time.monotonic(), [], 0

    def box(self, verb, *words, limit_s=600, check=True, **more):
        """Runs tests/box/box VERB ROOT WORD... and returns what it said."""
        done = subprocess.run([f"{HERE}/box", verb, self.root, *words], check=False, timeout=limit_s, text=True,
                              **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **more})
        if check and done.returncode:
            raise Failed(f"{verb} {' '.join(words)[:200]}: status {done.returncode}\n{done.stdout}")
        return done.stdout if check else (done.returncode, done.stdout)

    def run(self, *words, **more):
        return self.box("run", *words, **more)

    def sh(self, script, **more):
        return self.box("run", "sh", "-euc", script, **more)

    def net(self, *words, **more):
        return self.box("net", *words, **more)

    def install(self, paths):
        """As an administrator would, by apt, from files; there is no network to ask."""
        self.box("copy-in", *paths, "/root")
        names = " ".join(f"/root/{os.path.basename(p)}" for p in paths)
        return self.sh(f"export DEBIAN_FRONTEND=noninteractive; apt-get -qq install -y --no-install-recommends {names}")

    def ask(self, *words):
        """The status of a command, whatever it said."""
        return self.box("run", *words, check=False)[0]

    # --- a network card, a private Tor network, init ---------------------------------------------------

    def lan(self, *ports):
        """A card with a LAN on it, and a neighbour there who listens, and knocks at these ports or at all; what answers now
        is no news later."""
        self.ports = ports
        self.heard = os.path.dirname(self.root) + "/heard"
        self.neighbour = subprocess.Popen(["unshare", "--net", "python3", f"{HERE}/lan.py", "hear", self.heard],
                                          stdout=subprocess.PIPE, text=True)
        self.neighbour.stdout.readline()
        self.net("ip", "link", "add", "lan0", "type", "veth", "peer", "lan1", "netns", str(self.neighbour.pid))
        self.net("sh", "-euc", f"ip address add {LAN}/24 dev lan0; ip link set lan0 up")
        self.next_door("sh", "-euc", f"ip address add {NEIGHBOUR}/24 dev lan1; ip link set lan1 up")
        self.before = self.knock(), self.bound()

    def next_door(self, *words):
        return subprocess.run(["nsenter", "-t", str(self.neighbour.pid), "-n", *words], check=True, timeout=120,
                              stdout=subprocess.PIPE, text=True).stdout

    def knock(self):
        """The TCP ports that answer the neighbour."""
        return self.next_door("python3", f"{HERE}/lan.py", "knock", LAN, *self.ports).split()

    def bound(self):
        """What is bound, TCP and UDP, to more than the loopback."""
        ends = {tuple(line.split()[i] for i in (0, 4)) for line in self.net("ss", "-ltunH").splitlines()}
        return {end for end in ends if not re.match(r"(127\.|\[::1\])", end[1])}

    def tor_network(self):
        """Relays and two clients in the box's network; our tor learns of them as it would learn of bridges."""
        self.tor = os.path.dirname(self.root) + "/tor"
        shutil.rmtree(self.tor, ignore_errors=True) # of one that did not come up
        self.net(f"{TOP}/tests/system/tor-testnet.sh", "up", self.tor, "--clients", "2", "--timeout", "180")
        with open(f"{self.tor}/env", encoding="ascii") as file:
            env = dict(line.strip().split("=", 1) for line in file)
        self.socks = env["SOCKS1"], env["SOCKS2"]
        self.join_tor_network()

    def join_tor_network(self):
        with open(f"{self.tor}/c1/torrc", encoding="ascii") as file:
            lines = [line for line in file if not line.startswith(("DataDirectory", "PidFile", "Log ", "RunAsDaemon", "User",
                                                                   "SafeLogging", "SocksPort", "ControlPort"))]
        with open(f"{self.root}.torrc", "w", encoding="ascii") as file:
            file.writelines(lines)
        self.sh("mkdir -p /etc/sotto/torrc.d")
        self.sh("cat >/etc/sotto/torrc.d/test.conf", stdin=open(f"{self.root}.torrc", encoding="ascii"))

    def init(self):
        began = time.monotonic()
        self.init_said = self.run("sottoctl", "init", limit_s=900)
        self.init_s = time.monotonic() - began
        self.did("sottoctl init", self.init_said)

    def did(self, command, said=""):
        """For the transcript, with the time since the bare machine had booted."""
        self.transcript.append(f"{time.monotonic() - self.began:6.1f} s  # {command}")
        self.transcript += ["            " + line for line in said.splitlines()]

    def invite(self):
        """The link of a new invite, as its maker hands it on."""
        return re.search(r"sotto://\S+", self.run("sottoctl", "invite"))[0]

    def pid(self):
        """PID 1 of the box as this machine numbers it."""
        with open(f"{self.root}.box", encoding="ascii") as file:
            return int(file.read().split()[0])

    def in_network_of(self, other, script):
        """Runs a script with our files, but in the network of another machine."""
        return other.net(*self.enter(script))

    def enter(self, script):
        """Words that run a script with our files, but in the network of whoever says them."""
        return "nsenter", "-t", str(self.pid()), "-m", "-p", "-r", "-w", "sh", "-euc", script

    def reboot(self):
        """The LAN and the Tor network end with the network that they were in."""
        self.network_off()
        self.box("poweroff")
        self.box("boot")

    def lay_cable(self, to):
        """Our Tor finds the private network on its loopback, though it is on that of another machine."""
        with open(f"{to.root}.torrc", encoding="ascii") as file:
            base = int(re.search(r"orport=(\d+)", file.read())[1])
        self.cable = subprocess.Popen([f"{HERE}/box", "net", self.root, "python3", f"{HERE}/cable.py", str(to.pid()),
                                       str(base), str(base + 19)], stdout=subprocess.PIPE, text=True)
        if self.cable.stdout.readline() != "laid\n":
            raise RuntimeError("no cable")

    def has_tor_network(self):
        return os.path.exists(f"{os.path.dirname(self.root)}/tor/auth")

    def network_off(self):
        if self.has_tor_network():
            self.net(f"{TOP}/tests/system/tor-testnet.sh", "down", self.tor, check=False)
            shutil.rmtree(self.tor)
        if hasattr(self, "neighbour"):
            self.neighbour.kill()
            self.neighbour.communicate()
            del self.neighbour
        if hasattr(self, "cable"):
            self.cable.kill()
            self.cable.communicate()
            del self.cable

    def off(self):
        self.network_off()
        if os.path.exists(self.root):
            self.box("poweroff", check=False)
            subprocess.run(["rm", "-rf", "--one-file-system", os.path.dirname(self.root)], check=False)


PEOPLE = "alice", "bob"


class Person:
    """Somebody with the package `sotto` at home, a machine, and a tor of their own in the server's private network."""

    def __init__(self, server, name, home=None):
        self.server, self.name, self.home, self.knows_bob = server, name, home or server, False

    def do(self, *words):
        """The passphrase comes by a descriptor, as it must."""
        quoted = " ".join("'" + w.replace("'", "'\\''") + "'" for w in words)
        said = self.home.in_network_of(self.server, f"echo 'the passphrase of {self.name}' | sotto --passphrase-fd 3 "
                                       f"{self.options()} {quoted} 3<&0 </dev/null")
        self.server.did(f"{self.name}: sotto {quoted}", said)
        return said

    def options(self):
        """The first in PEOPLE has one tor, all others the second."""
        return f"--profile /root/{self.name} --socks {self.server.socks[self.name != PEOPLE[0]]} --pacing fast"

    def link(self):
        return re.search(r"sotto://\S+", self.do("id"))[0]


# What a test reads of ours otherwise than it stands there, for tests/box/mutate: file, old, new.
CHANGED = []


def ours(path):
    """The text of a file of ours."""
    with open(f"{TOP}/{path}", encoding="utf-8") as file:
        text = file.read()
    for where, old, new in CHANGED:
        if where == path:
            if old not in text:
                raise RuntimeError(f"{path} has no {old}")
            text = text.replace(old, new)
    return text


MACHINES = {}
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda *_: sys.exit(1)) # by way of atexit


def installed():
    """One machine for all test modules: the packages are installed, nothing more was done."""
    if "installed" not in MACHINES:
        machine = MACHINES["installed"] = Machine(debs())
        machine.lan()
        machine.debs = debs()
        machine.log = machine.install(machine.debs)
        machine.did("apt install ./sotto-server_*.deb ./sotto_*.deb ./sotto-calls_*.deb")
    return MACHINES["installed"]


def running():
    """The same machine, after init."""
    machine = installed()
    if not hasattr(machine, "init_said"):
        machine.tor_network()
        machine.init()
    return machine


def conversation(machine):
    """Two people who know each other, made when first asked for."""
    if not hasattr(machine, "people"):
        machine.people = tuple(Person(machine, name) for name in PEOPLE)
        for person in machine.people:
            person.do("init", machine.invite())
        machine.people[1].do("add", "alice", machine.people[0].link())
        machine.people[1].do("send", "alice", "hello")
        until("a request", lambda: "request-" in machine.people[0].do("recv"))
    alice, bob = machine.people
    if not alice.knows_bob:
        alice.do("accept", re.search(r"request-[0-9a-f]+", alice.do("contacts"))[0], "bob")
        alice.knows_bob = True
    return alice, bob


def newer_server(machine, number, changed=""):
    """The newest package sotto-server once more, with a higher version, one more migration, of that number, and a comment
    more in one of its files."""
    old = next(d for d in machine.debs if re.search("/(sotto-server_|newer)", d))
    folder = os.path.dirname(machine.root) + f"/newer{number}"
    subprocess.run(["dpkg-deb", "-R", old, folder], check=True)
    with open(f"{folder}/DEBIAN/control", encoding="utf-8") as file:
        control = re.sub(r"(?m)^Version: (.*)$", rf"Version: \1+{number}", file.read())
    with open(f"{folder}/DEBIAN/control", "w", encoding="utf-8") as file:
        file.write(control)
    with open(f"{folder}/usr/lib/sotto/sql/migrations/{number:04d}_newer.sql", "w", encoding="ascii") as file:
        file.write(f"CREATE TABLE newer{number} (n integer PRIMARY KEY);\n")
    if changed:
        with open(f"{folder}/{changed}", "a", encoding="ascii") as file:
            file.write("# newer\n")
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", folder, f"{folder}.deb"], check=True, stdout=subprocess.DEVNULL)
    return f"{folder}.deb"
