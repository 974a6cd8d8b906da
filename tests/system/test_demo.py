# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: two people talk through the private Tor network, and when a part dies the demo says which and leaves nothing."""
import os
import re
import signal
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
END_S = 300


def tagged(tag):
    """Processes that carry our tag in their environment: all that a demo has started, and what those started."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as env, open(f"/proc/{pid}/cmdline", "rb") as line:
                if tag in env.read():
                    found[int(pid)] = line.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


class Demo(unittest.TestCase):
    def setUp(self):
        self.tag = f"SOTTO_TEST_TAG={os.path.basename(tempfile.mktemp())}"
        name, value = self.tag.split("=")
        self.demo = subprocess.Popen([f"{HERE}/demo", "--build", os.environ["SOTTO_BUILD"]], text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                     env={**os.environ, name: value})
        self.addCleanup(self.demo.stdout.close)
        self.addCleanup(self.demo.wait)
        self.addCleanup(self.demo.kill)

    def started(self):
        return tagged(self.tag.encode())

    def nothing_left(self):
        left = self.started()
        self.assertEqual(left, {})

    def test_two_people_talk_in_order_offline_and_live_through_tor(self):
        out, _ = self.demo.communicate(timeout=END_S)
        self.assertEqual(self.demo.returncode, 0, out)
        self.assertIn("both histories hold the same 5 messages", out)
        self.assertRegex(out, r"alice\$ .* > this one comes live")
        self.assertIn("bob$ alice > and here is the answer", out)
        self.assertIn("sizes: bundles 2048 bytes, blobs 4096 bytes", out)
        self.nothing_left()

    def kill_during_the_conversation(self, pattern):
        out = ""
        for line in self.demo.stdout:
            out += line
            if "alice comes back" in line:
                break
        victims = [pid for pid, line in self.started().items() if re.search(pattern, line)]
        self.assertTrue(victims, out)
        os.kill(victims[0], signal.SIGKILL)
        rest, _ = self.demo.communicate(timeout=END_S)
        self.assertNotEqual(self.demo.returncode, 0, out + rest)
        self.nothing_left()
        return rest

    def test_a_killed_daemon_is_named_and_nothing_is_left(self):
        self.assertIn("bridged", self.kill_during_the_conversation(r"/bridged -c"))

    def test_a_killed_broker_is_named_and_nothing_is_left(self):
        self.assertIn("broker", self.kill_during_the_conversation(r"^mosquitto "))
