# SPDX-License-Identifier: AGPL-3.0-or-later
"""What tests of the relay share: one coturn a class, in a network of its own, behind a unix socket."""
import os
import secrets
import subprocess
import tempfile
import unittest

import stun
from stack import can_connect, sweep, until

HERE = os.path.dirname(os.path.abspath(__file__))


class RelayBed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="so.", dir="/tmp")
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", cls.dir], check=False)
        os.chmod(cls.dir, 0o711)
        cls.secret = secrets.token_urlsafe(32)
        with open(f"{cls.dir}/secret", "w", encoding="ascii") as file:
            file.write(f"static-auth-secret={cls.secret}\n")
        with open(f"{cls.dir}/log", "wb") as log:
            cls.relay = subprocess.Popen([f"{HERE}/turn.sh", cls.dir, file.name], stdout=log, stderr=log,
                                         stdin=subprocess.DEVNULL, start_new_session=True)
        cls.addClassCleanup(sweep, cls.dir)
        cls.addClassCleanup(cls.relay.wait)
        cls.addClassCleanup(cls.relay.terminate)
        until("the relay", lambda: can_connect(f"{cls.dir}/s") and cls.answers(), cls.alive)

    @classmethod
    def alive(cls):
        assert cls.relay.poll() is None, cls.log()

    @classmethod
    def answers(cls):
        try:
            with stun.Turn(f"{cls.dir}/s") as turn:
                return turn.ask(stun.BINDING)
        except ConnectionError:
            return False

    @classmethod
    def log(cls):
        with open(f"{cls.dir}/log", encoding="utf-8", errors="replace") as file:
            return file.read()
