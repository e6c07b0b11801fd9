"""A range moves from one shard to the other and back while clients claim: half of them through the proxy, the others on whatever shard
they like, as misconfigured ones would. The operator errs in between. Then what they were told is judged, and every duty is asked for
once more with another message. In the end the ledgers are sabotaged, and the same judge must find it out.

Usage: moves.py SECONDS FOLDER, after docs/sharding.md was told. The last line is `N passed, N failed`."""

import collections
import json
import multiprocessing
import pathlib
import random
import sys
import time
import uuid

import judge
import psycopg

seconds, folder = float(sys.argv[1]), pathlib.Path(sys.argv[2])
counted = {"passed": 0, "failed": 0}

CLIENTS, VARIANTS = 8, 3
VALIDATORS = [f"0x{byte:02x}" + f"{number:02x}" * 47 for number, byte in enumerate(range(0x08, 0x100, 0x10))]
FIRST, BELOW, HALF, LAST = "0x" + "00" * 48, "0x7f" + "ff" * 47, "0x80" + "00" * 47, "0x" + "ff" * 48
# What moves.
FROM, TO = "0x40" + "00" * 47, BELOW
# Asks before the next slot.
ASKS = 60
# For what never comes.
PATIENCE = 120

BLOCK = "SELECT outcome, details ->> 'cause', lock_token FROM {}try_acquire_block(%s, %s, %s, %s, %s, request_id => %s)"
VOTE = "SELECT outcome, details ->> 'cause', lock_token FROM {}try_acquire_attestation(%s, %s, %s, %s, %s, %s, request_id => %s)"


def check(name, faults, must_find=False):
    faults = list(faults)
    good = bool(faults) == must_find
    counted["passed" if good else "failed"] += 1
    print(f"ok: {name}" if good else f"FAILED: {name}", flush=True)
    if must_find:
        faults = faults[:1] or ["nothing was found"]
    for fault in faults[:20]:
        print(f"    {fault}", flush=True)


def same(name, expected, answered):
    check(name, [] if expected == answered else [f"expected {expected}, answered {answered}"])


def connect(service, user):
    return psycopg.connect(f"service={service} user={user}", autocommit=True)


def sqlstate(connection, statement, arguments):
    """Of what must be refused; None where it was not."""
    try:
        connection.execute(statement, arguments)
    except psycopg.Error as error:
        return error.sqlstate
    return None


class Client:
    """Asks through the proxy, or straight at the shards."""

    def __init__(self, chain, number, counter):
        self.chain, self.name, self.counter = chain, f"node {number}", counter
        self.dice = random.Random(f"{chain} {number}")
        if number % 2 == 0:
            self.places = {"proxy": connect("proxy", "node")}
        else:
            self.places = {shard: connect(shard, "signer") for shard in ("shard_one", "shard_two")}
        self.events = []

    def turn(self):
        with self.counter.get_lock():
            self.counter.value += 1
            at = 1000 + self.counter.value // ASKS
        dice = self.dice
        where = dice.choice(list(self.places))
        connection = self.places[where]
        schema = "" if where == "proxy" else "slashguard."
        validator, message = dice.choice(VALIDATORS), f"0x{dice.randrange(VARIANTS):064x}"
        event = {"validator": validator, "at": at, "source": None, "hash": message, "where": where}
        request = uuid.UUID(int=dice.getrandbits(128))
        if dice.random() < 0.5:
            event["kind"] = "block"
            statement, arguments = BLOCK, (self.chain, validator, at, message, self.name, request)
        else:
            event["kind"], event["source"] = "attestation", at - dice.choice([1, 2, 3])
            statement, arguments = VOTE, (self.chain, validator, event["source"], at, message, self.name, request)
        answer = connection.execute(statement.format(schema), arguments).fetchone()
        event["outcome"], event["cause"], token = answer
        self.events.append(event)
        if token is not None and dice.random() < 0.5:
            self.record(event, connection, schema, token)

    def record(self, event, connection, schema, token):
        arguments = (token, "0x" + self.dice.randbytes(96).hex())
        if schema == "":
            arguments = (event["validator"], *arguments)
        call = f"SELECT {schema}record_signature({', '.join(['%s'] * len(arguments))})"
        try:
            event["signed"] = connection.execute(call, arguments).fetchone()[0] is not None
        except psycopg.Error as error:
            # The map has changed since the claim, and the token goes to the other shard.
            if error.sqlstate != "22023":
                raise


