"""One client of the storm: a connection of its own that asks for withdrawals, and keeps what it was told.

What was told is kept as events, each with the moments before the call and after its answer, on the one clock of the machine:
  ask        signer, request, hash, content; outcome, cause, how, token. outcome None: the connection was lost
  record     the token's signer, request and hash; signature; result: recorded, an SQLSTATE, or None
  release    the same; certainly; result: True, False, an SQLSTATE, or None"""

import hashlib
import json
import random
import re
import time
import uuid

import psycopg

SIGNERS = [f"0x{digit * 40}" for digit in "123"]
# Withdrawals of a recipient, and messages that are asked for each of them.
REQUESTS, VARIANTS = 6, 3
# Recipients that are asked for at a time, and asks before the first of them gives way to another.
RECIPIENTS, ASKS = 3, 150

ASK = """SELECT outcome, lock_token, reason, details ->> 'cause' FROM slashguard.try_acquire_withdrawal(
    'storm', %s, %s, %s, %s, %s, %s, %s, lease_ms => %s, request_id => %s, wait_ms => %s)"""


def withdrawal(recipient, place, variant):
    """The same for every client."""
    dice = random.Random(f"{recipient} {place} {variant}")
    request = recipient * REQUESTS + place
    return {
        "request": f"0x{request:064x}",
        "hash": "0x" + hashlib.sha256(f"{request} {variant}".encode()).hexdigest(),
        "recipient": f"0x{recipient:040x}",
        "amount": dice.randint(5, 60),
        "sequence": request,
    }


class Client:
    def __init__(self, number, seed, connection_string, asks):
        self.name = f"bridge {number}"
        self.dice = random.Random(f"{seed} {number}")
        self.connection_string = connection_string
        self.asks = asks
        self.events = []
        self.connection = None

    def call(self, statement, arguments):
        """The row, or the SQLSTATE; None where the connection was lost. With the moments before and after."""
        while self.connection is None:
            try:
                self.connection = psycopg.connect(self.connection_string, autocommit=True, application_name=self.name)
            except psycopg.OperationalError:
                time.sleep(0.01)
        sent = time.monotonic()
        try:
            answer = self.connection.execute(statement, arguments).fetchone()
        except psycopg.Error as error:
            answer = None
            # Whatever ended the session has come before the end was noticed: so nothing of it takes effect afterwards.
            if self.connection.broken or error.sqlstate is None or error.sqlstate == "57P01":
                self.connection.close()
                self.connection = None
            else:
                answer = error.sqlstate
        return answer, {"sent": sent, "answered": time.monotonic()}

    def ask(self):
        with self.asks.get_lock():
            number = self.asks.value
            self.asks.value += 1
        dice = self.dice
        wanted = withdrawal(number // ASKS + dice.randrange(RECIPIENTS), dice.randrange(REQUESTS), dice.randrange(VARIANTS))
        if dice.random() < 0.1:
            # The same hash, and something else is said to be behind it.
            wanted["amount"] += 1
        signer = dice.choice(SIGNERS)
        arguments = (
            signer, wanted["request"], wanted["recipient"], wanted["amount"], wanted["sequence"], wanted["hash"], self.name,
            dice.choice([1, 5, 20, 1000]), uuid.UUID(int=dice.getrandbits(128)), dice.choice([0, 0, 0, 10]))
        while True:
            answer, moments = self.call(ASK, arguments)
            event = {"what": "ask", "signer": signer, **wanted, **moments, "outcome": None, "cause": None, "token": None, "how": None}
            if isinstance(answer, str):
                event["outcome"] = answer
            elif answer is not None:
                event["outcome"], event["token"], reason, event["cause"] = answer
                event["how"] = re.match("granted|taken over|the same request again", reason)[0] if event["token"] else None
            self.events.append(event)
            if answer is not None or dice.random() < 0.3:
                return event

    def told(self, what, event, answer, moments, **more):
        result = answer[0] if isinstance(answer, tuple) else answer
        kept = {key: event[key] for key in ("signer", "request", "hash", "token")}
        self.events.append({"what": what, **kept, **moments, "result": result, **more})

    def record(self, event):
        signature = "0x" + self.dice.randbytes(65).hex()
        answer, moments = self.call(
            "SELECT CASE WHEN slashguard.record_signature(%s, %s) IS NOT NULL THEN 'recorded' END", (event["token"], signature))
        self.told("record", event, answer, moments, signature=signature)

    def release(self, event, certainly):
        answer, moments = self.call("SELECT slashguard.release_duty(%s, %s)", (event["token"], certainly))
        self.told("release", event, answer, moments, certainly=certainly)

    def turn(self):
        event = self.ask()
        if event["token"] is None:
            return
        # Some leases end meanwhile.
        time.sleep(self.dice.choice([0, 0, 0.002, 0.01]))
        step = self.dice.random()
        if step < 0.3:
            self.record(event)
        elif step < 0.6:
            self.release(event, certainly=False)
            if self.dice.random() < 0.2:
                self.record(event)
        elif step < 0.85:
            self.release(event, certainly=True)
        # Else it is a node that died.


def run(number, seed, connection_string, asks, stop, file):
    client = Client(number, seed, connection_string, asks)
    while not stop.is_set():
        client.turn()
    with open(file, "w", encoding="ascii") as kept:
        json.dump(client.events, kept)
