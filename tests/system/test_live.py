# SPDX-License-Identifier: AGPL-3.0-or-later
"""Live sessions: what is pushed, what an acknowledgement does, and what the broker refuses."""
import os

import client
from bed import Bed, blob, until


class Sessions(Bed):
    def test_a_deposit_is_pushed_with_its_blob_and_an_ack_over_mqtt_forgets_it(self):
        box, body, key = self.mailbox(), blob(), os.urandom(16)
        session = self.session(box)
        mqtt = self.live(session)
        self.assertEqual(box.put(body, key).status, 201)
        self.assertEqual(mqtt.next_blob(), (box.id, key, body))
        self.assertEqual([i for i, _ in box.fetch()], [key])
        mqtt.publish(session["up"], (box.id + key).ljust(384, b"\0"))
        until("the blob is forgotten", lambda: not box.fetch(), self.stack.check)

    def test_an_ack_for_anothers_mailbox_is_ignored(self):
        box, other, key, mine = self.mailbox(), self.mailbox(), os.urandom(16), os.urandom(16)
        session = self.session(box)
        mqtt = self.live(session)
        other.put(blob(), key)
        box.put(blob(), mine)
        mqtt.publish(session["up"], (other.id + key + box.id + mine).ljust(384, b"\0"))
        until("the own blob is forgotten", lambda: not box.fetch(), self.stack.check)
        self.assertEqual([i for i, _ in other.fetch()], [key])

    def test_only_the_named_mailboxes_are_pushed(self):
        boxes, other = [self.mailbox() for _ in range(3)], self.mailbox()
        mqtt = self.live(self.session(*boxes))
        other.put(blob())
        for box in boxes:
            box.put(blob())
        self.assertEqual([mqtt.next_blob()[0] for _ in boxes], [b.id for b in boxes])

    def test_the_same_request_renews_the_same_session_and_keeps_the_connection(self):
        box, request = self.mailbox(), os.urandom(16)
        first = self.session(box, request=request)
        mqtt = self.live(first)
        again = self.session(box, request=request)
        self.assertEqual((again["session"], again["down"]), (first["session"], first["down"]))
        box.put(blob())
        self.assertEqual(mqtt.next_blob()[0], box.id)
        self.live(again)

    def test_a_fifth_session_of_a_mailbox_ends_the_oldest_and_no_other(self):
        box, other = self.mailbox(), self.mailbox()
        lives = [self.live(self.session(box)) for _ in range(4)]
        beside = self.live(self.session(other))
        lives.append(self.live(self.session(box)))
        with self.assertRaises(client.Refused):  # the broker's plugin cuts it
            while True:
                lives[0].next()
        box.put(blob())
        other.put(blob())
        self.assertEqual([live.next_blob()[0] for live in lives[1:]], [box.id] * 4)
        self.assertEqual(beside.next_blob()[0], other.id)

    def test_a_session_needs_every_proof_and_every_mailbox(self):
        box, none = self.mailbox(), client.Mailbox(self.server)
        self.assertEqual(self.server.session([box, none]).status, 404)
        self.assertEqual(self.server.session([box, box]).status, 400)
        forged = client.Mailbox(self.server)
        forged.public = box.public
        self.assertEqual(self.server.session([forged]).status, 401)
        self.server.nonces["bridged"] = os.urandom(16)
        self.assertEqual(self.server.session([box]).status, 401)

    def refused(self, action, connect=None):
        """The broker cuts whoever does that, or drops the connection at once."""
        mqtt = (connect or (lambda: self.server.live(self.session(self.mailbox()))))()
        with mqtt, self.assertRaises(client.Refused):
            action(mqtt)
            mqtt.ping()

    def test_other_topics_wildcards_and_qos_0_cannot_be_subscribed(self):
        theirs = self.session(self.mailbox())
        for topic in (theirs["down"], theirs["up"], "#", "+/+/+/+/+", "sotto/v1/#", "sotto/v1/session/+/down",
                      "$share/a/" + theirs["down"], "$SYS/#", "sotto/v1/event/#", "sotto/v1/beat/#"):
            self.refused(lambda mqtt, t=topic: mqtt.subscribe(t))
        own = self.session(self.mailbox())
        self.refused(lambda mqtt: mqtt.subscribe(own["down"], 0), lambda: self.server.live(own))

    def test_other_topics_retained_and_odd_payloads_cannot_be_published(self):
        theirs, own = self.session(self.mailbox()), self.session(self.mailbox())
        for topic, size, more in ((theirs["up"], 384, {}), (theirs["down"], 4145, {}), (own["down"], 4145, {}),
                                  ("sotto/v1/live", 16, {"retain": True}), ("$CONTROL/sotto/v1", 30, {}),
                                  ("sotto/v1/event/blob/x", 4136, {}), (own["up"], 384, {"retain": True}),
                                  (own["up"], 385, {}), (own["up"], 384, {"qos": 0})):
            self.refused(lambda mqtt, t=topic, s=size, m=more: mqtt.publish(t, bytes(s), **m),
                         lambda: self.server.live(own))

    def test_a_will_never_arrives(self):
        box = self.mailbox()
        session = self.session(box)
        mqtt = self.live(session)
        ghost = self.server.live(self.session(self.mailbox()), will=(session["down"], bytes(client.DOWN)))
        ghost.close()
        other = self.session(self.mailbox()) # a will on its own topic, which the plugin would allow while it lives
        key = os.urandom(16)
        box.put(blob(), key)
        with self.server.live(other, will=(other["up"], (box.id + key).ljust(384, b"\0"))):
            pass
        self.assertEqual(mqtt.next_blob()[:2], (box.id, key))
        mqtt.ping()
        self.assertEqual([payload for _, payload in mqtt.messages if payload[0] != 2], [])  # "fetch" may come
        self.assertEqual([i for i, _ in box.fetch()], [key])

    def test_nobody_gets_in_with_another_password_name_protocol_or_keepalive(self):
        own, theirs = self.session(self.mailbox()), self.session(self.mailbox())
        good = (own["session"], own["session"], own["password"])
        with open(f"{self.stack.dir}/keys/blobd/broker.key", "rb") as file:
            blobd = client.b64(file.read())
        wrong = own["password"][:-6] + ("AAAAA" if own["password"][-6:-1] != "AAAAA" else "BBBBB") + own["password"][-1]
        for login, more in (((own["session"], own["session"], wrong), {}),
                            ((own["session"], own["session"], theirs["password"]), {}),
                            ((own["session"], own["session"], ""), {}),
                            (("blobd." + "0" * 32, "blobd", blobd), {}),
                            (good, {"keepalive": 0}), (good, {"keepalive": 601}), (good, {"clean": False}),
                            (good, {"level": 5})):
            with self.assertRaises(client.Refused):
                client.Mqtt(self.server.mqtt_path, *login, **more).close()
        client.Mqtt(self.server.mqtt_path, *good).close()

    def pushed_40(self):
        """A session that got 32 of 40 blobs and acknowledged none. A publisher that bridged first heard of meanwhile
        means "fetch", which gives room: then it is tried again, with a mailbox of its own."""
        while True:
            box = self.mailbox()
            session = self.session(box)
            mqtt = self.live(session)
            with client.Http(self.server.paths["blobd"]) as http:
                for i in range(40):
                    self.assertEqual(box.put(blob(i), http_=http).status, 201)
            pushed = [mqtt.next_down() for _ in range(32)]
            if {p[0] for p in pushed} == {1}:
                return box, session, mqtt, pushed

    def test_a_session_with_32_unacknowledged_pushes_hears_fetch_when_it_moves_again(self):
        box, session, mqtt, pushed = self.pushed_40()
        for n in range(0, 32, 8):
            mqtt.publish(session["up"], b"".join(box.id + p[2] for p in pushed[n:n + 8]))
        self.assertEqual(mqtt.next_down()[0], 2)
        # Acknowledgements that are still on their way to blobd do not count.
        self.assertEqual(len({i for i, _ in box.drain()} - {p[2] for p in pushed}), 8)

    def signals_taken(self, box, mqtt, n):
        """Sends n signals and a blob behind them; the ids of the signals that came before it."""
        with client.Http(self.server.paths["bridged"]) as http:
            for _ in range(n):
                self.assertEqual(box.signal(blob(), http_=http).status, 202)
        self.assertEqual(box.put(blob()).status, 201)
        ids = []
        while (push := mqtt.next_down())[0] != 1:
            ids += [push[2]] if push[0] == 5 else []
        return ids

    def test_a_signal_reaches_who_is_live_on_that_mailbox_and_is_stored_nowhere(self):
        box, other, body = self.mailbox(), self.mailbox(), blob()
        mqtt, beside = self.live(self.session(box)), self.live(self.session(other))
        self.assertEqual(box.signal(body).status, 202)
        while (push := mqtt.next_down())[0] != 5:
            pass
        self.assertEqual((push[1], push[3]), (box.id, body))
        self.assertNotEqual(push[2], bytes(16))
        self.assertEqual(box.fetch(), [])
        self.assertEqual(self.signals_taken(other, beside, 0), [])

    def test_the_answer_to_a_signal_does_not_tell_whether_anybody_is_there(self):
        live, away, none = self.mailbox(), self.mailbox(), client.Mailbox(self.server)
        self.live(self.session(live))
        answers = [box.signal(blob()) for box in (live, away, none)]
        self.assertEqual({(a.status, a.body, str(a.headers)) for a in answers},
                         {(202, b"{}".ljust(1024), str(answers[0].headers))})

    def test_a_session_gets_16_signals_and_more_only_after_it_acknowledges_and_blobs_all_the_while(self):
        for _ in range(5): # "fetch" to all, which may come at any time, makes room
            box = self.mailbox()
            session = self.session(box)
            mqtt = self.live(session)
            ids = self.signals_taken(box, mqtt, 20)
            if (taken := (len(ids), len(self.signals_taken(box, mqtt, 3)))) == (16, 0):
                break
        self.assertEqual(taken, (16, 0))
        mqtt.publish(session["up"], b"".join(box.id + i for i in ids[:8]))
        until("there is room again", lambda: self.signals_taken(box, mqtt, 1), self.stack.check)

    def test_a_signal_has_one_size_and_needs_a_well_formed_secret(self):
        box = self.mailbox()
        for size in (0, 4095, 4097):
            self.assertEqual(box.signal(bytes(size)).problem, "body-size")
        self.assertEqual(self.server.call("bridged", "POST", "/v1/signals", blob()).problem, "not-found")


