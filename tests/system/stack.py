# SPDX-License-Identifier: AGPL-3.0-or-later
"""A whole sotto server for tests and the demo: PostgreSQL, Mosquitto, the daemons and, if wanted, a private Tor network.

Everything lies in one short scratch directory. What is started dies with us: children by PDEATHSIG, the rest by a
guard process that outlives us just long enough. A process that ends unasked is named by `died`.
"""
import base64
import contextlib
import glob
import hashlib
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import client

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DAEMONS = ("prekeyd", "blobd", "bridged")
WAIT_S = 30

# journald as it is, in a mount namespace of its own with an empty /run; its name tells sweep() whose it is.
JOURNALD = """\
mount -t tmpfs -o mode=755 none /run
mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal
printf '%s\\n' '[Journal]' Storage=volatile RuntimeMaxUse=64M RuntimeKeepFree=1M ReadKMsg=no Audit=no \\
	RateLimitBurst=0 ForwardToConsole=no >/run/systemd/journald.conf.d/test.conf
mount --bind "$1/journal" /run/log/journal
exec -a "journald $1/" /usr/lib/systemd/systemd-journald
"""


class Died(Exception):
    """A process that was started here ended unasked."""


def onion_name(public):
    """The v3 onion name of a 32-byte key."""
    check = hashlib.sha3_256(b".onion checksum" + public + b"\x03").digest()[:2]
    return base64.b32encode(public + check + b"\x03").decode().lower() + ".onion"


def processes_of(directory):
    """Numbers of all processes whose command line names the scratch directory, ourselves excepted."""
    needle, found = directory.encode() + b"/", []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/cmdline", "rb") as file:
                if needle in file.read():
                    found.append(int(entry))
    return found


def sweep(directory):
    """Ends whatever still runs out of the scratch directory. True when nothing had to be ended."""
    clean, tries = True, 0
    while (left := processes_of(directory)) and tries < 500:
        clean, tries = False, tries + 1
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    return clean


def guard(directory):
    """Runs in a process of its own: when the one that started it is gone, so is everything else."""
    sys.stdin.buffer.read()
    subprocess.run([f"{HERE}/cluster.sh", "down", directory], check=False, stderr=subprocess.DEVNULL)
    sweep(directory)
    shutil.rmtree(directory, ignore_errors=True)


