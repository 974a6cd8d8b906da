# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: the relay for calls joins two callers and nothing else, and knows nobody afterwards."""
import os
import socket
import subprocess
import time

import client
import stun
from bed import Bed
from relay import RelayBed
from stack import processes_of, until

RELAY = "127.0.0.2"


class Relay(RelayBed):
    def turn(self, *credential):
        turn = stun.Turn(f"{self.dir}/s", *(credential or stun.credential(self.secret)))
        self.addCleanup(turn.sock.close)
        return turn

    def ready(self):
        turn = self.turn()
        self.assertEqual(turn.allocate(), 0)
        self.assertEqual(turn.host, RELAY)
        return turn

    def test_two_callers_reach_each_other(self):
        alice, bob = self.ready(), self.ready()
        self.assertEqual((alice.permit(bob.host), bob.permit(alice.host)), (0, 0))
        alice.tell(bob.host, bob.port, b"from alice")
        self.assertEqual(bob.hear(), b"from alice")
        bob.tell(alice.host, alice.port, b"from bob")
        self.assertEqual(alice.hear(), b"from bob")

    def test_no_other_address_is_a_peer(self):
        turn = self.ready()
        for host in ("127.0.0.1", "127.0.0.3", "127.1.1.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "192.168.1.1",
                     "169.254.169.254", "8.8.8.8", "224.0.0.251", "255.255.255.255"):
            for code in (turn.permit(host, 5432), turn.bind(host, 5432)):
                self.assertEqual((host, code), (host, 403))
        for host in ("::1", "::", "fe80::1", "ff02::fb", "::ffff:127.0.0.1", "::ffff:127.0.0.2", "64:ff9b::7f00:1"):
            for code in (turn.permit(host, 5432), turn.bind(host, 5432)):
                self.assertIn((host, code), ((host, 403), (host, 443)))
        self.assertEqual(turn.permit(RELAY), 0) # it still answers

    def test_no_service_of_the_host_is_reached(self):
        """A listener on every address of the host hears nothing, though its port has been given permission."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
            outside.bind(("0.0.0.0", 0))
            outside.setblocking(False)
            port = outside.getsockname()[1]
            alice, bob = self.ready(), self.ready()
            self.assertEqual((alice.permit(RELAY, port), bob.permit(RELAY)), (0, 0))
            alice.tell(RELAY, port, b"to the host")
            alice.tell("127.0.0.1", port, b"to the host")
            alice.tell(bob.host, bob.port, b"sent afterwards")
            self.assertEqual(bob.hear(), b"sent afterwards")
            self.assertRaises(BlockingIOError, outside.recv, 100)
            outside.sendto(b"the socket does hear", (RELAY, port))
            self.assertEqual(outside.recv(100), b"the socket does hear")

    def test_nothing_but_the_relay_is_in_its_network(self):
        pid = next(p for p in processes_of(self.dir) if os.readlink(f"/proc/{p}/exe").endswith("turnserver"))
        self.assertNotEqual(os.readlink(f"/proc/{pid}/ns/net"), os.readlink("/proc/self/ns/net"))
        ask = ["nsenter", *(["-U"] if os.geteuid() else []), "-t", str(pid), "-n"]
        listening = subprocess.run([*ask, "ss", "-Hltun"], check=True, capture_output=True, text=True).stdout
        sockets = [line.split()[4] for line in listening.splitlines() if line.split()[4].split(":")[0] != RELAY]
        self.assertEqual(sockets, ["127.0.0.1:3478"])
        links = subprocess.run([*ask, "ip", "-br", "link"], check=True, capture_output=True, text=True).stdout
        self.assertEqual([line.split()[0] for line in links.splitlines()], ["lo"])

    def test_only_udp_over_ipv4_is_relayed(self):
        self.assertEqual(self.turn().allocate(transport=stun.TCP), 442)
        self.assertEqual(self.turn().allocate((stun.FAMILY, b"\x02\0\0\0")), 440)
        turn = self.ready()
        self.assertEqual(turn.ask(stun.CONNECT, turn.peer("127.0.0.1", 5432)), 403)

    def test_an_expired_a_forged_and_no_credential_look_the_same(self):
        user, password = stun.credential(self.secret)
        for credential in (stun.credential(self.secret, life_s=-1), (user, password[:-4] + "AAA="),
                           ("4102444800:" + "0" * 24, password), stun.credential("another secret"), ("", "")):
            self.assertEqual(self.turn(*credential).allocate(), 401)

    def test_an_allocation_outlives_its_credential(self):
        """So a call does not end at the hour: its credentials count when a place is taken."""
        user, password = stun.credential(self.secret, life_s=2)
        turn = self.turn(user, password)
        self.assertEqual(turn.allocate(), 0)

        def is_refused(): # one connection at a time: the relay takes so many
            with self.turn(user, password) as other:
                return other.allocate() == 401

        ends_s = int(user.partition(":")[0])
        until("the end of the credential", lambda: time.time() > ends_s and is_refused(), self.alive)
        self.assertEqual(turn.ask(stun.REFRESH), 0)
        self.assertEqual(turn.permit(turn.host), 0)

    def test_a_credential_has_two_allocations_and_closing_gives_them_back(self):
        credential = stun.credential(self.secret)
        first, second = self.turn(*credential), self.turn(*credential)
        self.assertEqual((first.allocate(), second.allocate()), (0, 0))
        self.assertEqual(self.turn(*credential).allocate(), 486)
        first.sock.close()
        until("the place is free again", lambda: self.turn(*credential).allocate() == 0, self.alive)

    def test_an_allocation_lasts_ten_minutes_at_most(self):
        turn = self.turn()
        self.assertEqual(turn.allocate((stun.LIFETIME, (86400).to_bytes(4, "big"))), 0)
        self.assertEqual(int.from_bytes(turn.answer[stun.LIFETIME], "big"), 600)

    def test_it_logs_nobody(self):
        user, password = stun.credential(self.secret)
        self.assertEqual(self.turn(user, "wrong").allocate(), 401)
        turn = self.turn(user, password)
        self.assertEqual(turn.allocate(), 0)
        self.assertEqual(turn.permit("127.0.0.1"), 403)
        turn.sock.close()
        for word in (user, user.split(":")[1], password, self.secret, "user", "denied"):
            self.assertNotIn(word, self.log())


class Credentials(Bed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.start("turn")

    def relay(self, answer):
        turn = stun.Turn(f"{self.stack.run}/sotto-turn/s", answer.json["user"], answer.json["password"])
        self.addCleanup(turn.sock.close)
        return turn

    def test_a_token_buys_a_credential_that_the_relay_takes_and_a_repeat_the_same_one(self):
        self.assertEqual(self.server.turn().problem, "token-required")
        token = self.server.token("turn")
        answer = self.server.turn(token)
        self.assertEqual((answer.status, len(answer.body)), (201, client.PAD_JSON))
        self.assertEqual(self.server.turn(token).body, answer.body)
        until("the relay", lambda: self.relay(answer).allocate() == 0, self.stack.check)
        life = int(answer.json["user"].split(":")[0]) - time.time()
        self.assertTrue(3500 < life <= 7200, life)
        other = self.server.turn(self.server.token("turn"))
        self.assertNotEqual(other.json["user"].split(":")[1], answer.json["user"].split(":")[1])

    def test_a_stale_nonce_and_nonsense_burn_no_token(self):
        token = self.server.token("turn")
        self.assertEqual(self.server.turn(token, nonce=os.urandom(16)).problem, "bad-request")
        for body in (client.pad({}), client.pad({"nonce": "x"}), client.pad({"nonce": 1}), bytes(1024)):
            self.assertEqual(self.server.call("bridged", "POST", "/v1/turn", body, token=token).problem, "bad-request")
        self.assertEqual(self.server.turn(token).status, 201)

    def test_tokens_of_other_operations_and_spent_ones_buy_none(self):
        self.assertEqual(self.server.turn(self.server.token("prekey")).problem, "token-required")
        token, before = self.server.token("turn"), self.server.nonce("bridged")
        self.assertEqual(self.server.turn(token).status, 201)
        other = self.server.call("bridged", "POST", "/v1/turn", client.pad({"nonce": client.b64(before), "x": 1}), token=token)
        self.assertEqual(other.problem, "token-required")
