# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kills a client at each of its fault points (client/lib/fault.h), or loses an answer there, and looks what comes of it.

A story is played once, and before each of its steps all profiles and what the server holds are kept. Then a step is begun
from there again and again, ended at its first point, its second and so on; it is gone on with as a person would; and
everything that was said must have come once, in order, and the story must go on. The stories are in stories.py.
"""
import collections
import os
import re
import shutil
import subprocess

from people import Person
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


class Story:
    """script() tells the steps, (person, word...); is_undone(i) whether step i must be typed again; what_is_wrong(i) brings
    everything to an end and looks. tables: of the server, those that a step changes."""
    tables = ("blob",)

    def __init__(self, stacks, socks, names):
        self.stack, self.stacks = stacks[0], stacks
        self.people = [Faulty(self.stack, socks, name) for name in names]
        self.steps = self.script(*self.people)
        for i, (who, *words) in enumerate(self.steps):
            self.keep(i)
            done = self.play(who, words)
            assert done.returncode == 0, done

    # --- moments: profiles, and what the servers hold

    def keep(self, i):
        for person in self.people:
            shutil.copytree(person.profile, f"{person.profile}.{i}")
        for stack in self.stacks:
            for table in self.tables:
                stack.sql(f"CREATE SCHEMA IF NOT EXISTS kept; DROP TABLE IF EXISTS kept.{table}_{i}; "
                          f"CREATE TABLE kept.{table}_{i} AS TABLE sotto.{table}")

    def go_back(self, i):
        for person in self.people:
            person.fault = None
            shutil.rmtree(person.profile)
            shutil.copytree(f"{person.profile}.{i}", person.profile)
        for stack in self.stacks:
            stack.sql("DELETE FROM sotto.spent; " # the profiles have their tokens again
                      + "; ".join(f"DELETE FROM sotto.{t}; INSERT INTO sotto.{t} TABLE kept.{t}_{i}" for t in self.tables))

    # --- one point

    def play(self, who, words):
        return who.run(*words)

    def go_on(self, i):
        """As a person would. What it took, the last line that was seen, and the status."""
        who, *words = self.steps[i]
        again = self.is_undone(i)
        done = who.run(*(words if again else ["recv"]))
        return "the same" if again else "recv", last_line(done), done.returncode

    def try_point(self, i, n, loses, seen):
        """None: there are no more points in that step. seen: points whose like was tried twice are not gone on from."""
        who, *words = self.steps[i]
        self.go_back(i)
        with open(who.log, "w", encoding="utf-8"):
            pass
        who.fault, who.loses = n, loses
        done = self.play(who, words)
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
        return Outcome(self.title(i), name, "answer lost" if loses else "killed", did, saw, wrong)

    def title(self, i):
        return " ".join(self.steps[i][1:])

    def points(self, steps=None, stride=1):
        """Outcomes, one after the other; only each stride-th point."""
        for i in steps or range(len(self.steps)):
            for loses in (False, True):
                n, seen = 1, collections.Counter()
                while outcome := self.try_point(i, n, loses, seen):
                    if outcome.step:
                        yield outcome
                    n += stride