class Failures(Bed):
    """Each takes something away; what was deposited before, meanwhile and after arrives all the same."""

    def setUp(self):
        self.box = self.mailbox()
        self.request = os.urandom(16)
        self.opened = self.session(self.box, request=self.request)
        self.mqtt = self.live(self.opened)
        self.mqtt.subscribe("sotto/v1/live")
        self.boot = self.mqtt.next()[1]
        self.box.put(blob(1))
        self.assertEqual(self.mqtt.next_blob()[0], self.box.id)

    def wait_for_fetch(self):
        while self.mqtt.next_down()[0] != 2:
            pass

    def numbers(self):
        return [int.from_bytes(b[:4], "big") for _, b in self.box.drain()]

    def test_a_killed_blobd_means_fetch(self):
        self.stack.restart("blobd", 9)
        self.stack.wait_healthy("blobd")
        self.assertEqual(self.box.put(blob(2)).status, 201)
        self.wait_for_fetch()
        self.assertEqual(self.numbers(), [1, 2])

    def test_a_killed_broker_means_a_new_connection_and_nothing_lost(self):
        self.stack.kill("broker")
        self.stack.wait_healthy("blobd", 503)
        self.assertEqual(self.box.put(blob(2)).status, 201)
        self.stack.wait_healthy("bridged", 503)
        self.assertEqual(self.server.session([self.box]).status, 503)
        self.assertEqual(self.box.signal(blob()).status, 503)
        with self.assertRaises(client.Refused):
            self.mqtt.ping()
        self.stack.start("broker")
        for daemon in ("blobd", "bridged"):
            self.stack.wait_healthy(daemon)
        self.mqtt = self.live(self.opened) # the password is still good
        self.assertEqual(self.box.put(blob(3)).status, 201)
        self.assertIn(self.mqtt.next_down()[0], (1, 2))
        self.assertEqual(self.numbers(), [1, 2, 3])

    def test_a_killed_bridged_means_a_new_boot_id_and_the_same_session(self):
        self.stack.kill("bridged")
        self.assertEqual(self.box.put(blob(2)).status, 201)
        self.stack.start("bridged")
        self.stack.wait_healthy("bridged")
        while (message := self.mqtt.next())[0] != "sotto/v1/live" or message[1] == self.boot:
            pass
        again = self.session(self.box, request=self.request)
        self.assertEqual(again["session"], self.opened["session"])
        self.assertEqual(self.box.put(blob(3)).status, 201)
        self.assertIn(self.mqtt.next_down()[0], (1, 2))
        self.assertEqual(self.numbers(), [1, 2, 3])

    def test_a_restarted_database_loses_nothing_that_was_answered(self):
        self.stack.restart("postgres", 3)
        for daemon in ("prekeyd", "blobd", "bridged"):
            self.stack.wait_healthy(daemon)
        self.assertEqual(self.box.put(blob(2)).status, 201)
        self.assertEqual(self.numbers(), [1, 2])
