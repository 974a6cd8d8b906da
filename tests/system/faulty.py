# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kills a client at each of its fault points (client/lib/fault.h), or loses an answer there, and looks what comes of it.

A conversation is played once, and before each of its steps both profiles and what waits at the server are kept. Then a step
is begun from there again and again, ended at its first point, its second and so on; it is gone on with as a person would;
and everything that was said must have come once, in order, and the conversation must go on.
"""
import collections
import os
import re
import shutil
import subprocess

from people import Person, friends
from stack import TOP

BUILD = "build/gcc-faults"
KILLED = -9

Outcome = collections.namedtuple("Outcome", "step point how did saw wrong")


def build():
    """The client with its fault points."""
    subprocess.run(["make", "--no-print-directory", f"B={BUILD}", "CPPFLAGS=-DFAULTS", f"{BUILD}/sotto"], cwd=TOP, check=True,
                   stdout=subprocess.DEVNULL, env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")})


def last_line(done):
    return next((line for line in reversed((done.stdout + done.stderr).split("\n")) if line), "(nothing)")


class Faulty(Person):
    """fault: which point of the next commands; loses: there an answer is lost, and nobody is killed."""
    fault, loses = None, False

    def argv(self, *words):
        return [f"{TOP}/{BUILD}/sotto", *super().argv(*words)[1:]]

    def environment(self):
        env = super().environment()
        if self.fault:
            env |= {"SOTTO_FAULT": str(self.fault), "SOTTO_FAULT_LOG": self.log} | ({"SOTTO_FAULT_LOSES": "1"} if self.loses else {})
        return env

    @property
    def log(self):
        return f"{self.stack.dir}/{self.name}.fault"

    def said(self, other):
        """What was said to somebody, in order."""
        return re.findall(rf"^{other.name} < (.*)$", self.do("log", other.name), re.M)


class Talk:
    """One conversation between two people, from the first word."""

    def __init__(self, stack, socks, names=("alice", "bob")):
        self.stack = stack
        self.alice, self.bob = self.people = [Faulty(stack, socks, name) for name in names]
        friends(*self.people)
        a, b = self.people
        self.steps = [(a, "send", b.name, "one"), (b, "recv"), (b, "send", a.name, "two"), (a, "recv"),
                      (a, "send", b.name, "three"), (b, "recv")]
        for i, (who, *words) in enumerate(self.steps):
            self.keep(i)
            who.do(*words)

    # --- moments: profiles, and what waits at the server

    def keep(self, i):
        for person in self.people:
            shutil.copytree(person.profile, f"{person.profile}.{i}")
        self.stack.sql(f"CREATE SCHEMA IF NOT EXISTS kept; CREATE TABLE kept.blob_{i} AS TABLE sotto.blob")

    def go_back(self, i):
        for person in self.people:
            person.fault = None
            shutil.rmtree(person.profile)
            shutil.copytree(f"{person.profile}.{i}", person.profile)
        # The profiles have their tokens again, so these are unspent.
        self.stack.sql(f"DELETE FROM sotto.spent; DELETE FROM sotto.blob; INSERT INTO sotto.blob TABLE kept.blob_{i}")

    # --- one point

    def other(self, person):
        return self.bob if person is self.alice else self.alice

    def expected(self, person, i):
        """What that person has said when step i is done."""
        return [words[2] for who, *words in self.steps[:i + 1] if who is person and words[0] == "send"]

    def go_on(self, i):
        """As a person would. What it took, and the last line that was seen."""
        who, *words = self.steps[i]
        again = words[0] == "send" and words[2] not in who.said(self.other(who))
        done = who.run(*(words if again else ["recv"]))
        return "typed again" if again else "recv", last_line(done), done.returncode

    def what_is_wrong(self, i):
        """Nothing lost, nothing twice, in order; and it goes on."""
        wrong = []
        for person in (self.other(self.steps[i][0]), self.steps[i][0]):
            other = self.other(person)
            person.do("recv")
            person.do("send", other.name, "and on")
            other.do("recv")
        for person in self.people:
            other, said = self.other(person), self.expected(person, i) + ["and on"]
            if (got := person.said(other)) != said:
                wrong.append(f"{person.name} has said {got}")
            if (got := other.texts(person.name)) != said:
                wrong.append(f"{other.name} has heard {got}")
        return "; ".join(wrong)

    def try_point(self, i, n, loses, seen):
        """None: there are no more points in that step. seen: points whose like was tried twice are not gone on from."""
        who, *words = self.steps[i]
        self.go_back(i)
        with open(who.log, "w", encoding="utf-8"):
            pass
        who.fault, who.loses = n, loses
        done = who.run(*words)
        who.fault = None
        with open(who.log, encoding="utf-8") as file:
            name = file.read().strip()
        if not name:
            assert done.returncode == 0, done
            return None
        assert (done.returncode == KILLED) != loses, done
        seen[name] += 1
        if seen[name] > 2:
            return Outcome("", name, "", "", "", "")
        did, saw, status = self.go_on(i)
        if done.returncode > 0: # it said itself what it met
            saw = last_line(done)
        wrong = self.what_is_wrong(i) or (f"status {status}" if status else "")
        return Outcome(f"{words[0]} {words[-1] if len(words) > 1 else ''}".strip(), name, "answer lost" if loses else "killed", did,
                       saw, wrong)

    def points(self, steps=None, stride=1):
        """Outcomes, one after the other; only each stride-th point."""
        for i in steps or range(len(self.steps)):
            for loses in (False, True):
                n, seen = 1, collections.Counter()
                while outcome := self.try_point(i, n, loses, seen):
                    if outcome.step:
                        yield outcome
                    n += stride
