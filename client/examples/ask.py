#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes to a contact and waits for an answer: libsotto from Python, by ctypes alone.

    ask.py DIR HOST:PORT CONTACT TEXT        the profile, and Tor's SOCKS port; the passphrase comes on the input
"""
import ctypes
import select
import sys

sotto = ctypes.CDLL("libsotto.so.0")
ENDED, CAME = 4, 0


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("dir", ctypes.c_char_p), ("socks", ctypes.c_char_p),
                ("decoy", ctypes.c_bool), ("fast", ctypes.c_bool)]


class Message(ctypes.Structure):
    _fields_ = [("id", ctypes.c_int64), ("contact", ctypes.c_char_p), ("contact_state", ctypes.c_int),
                ("state", ctypes.c_int), ("read", ctypes.c_bool), ("number", ctypes.c_int64),
                ("at_s", ctypes.c_int64), ("text", ctypes.c_char_p)]


OnMessage = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Message))
OnEvent = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
sotto.sotto_text.restype = ctypes.c_char_p


def must(result):
    if result:
        sys.exit("ask: " + sotto.sotto_text(result).decode())


def main(folder, socks, contact, text):
    handle, fd, answers = ctypes.c_void_p(), ctypes.c_int(), []
    options = Options(ctypes.sizeof(Options), folder, socks, False, False)
    must(sotto.sotto_open(ctypes.byref(handle), ctypes.byref(options), sys.stdin.buffer.readline().rstrip(b"\n")))

    @OnMessage
    def on_message(_, message):
        if message[0].contact == contact and message[0].state == CAME:
            answers.append(message[0].text)   # a copy: the message lives until we return
        return 0

    @OnEvent
    def on_event(_, event):
        if event == ENDED:
            must(sotto.sotto_unwatch(handle))
        return sotto.sotto_unread(handle, on_message, None)

    must(sotto.sotto_write(handle, contact, text))
    must(sotto.sotto_watch(handle, ctypes.byref(fd)))
    while not answers:
        select.select([fd.value], [], [])
        must(sotto.sotto_events(handle, on_event, None))
    sys.stdout.buffer.write(b"\n".join(answers) + b"\n")
    sotto.sotto_close(handle)


if __name__ == "__main__":
    main(*(word.encode() for word in sys.argv[1:]))
