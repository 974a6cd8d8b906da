# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/asyncapi.yaml against a live broker: every message is one that it describes, and all that it describes come."""
import os
import re

import client
from bed import Bed, blob, until
from stack import TOP


def section(text, name, indent):
    """{key: its lines} below a key of YAML laid out as ours is."""
    body = re.split(rf"(?m)^ {{{indent}}}{name}:\n", text)[1]
    body = re.split(rf"(?m)^ {{0,{indent}}}\S", body)[0]
    parts = re.split(rf"(?m)^ {{{indent + 2}}}(\w+):\n", body)
    return dict(zip(parts[1::2], parts[2::2]))


def channels():
    """{name: (pattern of the topic, least and most bytes)}."""
    with open(f"{TOP}/docs/asyncapi.yaml", encoding="utf-8") as file:
        text = file.read()
    messages, found = section(text, "messages", 2), {}
    for name, lines in section(text, "channels", 0).items():
        address = re.search(r"address: '?([^'\n]+)'?\n", lines)[1]
        message = messages[re.search(r"components/messages/(\w+)", lines)[1]]
        least = int(re.search(r"minLength: (\d+)", message)[1])
        most = re.search(r"maxLength: (\d+)", message)
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(address))
        found[name] = (re.compile(pattern), least, int(most[1]) if most else 8192)
    return found


class Topics(Bed):
    def observer(self):
        """As bridged logs in, beside it: what the daemons tell each other."""
        with open(f"{self.stack.dir}/keys/bridged/broker.key", "rb") as file:
            password = client.b64(file.read())
        mqtt = client.Mqtt(f"{self.stack.run}/sotto-broker/d/s", "bridged." + os.urandom(16).hex(), "bridged", password)
        self.addCleanup(mqtt.close)
        for topic in ("sotto/v1/event/#", "sotto/v1/beat/#", "sotto/v1/session/+/up"):
            mqtt.subscribe(topic)
        return mqtt

    def test_every_message_is_described_and_every_described_one_comes(self):
        known, seen = channels(), {}
        box, account, observer = self.mailbox(), client.Account(self.server), self.observer()
        session = self.session(box)
        mqtt = self.live(session)
        mqtt.subscribe("sotto/v1/live")
        key = os.urandom(16)
        self.assertEqual(box.put(blob(), key).status, 201)
        mqtt.publish(session["up"], (box.id + key).ljust(384, b"\0"))
        self.assertEqual(account.register().status, 201)
        self.assertEqual(self.server.owned(account, "prekeyd", "DELETE", account.path).status, 200)
        self.assertEqual(box.put(blob()).status, 201)

        def all_seen():
            for one in (observer, mqtt):
                one.ping()
                for topic, payload in one.messages:
                    fits = [n for n, (pattern, least, most) in known.items()
                            if pattern.fullmatch(topic) and least <= len(payload) <= most]
                    self.assertEqual(len(fits), 1, f"{topic}, {len(payload)} bytes: {fits}")
                    seen[fits[0]] = seen.get(fits[0], 0) + 1
                one.messages.clear()
            return set(seen) == set(known) - {"control"} # which only the plugin hears

        until("a message of each channel", all_seen, self.stack.check)
