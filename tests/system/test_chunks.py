# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: pieces of files are kept for who has their secrets, in a bounded room, and never push messages out."""
import os

import client
from bed import Bed, blob, until


class Chunks(Bed):
    def test_a_piece_of_either_size_comes_back_for_its_read_secret_only(self):
        for size in client.CHUNKS:
            piece = client.Chunk(self.server, os.urandom(size))
            self.assertEqual((piece.put().status, piece.get().status), (201, 200))
            self.assertEqual(piece.get().body, piece.body)
            none = self.server.call("blobd", "GET", client.Chunk(self.server, b"").path, headers=piece.with_(piece.read))
            for secret in (piece.delete, os.urandom(32), b"short"):
                answer = piece.get(secret)
                self.assertEqual((answer.status, answer.body), (404, none.body))

    def test_it_is_kept_out_of_line_and_uncompressed_with_hashes_of_its_secrets(self):
        piece = client.Chunk(self.server, bytes(client.CHUNKS[1])) # zeros
        self.assertEqual(piece.put().status, 201)
        row = self.stack.sql("SELECT encode(read_hash, 'hex'), encode(delete_hash, 'hex'), pg_column_size(body) FROM sotto.chunk "
                             f"WHERE id = '{piece.id.hex()}'")
        self.assertEqual(row, f"{client.h256(piece.read).hex()}|{client.h256(piece.delete).hex()}|{client.CHUNKS[1]}")
        toast = self.stack.sql("SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'sotto.chunk'::regclass")
        self.assertGreaterEqual(int(self.stack.sql(f"SELECT sum(length(chunk_data)) FROM {toast}")), client.CHUNKS[1])

    def test_only_the_delete_secret_ends_it_and_the_answer_never_tells(self):
        piece = client.Chunk(self.server, os.urandom(client.CHUNKS[0]))
        piece.put()
        wrong = piece.end(piece.read)
        self.assertEqual((wrong.status, piece.get().status), (200, 200))
        for _ in range(2):
            answer = piece.end()
            self.assertEqual((answer.status, answer.body, piece.get().status), (200, wrong.body, 404))

    def test_a_repeat_is_the_same_and_the_first_body_stays(self):
        piece = client.Chunk(self.server, os.urandom(client.CHUNKS[0]))
        first = piece.body
        self.assertEqual([piece.put().status for _ in range(2)], [201] * 2)
        piece.body = os.urandom(client.CHUNKS[0])
        self.assertEqual((piece.put().status, piece.get().body), (201, first))
        thief = client.Chunk(self.server, piece.body, piece.id)
        answer = thief.put()
        self.assertEqual((answer.status, answer.problem, thief.get().status), (409, "conflict", 404))

    def test_other_sizes_and_other_days_are_refused(self):
        for size in (0, 1, client.CHUNKS[0] - 1, client.CHUNKS[0] + 1, client.CHUNKS[1] - 1, client.CHUNKS[1] + 1):
            piece = client.Chunk(self.server, bytes(size))
            with client.Http(self.server.paths["blobd"]) as http:  # a large one is judged before it comes
                http.putrequest("POST", "/v1/chunks")
                for name, value in piece.headers().items():
                    http.putheader(name, value)
                http.endheaders(piece.whole() if size < 1 << 17 else None)
                self.assertEqual(http.getresponse().status, 413)
        for days in (0, 22, 255):
            piece = client.Chunk(self.server, bytes(client.CHUNKS[0]), days=days)
            self.assertEqual((piece.put().status, piece.get().status), (400, 404))

    def test_a_piece_costs_a_token_that_what_is_refused_does_not_burn(self):
        piece, other = (client.Chunk(self.server, os.urandom(client.CHUNKS[0])) for _ in range(2))
        self.assertEqual(self.server.call("blobd", "POST", "/v1/chunks", piece.whole(), {
            "Idempotency-Key": client.b64(piece.id)}).problem, "token-required")
        piece.days = 0
        self.assertEqual(piece.put().status, 400)
        piece.days, other.token = 21, piece.headers() and piece.token
        self.assertEqual((piece.put().status, other.put().status, other.get().status), (201, 401, 404))
        piece.end()
        self.assertEqual((piece.put().status, piece.get().status), (201, 404))  # the same request: paid once, ended since

    def test_the_last_day_counts_and_the_sweep_takes_what_is_over(self):
        kept, over = (client.Chunk(self.server, bytes(client.CHUNKS[0]), days=1) for _ in range(2))
        for piece, age in ((kept, 1), (over, 2)):
            piece.put()
            self.stack.sql(f"UPDATE sotto.chunk SET expires_on = expires_on - {age} WHERE id = '{piece.id.hex()}'")
        self.assertEqual((kept.get().status, over.get().status), (200, 404))
        self.stack.sottoctl("sweep")
        left = self.stack.sql(f"SELECT count(*) FROM sotto.chunk WHERE id IN ('{kept.id.hex()}', '{over.id.hex()}')")
        self.assertEqual((left, kept.get().status), ("1", 200))

    def test_forty_slow_uploads_hold_a_bounded_room_and_messages_go_on(self):
        pieces = [client.Chunk(self.server, os.urandom(client.CHUNKS[1])) for _ in range(40)]
        uploads = []
        for piece in pieces:
            http = client.Http(self.server.paths["blobd"])
            self.addCleanup(http.close)
            http.putrequest("POST", "/v1/chunks")
            for name, value in piece.headers().items():
                http.putheader(name, value)
            http.endheaders(piece.whole()[:-1])
            uploads.append(http)
        self.assertEqual(self.mailbox().put(blob()).status, 201)
        statuses = []
        for piece, http in zip(pieces, uploads):
            http.send(piece.whole()[-1:])
            statuses.append(http.getresponse().status)
        self.assertEqual(set(statuses), {201, 503})
        self.assertLessEqual(statuses.count(201), 15)   # 16 MiB of bodies, head and all
        late = pieces[statuses.index(503)]
        self.assertEqual((late.put().status, late.get().body), (201, late.body))


class LittleRoom(Bed):
    settings = {"chunk_mb": 1}

    def test_what_is_over_the_room_for_all_is_refused_and_a_repeat_is_not(self):
        first, second = (client.Chunk(self.server, os.urandom(client.CHUNKS[n])) for n in (1, 0))
        self.assertEqual(first.put().status, 201)
        answer = second.put()
        self.assertEqual((answer.status, answer.problem), (507, "chunks-full"))
        self.assertEqual((first.put().status, second.get().status), (201, 404))
        self.stack.restart("blobd")   # which counts what is there
        until("the room is counted", lambda: client.Chunk(self.server, second.body).put().status == 507)
