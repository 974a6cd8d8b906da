# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a chat that is left alone, or told to, shows and holds nothing until its passphrase comes."""
import contextlib
import glob
import os
import re
import signal
import subprocess
import threading

from callers import CallBed
from people import Town, friends
from terminal import chat

OWN, DURESS = "correct horse battery staple", "vivid lather gnome pry sulk tape"
SAID, DRAFT, NAME = "the harbour at nine", "half a th", "bob"
# The clock by which a chat counts how long nobody was there stands still, but for the test.
CLOCK = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *out)
{
	FILE *file = id == CLOCK_BOOTTIME ? fopen(getenv("CLOCK"), "r") : NULL;

	if (!file)
		return (int)syscall(SYS_clock_gettime, id, out);
	*out = (struct timespec){ 0, 0 };
	if (fscanf(file, "%ld", &out->tv_sec) != 1)
		abort();
	fclose(file);
	return 0;
}
"""


class Clock:
    """Of a Town: chats there count by a clock that is set."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", f"{cls.stack.dir}/clock.so"], input=CLOCK, text=True, check=True)

    def at(self, now_s):
        with open(f"{self.stack.dir}/clock.new", "w", encoding="ascii") as file:
            file.write(str(now_s))
        os.rename(f"{self.stack.dir}/clock.new", f"{self.stack.dir}/clock")

    def chat(self, person, *words):
        return chat(self, person, person.argv("chat", *words), LD_PRELOAD=f"{self.stack.dir}/clock.so", CLOCK=f"{self.stack.dir}/clock")


class Calls(Clock, CallBed):
    def test_who_talks_is_not_locked_out_and_a_lock_hangs_up(self):
        self.at(100000)
        b = self.chat(self.bob, "--audio-in", "test:660", "--audio-out", "none")
        b.until("live")
        call = self.call(self.alice, self.bob)
        b.until("CALLS YOU")
        b.line("/answer")
        self.talk(call)
        shown = re.compile(rf"talking with {self.alice.name} (\d+:\d\d)")
        b.until(shown.search)
        self.at(200000)
        at = shown.search(b.text())[1]
        b.until(lambda text: shown.search(text) and shown.search(text)[1] > at)
        b.line("/lock")
        self.assertEqual(call.ended(), ("they hung up", True))
        b.until("sotto is locked")


