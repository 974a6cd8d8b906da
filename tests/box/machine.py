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
WAIT_S = 120


def debs(version="*", folder="build/deb"):
    """The packages that `make deb` left, without debugging symbols."""
    found = [d for d in glob.glob(f"{TOP}/{folder}/sotto*_{version}_*.deb") if "-dbgsym_" not in d]
    if not found:
        raise RuntimeError(f"no packages in {folder}: run make deb")
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

    def __init__(self, packages=()):
        self.root = tempfile.mkdtemp(prefix="so.box.", dir="/tmp") + "/root"
        os.chmod(os.path.dirname(self.root), 0o755)
        atexit.register(self.off)
        self.box("make", SUITE, *packages)
        self.box("boot")

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

    # --- a private Tor network, a network card, init ---------------------------------------------------

    def tor_network(self):
        """Relays and two clients in the box's network; our tor learns of them as it would learn of bridges."""
        self.tor = os.path.dirname(self.root) + "/tor"
        self.net(f"{TOP}/tests/system/tor-testnet.sh", "up", self.tor, "--clients", "2")
        with open(f"{self.tor}/env", encoding="ascii") as file:
            env = dict(line.strip().split("=", 1) for line in file)
        self.socks = env["SOCKS1"], env["SOCKS2"]
        with open(f"{self.tor}/c1/torrc", encoding="ascii") as file:
            lines = [line for line in file if not line.startswith(("DataDirectory", "PidFile", "Log ", "RunAsDaemon", "User",
                                                                   "SocksPort", "ControlPort"))]
        with open(f"{self.root}.torrc", "w", encoding="ascii") as file:
            file.writelines(lines)
        self.sh("mkdir -p /etc/sotto/torrc.d")
        self.sh("cat >/etc/sotto/torrc.d/test.conf", stdin=open(f"{self.root}.torrc", encoding="ascii"))

    def init(self):
        began = time.monotonic()
        self.init_said = self.run("sottoctl", "init", limit_s=900)
        self.init_s = time.monotonic() - began

    def invite(self):
        """The link of a new invite, as its maker hands it on."""
        return re.search(r"sotto://\S+", self.run("sottoctl", "invite"))[0]

    def pid(self):
        """PID 1 of the box as this machine numbers it."""
        with open(f"{self.root}.box", encoding="ascii") as file:
            return int(file.read().split()[0])

    def off(self):
        if os.path.exists(f"{os.path.dirname(self.root)}/tor/auth"):
            self.net(f"{TOP}/tests/system/tor-testnet.sh", "down", self.tor, check=False)
        if os.path.exists(self.root):
            self.box("poweroff", check=False)
            shutil.rmtree(os.path.dirname(self.root), ignore_errors=True)


MACHINES = {}
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda *_: sys.exit(1)) # by way of atexit


def installed():
    """One machine for all test modules: the packages are installed, nothing more was done."""
    if "installed" not in MACHINES:
        machine = MACHINES["installed"] = Machine(debs())
        machine.began = time.monotonic()
        machine.net("ip", "link", "add", "lan0", "type", "veth", "peer", "lan1")
        machine.net("ip", "address", "add", "192.0.2.10/24", "dev", "lan0")
        machine.net("ip", "link", "set", "lan0", "up")
        machine.before = machine.net("ss", "-ltunH")
        machine.log = machine.install(debs())
    return MACHINES["installed"]


def running():
    """The same machine, after init."""
    machine = installed()
    if not hasattr(machine, "init_said"):
        machine.tor_network()
        machine.init()
    return machine


def newer_server(machine):
    """The package sotto-server once more, with a higher version and one more migration."""
    old = next(d for d in debs() if "/sotto-server_" in d)
    folder = os.path.dirname(machine.root) + "/newer"
    subprocess.run(["dpkg-deb", "-R", old, folder], check=True)
    with open(f"{folder}/DEBIAN/control", encoding="utf-8") as file:
        control = re.sub(r"(?m)^Version: (.*)$", r"Version: \1+newer", file.read())
    with open(f"{folder}/DEBIAN/control", "w", encoding="utf-8") as file:
        file.write(control)
    with open(f"{folder}/usr/lib/sotto/sql/migrations/9999_newer.sql", "w", encoding="ascii") as file:
        file.write("CREATE TABLE newer (n integer PRIMARY KEY);\n")
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", folder, f"{folder}.deb"], check=True, stdout=subprocess.DEVNULL)
    return f"{folder}.deb"
