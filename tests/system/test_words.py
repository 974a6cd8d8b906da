# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: what the programs say of themselves, their manual pages, and what bash completes are the same; and the faults that
`make mutate` plants still have their places in the code, and tests of those names."""
import glob
import importlib.machinery
import importlib.util
import json
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
        takes = options(told("sotto", "--help").split("\nexamples:")[0])
        self.assertEqual(takes, man_options(read("docs/man/sotto.1")))
        self.assertEqual(self.completes("sotto", "--"), takes)
        self.assertEqual(self.completes("sotto", "send", "al"), set())
        self.assertEqual(self.completes("sotto", "help", ""), set(known) | {"errors"})
        self.assertEqual(self.completes("sotto", "help", "--"), self.completes("sotto", "send", "--") - {"--file"})

    def test_every_command_of_sotto_has_its_page_with_an_example_that_it_would_take(self):
        rows = {row["command"]: row for row in map(json.loads, told("sotto", "--json", "help").splitlines())}
        everybodys = options(told("sotto", "help").split("\noptions of some")[0])
        self.assertEqual(set(rows), set(commands("sotto")))
        for command, row in rows.items():
            with self.subTest(command=command):
                self.assertRegex(row["examples"], rf"(?m)^sotto (--\S+ )*{command}\b")
                named = {f"--{option['name']}" for option in row["options"]}
                self.assertLessEqual(options(row["examples"]), named | everybodys)
        for command in "send", "group", "lock":
            page_of, row = told("sotto", "help", command), rows[command]
            self.assertEqual(told("sotto", command, "--help"), page_of)
            self.assertRegex(page_of, rf"\Ausage: sotto {command}\b")
            for line in (row["verbs"] + row["examples"]).splitlines():
                self.assertIn(f"\n    {line}\n", page_of)
            self.assertEqual({f"--{option['name']}" for option in row["options"]},
                             options(page_of.split("\nexamples:")[0].removeprefix(f"usage: sotto {command} {row['arguments']}\n\n{row['text']}")))

    def test_every_result_has_a_code_that_stays_and_a_status_that_the_page_names(self):
        enum = re.search(r"(?s)enum sotto_result \{(.*?)\};", read("client/sotto.h"))[1]
        codes = {name.lower().replace("_", "-") for name in re.findall(r"\bSOTTO_(?:E_)?(\w+) =", enum)} - {"done"}
        rows = [json.loads(line) for line in told("sotto", "--json", "help", "errors").splitlines()]
        self.assertEqual([row["status"] for row in rows], list(range(10)))
        said = {row["status"]: sorted(row["codes"]) for row in rows}
        self.assertLessEqual(codes, set(sum(said.values(), [])))
        self.assertEqual(len(sum(said.values(), [])), len(set(sum(said.values(), []))))
        status = read("docs/man/sotto.1").split("\n.Sh EXIT STATUS\n")[1].split("\n.Sh ")[0]
        paged = {int(number): sorted(re.findall(r"[\w-]+", "".join(re.findall(r"(?m)^\.Em (.*)$", text))))
                 for number, text in re.findall(r"(?ms)^\.It (\d)$(.*?)(?=^\.(?:It|El))", status)}
        self.assertEqual(paged, said)

    def fails(self, *words, **env):
        done = subprocess.run([f"{BUILD}/sotto", *words], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**os.environ, "HOME": "/nonexistent", **env}, timeout=60)
        self.assertNotEqual(done.returncode, 0, words)
        return done

    def error(self, *words):
        """What it comes to, in JSON: the object and nothing on standard error."""
        done = self.fails("--json", *words)
        self.assertEqual(done.stderr, "", words)
        error, = (row for row in map(json.loads, done.stdout.splitlines()) if row["event"] == "error")
        self.assertEqual((error["event"], error["error"]["status"]), ("error", done.returncode), words)
        self.assertTrue(error["error"]["message"], words)
        return error["error"]

    def test_every_command_that_fails_says_so_in_json_too_and_with_the_same_status(self):
        rows = (json.loads(line) for line in told("sotto", "--json", "help").splitlines())
        words = {**{row["command"]: ["1" for word in re.sub(r"\[.*?\]", "", row["arguments"]).split()] for row in rows},
                 "init": ["x"], "trace": ["recv"], "help": ["sned"]}
        for command in set(commands("sotto")) - {"lock", "panic"}: # which are done where there is nothing, too
            with self.subTest(command=command):
                error = self.error(command, *words[command])
                want = {"init": "no-place", "import": "no-place", "help": "argument", "chat": "argument"}.get(command, "no-profile")
                self.assertEqual(error["code"], want)
                done = self.fails(command, *words[command])
                self.assertEqual(done.returncode, error["status"])
                self.assertIn(error["message"], done.stderr)
                self.assertEqual(self.error(command, *["x"] * 66)["code"], "argument")

    def test_a_mistyped_word_is_told_with_the_one_that_is_near(self):
        for typed, near in (("sned", "send"), ("histroy", "history"), ("contact", "contacts"), ("watc", "watch"), ("grup", "group")):
            done = self.fails(typed)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, rf"no command {typed}\b(?s:.*)near it:.*\b{near}\b")
        self.assertNotIn("near", self.fails("frobnicate").stderr)
        self.assertIn("near it: --file", self.fails("send", "bob", "--flie", "x").stderr)
        self.assertIn("near it: --file", self.error("send", "bob", "--flie", "x")["hint"])
        for words, why in ((("contacts", "--video"), "takes no --video: it is for call, answer"), (("call", "bob", "--ring", "99"), "60 at most"),
                           (("id", "--passphrase-fd", "x"), "descriptor"), (("recv", "--profile"), "wants a value"),
                           (("recv", "--pacing", "slow"), "--pacing takes no slow")):
            self.assertEqual(self.fails(*words).returncode, 2)
            self.assertIn(why, self.fails(*words).stderr)
            self.assertIn(why, self.error(*words)["message"])

    def test_colours_are_on_a_terminal_only_and_not_where_nobody_wants_them(self):
        def said(**env):
            master, slave = os.openpty()
            subprocess.run([f"{BUILD}/sotto", "sned"], check=False, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env=env, timeout=60)
            os.close(slave)
            with os.fdopen(master, "rb") as file:
                return file.read1()
        self.assertIn(b"\033[31;1msotto:\033[0m there is no command", said(TERM="xterm"))
        self.assertIn(b"\033[", said(TERM="xterm", NO_COLOR=""))
        for env in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}):
            self.assertNotIn(b"\033", said(**env))
        self.assertNotIn("\033", self.fails("sned", TERM="xterm").stderr)

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
