# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: what the programs say of themselves, their manual pages, and what bash completes are the same; and the faults that
`make mutate` plants still have their places in the code, and tests of those names."""
import glob
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import unittest
import unittest.mock

from stack import TOP

BUILD = os.environ.get("SOTTO_BUILD", "")


def told(*words):
    return subprocess.run([f"{BUILD}/{words[0]}", *words[1:]], check=True, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL).stdout


def commands(program):
    return re.findall(r"(?m)^  ([a-z]+) ", told(program, "--help").split("\n  --")[0])


def options(text):
    return set(re.findall(r"--[a-z][a-z-]*", text))


def read(path):
    with open(f"{TOP}/{path}", encoding="utf-8") as file:
        return file.read()


def page(name):
    """{command: the lines of its entries} of a manual page; under "" what belongs to no command."""
    found, at = {}, ""
    for line in read(f"docs/man/{name}").splitlines():
        entry = re.match(r"\.It Cm (\w+)", line)
        at = entry[1] if entry else "" if line.startswith((".Sh", ".Pp", ".It Fl")) else at
        found[at] = found.get(at, "") + line + "\n"
    return found


def man_options(text):
    return {f"-{name}" for name in re.findall(r"Fl (-[a-z][a-z-]*)", text)}


class Words(unittest.TestCase):
    def completes(self, program, *words):
        """What bash offers for the last word."""
        path = "services/sottoctl/completion.bash" if program == "sottoctl" else "client/cli/completion.bash"
        script = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "_$1"; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script, "-", f"{TOP}/{path}", program, *words], check=True, text=True,
                              capture_output=True, env={**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}"})
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_sottoctl_its_page_and_its_completion_have_the_same_commands_and_options(self):
        entries, known = page("sottoctl.8"), commands("sottoctl")
        self.assertEqual(set(known), set(entries) - {""})
        self.assertEqual(self.completes("sottoctl", ""), set(known))
        everybodys = man_options(entries[""])
        for command in known:
            with self.subTest(command=command):
                takes = options(told("sottoctl", command, "--help").split("\n\n")[0])
                self.assertEqual(man_options(entries[command]) - takes, set(), "only in the page")
                self.assertEqual(takes - man_options(entries[command]) - everybodys, set(), "only in the program")
                self.assertEqual(self.completes("sottoctl", command, "--"), takes)
        self.assertEqual(self.completes("sottoctl", "--config", "x", "policy", ""), {"open", "invite", "closed"})
        self.assertEqual(self.completes("sottoctl", "--"), {"--config", "--database", "--sql"})

    def test_sotto_its_page_and_its_completion_have_the_same_commands_and_options(self):
        entries, known = page("sotto.1"), commands("sotto")
        self.assertEqual(set(known) - set(entries), set())
        self.assertEqual(self.completes("sotto", ""), set(known))
        takes = options(told("sotto", "--help"))
        self.assertEqual(takes, man_options(read("docs/man/sotto.1")))
        self.assertEqual(self.completes("sotto", "--"), takes)
        self.assertEqual(self.completes("sotto", "send", "al"), set())

    def test_a_question_for_help_does_nothing_else(self):
        with unittest.mock.patch.dict(os.environ, HOME="/nonexistent"):
            for command in commands("sottoctl"):
                self.assertRegex(told("sottoctl", command, "--help"), rf"^usage: sottoctl {command}\b")
        for words in (("migrate", "--now"), ("keys", "--nonsense"), ("keys",), ("init", "x"), ("policy", "a", "b"), ("top", "x")):
            done = subprocess.run([f"{BUILD}/sottoctl", *words], check=False, capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, rf"(?m)^usage: sottoctl {words[0]}\b")
        self.assertFalse(os.path.exists("--nonsense"))

    def test_daemons_and_pages_agree_on_their_settings(self):
        """Each row of settings.c stands in sotto.conf(5) with its default, and nothing else."""
        rows = dict(re.findall(r'(?m)^\t*\{ "(\w+)", OPTION_\w+, AT\([^()]*\), ("[^"]*"|NULL),', read("libshared/settings.c")))
        entries = {name: text for line, text in re.findall(r"(?ms)^\.It Cm ([\w ,]+)$(.*?)(?=^\.(?:It|El))",
                                                            read("docs/man/sotto.conf.5"))
                   for name in re.split(r"[ ,]+", line) if name}
        self.assertGreater(len(rows), 20)
        self.assertEqual(set(rows), set(entries))
        for name, default in rows.items():
            if default != "NULL":
                self.assertRegex(entries[name], rf"(?<![\w/]){re.escape(default[1:-1])}(?!\w)", name)

    def test_every_planted_fault_has_its_place_and_its_test(self):
        loader = importlib.machinery.SourceFileLoader("mutate", f"{TOP}/tests/system/mutate")
        mutate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", loader))
        with unittest.mock.patch("sys.dont_write_bytecode", True):
            loader.exec_module(mutate)
        names = {mutate.ANY}
        for path in glob.glob(f"{TOP}/tests/**/test_*.*", recursive=True):
            names.update(filter(None, sum(re.findall(r"def test_(\w+)|START_TEST\((\w+)\)", read(os.path.relpath(path, TOP))), ())))
        for fault in mutate.FAULTS:
            with self.subTest(fault.name):
                self.assertEqual(read(fault.file).count(fault.old), 1)
                self.assertTrue(fault.check[1] in names, f"no test is called {fault.check[1]}")
