# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is done again and again by faulty.py: a talk, a file, a watch, a group, its picture, a move to another server."""
import json
import os
import re
import shutil
import subprocess
import threading

from faulty import Story
from people import STEP_S, Person, friends


class Talk(Story):
    """One conversation between two people, from the first word."""

    def __init__(self, stack, socks, names=("alice", "bob")):
        super().__init__([stack], socks, names)

    def script(self, a, b):
        friends(a, b)
        return [(a, "send", b.name, "one"), (b, "recv"), (b, "send", a.name, "two"), (a, "recv"), (a, "send", b.name, "three"),
                (b, "recv")]

    def other(self, person):
        return next(other for other in self.people if other is not person)

    def expected(self, person, i):
        """What that person has said when step i is done."""
        return [words[2] for who, *words in self.steps[:i + 1] if who is person and words[0] == "send"]

    def is_undone(self, i):
        who, *words = self.steps[i]
        return words[0] == "send" and words[2] not in who.said(self.other(who))

    def title(self, i):
        who, *words = self.steps[i]
        return f"{words[0]} {words[-1] if len(words) > 1 else ''}".strip()

    def what_is_wrong(self, i):
        """Nothing lost, nothing twice, in order; and it goes on."""
        wrong = []
        for person in (self.other(self.steps[i][0]), self.steps[i][0]):
            person.do("recv")
            person.do("send", self.other(person).name, "and on")
            self.other(person).do("recv")
        for person in self.people:
            other, said = self.other(person), self.expected(person, i) + ["and on"]
            if (got := person.said(other)) != said:
                wrong.append(f"{person.name} has said {got}")
            if (got := other.texts(person.name)) != said:
                wrong.append(f"{other.name} has heard {got}")
        return "; ".join(wrong)


def pieces(stack):
    """Of other stories too, in the same town."""
    return int(stack.sql("SELECT count(*) FROM sotto.chunk"))


class File(Talk):
    """A file is sent, announced and fetched."""
    tables = ("blob", "chunk")

    def script(self, a, b):
        self.n_before = pieces(self.stack)
        friends(a, b)
        self.folder, self.path = f"{self.stack.dir}/{b.name}.got", f"{self.stack.dir}/{a.name}.bin"
        os.mkdir(self.folder)
        self.write(b"the first one buys tokens")
        a.do("send", b.name, "--file", self.path)
        b.do("recv")
        b.do("get", "1", self.folder)
        self.write(os.urandom(100000)) # two pieces
        return [(a, "send", b.name, "--file", self.path), (b, "recv"), (b, "get", "2", self.folder)]

    def write(self, content):
        with open(self.path, "wb") as file:
            file.write(content)

    def go_back(self, i):
        super().go_back(i)
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)

    def title(self, i):
        return f"{self.steps[i][1]} {'' if self.steps[i][1] == 'recv' else 'file'}".strip()

    def got(self):
        """Under its own name; what is half there begins with a dot."""
        return [name for name in os.listdir(self.folder) if not name.startswith(".")]

    def announced(self, person, mark):
        """How often, after the first one."""
        name = os.path.basename(self.path)
        return len(re.findall(rf" {mark} .*{name}$", person.do("log", self.other(person).name), re.M)) - 1

    def is_undone(self, i):
        who, *words = self.steps[i]
        return not {"send": lambda: self.announced(who, "<"), "recv": lambda: True, "get": self.got}[words[0]]()

    def what_is_wrong(self, i):
        a, b = self.people
        b.do("recv")
        if not self.got():
            b.do("get", "2", self.folder)
        for person in (a, b, a, b):
            person.do("recv")
        wrong = []
        if (n := (self.announced(a, "<"), self.announced(b, ">"))) != (1, 1):
            wrong.append(f"announced and heard {n}")
        if (there := os.listdir(self.folder)) != [os.path.basename(self.path)]:
            return "; ".join([*wrong, f"the folder holds {there}"])
        with open(self.path, "rb") as sent, open(f"{self.folder}/{there[0]}", "rb") as got:
            if sent.read() != got.read():
                wrong.append("it came otherwise")
        if (left := pieces(self.stack) - self.n_before) != 0:
            wrong.append(f"{left} pieces are left")
        return "; ".join(wrong)