class Stack:
    """`with Stack(build) as stack:`; see up() for the order of things."""

    def __init__(self, build, *, tor=False, journal=False, settings=None, instances=None, keep=False,
                 say=lambda text: None):
        self.build, self.tor, self.keep, self.say = os.path.abspath(build), tor, keep, say
        self.journald = journal
        self.settings = {"circuit_line": "required" if tor else "off", **(settings or {})}
        self.circuits = self.settings["circuit_line"] == "required"
        self.instances = {"prekeyd": 1, "blobd": 1, "bridged": 1, **(instances or {})}
        self.root = os.geteuid() == 0
        self.dir, self.children, self.listeners = None, {}, {}
        self.watched, self.died, self.on_death = {}, [], lambda name: None
        self.lock, self.ended, self.watcher = threading.Lock(), threading.Event(), None
        self.env, self.n_asked = {}, 0
        self.turn_settings = f"{TOP}/systemd/turnserver.conf"
        self.environment = {} # what a daemon gets besides, by its name

    def __enter__(self):
        try:
            return self.up()
        except BaseException:
            self.down()
            raise

    def __exit__(self, *unused):
        self.down()

    # --- up ------------------------------------------------------------------------------------------

    def up(self):
        """Tor is slowest and its onion names stand in everybody's settings: begin with it, meanwhile the rest."""
        self.dir = tempfile.mkdtemp(prefix="so.", dir="/tmp")
        os.chmod(self.dir, 0o711)
        self.run = f"{self.dir}/run"
        for name in ("", "/sotto-prekeyd", "/sotto-blobd", "/sotto-bridged", "/sotto-broker"):
            os.mkdir(self.run + name)
            os.chmod(self.run + name, 0o711)
        os.mkdir(f"{self.dir}/log")
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()
        self.spawn("guard", [sys.executable, __file__, "--guard", self.dir + "/"], mortal=False, stdin=subprocess.PIPE)
        if self.tor:
            self._begin_tor()
        if self.journald:
            self.start("journald")
        self.start("postgres")
        self._fill()
        self._make_keys()
        self.start("broker")
        if self.tor:
            self._end_tor()
        else:
            self.onion_api, self.onion_live = onion_name(secrets.token_bytes(32)), onion_name(secrets.token_bytes(32))
        self.api_key = base64.b32decode(self.onion_api[:56].upper())[:32]
        self.write_settings()
        for name in self.daemon_names():
            self.start(name)
        for name in DAEMONS:
            self.wait_healthy(name)
        self.say("all daemons answer")
        return self

    def daemon_names(self):
        """blobd, then blobd.2 and so on: instances on one socket."""
        return [f"{d}.{i}" if i > 1 else d for d in DAEMONS for i in range(1, self.instances[d] + 1)]

    def _fill(self):
        subprocess.run([f"{HERE}/cluster.sh", "fill", self.dir, self.build], check=True, stdout=subprocess.DEVNULL)
        # A backend that is killed then ends the server, and is noticed, instead of being papered over.
        self.sql("ALTER SYSTEM SET restart_after_crash = off")
        self.sql("SELECT pg_reload_conf()")
        self.say("database is filled")

    def _make_keys(self):
        out = subprocess.run([f"{self.build}/sottoctl", "keys", f"{self.dir}/keys"], check=True,
                             capture_output=True, text=True).stdout
        self.key_lines = out
        self.server_keys = {line.split("_key")[0]: client.unb64(line.split("= ")[1]) for line in out.splitlines()}
        if self.root: # the broker drops root before it reads them
            os.chmod(f"{self.dir}/keys", 0o711)
            for name in ("", *os.listdir(f"{self.dir}/keys/broker")):
                shutil.chown(f"{self.dir}/keys/broker/{name}", "mosquitto", "mosquitto")
        for name, group in (("d", "mosquitto"), ("t", "debian-tor")):
            path = f"{self.run}/sotto-broker/{name}"
            os.mkdir(path)
            if self.root:
                shutil.chown(path, "mosquitto", group)
            os.chmod(path, 0o2750) # the broker's sockets take the group of their directory
        with open(f"{self.dir}/mosquitto.conf", "w", encoding="ascii") as file:
            file.write(self._mosquitto_conf())
        os.chmod(file.name, 0o644)
        shutil.copy(f"{self.build}/gate.so", f"{self.dir}/gate.so") # a build tree may be closed to the broker's user
        os.chmod(f"{self.dir}/gate.so", 0o755)

    def _mosquitto_conf(self):
        """The one that is installed, with our paths."""
        with open(f"{TOP}/services/sottoctl/conf/mosquitto.conf", encoding="ascii") as file:
            text = file.read()
        for ours, installed in ((f"{self.dir}/gate.so", "/usr/lib/sotto/gate.so"), (f"{self.run}/sotto-broker", "/run/sotto-broker"),
                                (f"{self.dir}/keys/broker", "/run/credentials/sotto-broker.service")):
            if installed not in text:
                raise RuntimeError(f"mosquitto.conf does not name {installed}")
            text = text.replace(installed, ours)
        return text

    def write_settings(self):
        """One file for all; what differs between daemons, their role in the database, comes by PGUSER."""
        lines = {
            "database": f"host={self.dir}/pg port=5432 dbname=sotto",
            "broker": f"{self.run}/sotto-broker/d/s",
            "onion_api": self.onion_api,
            "onion_live": self.onion_live,
            "disk_path": self.dir,
            "disk_reserve_mb": 1,
            **{f"allowance_{name}": 1000 for name in ("prekey", "mailbox", "inbox", "chunk", "turn")},
            **self.settings,
        }
        with open(f"{self.dir}/sotto.conf", "w", encoding="ascii") as file:
            file.write("[sotto]\n" + "".join(f"{k} = {v}\n" for k, v in lines.items()) + self.key_lines)

    # --- Tor -----------------------------------------------------------------------------------------

    def _begin_tor(self):
        with open(f"{TOP}/torrc", encoding="ascii") as file:
            text = file.read().replace("@ONIONS@", f"{self.dir}/tor/onion").replace("@RUN@", self.run)
        with open(f"{self.dir}/torrc", "w", encoding="ascii") as file:
            file.write(text)
        os.mkdir(f"{self.dir}/tor")
        os.chmod(f"{self.dir}/tor", 0o711)
        self.tor_up = self._popen("tor-up", [f"{HERE}/tor-testnet.sh", "up", f"{self.dir}/tor",
                                             "--services", f"{self.dir}/torrc", "--clients", "2"])
        self.children["tor-up"] = self.tor_up

    def _end_tor(self):
        until("the private Tor network", lambda: self.tor_up.poll() is not None, self.check, 200)
        if self.children.pop("tor-up").returncode:
            raise RuntimeError("tor-up: the private Tor network did not come up:\n" + self.log("tor-up"))
        with open(f"{self.dir}/tor/env", encoding="ascii") as file:
            self.env = dict(line.strip().split("=", 1) for line in file)
        self.onion_api, self.onion_live = self.env["ONION"], self.env["ONION2"]
        for name in sorted(os.listdir(f"{self.dir}/tor")):
            if os.path.exists(pid := f"{self.dir}/tor/{name}/pid"):
                self.watch(f"tor-{name}", read_pid(pid))
        self.say(f"private Tor network is up, server is {self.onion_api}")

    # --- processes -----------------------------------------------------------------------------------

    def _popen(self, name, argv, **more):
        with open(f"{self.dir}/log/{name}", "ab") as log:
            return subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True,
                                    **{"stdin": subprocess.DEVNULL, **more})

    def spawn(self, name, argv, user=None, mortal=True, **more):
        """A child in a session of its own, that dies with this thread. setpriv, as a change of user forgets PDEATHSIG."""
        drop = ["--reuid", user, "--regid", user, "--init-groups"] if user and self.root else []
        prefix = ["setpriv", *drop, "--pdeathsig", "KILL"] if mortal else []
        self.children[name] = self._popen(name, prefix + argv, **more)
        self.watch(name, self.children[name].pid)

    def start(self, name):
        """Starts a part by its name: postgres, broker, a daemon, tor-NAME."""
        kind = name.split(".")[0]
        if name == "postgres":
            subprocess.run([f"{HERE}/cluster.sh", "up", self.dir], check=True)
            self.watch(name, read_pid(f"{self.dir}/pg.pid"))
        elif name == "journald":
            os.makedirs(f"{self.dir}/journal", exist_ok=True)
            self.spawn(name, ["unshare", "-m" if self.root else "-mr", "bash", "-ec", JOURNALD, "-", self.dir])
            until("journald", lambda: glob.glob(f"{self.dir}/journal/*/system.journal"), self.check)
        elif name == "broker":
            self.spawn(name, ["mosquitto", "-c", f"{self.dir}/mosquitto.conf"], user="mosquitto")
            until("broker", lambda: all(can_connect(f"{self.run}/sotto-broker/{d}/s") for d in "dt"), self.check)
        elif name == "turn":
            path = f"{self.run}/sotto-turn"
            os.makedirs(path, mode=0o711, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{path}/s")
            self.spawn(name, [f"{HERE}/turn.sh", path, f"{self.dir}/keys/turn/secret", self.turn_settings])
            until("the relay", lambda: os.path.exists(f"{path}/s"), self.check)
            os.chmod(f"{path}/s", 0o666)
        elif name.startswith("tor-"):
            subprocess.run([f"{HERE}/tor-testnet.sh", "start", f"{self.dir}/tor", name[4:]], check=True)
            self.watch(name, read_pid(f"{self.dir}/tor/{name[4:]}/pid"))
        elif kind in DAEMONS:
            self._start_daemon(name, kind)
        else:
            raise KeyError(name)

    def _start_daemon(self, name, kind):
        if kind not in self.listeners: # as systemd would: one for all instances, and it outlives them
            self.listeners[kind] = socket.socket(socket.AF_UNIX)
            self.listeners[kind].bind(self.socket_path(kind))
            os.chmod(self.socket_path(kind), 0o666)
            self.listeners[kind].listen(4096)
            self.listeners[kind].setblocking(False)
        fd = self.listeners[kind].fileno()
        env = {**os.environ, "LISTEN_FDS": "1", "CREDENTIALS_DIRECTORY": f"{self.dir}/keys/{kind}", "PGUSER": kind}
        for unwanted in ("JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_USEC"):
            env.pop(unwanted, None)
        env |= self.environment.get(name, {})
        inside = []
        if self.journald: # what systemd sets for its services
            env["JOURNAL_STREAM"] = "1:1"
            inside = ["nsenter", "-m" if self.root else "-mU", "-t", str(self.pid("journald"))]
        # fd moves to 3 and LISTEN_PID becomes the daemon's own number, which exec keeps.
        self.spawn(name, [*inside, "bash", "-c", f'exec 3<&{fd} {fd}<&-; LISTEN_PID=$$ exec "$@"' if fd != 3 else
                          'LISTEN_PID=$$ exec "$@"', "-", f"{self.build}/{kind}", "-c", f"{self.dir}/sotto.conf",
                          "-i", (name.split(".") + ["1"])[1]], pass_fds=(fd,), env=env)

    def pid(self, name):
        return next(pid for pid, watched in self.watched.values() if watched == name)

    def send(self, name, number):
        os.kill(self.pid(name), number)

    def kill(self, name, number=signal.SIGKILL):
        """Ends one part and waits until it has ended; it may be started again."""
        with self.lock:
            fd = next(fd for fd, (_, watched) in self.watched.items() if watched == name)
            pid = self.watched.pop(fd)[0]
        signal.pidfd_send_signal(fd, number)
        if not ready(fd, 20):
            raise TimeoutError(f"{name} ({pid}) does not end")
        os.close(fd)
        if name in self.children:
            self.children.pop(name).wait()
        if name == "postgres":
            for lock in ("pgdata/postmaster.pid", "pg/.s.PGSQL.5432.lock"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{self.dir}/{lock}") # after kill -9 its number may be somebody else's

    def stop(self, name):
        self.kill(name, signal.SIGINT if name == "postgres" else signal.SIGTERM)

    def restart(self, name, number=signal.SIGTERM):
        self.kill(name, number)
        self.start(name)

    # --- watching ------------------------------------------------------------------------------------

    def watch(self, name, pid):
        with self.lock:
            self.watched[os.pidfd_open(pid)] = (pid, name)

    def _watch(self):
        while not self.ended.is_set():
            poll = select.poll()
            with self.lock:
                polled = dict(self.watched)
            for fd in polled:
                poll.register(fd, select.POLLIN)
            for fd, _ in poll.poll(50):
                with self.lock: # by now the number may be another process's: kill() closes, watch() opens again
                    pid, name = self.watched.pop(fd) if self.watched.get(fd) is polled[fd] else (0, None)
                if name:
                    self.died.append(f"{name} ({pid})")
                    self.on_death(name)

    def check(self):
        if self.died:
            names = ", ".join(self.died)
            raise Died(f"ended unasked: {names}\n" + "".join(self.log(n.split(" ")[0])[-2000:] for n in self.died))

    # --- asking --------------------------------------------------------------------------------------

    def socket_path(self, daemon):
        return f"{self.run}/sotto-{daemon.split('.')[0]}/s"

    def http(self, daemon, circuit=None):
        """A circuit of its own each time, so that waiting for health uses up nobody's budget."""
        self.n_asked += 1
        return client.Http(self.socket_path(daemon), (circuit or 0xffff0000 + self.n_asked) if self.circuits else None)

    def server(self):
        """How a client reaches this server."""
        return client.Server({d: self.socket_path(d) for d in DAEMONS}, f"{self.run}/sotto-broker/t/s",
                             self.server_keys, self.onion_api, 1 if self.circuits else None, self.invite)

    def invite_link(self, *arguments):
        return self.sottoctl("invite", *arguments).splitlines()[0]

    def invite(self, *arguments):
        """The code of a new invite."""
        link = client.unb64(self.invite_link(*arguments).removeprefix("sotto://"))
        assert len(link) == 49 and link[:33] == b"\2" + self.api_key
        return link[33:]

    def server_over_tor(self, socks, circuit):
        """The same through a client's tor; circuits are told apart by their numbers."""
        ports = {d: client.Onion(socks, self.onion_api, 7001 + i) for i, d in enumerate(DAEMONS)}
        return client.Server(ports, client.Onion(socks, self.onion_live, 1883), self.server_keys, self.onion_api, circuit,
                             self.invite)

    def health(self, daemon):
        """Status of GET /v1/health, 0 when nobody answers."""
        try:
            with self.http(daemon) as http:
                return http.request("GET", "/v1/health").status
        except OSError:
            return 0

    def wait_healthy(self, daemon, status=200):
        until(f"{daemon}: health {status}", lambda: self.health(daemon) == status, self.check)

    def sql(self, text, database="sotto"):
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", f"{self.dir}/pg", "-U", "postgres",
                               "-d", database, "-c", text], check=True, capture_output=True, text=True).stdout.strip()

    def backend(self, role):
        """Number of the database process that serves a daemon."""
        return int(self.sql(f"SELECT pid FROM pg_stat_activity WHERE usename = '{role}'"))

    def log(self, name):
        if self.journald and name in self.daemon_names():
            return "".join(f"{e['MESSAGE']}\n" for e in self.journal(f"_PID={self.children[name].pid}"))
        with contextlib.suppress(OSError), open(f"{self.dir}/log/{name}", encoding="utf-8", errors="replace") as file:
            return file.read()
        return ""

    def journal(self, *words):
        """Entries of the journal, oldest first, as journalctl's matches choose them."""
        out = subprocess.run(["journalctl", "-qD", f"{self.dir}/journal", "-o", "json", "--no-pager", *words], check=True,
                             stdout=subprocess.PIPE).stdout
        return [json.loads(line) for line in out.splitlines()]

    def sottoctl(self, *words, status=0):
        """What sottoctl prints, run where the daemons are: with the journal, if there is one."""
        inside = ["nsenter", "-m" if self.root else "-mU", "-t", str(self.pid("journald"))] if self.journald else []
        done = subprocess.run([*inside, f"{self.build}/sottoctl", "--config", f"{self.dir}/sotto.conf", "--sql",
                               f"{self.build}/sql", "--database", f"host={self.dir}/pg port=5432 user=sotto_owner", *words],
                              check=False, capture_output=True, text=True,
                              env={**os.environ, **({"JOURNAL_STREAM": "1:1"} if self.journald else {})})
        if status is not None and done.returncode != status:
            raise RuntimeError(f"sottoctl {words[0]}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def all_logs(self):
        """What every process here has written, Tor, PostgreSQL and the exported journal included, by file."""
        paths = [f"{self.dir}/pg.log"]
        for top in (f"{self.dir}/log", f"{self.dir}/tor"):
            paths += [f"{d}/{f}" for d, _, files in os.walk(top) for f in files if top.endswith("/log") or
                      f.endswith("log")]
        out = {}
        for path in paths:
            with contextlib.suppress(OSError), open(path, "rb") as file:
                out[os.path.relpath(path, self.dir)] = file.read()
        if self.journald:
            out["journal"] = subprocess.run(["journalctl", "-qD", f"{self.dir}/journal", "-o", "export"], check=True,
                                            stdout=subprocess.PIPE).stdout
        return out

    # --- down ----------------------------------------------------------------------------------------

    def down(self):
        """Leaves no process. May be called at any time and more than once."""
        if not self.dir or self.ended.is_set():
            return
        old = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM)} \
            if threading.current_thread() is threading.main_thread() else {}
        self.ended.set()
        self.watcher.join()
        for name in ("tor-up", *reversed(self.daemon_names()), "broker", "journald"):
            if child := self.children.get(name):
                with contextlib.suppress(ProcessLookupError):
                    child.send_signal(signal.SIGCONT)
                    child.terminate()
        for name, child in self.children.items():
            if name != "guard":
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(2)
        if os.path.exists(f"{self.dir}/tor/auth"):
            subprocess.run([f"{HERE}/tor-testnet.sh", "down", f"{self.dir}/tor"], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(StopIteration, ProcessLookupError):
            self.send("postgres", signal.SIGQUIT) # the files are thrown away: no last checkpoint
        subprocess.run([f"{HERE}/cluster.sh", "down", self.dir], check=False)
        sweep(self.dir)
        for child in self.children.values():
            child.wait()
            if child.stdin:
                child.stdin.close()
        for listener in self.listeners.values():
            listener.close()
        for fd in self.watched:
            os.close(fd)
        self.watched = {}
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        for number, handler in old.items():
            signal.signal(number, handler)


def read_pid(path):
    with open(path, encoding="ascii") as file:
        return int(file.read())


def can_connect(path):
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(path) == 0


def ready(fd, seconds):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def until(what, condition, check=lambda: None, seconds=WAIT_S):
    """Waits until the condition holds and returns its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        check()
        if time.monotonic() > end:
            raise TimeoutError(f"gave up waiting for: {what}")
        time.sleep(0.01)
    return value


if __name__ == "__main__" and sys.argv[1:2] == ["--guard"]:
    guard(sys.argv[2].rstrip("/"))
