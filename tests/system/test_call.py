# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: two sides hear each other through the relay, relay only, and nothing before the certificate is right."""
import contextlib
import os
import re
import socket
import threading
import wave

import media
from people import Late
from relay import RelayBed
from stack import until


class Call(RelayBed):
    def dial(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(f"{self.dir}/s")
        return sock

    def dial_far(self):
        """The same, and a way there of 300 ms."""
        def carry(one, late):
            with contextlib.suppress(OSError):
                while data := one.recv(65536):
                    late.send(data)
            late.end()

        ours, theirs = socket.socketpair()
        relay = Call.dial(self)
        for one, other in ((theirs, relay), (relay, theirs)):
            threading.Thread(target=carry, args=(one, Late(other, 0.15)), daemon=True).start()
        return ours

    def side(self, name, env=None):
        side = media.Media(os.environ["SOTTO_BUILD"], self.dial, f"{self.dir}/{name}.log", env)
        self.addCleanup(side.close)
        self.assertEqual(side.next("ready")["event"], "ready")
        return side

    def describe(self, *, video=False, change=lambda sdp: sdp, sources=("test:440", "test:660"), sinks=None):
        """Two sides that have each other's description; change is made to the one that alice sees."""
        alice, bob = self.sides = self.side("alice"), self.side("bob")
        more = {"video_in": "test"} if video else {}
        sinks = sinks or [f"file:{self.dir}/{name}.wav" for name in ("alice", "bob")]
        media.start(alice, self.secret, offers=True, audio_in=sources[0], audio_out=sinks[0], **more)
        media.start(bob, self.secret, offers=False, audio_in=sources[1], audio_out=sinks[1], **more)
        self.offer = alice.next("local")["sdp"]
        bob.tell(do="remote", sdp=self.offer)
        self.answer = bob.next("local")["sdp"]
        alice.tell(do="remote", sdp=change(self.answer))
        return alice, bob

    def talk(self, side, packets=60, frames=0):
        while True:
            event = side.next("stats")
            self.assertEqual(event["event"], "stats", side.seen)
            if event["received"] >= packets and event["frames"] >= frames:
                return event

    def heard(self, name, hertz):
        share, rms = media.level(media.recording(f"{self.dir}/{name}.wav"), hertz)
        self.assertGreater(share, 0.9, f"{name} hears {hertz} Hz")
        self.assertGreater(rms, 8000, f"{name} hears it loud")

    def test_tones_and_pictures_arrive_both_ways(self):
        alice, bob = self.describe(video=True)
        for side in (alice, bob):
            self.assertEqual(side.next("verified")["event"], "verified", side.seen)
        for side in (alice, bob):
            event = self.talk(side, 100, 20)
            self.assertEqual(event["lost"], 0)
        alice.close()
        bob.close()
        self.heard("alice", 660)
        self.heard("bob", 440)

    def test_checks_whether_there_is_a_way_end_over_long_round_trips(self):
        """Those of both sides could answer each other for ever."""
        def once_asked_twice(sdp):
            until("checks of bob's", lambda: self.sides[1].frames.sends > 1, self.alive)
            return sdp

        self.dial = self.dial_far
        for side in self.describe(sinks=("none", "none"), change=once_asked_twice):
            self.assertEqual(side.next("verified")["event"], "verified", side.seen)
            self.assertLess(side.frames.sends, 40)

    def test_packets_of_silence_and_of_sound_have_one_size(self):
        alice, bob = self.describe(sources=("silence", "test:660"))
        for side in (alice, bob):
            self.talk(side, 40)
        sizes = [side.frames.sizes(96) for side in (alice, bob)]
        self.assertEqual([len(one) for one in sizes], [1, 1], sizes)
        self.assertEqual(*[set(one) for one in sizes])
        self.assertGreater(min(sum(one.values()) for one in sizes), 30)

    def test_little_is_added_to_the_delay_of_the_way(self):
        """webrtcbin alone holds back 200 ms, and a decoder with error correction two packets more."""
        for side in self.describe(sinks=("none", "none")):
            event = self.talk(side, 10)
            added = event["delay_ms"] - event["round_trip_ms"] / 2
            self.assertTrue(60 < added < 200, event)

    def test_what_is_not_there_is_told_before_anybody_is_called(self):
        with open(f"{self.dir}/none.wav", "wb") as file:
            file.write(bytes(5000))
        sinks = "pulse alsa oss oss4 jackaudio openal pipewire sndio".split() # whatever this machine may have
        env = {"GST_PLUGIN_FEATURE_RANK": ",".join(f"{name}sink:NONE" for name in sinks)}
        for word, options in (("microphone", {"audio_in": "file:/nowhere/in.wav"}), ("loudspeaker", {"audio_out": "auto"}),
                              ("loudspeaker", {"audio_out": "file:/nowhere/out.wav"}),
                              ("media", {"audio_in": f"file:{file.name}"})):
            side = self.side("alice", env=env)
            media.start(side, self.secret, **{"offers": True, "audio_in": "silence", "audio_out": "none", **options})
            while (event := side.next("local"))["event"] == "local": # it may be quicker than its own source
                pass
            self.assertEqual(event, {"event": "ended", "why": word})

    def test_behind_the_end_of_a_file_comes_silence(self):
        """Else the other side would take the way for lost."""
        with wave.open(f"{self.dir}/short.wav", "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", None))
            file.writeframes(b"\x10\x27" * 8000)
        _, bob = self.describe(sources=(f"file:{self.dir}/short.wav", "silence"))
        self.talk(bob, 60)

    def test_descriptions_hold_one_relay_candidate_and_no_address_of_the_host(self):
        self.describe()
        for sdp in (self.offer, self.answer):
            self.assertLess(len(sdp), 900)
            self.assertEqual(len(re.findall(r"a=candidate:", sdp)), 1)
            self.assertRegex(sdp, r"a=candidate:1 1 UDP 1 127\.0\.0\.2 \d+ typ relay raddr 0\.0\.0\.0 rport 0\r\n")
            self.assertEqual(set(re.findall(r"\d+\.\d+\.\d+\.\d+", sdp)), {"127.0.0.2", "0.0.0.0"})
            said = re.sub(r"a=ice-(ufrag|pwd):\S+", "", sdp) # random letters, which may be any short name
            self.assertNotIn(socket.gethostname(), said)

    def test_another_certificate_ends_the_call_before_a_sample_is_sent_or_played(self):
        def forge(sdp):
            return re.sub(r"(fingerprint:sha-256 )(..)", lambda m: m[1] + f"{int(m[2], 16) ^ 1:02X}", sdp)

        alice, bob = self.describe(change=forge)
        self.assertEqual(alice.next("verified"), {"event": "ended", "why": "fingerprint"})
        self.assertEqual(alice.next("verified")["event"], "gone")
        alice.process.wait(20)
        bob.close()
        self.assertEqual(max((e["received"] for e in bob.seen if e["event"] == "stats"), default=0), 0)
        self.assertFalse(os.path.exists(f"{self.dir}/alice.wav") and len(media.recording(f"{self.dir}/alice.wav")))

    def test_a_media_process_has_no_network_but_its_loopback(self):
        side = self.side("alice")
        self.assertNotEqual(os.readlink(f"/proc/{side.process.pid}/ns/net"), os.readlink("/proc/self/ns/net"))
        with open(f"/proc/{side.process.pid}/net/dev", encoding="ascii") as file:
            self.assertEqual(re.findall(r"^ *(\w+):", file.read(), re.M), ["lo"])
        with open(f"/proc/{side.process.pid}/status", encoding="ascii") as file:
            status = dict(re.findall(r"^(NoNewPrivs|Seccomp):\t(\d)$", file.read(), re.M))
        self.assertEqual(status, {"NoNewPrivs": "1", "Seccomp": "2"}) # 2: a filter; so no keyring

    def test_a_wrong_credential_ends_with_a_word(self):
        side = self.side("alice")
        side.tell(do="start", user="1:x", password="wrong", offers=True, audio_in="silence", audio_out="none")
        self.assertEqual(side.next("local"), {"event": "ended", "why": "no-relay"})

    def test_descriptions_that_are_none_are_refused(self):
        side = self.side("bob")
        media.start(side, self.secret, offers=False, audio_in="silence", audio_out="none")
        for sdp in ("", "v=0\r\n", "\0", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n" * 99):
            side.tell(do="remote", sdp=sdp)
            self.assertEqual(side.next("refused")["event"], "refused")