def run(chain, number, counter, stop, file):
    client = Client(chain, number, counter)
    while not stop.is_set():
        client.turn()
    file.write_text(json.dumps(client.events))


class Storm:
    def __init__(self, chain):
        self.stop, self.counter = multiprocessing.Event(), multiprocessing.Value("Q", 0)
        self.files = [folder / f"{chain}-{number}.json" for number in range(CLIENTS)]
        self.processes = [
            multiprocessing.Process(target=run, args=(chain, number, self.counter, self.stop, file), daemon=True)
            for number, file in enumerate(self.files)
        ]
        for process in self.processes:
            process.start()

    def go_on(self):
        """For a time, and until enough was asked."""
        asked, began = self.counter.value, time.monotonic()
        while time.monotonic() < began + seconds or self.counter.value < asked + 10 * ASKS:
            time.sleep(0.05)
            if time.monotonic() > began + PATIENCE:
                raise SystemExit("the clients do not get on")

    def end(self):
        self.stop.set()
        for process in self.processes:
            process.join(PATIENCE)
            if process.exitcode != 0:
                raise SystemExit(f"a client ended with {process.exitcode}")
        return [event for file in self.files for event in json.loads(file.read_text())]


class Operator:
    def __init__(self, chain):
        self.chain = chain
        self.shards = {shard: connect(shard, "keeper") for shard in ("shard_one", "shard_two")}
        self.proxy = connect("proxy", "postgres")

    def ask(self, shard, statement, *arguments):
        return self.shards[shard].execute(statement, (self.chain, *arguments)).fetchone()[0]

    def register(self, identity):
        for shard, first, last in (("shard_one", FIRST, BELOW), ("shard_two", HALF, LAST)):
            self.ask(shard, "SELECT slashguard.register_chain(%s, 'ethereum', %s, '2020-01-01 00:00+00', '12 s', %s)", identity, json.dumps(
                {"first_use": "trust", "signature_scheme": "none", "horizon_slots": None}))
            self.ask(shard, "SELECT slashguard.own_validators(%s, %s, %s)", first, last)

    def set_map(self, shard):
        with self.proxy.transaction():
            self.proxy.execute("DELETE FROM validator_map")
            self.proxy.execute("INSERT INTO validator_map VALUES (%s, %s, 0), (%s, %s, %s), (%s, %s, 1)", (
                FIRST, "0x3f" + "ff" * 47, FROM, TO, 0 if shard == "shard_one" else 1, HALF, LAST))

    def move(self, here, there, map_first):
        refused = lambda shard, statement, *arguments: sqlstate(self.shards[shard], statement, (self.chain, *arguments))
        recipient = self.shards[there].execute("SELECT slashguard.ledger_id()").fetchone()[0]
        own = "SELECT slashguard.own_validators(%s, %s, %s, %s)"
        disown = "SELECT slashguard.disown_validators(%s, %s, %s, %s)"
        same(f"{here}: not disowned before it is frozen", "55000", refused(here, disown, FROM, TO, recipient))
        if map_first:
            self.set_map(there)
        self.ask(here, "SELECT slashguard.freeze_validators(%s, %s, %s, 'moves')", FROM, TO)
        self.ask(there, "SELECT count(*) FROM slashguard.import_eip3076(%s, %s)", self.export(here))
        same(f"{there}: not owned before it is disowned", "55000", refused(there, own, FROM, TO, None))
        same(f"{there}: not unfrozen", "55000", refused(there, "SELECT slashguard.unfreeze(%s, %s)", VALIDATORS[5]))
        receipt = self.ask(here, disown, FROM, TO, recipient)
        same(f"{here}: the same receipt again", receipt, self.ask(here, disown, FROM, TO, recipient))
        same(f"{here}: it does not own it by its own receipt", "22023", refused(here, own, FROM, TO, receipt))
        same(f"{here}: not unfrozen any more", "55000", refused(here, "SELECT slashguard.unfreeze_validators(%s, %s, %s)", FROM, TO))
        same(f"{there}: not another range", "22023", refused(there, own, FROM, "0x5f" + "ff" * 47, receipt))
        same(f"{there} owns it", True, self.ask(there, own, FROM, TO, receipt))
        self.set_map(there)
        return receipt

    def export(self, here):
        validators = self.ask(here, "SELECT array_agg(validator) FROM slashguard.validators WHERE chain = %s AND validator BETWEEN %s AND %s", FROM, TO)
        return self.ask(here, "SELECT slashguard.export_eip3076(%s, %s)", validators)