class Locks(Clock, Town):
    def setUp(self):
        self.alice, self.bob = self.person("alice"), self.person("bob")
        self.at(100000)

    def talking(self, *words):
        """A chat of alice's in which bob was told something, and is told more."""
        friends(self.alice, self.bob)
        a = self.chat(self.alice, *words)
        a.until("live")
        a.line(SAID)
        a.until(f"< {SAID}")
        a.type(DRAFT)
        a.until(f"> {DRAFT}")
        return a

    def locked(self, a):
        a.until("sotto is locked")
        a.until(re.compile(r"^ locked$", re.M).search)
        for shown in a.text(), a.tmux("capture-pane", "-p", "-S", "-"):
            for word in SAID, DRAFT, NAME:
                self.assertNotIn(word, shown)
        self.assertEqual(self.open_databases(a), [])

    def open_databases(self, a):
        paths = []
        for fd in glob.glob(f"/proc/{a.pid()}/fd/*"):
            with contextlib.suppress(FileNotFoundError): # closed meanwhile
                paths.append(os.readlink(fd))
        return [path for path in paths if "/db." in path]

    def holds(self, a, words):
        """Whether the process has these bytes anywhere."""
        with open(f"/proc/{a.pid()}/maps", encoding="utf-8") as file:
            parts = re.findall(r"^(\w+)-(\w+) r.*?(?: (\[v\w+\]))?$", file.read(), re.M)
        with open(f"/proc/{a.pid()}/mem", "rb") as memory:
            for begin, end, kernels in parts:
                with contextlib.suppress(OSError): # unmapped meanwhile
                    memory.seek(int(begin, 16))
                    if not kernels and words in memory.read(int(end, 16) - int(begin, 16)):
                        return True
        return False

    def is_unlocked(self, person):
        """Without a passphrase."""
        return subprocess.run(person.argv("contacts"), stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0

    def test_after_a_quarter_of_an_hour_without_a_key_all_is_gone_until_the_passphrase_comes(self):
        a = self.talking()
        self.assertTrue(self.holds(a, SAID.encode("utf-32-le")))
        self.at(100899)
        a.resize(20, 78)   # nobody at the keys
        a.until(lambda text: SAID in text and text.count("\n") == 20)
        self.at(100900)
        a.resize(22, 78)
        self.locked(a)
        for form in "utf-8", "utf-32-le":
            self.assertFalse(self.holds(a, SAID.encode(form)), form)
        a.resize(12, 40)
        a.until(lambda text: text.startswith("sotto is locked.\n\nNothing is received meanwhile, and\nnothing is sent.\n"))
        a.resize(22, 78)
        a.until("meanwhile, and nothing is sent.")
        self.assertIn(b"\x1b[3J", a.raw())
        self.assertFalse(self.is_unlocked(self.alice))
        self.bob.do("recv")
        self.bob.do("send", self.alice.name, "or the station")
        a.line("correct horse")
        a.until("wrong passphrase")
        a.press("Escape", "Up")
        a.type(OWN + "xy")
        a.press("BSpace", "BSpace", "Enter")
        a.until(lambda text: SAID in text and f"> {DRAFT}" in text)
        a.until(lambda text: "--- new:\n" in text and "> or the station" in text)
        for form in "utf-8", "utf-32-le":
            self.assertFalse(self.holds(a, OWN.encode(form)), form)
        a.line("ought")
        self.bob.do("recv")
        self.assertEqual(self.bob.texts(self.alice.name), [SAID, "half a thought"])
        self.at(101799)
        a.resize(24, 80)
        a.until(lambda text: "half a thought" in text and text.count("\n") == 24)

    def test_the_timer_that_wakes_it_counts_while_the_machine_sleeps(self):
        a = self.talking("--lock-after", "7")
        timers = []
        for path in glob.glob(f"/proc/{a.pid()}/fdinfo/*"):
            with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as file:
                timers += re.findall(r"clockid: (\d+)(?s:.*)it_value: \((\d+),", file.read())
        self.assertEqual([clock for clock, _ in timers], ["7"])   # CLOCK_BOOTTIME
        self.assertIn(int(timers[0][1]), range(1, 421))

    def test_zero_is_never_and_what_is_no_time_is_refused(self):
        a = self.talking("--lock-after", "0")
        self.at(10**9)
        a.resize(20, 78)
        a.until(lambda text: SAID in text and text.count("\n") == 20)
        a.press("C-u")
        a.line("and down again")
        a.until("< and down again")
        a.press("C-z")
        self.locked(a)
        for wrong in "-1", "1441", "soon":
            done = self.alice.run("chat", "--lock-after", wrong)
            self.assertEqual((done.returncode, "--lock-after takes no" in done.stderr), (2, True), done.stderr)

    def test_it_is_locked_by_a_word_and_a_file_that_was_on_its_way_goes_on(self):
        a = self.talking()
        a.press("C-u")
        path, goes_on = self.source(9 << 20, "plan.pdf"), threading.Event()
        self.addCleanup(goes_on.set)
        self.socks.passed = lambda n, up: goes_on.wait(60)
        self.addCleanup(setattr, self.socks, "passed", lambda n, up: None)
        a.line(f"/send {path}")
        a.until(re.compile(r"sending plan\.pdf +\d+%").search)
        a.line("/lock")
        self.locked(a)
        self.assertNotIn("plan", a.text())
        goes_on.set()
        a.paste(OWN)   # as managers of passwords do
        a.press("Enter")
        a.until(f"sent to {self.bob.name}: plan.pdf")
        a.line("/quit")
        self.assertEqual(a.end(), 0)

    def test_a_file_that_is_whole_as_it_is_locked_is_not_sent_again(self):
        a = self.talking()
        a.press("C-u")
        with open(f"{self.stack.dir}/note.txt", "wb") as file:
            file.write(os.urandom(1000))
        goes_on = threading.Event()
        self.addCleanup(goes_on.set)
        self.socks.asked = lambda data: b" /v1/blobs " in data and goes_on.wait(60)   # which tells of it
        self.addCleanup(setattr, self.socks, "asked", lambda data: None)
        a.line(f"/send {self.stack.dir}/note.txt")
        a.until(re.compile(r"sending note\.txt +100%").search)
        a.line("/lock")
        self.locked(a)
        goes_on.set()
        a.line(OWN)
        a.until(lambda text: "[file 1, 0.0 MB] note.txt" in text and "sending" not in text)
        self.assertEqual(len(self.alice.do("files").splitlines()), 1)

    def test_what_ends_a_chat_ends_a_locked_one_and_leaves_nothing_on_the_screen(self):
        a = self.talking()
        self.alice.do("lock")
        self.assertEqual(a.end(), 0)
        self.assertNotIn(SAID, a.text())
        for number in signal.SIGTERM, signal.SIGHUP, None:
            b = self.chat(self.bob)
            b.until("live")
            b.line("/lock")
            self.locked(b)
            self.assertFalse(self.is_unlocked(self.bob))
            if number:
                os.kill(b.pid(), number)
            else:
                b.press("C-c")
            self.assertEqual(b.end(), 0, number)
            b.close()
        self.assertIn(self.alice.name, self.bob.do("contacts"))

    def test_panic_is_heard_while_it_is_locked_by_key_and_by_signal(self):
        a = self.talking("--lock-after", "1")
        self.at(100060)
        a.resize(20, 78)
        self.locked(a)
        a.press("C-x")
        a.until("Ctrl-X again destroys this profile")
        a.press("x", "C-x")
        a.paste("\x18\x18")
        a.until(re.compile(r"^ locked$", re.M).search)
        self.assertTrue(os.path.exists(f"{self.alice.profile}/key"))
        a.press("C-x", "C-x")
        self.assertEqual(a.end(), 0, a.text())
        self.assertIn(b"destroyed", a.raw())
        self.assertEqual(os.listdir(self.alice.profile), [])
        b = self.chat(self.bob)
        b.until("live")
        b.press("C-z")
        self.locked(b)
        os.kill(b.pid(), signal.SIGUSR1)
        self.assertEqual(b.end(), 0, b.text())
        self.assertFalse(os.path.exists(f"{self.bob.profile}/key"))

    def test_the_duress_passphrase_opens_the_decoy_there_and_nothing_of_the_other_is_left(self):
        subprocess.run(self.alice.argv("duress"), input=f"{OWN}\n{DURESS}\n", text=True, check=True, capture_output=True)
        self.alice.do("--decoy", "init", self.stack.invite_link())
        carol = self.person("carol")
        self.alice.do("--decoy", "add", "dora", carol.link())
        a = self.talking()
        a.press("C-z")
        self.locked(a)
        a.line(DURESS)
        a.until(lambda text: " dora " in text and "live" in text)
        for word in SAID, DRAFT, self.bob.name:
            self.assertNotIn(word, a.text())
            for form in "utf-8", "utf-32-le":
                self.assertFalse(self.holds(a, word.encode(form)), (word, form))
        a.line("do you hear me")
        a.until("< do you hear me")
        a.press("C-z")
        a.until("sotto is locked")
        a.line(OWN)
        a.until("wrong passphrase")
        a.line(DURESS)
        a.until("< do you hear me")
