# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: whoever else's WebRTC client has a person's keys beside it can take part: bob's media are Chromium's.

And all the while no packet goes anywhere but to the relay, and neither side names another way.
"""
import os
import re
import shutil

import media
from callers import CallBed, media_of
from capture import Capture

HERE = os.path.dirname(os.path.abspath(__file__))


class Chromium(CallBed):
    def browser(self):
        """The client with Chromium beside it."""
        path = f"{self.stack.dir}/browser"
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        shutil.copy(f"{HERE}/chromium-media", f"{path}/sotto-media")
        return shutil.copy(f"{self.stack.build}/sotto", path)

    def capture(self, pid):
        return Capture(pid, self.stack.root)

    def relay(self):
        return self.capture(media.processes_in(self.stack.dir, "turnserver")[0])

    def hear_and_see(self, ours, theirs):
        for one in (ours, theirs):
            one.next("talking")
        while (event := ours.next("stats"))["received"] < 100 or event["frames"] < 20:
            pass
        while abs((event := theirs.next("stats"))["hears"] - 440) > 10 or event["frames"] < 20:
            pass

    def hang_up(self, ours, theirs):
        ours.type("h")
        self.assertEqual((ours.ended()[0], theirs.ended()[0]), ("you hung up", "they hung up"))
        self.heard(self.alice, 660)

    def nothing_goes_elsewhere(self, sides, relay):
        """Each side speaks TCP with its own loopback, the relay UDP with itself."""
        for side in sides:
            self.assertEqual(side, {("tcp", "127.0.0.1", "127.0.0.1")})
        self.assertEqual(relay, {("tcp", "127.0.0.1", "127.0.0.1"), ("udp", "127.0.0.2", "127.0.0.2")})
        with open(f"{self.stack.dir}/browser/descriptions", encoding="ascii") as file:
            text = file.read()
        self.assertEqual(text.count("v=0"), 2, text)
        found = re.findall(r"^a=candidate:\S+ \d+ (\w+) \d+ (\S+) \d+ typ (\w+) raddr (\S+)", text, re.M)
        self.assertEqual(len(found), text.count("candidate:"), text)
        self.assertGreaterEqual(len(found), 2)
        self.assertEqual({(kind.lower(), *more) for kind, *more in found}, {("udp", "127.0.0.2", "relay", "0.0.0.0")})

    def test_chromium_answers(self):
        captures = [self.relay()]
        call, _ = self.ring("--video-in", "test")
        captures.append(self.capture(media_of(call)))
        answer = self.answer(self.bob, "--video-in", "test", program=self.browser())
        captures.append(self.capture(media_of(answer)))
        self.hear_and_see(call, answer)
        relay, *sides = (set(one.end()) for one in captures)
        self.nothing_goes_elsewhere(sides, relay)
        self.hang_up(call, answer)

    def test_chromium_calls(self):
        captures = [self.relay()]
        watch = self.watch(self.alice)
        call = self.call(self.bob, self.alice, "--audio-in", "test:660", "--video-in", "test", program=self.browser())
        captures.append(self.capture(media_of(call)))
        watch.next("call")
        answer = self.answer(self.alice, "--audio-in", "test:440", "--video-in", "test")
        captures.append(self.capture(media_of(answer)))
        self.hear_and_see(answer, call)
        relay, *sides = (set(one.end()) for one in captures)
        self.nothing_goes_elsewhere(sides, relay)
        self.hang_up(answer, call)