class Watch(Talk):
    """Who watches gets what waited, sends what waited, and is told what comes."""

    def script(self, a, b):
        friends(a, b)
        for one, other in ((a, b), (b, a), (a, b)):
            one.do("send", other.name, "hello")
            other.do("recv")
        a.do("send", b.name, "waited there")
        a.socks.open = False
        b.run("send", a.name, "waited here")
        a.socks.open = True
        return [(b, "watch")]

    def title(self, i):
        return "watch"

    def is_undone(self, i):
        return False

    def play(self, who, words):
        """Until both have all, or it is killed. "pushed" is said in any case."""
        a, b = self.people
        process = subprocess.Popen(b.argv(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env=b.environment())
        limit = threading.Timer(STEP_S, process.kill)
        limit.start()
        process.stdin.write("correct horse battery staple\n")
        process.stdin.close()
        lines, pushed = "", False
        for line in process.stdout:
            lines += line
            if line == "live\n" and not pushed:
                pushed = a.do("send", b.name, "pushed")
            if "pushed" in lines and self.arrived(a):
                process.terminate()
        limit.cancel()
        process.stdout.close()
        if not pushed:
            a.do("send", b.name, "pushed")
        return subprocess.CompletedProcess(words, process.wait(), lines, "")

    def arrived(self, a):
        a.do("recv")
        return "waited here" in a.texts(self.other(a).name)

    def expected(self, person, i):
        return ["hello", "hello", "waited there", "pushed"] if person is self.people[0] else ["hello", "waited here"]


class Group(Story):
    """Anna's group: she invites Bert, who joins, hears and is heard, and leaves. Carl is in it all the time."""
    NAME = "garden"

    def __init__(self, stack, socks, names=("anna", "bert", "carl")):
        super().__init__([stack], socks, names)

    def script(self, a, b, c):
        friends(a, b, c)
        for one, other in ((a, b), (a, c), (b, c)):
            one.do("send", other.name, "hello")
            other.do("send", one.name, "hello")
            one.do("recv")
        a.do("group", "new", self.NAME)
        a.do("group", "invite", self.NAME, c.name)
        c.do("recv")
        c.do("group", "join", self.NAME)
        a.do("recv")
        return [(a, "group", "invite", self.NAME, b.name), (b, "recv"), (b, "group", "join", self.NAME), (a, "recv"),
                (a, "group", "send", self.NAME, "one"), (b, "recv"), (b, "group", "leave", self.NAME)]

    def title(self, i):
        return " ".join(self.steps[i][1:3])

    def group(self, person):
        """State, and who has joined."""
        groups = [json.loads(line) for line in person.do("--json", "group").splitlines()]
        return next(((g["state"], sorted(m["name"] for m in g["members"] if m["joined"])) for g in groups if g["name"] == self.NAME),
                    ("none", []))

    def heard(self, person):
        return re.findall(rf"^{self.NAME}/\S+ > (.*)$", person.do("group", "log", self.NAME), re.M)

    def is_undone(self, i):
        who, *words = self.steps[i]
        if words[0] != "group":
            return False
        a, b, _ = self.people
        verb, (state, _) = words[1], self.group(who)
        if verb == "invite":
            return b.name not in a.do("--json", "group")
        return f"{self.NAME} < {words[-1]}" not in who.do("group", "log", self.NAME) if verb == "send" else \
            state != {"join": "in", "leave": "over"}[verb]

    def what_is_wrong(self, i):
        a, b, c = self.people
        for person in (b, c, a) * 2:
            person.do("recv")
        inside = [a, b, c] if 2 <= i < 6 else [a, c]
        wrong, said = [], {person: ["one"] if person is a and i >= 4 else [] for person in self.people}
        for person in inside:
            person.do("group", "send", self.NAME, f"and on, says {person.name}")
            said[person].append(f"and on, says {person.name}")
            others = sorted(other.name for other in inside if other is not person)
            if (state := self.group(person)) != ("in", others):
                wrong.append(f"for {person.name} it is {state}")
        if b not in inside and (state := self.group(b)[0]) != ("over" if i == 6 else "invited"):
            wrong.append(f"bert is {state}")
        for person in (a, b, c):
            person.do("recv")
        for person in inside:
            want = sorted(text for other in inside if other is not person for text in said[other])
            got = sorted(text for text in self.heard(person) if text in want or "says" in text)
            if got != want:
                wrong.append(f"{person.name} has heard {got}")
            if (n := self.heard(person).count("has joined")) > 1 + (person is a and i >= 2):
                wrong.append(f"{person.name} has heard of {n} who joined")
        return "; ".join(wrong)


class Picture(Group):
    """Anna sends a picture to her group, and each of the others fetches it."""
    tables = ("blob", "chunk")

    def script(self, a, b, c):
        self.n_before = pieces(self.stack)
        super().script(a, b, c)
        b.do("recv")
        a.do("group", "invite", self.NAME, b.name)
        b.do("recv")
        b.do("group", "join", self.NAME)
        for person in (a, b, c, a):
            person.do("recv")
        self.path = f"{self.stack.dir}/{a.name}.png"
        self.folders = {person: f"{self.stack.dir}/{person.name}.got" for person in (b, c)}
        for folder in self.folders.values():
            os.mkdir(folder)
        with open(self.path, "wb") as file:
            file.write(b"the first one buys tokens")
        a.do("group", "send", self.NAME, "--file", self.path)
        with open(self.path, "wb") as file:
            file.write(os.urandom(100000)) # two pieces
        for person in (b, c):
            person.do("recv")
            person.do("forget", "1")
        return [(a, "group", "send", self.NAME, "--file", self.path), (b, "recv"), (b, "get", "1", self.folders[b])]

    def go_back(self, i):
        super().go_back(i)
        for folder in self.folders.values():
            shutil.rmtree(folder)
            os.mkdir(folder)

    def title(self, i):
        return f"{self.steps[i][1]} {'' if self.steps[i][1] == 'recv' else 'picture'}".strip()

    def announced(self, person):
        """How often: of the first one the others have forgotten."""
        return len(re.findall(rf"\[file \d+\] {os.path.basename(self.path)}$", person.do("group", "log", self.NAME), re.M)) \
            - (person is self.people[0])

    def got(self, person):
        return [name for name in os.listdir(self.folders[person]) if not name.startswith(".")]

    def is_undone(self, i):
        who, *words = self.steps[i]
        return words[0] == "recv" or not (self.got(who) if words[0] == "get" else self.announced(who))

    def what_is_wrong(self, i):
        wrong = []
        for person in self.people * 2:
            person.do("recv")
        if (n := [self.announced(person) for person in self.people]) != [1, 1, 1]:
            return f"announced and heard {n}"
        for person in self.folders:
            if not self.got(person):
                person.do("get", "1", self.folders[person])
            person.do("recv")
            if (there := os.listdir(self.folders[person])) != [os.path.basename(self.path)]:
                wrong.append(f"the folder of {person.name} holds {there}")
                continue
            with open(self.path, "rb") as sent, open(f"{self.folders[person]}/{there[0]}", "rb") as got:
                if sent.read() != got.read():
                    wrong.append(f"to {person.name} it came otherwise")
        if (left := pieces(self.stack) - self.n_before) != 3:
            wrong.append(f"{left} pieces are there, of 3")
        return "; ".join(wrong)


class Move(Talk):
    """Alice moves to another server, and Bob, who has not heard of it, writes to her; and then a stranger does."""
    tables = ("account", "bundle", "mailbox", "blob", "invite", "issued")

    def __init__(self, south, north, socks, names=("alice", "bob")):
        self.north, self.stranger = north, Person(south, socks, f"{names[0]}-stranger")
        self.stranger.do("id")
        Story.__init__(self, [south, north], socks, names)

    def script(self, a, b):
        friends(a, b)
        for one, other in ((a, b), (b, a)):
            one.do("send", other.name, "hello")
            other.do("recv")
        self.before = self.accounts()
        return [(a, "server", "move", self.north.invite_link()), (b, "send", a.name, "meanwhile"), (a, "recv"), (b, "recv")]

    def accounts(self):
        return [int(stack.sql("SELECT count(*) FROM sotto.account")) for stack in self.stacks]

    def title(self, i):
        return " ".join(self.steps[i][1:3 if i == 0 else 2])

    def is_undone(self, i):
        return i == 0 or (i == 1 and super().is_undone(i))

    def expected(self, person, i):
        return ["hello"] + ["meanwhile"] * (i >= 1 and person is self.people[1])

    def what_is_wrong(self, i):
        a, b = self.people
        wrong = super().what_is_wrong(i)
        home = [json.loads(line)["text"] for line in a.do("--json", "server").splitlines() if '"home"' in line]
        moved = [now - before for now, before in zip(self.accounts(), self.before)]
        if home != [self.north.onion_api] or moved != [-1, 1]:
            wrong += f"; she is at {home}, and accounts came and went by {moved}"
        self.stack.sql("DELETE FROM sotto.blob")
        b.do("send", a.name, "to the new one")
        if (n := self.stack.sql("SELECT count(*) FROM sotto.blob")) != "0" or "to the new one" not in a.do("recv"):
            wrong += f"; to the old server went {n}"
        self.stranger.run("end", a.name)
        self.stranger.do("add", a.name, a.link())
        self.stranger.run("send", a.name, "we have not met")
        if "we have not met" not in a.do("recv"):
            wrong += "; a stranger does not find her"
        return wrong
