"""The bare protocol: what exactly is sent, and every message that comes back, as it comes."""

import os
import select
import socket
import struct


def text(value):
    return value.encode() + b"\0"


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def query(sql):
    return message(b"Q", text(sql))


def run(sql, most_rows=0):
    """Parse, Bind, Describe, Execute."""
    return (message(b"P", text("") + text(sql) + struct.pack("!H", 0)) + message(b"B", text("") + text("") + struct.pack("!HHH", 0, 0, 0))
            + message(b"D", b"P" + text("")) + message(b"E", text("") + struct.pack("!I", most_rows)))


SYNC, FLUSH = message(b"S"), message(b"H")


class Bare:
    def __init__(self, database, user="postgres", **settings):
        self.server = socket.socket(socket.AF_UNIX)
        self.server.settimeout(120)
        self.server.connect(f"{os.environ['PGHOST']}/.s.PGSQL.{os.environ['PGPORT']}")
        self.buffer = b""
        parameters = "".join(f"{name}\0{value}\0" for name, value in {"user": user, "database": database, **settings}.items())
        start = struct.pack("!I", 196608) + parameters.encode() + b"\0"
        self.server.sendall(struct.pack("!I", len(start) + 4) + start)
        self.pid = None
        for kind, body in self.until(b"Z"):
            if kind == b"K":
                self.pid = struct.unpack("!I", body[:4])[0]

    def send(self, *messages):
        self.server.sendall(b"".join(messages))

    def _next(self):
        if len(self.buffer) >= 5:
            length = struct.unpack("!I", self.buffer[1:5])[0] + 1
            if len(self.buffer) >= length:
                found, self.buffer = self.buffer[:length], self.buffer[length:]
                return found[:1], found[5:]
        return None

    def so_far(self):
        """What has come until now, without waiting."""
        found = []
        while True:
            while one := self._next():
                found.append(one)
            if not select.select([self.server], [], [], 0)[0]:
                return found
            more = self.server.recv(1 << 20)
            if not more:
                return found
            self.buffer += more

    def until(self, *last):
        """Up to a message of these kinds, or to the end of the connection."""
        found = []
        while not found or found[-1][0] not in last:
            one = self._next()
            if one:
                found.append(one)
                continue
            try:
                more = self.server.recv(1 << 20)
            except ConnectionError:
                more = b""
            if not more:
                return found + [(b"", b"")]
            self.buffer += more
        return found

    def ask(self, *messages):
        self.send(*messages)
        return self.until(b"Z")

    def close(self):
        self.server.close()


def kinds(messages):
    return b"".join(kind or b"!" for kind, _ in messages).decode()


def errors(messages):
    """The SQLSTATEs."""
    return [next(field[1:].decode() for field in body.split(b"\0") if field[:1] == b"C") for kind, body in messages if kind == b"E"]


def rows(messages):
    """The first column of each row, as text."""
    found = []
    for kind, body in messages:
        if kind == b"D":
            length = struct.unpack("!i", body[2:6])[0]
            found.append(body[6:6 + length].decode() if length >= 0 else None)
    return found
