# SPDX-License-Identifier: AGPL-3.0-or-later
"""Booted machines for tests: a Debian of the release $BOX_SUITE with systemd as PID 1 (tests/box/box)."""
import atexit
import glob
import os
import shutil
import subprocess
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

    def off(self):
        if os.path.exists(self.root):
            self.box("poweroff", check=False)
            shutil.rmtree(os.path.dirname(self.root), ignore_errors=True)


MACHINES = {}


def installed():
    """One machine for all test modules: the packages are installed, nothing more was done."""
    if "installed" not in MACHINES:
        machine = MACHINES["installed"] = Machine(debs())
        machine.before = machine.net("ss", "-ltunH")
        machine.log = machine.install(debs())
    return MACHINES["installed"]
