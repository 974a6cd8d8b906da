# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: two people call each other with nothing but the client: what is heard, and every way in which a call ends."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess

import media
import stun
import terminal
from callers import CallBed, media_of
from stack import until


class Calls(CallBed):
    def test_two_people_hear_each_other_and_one_hangs_up(self):
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        media_has = glob.glob(f"/proc/{media_of(call)}/fd/*")
        self.assertGreater(len(media_has), 3)
        self.assertNotIn(f"{self.alice.profile}/", " ".join(map(os.path.realpath, media_has))) # no file of hers is open there
        call.type("h")
        self.assertEqual(call.ended(), ("you hung up", True))
        self.assertEqual(answer.ended(), ("they hung up", True))
        self.heard(self.alice, 660)
        self.heard(self.bob, 440)

    def test_from_a_chat_one_answers_calls_declines_and_hangs_up(self):
        chat = terminal.chat(self, self.bob, self.bob.argv("chat", "--audio-in", "test:660", "--audio-out",
                                                           f"file:{self.stack.dir}/{self.bob.name}.wav"))
        chat.until("live")
        call = self.call(self.alice, self.bob)
        chat.until(f"{self.alice.name} CALLS YOU: /answer or /decline")
        chat.line("/answer")
        chat.until(re.compile(rf"talking with {self.alice.name} \d+:\d\d \(/hangup\)").search)
        chat.line("/call")
        chat.until("you are in a call")
        chat.line("/mute")
        chat.until(", MUTED (/hangup)")
        chat.line("/mute")
        self.talk(call)
        chat.line("/hangup")
        self.assertEqual(call.ended(), ("they hung up", True))
        chat.until(f"call, {self.alice.name}: you hung up")
        self.heard(self.bob, 440)
        call = self.call(self.alice, self.bob)
        chat.until("CALLS YOU")
        chat.line("/decline")
        self.assertEqual(call.ended(), ("they declined", False))
        chat.until(f"call, {self.alice.name}: you declined")
        chat.line("/answer")
        chat.until("nobody is calling")
        watch = self.watch(self.alice)
        chat.line(f"/go {self.alice.name}")
        chat.line("/call")
        watch.next("call")
        answer = self.go(self.alice, "answer", "--audio-in", "test:660", "--audio-out", "none")
        self.talk(answer)
        chat.line("/quit")   # says goodbye
        self.assertEqual(answer.ended(), ("they hung up", True))
        self.assertEqual(chat.end(), 0, chat.text())

    def test_a_declined_call_is_told_and_is_no_missed_one(self):
        call, watch = self.ring("--video", "--video-in", "test")
        self.assertIn("declined", self.bob.do("decline"))
        self.assertEqual(call.ended(), ("they declined", False))
        self.assertIn("nobody is calling", self.bob.run("answer").stderr)
        watch.stop()
        self.assertNotIn("missed", self.bob.do("recv"))

    def sent(self):
        """What clients send from now on."""
        sent = bytearray()
        self.socks.asked = sent.extend
        self.addCleanup(setattr, self.socks, "asked", lambda data: None)
        return sent

    def test_who_is_offline_finds_a_missed_call(self):
        sent = self.sent()
        call = self.call(self.alice, self.bob, "--ring", "3")
        self.assertEqual(call.ended(), ("no answer", False))
        self.assertLessEqual(sent.count(b"POST /v1/sessions"), 2) # one, or again with the right nonce
        self.assertEqual(self.bob.do("recv").count(f"missed call: {self.alice.name}"), 1)
        self.assertNotIn("missed", self.bob.do("recv"))

    def test_a_call_that_is_given_up_is_missed_once(self):
        call, watch = self.ring()
        call.process.send_signal(signal.SIGINT)
        self.assertEqual(call.ended(), ("no answer", False))
        self.assertEqual(watch.next("missed call")["contact"], self.alice.name)
        watch.stop()
        self.assertNotIn("missed", self.bob.do("recv"))
        self.assertEqual([e["event"] for e in watch.seen if "call" in e["event"]], ["call", "missed call"])

    def test_who_is_in_a_call_is_busy(self):
        call, watch = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        third = self.call(self.carol, self.bob)
        self.assertEqual(third.ended(), ("they are in another call", False))
        self.assertIn("you are in a call", self.bob.run("call", self.carol.name).stderr)
        call.type("h")
        answer.ended()
        self.assertEqual(watch.next("missed call")["contact"], self.carol.name)

    def test_both_call_at_once_and_it_is_one_call(self):
        calls = [self.call(self.alice, self.bob), self.call(self.bob, self.alice)]
        self.talk(*calls)
        calls[0].type("h")
        self.assertEqual([one.ended()[1] for one in calls], [True, True])
        for person in (self.alice, self.bob):
            self.assertNotIn("missed", person.do("recv"))

    def test_who_sends_many_signals_keeps_no_call_away(self):
        sent = self.sent()
        first, watch = self.ring()
        first.process.send_signal(signal.SIGINT)
        first.ended()
        watch.next("missed call")
        deposit = re.search(rb"POST /v1/signals.*?Sotto-Deposit: (\S+)", sent, re.S)[1].decode()
        server = self.stack.server()
        for _ in range(40): # junk, in a mailbox that bob is live on
            self.assertEqual(server.call("bridged", "POST", "/v1/signals", os.urandom(4096),
                                                         {"Sotto-Deposit": deposit}).status, 202)
        self.call(self.alice, self.bob)
        self.assertEqual(watch.next("call")["contact"], self.alice.name)

    def forger(self):
        """The client with a media program that names another certificate than its own."""
        path = f"{self.stack.dir}/forger"
        os.makedirs(path, exist_ok=True)
        shutil.copy(f"{self.stack.build}/sotto", path)
        with open(f"{path}/sotto-media", "w", encoding="ascii") as file:
            file.write(f"#!/bin/bash\n{self.stack.build}/sotto-media | "
                       "sed -u 's/sha-256 ..:../sha-256 00:00/'\n")
        os.chmod(file.name, 0o755)
        return f"{path}/sotto"

    def test_another_certificate_is_refused_and_told(self):
        call, _ = self.ring()
        answer = self.answer(self.bob, program=self.forger())
        text, good = call.ended()
        self.assertIn("the certificate at the other end is not the one", text)
        self.assertFalse(good)
        self.assertIn("certificate", answer.ended()[0])
        self.assertFalse(any(e["event"] == "talking" for e in call.seen))

    def test_a_lost_way_is_found_again_whoever_loses_it(self):
        """Two credentials serve two ways each."""
        sent = self.sent()
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        for one, bought in ((-2, 2), (-1, 4)): # the caller's, then the callee's
            self.socks.relayed[one].shutdown(socket.SHUT_RDWR)
            for side in (call, answer):
                side.next("the way is lost, looking for another")
            self.talk(call, answer)
            self.assertEqual(sent.count(b"POST /v1/turn "), bought)
        call.type("h")
        self.assertEqual((call.ended()[0], answer.ended()[0]), ("you hung up", "they hung up"))
        self.heard(self.alice, 660)
        self.heard(self.bob, 440)

    def test_who_is_muted_is_not_heard(self):
        """Bob is a person, who reads no JSON."""
        call, _ = self.ring()
        bob = subprocess.Popen(self.bob.argv("answer", "--audio-in", "test:660", "--audio-out", f"file:{self.stack.dir}/bob.wav"),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(bob.communicate)
        self.addCleanup(bob.kill)
        bob.stdin.write("correct horse battery staple\n")
        bob.stdin.flush()
        self.talk(call)
        self.assertRegex(bob.stderr.readline(), r"^delay \d+ ms, jitter \d+ ms, \d+ packets, 0 lost, \d+ kbit/s$")
        level = lambda: media.level(media.recording(f"{self.stack.dir}/bob.wav"), 440)[1]
        until("a tone", lambda: level() > 8000, lambda: None)
        call.type("m")
        call.next("muted")
        until("silence", lambda: level() < 10, lambda: None)
        call.type("m")
        call.next("not muted")
        until("a tone again", lambda: level() > 8000, lambda: None)

    def test_without_plugins_each_side_is_told(self):
        bare = {"GST_PLUGIN_SYSTEM_PATH_1_0": f"{self.stack.dir}/none", "GST_REGISTRY_1_0": f"{self.stack.dir}/registry"}
        call = self.call(self.alice, self.bob, env=bare)
        self.assertEqual(call.ended(), ("calls need webrtcbin: install the package sotto-calls", False))
        call, _ = self.ring()
        answer = self.answer(self.bob, env=bare)
        self.assertEqual(answer.ended()[0], "calls need webrtcbin: install the package sotto-calls")
        self.assertEqual(call.ended()[0], "their media do not work: is the package sotto-calls installed there?")
        os.makedirs(f"{self.stack.dir}/alone", exist_ok=True)
        alone = shutil.copy(f"{self.stack.build}/sotto", f"{self.stack.dir}/alone")
        lonely = self.call(self.alice, self.bob, program=alone)
        self.assertEqual(lonely.next("error")["error"]["message"], "calls need the package sotto-calls")
        self.assertEqual(lonely.process.wait(60), 9)

    def test_a_full_relay_is_told(self):
        with open(f"{self.stack.dir}/keys/turn/secret", encoding="ascii") as file:
            secret = file.read().strip().partition("=")[2]
        path, taken = f"{self.stack.run}/sotto-turn/s", []
        try:
            while not taken or taken[-1].allocate() == 0: # up to its quota
                self.assertLess(len(taken), 240)
                taken.append(stun.Turn(path, *stun.credential(secret)))
            self.assertGreater(len(taken), 190) # it says 200; those of calls just ended may count
            call = self.call(self.alice, self.bob)
            self.assertEqual(call.ended(), ("the relay gives no place: it is full or away. Try again later", False))
        finally:
            for one in taken:
                one.sock.close()
