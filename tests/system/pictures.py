# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of QR codes that our programs draw in a terminal: as a screenshot, and as somebody photographs it."""
import math
import random
import struct
import subprocess
import zlib

DARK, LIGHT = 0, 255


def modules(text):
    """The rows of a code out of half blocks; what is light is drawn."""
    lines = [line for line in text.splitlines() if line and set(line) <= set(" \u2580\u2584\u2588")]
    width, rows = max(map(len, lines)), []
    for line in lines:
        line = line.ljust(width)
        for bright in ("\u2580\u2588", "\u2584\u2588"):
            rows.append([LIGHT if c in bright else DARK for c in line])
    return rows


class Picture:
    def __init__(self, rows):
        self.rows, self.width, self.height = rows, len(rows[0]), len(rows)

    @classmethod
    def of(cls, text, scale=6, margin=40):
        code = modules(text)
        side = max(len(code), len(code[0])) * scale + 2 * margin

        def at(x, y):
            x, y = (x - margin) // scale, (y - margin) // scale
            return code[y][x] if 0 <= y < len(code) and 0 <= x < len(code[0]) else DARK

        return cls([bytes(at(x, y) for x in range(side)) for y in range(side)])

    def photographed(self, degrees=9):
        """Turned, unevenly lit, and with noise, always the same."""
        sin, cos, half = math.sin(math.radians(degrees)), math.cos(math.radians(degrees)), self.width / 2
        dice = random.Random(1)

        def at(x, y):
            u, v = (x - half) * cos - (y - half) * sin + half, (x - half) * sin + (y - half) * cos + half
            inside = 0 <= u < self.width and 0 <= v < self.height
            light = self.rows[int(v)][int(u)] if inside else DARK
            return max(0, min(255, int(60 + light * .5 + x / self.width * 40 + dice.gauss(0, 8))))

        return Picture([bytes(at(x, y) for x in range(self.width)) for y in range(self.height)])

    def png(self):
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 0, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + \
            chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in self.rows))) + chunk(b"IEND", b"")

    def jpeg(self, quality=70):
        pgm = b"P5 %d %d 255\n" % (self.width, self.height) + b"".join(self.rows)
        return subprocess.run(["cjpeg", "-quality", str(quality)], input=pgm, stdout=subprocess.PIPE, check=True).stdout
