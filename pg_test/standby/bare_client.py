#!/usr/bin/env python3
"""bare_client.py WAY SQL: sends one statement in the bare protocol and prints every message that comes back.

WAY is how it is sent:
  simple     as a simple query
  extended   Parse, Bind, Execute, Sync
  prepared   the same by a named statement that was prepared before
  flush      Parse, Bind, Execute, Flush, and no Sync: the server is made to send what it has
  pipelined  Parse, Bind, Execute, and before any answer, in the same pipeline, an INSERT INTO behind, then Sync
  ahead      a simple query, and before any answer a second one, INSERT INTO behind
  cancelled  a simple query that this client itself cancels as soon as `cancel` comes on standard input

Each message is one line: its name, then its text. The last line is `closed` when the server ended the connection, `ready`
when it is ready for the next query, `flushed` when it has completed what was sent without Sync. Where the server is comes
from PGHOST, PGPORT, PGUSER, PGDATABASE and PGAPPNAME.
"""
import os
import socket
import struct
import sys

NAMES = {b"D": "row", b"C": "complete", b"N": "notice", b"E": "error", b"T": "columns", b"1": "parsed", b"2": "bound",
         b"Z": "ready", b"S": "setting", b"A": "notification", b"I": "empty", b"s": "suspended", b"t": "parameters",
         b"n": "no columns", b"3": "closed a portal"}
# A server that says nothing for so long says nothing any more.
SILENCE = 120
BEHIND = "INSERT INTO behind VALUES (1)"


def connect():
    server = socket.socket(socket.AF_UNIX)
    server.settimeout(SILENCE)
    server.connect(f"{os.environ['PGHOST']}/.s.PGSQL.{os.environ['PGPORT']}")
    return server


def text(value):
    return value.encode() + b"\0"


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def query(sql):
    return message(b"Q", text(sql))


def parse(sql, name=""):
    return message(b"P", text(name) + text(sql) + struct.pack("!H", 0))


def execute(name=""):
    bind = text("") + text(name) + struct.pack("!HHH", 0, 0, 0)
    return message(b"B", bind) + message(b"E", text("") + struct.pack("!I", 0))


SYNC, FLUSH = message(b"S"), message(b"H")


class Session:
    def __init__(self):
        self.server = connect()
        self.heard = self.server.makefile("rb")
        self.key = b""
        parameters = "".join(f"{name}\0{os.environ[variable]}\0" for name, variable in (
            ("user", "PGUSER"), ("database", "PGDATABASE"), ("application_name", "PGAPPNAME")))
        start = struct.pack("!I", 196608) + parameters.encode() + b"\0"
        self.server.sendall(struct.pack("!I", len(start) + 4) + start)
        for kind, body in self.until(b"Z"):
            if kind == b"K":
                self.key = body
            if kind == b"E":
                sys.exit(f"not let in: {shown(kind, body)}")

    def until(self, *last):
        """Messages up to one of these kinds, or to the end of the connection, which is a None."""
        while True:
            head = self.heard.read(5)
            if len(head) < 5:
                yield None, b""
                return
            kind = head[:1]
            body = self.heard.read(struct.unpack("!I", head[1:])[0] - 4)
            yield kind, body
            if kind in last:
                return

    def cancel(self):
        with connect() as other:
            other.sendall(struct.pack("!II", 16, 80877102) + self.key)
            other.recv(1)


def shown(kind, body):
    if kind in (b"N", b"E"):
        fields = {field[:1]: field[1:].decode() for field in body.split(b"\0") if field}
        return f"{fields[b'S']} {fields[b'C']} {fields[b'M']}"
    if kind == b"D":
        values, at = [], 2
        for _ in range(struct.unpack("!H", body[:2])[0]):
            length = struct.unpack("!i", body[at:at + 4])[0]
            at += 4
            values.append(body[at:at + max(length, 0)].decode())
            at += max(length, 0)
        return "|".join(values)
    return body.rstrip(b"\0").decode() if kind == b"C" else ""


def main(way, sql):
    session = Session()
    if way == "prepared":
        session.server.sendall(parse(sql, "asked") + SYNC)
        for kind, body in session.until(b"Z"):
            if kind == b"E":
                sys.exit(f"not prepared: {shown(kind, body)}")
    session.server.sendall({
        "simple": lambda: query(sql),
        "cancelled": lambda: query(sql),
        "extended": lambda: parse(sql) + execute() + SYNC,
        "prepared": lambda: execute("asked") + SYNC,
        "flush": lambda: parse(sql) + execute() + FLUSH,
        "pipelined": lambda: parse(sql) + execute() + parse(BEHIND) + execute() + SYNC,
        "ahead": lambda: query(sql) + query(BEHIND),
    }[way]())
    if way == "cancelled":
        if sys.stdin.readline().strip() != "cancel":
            sys.exit("nobody said when to cancel")
        session.cancel()
    last = b"C" if way == "flush" else b"Z"
    for kind, body in session.until(last):
        if kind is None:
            print("closed")
        elif kind == b"Z":
            print("ready")
        else:
            print(NAMES.get(kind, repr(kind)), shown(kind, body), flush=True)
            if kind == last:
                print("flushed")


main(*sys.argv[1:])
