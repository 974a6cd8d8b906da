# SPDX-License-Identifier: AGPL-3.0-or-later
"""A program in a terminal (tmux, on a server of its own without anybody's settings), and what is to be seen on it."""
import os
import re
import shlex
import subprocess
import tempfile
import time

WAIT_S, STEP_S = 120, 0.05


def chat(test, person, argv=None, **env):
    """sotto chat in a terminal, until the end of the test. It asks for the passphrase where there is no keyring."""
    terminal = Terminal(argv or person.argv("chat"), {**person.environment(), "LC_ALL": "C.UTF-8", **env})
    test.addCleanup(terminal.close)
    terminal.wait(lambda: re.search(rb"Passphrase|connecting|live|sotto:", terminal.raw()), "a beginning")
    if b"Passphrase" in terminal.raw():
        terminal.line("correct horse battery staple")
    return terminal


class Terminal:
    """`raw()` is all that the program wrote from the start, `text()` what a terminal makes of it."""

    def __init__(self, argv, env, rows=24, columns=80):
        self.folder = tempfile.TemporaryDirectory(prefix="so.")
        self.log = f"{self.folder.name}/raw"
        wait = f"{self.folder.name}/go"   # nothing is written before somebody listens
        os.mkfifo(wait)
        with open(self.log, "wb"):
            pass
        env = {name: value for name, value in env.items() if name not in ("TMUX", "TMUX_PANE")}
        term = env.pop("TERM", None)
        run = f"echo $$ >{self.log}.pid; exec " + (f"env TERM={term} " if term else "") + shlex.join(argv)
        start = f"read _ <{wait}; sh -c {shlex.quote(run)}; echo $? >{self.log}.new; mv {self.log}.new {self.log}.code"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", "-c", start, ";",
                  "set", "-g", "status", "off", ";", "set", "-g", "remain-on-exit", "on", ";",
                  "pipe-pane", "-O", f"exec cat >{self.log}", env=env)
        self.resize(rows, columns)   # of which the status line had one
        with open(wait, "w", encoding="ascii") as go:
            go.write("\n")

    def tmux(self, *words, env=None):
        return subprocess.run(["tmux", "-u", "-S", f"{self.folder.name}/s", *words], check=True, text=True, timeout=WAIT_S,
                              capture_output=True, env=env).stdout

    def resize(self, rows, columns):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def line(self, text):
        self.type(text)
        self.press("Enter")

    def paste(self, text):
        """As terminals do, in brackets where the program has asked for them."""
        subprocess.run(["tmux", "-S", f"{self.folder.name}/s", "load-buffer", "-"], check=True, timeout=WAIT_S,
                       input=text.encode())
        self.tmux("paste-buffer", "-p")

    def press(self, *keys):
        """Keys by tmux's names: Enter, Up, C-x."""
        self.tmux("send-keys", "--", *keys)

    def text(self):
        return "\n".join(row.rstrip() for row in self.tmux("capture-pane", "-p").split("\n"))

    def title(self):
        return self.tmux("display", "-p", "#{pane_title}").strip()

    def raw(self):
        with open(self.log, "rb") as file:
            return file.read()

    def wait(self, is_so, what):
        end = time.monotonic() + WAIT_S
        while not is_so():
            if time.monotonic() > end:
                text = self.text() if os.path.exists(self.folder.name) else ""
                raise AssertionError(f"not seen: {what}\n" + re.sub(r"\n{3,}", "\n\n", text))
            time.sleep(STEP_S)

    def until(self, seen):
        """A text on the screen, or a function of its text that is true."""
        self.wait(lambda: seen(self.text()) if callable(seen) else seen in self.text(), seen)

    def pid(self):
        with open(f"{self.log}.pid", encoding="ascii") as file:
            return int(file.read())

    def end(self):
        """The exit status, once the program has ended by itself."""
        self.wait(lambda: os.path.exists(f"{self.log}.code"), "its end")
        with open(f"{self.log}.code", encoding="ascii") as file:
            return int(file.read())

    def close(self):
        subprocess.run(["tmux", "-S", f"{self.folder.name}/s", "kill-server"], check=False, stderr=subprocess.DEVNULL,
                       timeout=WAIT_S)
        self.folder.cleanup()
