# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: whoever else's WebRTC client has a person's keys beside it can take part: bob's media are Chromium's."""
import os
import shutil

from callers import CallBed

HERE = os.path.dirname(os.path.abspath(__file__))


class Chromium(CallBed):
    def browser(self):
        """The client with Chromium beside it."""
        path = f"{self.stack.dir}/browser"
        os.makedirs(path, exist_ok=True)
        shutil.copy(f"{HERE}/chromium-media", f"{path}/sotto-media")
        return shutil.copy(f"{self.stack.build}/sotto", path)

    def hear_and_see(self, ours, theirs):
        for one in (ours, theirs):
            one.next("talking")
        while (event := ours.next("stats"))["received"] < 100 or event["frames"] < 20:
            pass
        while abs((event := theirs.next("stats"))["hears"] - 440) > 10 or event["frames"] < 20:
            pass
        ours.type("h")
        self.assertEqual((ours.ended()[0], theirs.ended()[0]), ("you hung up", "they hung up"))
        self.heard(self.alice, 660)

    def test_chromium_answers(self):
        call, _ = self.ring("--video-in", "test")
        self.hear_and_see(call, self.answer(self.bob, "--video-in", "test", program=self.browser()))

    def test_chromium_calls(self):
        watch = self.watch(self.alice)
        call = self.call(self.bob, self.alice, "--audio-in", "test:660", "--video-in", "test", program=self.browser())
        watch.next("call")
        self.hear_and_see(self.answer(self.alice, "--audio-in", "test:440", "--video-in", "test"), call)