RECORDS = """SELECT validator, CASE duty_type WHEN 'BLOCK' THEN 'block' ELSE 'attestation' END,
                    CASE duty_type WHEN 'BLOCK' THEN slot ELSE target_epoch END, message_hash, signature IS NOT NULL
               FROM slashguard.duties WHERE chain = %s"""


def owner(validator):
    """In the end."""
    return "shard_one" if validator < HALF else "shard_two"


def judge_all(operator, events):
    check("no duty was granted for two messages", judge.double_messages(events))
    check("no vote surrounds another", judge.surrounding_votes(events))
    records, signed = collections.defaultdict(set), set()
    for shard, connection in operator.shards.items():
        for validator, kind, at, message, is_signed in connection.execute(RECORDS, (operator.chain,)):
            if is_signed:
                signed.add((validator, kind, at))
            if owner(validator) == shard:
                records[validator, kind, at].add(message)
    check("nothing that was granted is lost", judge.lost(events, records))
    check("no signature is lost", judge.lost_signatures(events, signed))


def ask_again(chain, events):
    """Every duty, with a message that nobody has asked for, everywhere."""
    connections = {"proxy": connect("proxy", "node"), **{shard: connect(shard, "signer") for shard in ("shard_one", "shard_two")}}
    for validator, kind, at in sorted(judge.granted(events)):
        for where, connection in connections.items():
            schema = "" if where == "proxy" else "slashguard."
            other = "0x" + "ff" * 32
            if kind == "block":
                statement, arguments = BLOCK, (chain, validator, at, other, "another node", None)
            else:
                statement, arguments = VOTE, (chain, validator, at - 1, at, other, "another node", None)
            outcome = connection.execute(statement.format(schema), arguments).fetchone()[0]
            if outcome in judge.MAY_SIGN:
                yield f"{where}: {kind} {at} of {validator} once more: {outcome}"


def move_there_and_back():
    operator = Operator("load")
    operator.register("0x" + "a1" * 32)
    operator.set_map("shard_one")
    storm = Storm("load")
    storm.go_on()
    first = operator.move("shard_one", "shard_two", map_first=False)
    storm.go_on()
    operator.move("shard_two", "shard_one", map_first=True)
    same("shard_two: a receipt is used once", "55000", sqlstate(
        operator.shards["shard_two"], "SELECT slashguard.own_validators('load', %s, %s, %s)", (FROM, TO, first)))
    storm.go_on()
    events = storm.end()
    print(f"{len(events)} answers, {len(judge.granted(events))} duties granted")
    check("enough has happened", judge.missing(events, [
        ("acquired", None, "proxy"), ("acquired", None, "shard_one"), ("acquired", None, "shard_two"), ("conflict", None, "proxy"),
        ("in_progress", None, "proxy"), ("already_signed", None, "proxy"),
        ("halted", "not_owned", "shard_one"), ("halted", "not_owned", "shard_two")]))
    moved = [event for event in events if FROM <= event["validator"] <= TO]
    check("the range was granted on both shards", judge.missing(
        moved, [("acquired", None, shard) for shard in ("shard_one", "shard_two")]))
    judge_all(operator, events)
    check("nothing is granted for another message, wherever it is asked", ask_again("load", events))


def sabotage():
    """Both shards own the range, against every rule."""
    operator = Operator("sabotaged")
    operator.register("0x" + "a2" * 32)
    operator.set_map("shard_one")
    connect("shard_two", "postgres").execute(
        """INSERT INTO slashguard.validator_range (chain_id, first_validator, last_validator, owned_at)
           SELECT id, decode(substr(%s, 3), 'hex'), decode(substr(%s, 3), 'hex'), now() FROM slashguard.chain WHERE name = 'sabotaged'""",
        (FROM, TO))
    storm = Storm("sabotaged")
    storm.go_on()
    check("the judge finds out that two shards grant", judge.double_messages(storm.end()), must_find=True)


move_there_and_back()
sabotage()
print(f"{counted['passed']} passed, {counted['failed']} failed")
sys.exit(1 if counted["failed"] or not counted["passed"] else 0)
