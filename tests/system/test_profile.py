# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a profile on a device tells nothing to who lacks the passphrase, and what opens, locks and destroys it does so.

Without a server: `init` makes the profile before it registers.
"""
import glob
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from stack import TOP, onion_name, until

OWN, DURESS, OTHER = "kiosk wham dent ruby slum oboe", "vivid lather gnome pry sulk tape", "ditto mural swab keg oat hinge"
LINK = "sotto://"
NOBODY = 65534


class Place:
    """A profile, and whoever types commands there."""

    def __init__(self, test, user=None):
        self.dir = tempfile.mkdtemp(prefix="so.profile.")
        test.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.sotto, self.env, self.user = f"{os.environ['SOTTO_BUILD']}/sotto", dict(os.environ), user
        self.profile, self.server, self.socks = f"{self.dir}/p", onion_name(os.urandom(32)), "127.0.0.1:1"
        if user: # who may not read the build tree
            self.sotto = shutil.copy(self.sotto, self.dir)
            for library in glob.glob(f"{TOP}/build/libs/lib/*.so.*"):
                shutil.copy(library, self.dir)
            self.env["LD_LIBRARY_PATH"] = self.dir
            os.chmod(self.dir, 0o777)

    def start(self, secret, *words, **more):
        """The passphrases go in by a descriptor, a line each; None: there is none."""
        fd, to = os.pipe()
        os.write(to, "".join(f"{line}\n" for line in secret or ()).encode())
        os.close(to)
        argv = [self.sotto, "--profile", self.profile, "--socks", self.socks, *(["--server", self.server] if "init" in words else [])]
        argv += ["--passphrase-fd", str(fd)] if secret else []
        try:
            return subprocess.Popen([*argv, *words], pass_fds=(fd,), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, env=self.env, user=self.user, cwd=self.dir,
                                    **more)
        finally:
            os.close(fd)

    def do(self, secret, *words):
        """Status, standard output, standard error."""
        with self.start(secret, *words) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def init(self, secret=(OWN,)):
        status, _, err = self.do(secret, "init")
        assert status == 4 and "not registered" in err, err

    def link(self, secret, *options):
        """The contact link that is found, or None."""
        status, out, _ = self.do(secret, *options, "id")
        return out.split(LINK)[1].split()[0] if status == 0 else None

    def files(self):
        return {name: os.path.getsize(f"{self.profile}/{name}") for name in sorted(os.listdir(self.profile))}


class Secrets(unittest.TestCase):
    """What of a running client can be seen from outside."""

    def setUp(self):
        self.listener = socket.create_server(("127.0.0.1", 0)) # a SOCKS port that never answers
        self.addCleanup(self.listener.close)
        self.place = Place(self, NOBODY if os.geteuid() == 0 else None)
        self.place.socks = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.process = self.place.start((OWN,), "init", preexec_fn=self.limit) # pylint: disable=subprocess-popen-preexec-fn
        self.addCleanup(self.end)
        self.listener.settimeout(60)
        self.accepted, _ = self.listener.accept() # now the profile is open
        self.addCleanup(self.accepted.close)
        self.proc = f"/proc/{self.process.pid}"

    def limit(self):
        """As on a machine that keeps cores, and locks 64 kB unless a program asks for more."""
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (64 << 10, 8 << 20))

    def end(self):
        self.process.kill()
        self.process.communicate()

    def test_arguments_and_environment_hold_no_passphrase(self):
        for name in ("cmdline", "environ"):
            with open(f"{self.proc}/{name}", "rb") as file:
                text = file.read()
            self.assertNotIn(OWN.encode(), text)
            self.assertTrue(text) # it was there to be read

    def test_nobody_may_look_into_it_and_it_leaves_no_core(self):
        self.assertEqual(os.stat(f"{self.proc}/environ").st_uid, 0, "may be read by whoever runs it")
        with open(f"{self.proc}/limits", encoding="ascii") as file:
            core = next(line for line in file if line.startswith("Max core file size"))
        self.assertEqual(core.split()[-3:-1], ["0", "0"])
        os.kill(self.process.pid, signal.SIGSEGV)
        _, status = os.waitpid(self.process.pid, 0)
        self.process.returncode = -signal.SIGSEGV
        self.assertTrue(os.WIFSIGNALED(status) and not os.WCOREDUMP(status))

    def test_keys_lie_in_memory_that_is_not_swapped(self):
        with open(f"{self.proc}/status", encoding="ascii") as file:
            locked = next(line for line in file if line.startswith("VmLck:"))
        self.assertGreater(int(locked.split()[1]), 0)

    def test_nor_does_the_heap_where_messages_and_the_signal_librarys_keys_lie(self):
        with open(f"{self.proc}/smaps", encoding="ascii") as file:
            parts = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", file.read())
        heap = [{name: int(re.search(rf"(?m)^{name}: +(\d+) kB", part)[1]) for name in ("Rss", "Locked")}
                for part in parts if "[heap]" in part]
        self.assertGreater(sum(part["Rss"] for part in heap), 200)
        self.assertEqual([part for part in heap if part["Rss"] != part["Locked"]], [])

    def test_no_file_holds_a_secret_and_none_is_elsewhere(self):
        inside = {os.path.realpath(f"{self.proc}/fd/{fd}") for fd in os.listdir(f"{self.proc}/fd")}
        written = {f for f in inside if f.startswith("/") and os.path.isfile(f.removesuffix(" (deleted)"))}
        self.assertTrue(written)
        for path in written:
            self.assertTrue(path.startswith(self.place.profile), path)
        for path in glob.glob(f"{self.place.profile}/*"):
            with open(path, "rb") as file:
                data = file.read()
            for word in (OWN.encode(), b"SQLite format", b"CREATE TABLE", b"identity"):
                self.assertNotIn(word, data, path)


class Swap(unittest.TestCase):
    def setUp(self):
        self.place = Place(self)
        self.place.init()

    def doctor(self, swaps, sysfs=None, before=()):
        """What it says of memory where that is swapped to; sysfs: what is there of block devices."""
        with open(f"{self.place.dir}/swaps", "w", encoding="ascii") as file:
            file.write("Filename\tType\tSize\tUsed\tPriority\n" + "".join(f"{path} file 1 0 -2\n" for path in swaps))
        for name, text in (sysfs or {}).items():
            os.makedirs(os.path.dirname(f"{self.place.dir}/block/{name}"))
            with open(f"{self.place.dir}/block/{name}", "w", encoding="ascii") as file:
                file.write(text)
        os.makedirs(f"{self.place.dir}/block", exist_ok=True)
        script = f"mount --bind {self.place.dir}/swaps /proc/swaps; mount --bind {self.place.dir}/block /sys/dev/block; exec \"$@\""
        argv = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-m", "sh", "-ec", script, "-", *before, self.place.sotto,
                "--profile", self.place.profile, "--socks", self.place.socks, "--json", "doctor"]
        done = subprocess.run(argv, input=f"{OWN}\n", capture_output=True, text=True, timeout=120, check=False)
        first = json.loads(done.stdout.splitlines()[0])
        self.assertEqual(first["part"], "memory")
        return first["event"], first["text"]

    def test_doctor_tells_where_memory_may_be_swapped_to(self):
        own = os.stat(self.place.dir).st_dev
        device = f"{os.major(own)}:{os.minor(own)}"
        self.assertEqual(self.doctor([])[0], "ok")
        event, text = self.doctor([self.place.dir])
        self.assertEqual((event, "but swap is not encrypted" in text), ("note", True), text)
        self.assertEqual(self.doctor([self.place.dir], {f"{device}/slaves/dm-1/dm/uuid": "CRYPT-LUKS2-0\n"})[0], "ok")
        event, text = self.doctor([], before=("setpriv", "--bounding-set", "-ipc_lock", "prlimit", "--memlock=0:0"))
        self.assertEqual(event, "note")
        self.assertRegex(text, r"^\d+ of \d+ kB could be swapped out: see ulimit -l$")


class Panic(unittest.TestCase):
    def setUp(self):
        self.place = Place(self)
        self.place.init()
        self.key = f"{self.place.profile}/key"

    def slots(self):
        with open(self.key, "rb") as file:
            return file.read()[40:]

    def test_a_signal_destroys_the_slots_at_once_whatever_it_waits_for(self):
        before = self.slots()
        argv = [self.place.sotto, "--profile", self.place.profile, "--socks", self.place.socks, "recv"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=self.place.env) as process:
            self.addCleanup(process.kill)
            until("it to listen for signals", lambda: self.caught(process) >> signal.SIGUSR1 - 1 & 1)
            process.send_signal(signal.SIGUSR1) # it waits for a passphrase, and goes on waiting
            until("the slots to be destroyed", lambda: all(self.slots()[n:n + 112] != before[n:n + 112] for n in (0, 112)))
            self.assertIsNone(process.poll())
            process.stdin.close()
            self.assertEqual(process.wait(60), 0)
        self.assertEqual(os.listdir(self.place.profile), [])

    def caught(self, process):
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("SigCgt")).split()[1], 16)

    def test_nothing_in_the_command_line_keeps_it_from_being_destroyed(self):
        self.assertEqual(self.place.do(None, "--socks", "nonsense", "panic")[0], 2)
        self.assertIsNone(self.place.link((OWN,)))
        self.assertEqual(self.place.do(None, "panic")[:2], (0, "destroyed\n"))
        self.assertEqual(os.listdir(self.place.profile), [])
        self.place.init()


class Passphrases(unittest.TestCase):
    def setUp(self):
        self.place = Place(self)

    def test_easy_passphrases_are_refused(self):
        for easy in ("password123", "aaaaaaaaaaaaaaaaaaaaaaaa", "correct horse"):
            status, _, err = self.place.do((easy,), "init")
            self.assertEqual(status, 3)
            self.assertIn("too few", err)
            self.assertFalse(os.path.exists(f"{self.place.profile}/key"))

    def test_a_changed_one_opens_and_the_old_one_does_not(self):
        self.place.init()
        link = self.place.link((OWN,))
        self.assertTrue(link)
        self.assertEqual(self.place.do((OWN, OTHER), "passwd")[0], 0)
        self.assertIsNone(self.place.link((OWN,)))
        self.assertEqual(self.place.link((OTHER,)), link)
        self.assertEqual(self.place.do((OWN, DURESS), "passwd")[0], 3)
        self.assertEqual(self.place.do((OTHER, "hunter2"), "passwd")[0], 3)
        self.assertEqual(self.place.link((OTHER,)), link)

    def kept_for(self):
        """How long the kernel's keyring has the opened vault, as /proc/keys says it."""
        with open(f"{self.place.profile}/key", "rb") as file:
            name = file.read()[24:40].hex()
        with open("/proc/keys", encoding="ascii") as file:
            return next(line.split()[3] for line in file if f"sotto:{name}" in line)

    def test_unlocked_it_asks_for_none_until_locked_or_idle(self):
        self.place.init()
        link = self.place.link((OWN,))
        self.assertIsNone(self.place.link(None))
        self.assertEqual(self.place.do((OWN,), "unlock", "5")[0], 0)
        self.assertIn(self.kept_for(), ("5m", "4m")) # by the kernel, from the last use on
        self.assertEqual(self.place.link(None), link)
        self.assertEqual(self.place.do(None, "lock")[0], 0)
        self.assertIsNone(self.place.link(None))
        self.assertEqual(self.place.do((OTHER,), "unlock")[0], 3)
        self.assertIsNone(self.place.link(None))

    def test_duress_opens_the_decoy_as_if_there_had_been_nothing_else(self):
        plain = Place(self)
        plain.init()
        self.place.init()
        self.assertEqual(self.place.do((OWN,), "--decoy", "id")[0], 6)
        self.assertEqual(self.place.do((OWN, OWN), "duress")[0], 7)
        self.assertEqual(self.place.do((OWN, DURESS), "duress")[0], 0)
        link, decoy = self.place.link((OWN,)), self.place.link((OWN,), "--decoy")
        self.assertNotIn(None, (link, decoy))
        self.assertNotEqual(link, decoy)
        self.assertEqual(self.place.do((OWN,), "unlock")[0], 0)
        status, out, err = self.place.do((DURESS,), "id")
        like = plain.do((OWN,), "id")
        self.assertIn(decoy, out)
        self.assertEqual((status, err, len(out)), (like[0], like[2], len(like[1])))
        self.assertIsNone(self.place.link((OWN,)))
        self.assertIsNone(self.place.link(None))
        self.assertEqual(self.place.files(), plain.files())
        self.assertEqual(self.place.link((DURESS,)), decoy)
