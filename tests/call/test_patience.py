# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: what Tor does to a call is borne, or ends it with a word."""
import os
import shutil
import socket
import threading

from callers import CallBed


class Patience(CallBed):
    def test_round_trips_of_900_ms_are_borne(self):
        """At the library's own pace of checks no connection comes about, and it never says so."""
        watch = self.watch(self.bob)
        self.socks.round_trip_s = 0.9
        try:
            call = self.call(self.alice, self.bob)
            watch.next("call")
            self.talk(call, self.answer(self.bob))
        finally:
            self.socks.round_trip_s = 0

    def test_what_stands_still_for_a_while_goes_on(self):
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        flows = threading.Event()
        self.addCleanup(flows.set)
        self.socks.passed = lambda n, up: flows.wait()
        for one in (call, answer):
            one.next("nothing is heard") # after 6 s
            for _ in range(4):
                one.next("stats")
        flows.set()
        for one in (call, answer):
            before = one.next("stats")
            while (event := one.next("stats", "the way is lost, looking for another"))["received"] < before["received"] + 40:
                pass
            self.assertEqual(event["lost"], 0)

    def spoiler(self):
        """The client with a media program that names a wrong password to the relay, when it runs the second time."""
        path = f"{self.stack.dir}/spoiler"
        os.makedirs(path)
        shutil.copy(f"{self.stack.build}/sotto", path)
        with open(f"{path}/sotto-media", "w", encoding="ascii") as file:
            file.write(f"""#!/bin/bash
echo >>{path}/runs
[ "$(wc -l <{path}/runs)" = 2 ] && spoil='s/"password":"[^"]*"/"password":"x"/'
sed -u "$spoil" | {self.stack.build}/sotto-media
""")
        os.chmod(file.name, 0o755)
        return f"{path}/sotto"

    def test_credentials_that_the_relay_takes_no_longer_are_bought_anew(self):
        """So it is with those that expired since the call began."""
        watch = self.watch(self.bob)
        call = self.call(self.alice, self.bob, program=self.spoiler())
        watch.next("call")
        answer = self.answer(self.bob)
        self.talk(call, answer)
        self.socks.sent = b""
        self.socks.relayed[-2].shutdown(socket.SHUT_RDWR)
        call.next("the way is lost, looking for another")
        self.talk(call, answer)
        self.assertEqual(self.socks.sent.count(b"POST /v1/turn "), 2)
        self.socks.sent = None

    def test_a_circuit_that_takes_its_time_is_waited_for(self):
        """The WebRTC library gives an allocation two seconds, connecting included."""
        self.socks.relay_s = 6
        try:
            call, _ = self.ring()
            self.talk(call, self.answer(self.bob))
        finally:
            self.socks.relay_s = 0

    def test_a_way_that_is_not_found_again_in_time_ends_the_call(self):
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        self.stack.stop("turn")
        for one in (call, answer):
            one.next("the way is lost, looking for another")
        try:
            self.assertEqual({one.ended()[0] for one in (call, answer)}, {"the way was lost, and no other found in time"})
        finally:
            self.stack.start("turn")

    def test_a_peer_that_vanishes_is_noticed(self):
        """Its end of the relay tells nothing."""
        call, _ = self.ring()
        answer = self.answer(self.bob)
        self.talk(call, answer)
        answer.process.kill()
        call.next("nothing is heard")
        call.next("the way is lost, looking for another")
        self.assertEqual(call.ended(), ("the way was lost, and no other found in time", False))
