"""races.py KEYS SEED: batches at once with batches, single calls and an operator, in processes of the server that are ended now and then. No
check depends on who is faster: what was granted is held against the rules afterwards, and whoever asked must have had an answer or an
error that is to be expected.
"""

import collections
import json
import random
import sys
import threading

import psycopg

from grants import Grants
from report import check, close, same
from twins import connect, state_of

DATABASE = "races"
HASHES = ["0x" + octet * 32 for octet in ("01", "02", "03", "04")]
keys_file, seed = sys.argv[1], sys.argv[2]
operator = connect(DATABASE)
chains = 0


def register(name, rules, **options):
    global chains
    chains += 1
    identity = f"1:0x{chains:040x}" if rules == "aztec" else f"0x{chains:064x}"
    options = {"first_use": "trust", "signature_scheme": "none", "horizon_slots": None, "margin_slots": 1} | options
    operator.execute("SELECT slashguard.register_chain(%s, %s, %s, now() - interval '4000.2 hours', '1 hour', %s)",
                     (name, rules, identity, json.dumps(options)))


def address(number, octets=20):
    return f"0x{number:0{2 * octets}x}"


def together(*works):
    """Each in a thread; they begin at once. What they answer."""
    barrier = threading.Barrier(len(works))
    answers = [None] * len(works)

    def play(place, work):
        barrier.wait()
        answers[place] = work()

    threads = [threading.Thread(target=play, args=one) for one in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def duties(session, chain, validators, slot, hashes, node, lease_ms=3_600_000, duty_type="ATTESTATION"):
    try:
        row = session.execute("CALL slashguard.acquire_duties(%s, %s::text[], %s, %s, %s::text[], %s, lease_ms => %s)",
                              (chain, validators, slot, duty_type, hashes, node, lease_ms)).fetchone()
    except psycopg.Error as error:
        return state_of(error)
    return row["answers"]


def recording(session, tokens, signatures):
    try:
        row = session.execute("CALL slashguard.record_signatures(%s::text[], %s::text[])", (tokens, signatures)).fetchone()
    except psycopg.Error as error:
        return state_of(error)
    return row["answers"]


def committee():
    """Three nodes, 48 duties, each in an order of its own: each duty is granted once, and every node is answered."""
    register("committee", "aztec")
    sessions = [connect(DATABASE) for _ in range(3)]
    validators = [address(n) for n in range(1, 49)]
    dice = random.Random(f"{seed} committee")
    wrong = []
    for slot in range(1, 31):
        grants = Grants()

        def play(place):
            mine = dice.sample(validators, 48)
            answers = duties(sessions[place], "committee", mine, slot, [HASHES[place % 2]] * 48, f"node-{place}")
            if isinstance(answers, str):
                return [answers]
            for validator, answer in zip(mine, answers, strict=True):
                grants.add((validator, slot), HASHES[place % 2], answer)
            return [answer.outcome for answer in answers]

        outcomes = collections.Counter(sum(together(*(lambda place=place: play(place) for place in range(3))), []))
        if outcomes["acquired"] != 48 or outcomes["acquired"] + outcomes["in_progress"] + outcomes["conflict"] != 144 or grants.doubles():
            wrong.append((slot, outcomes, grants.doubles()))
    check("three nodes, 48 duties, 30 slots: each granted once, all answered", not wrong, wrong)


def opposite_orders(signers):
    """What waits for each other in two orders waits for ever, or until Postgres ends one of them: 40P01."""
    register("verified", "aztec", signature_scheme="either")
    sessions = [connect(DATABASE) for _ in range(2)]
    wrong = []
    for number in range(10):
        given = []
        for slot in range(1 + 100 * number, 41 + 100 * number):
            answers = duties(sessions[0], "verified", [s["validator"] for s in signers], slot, [HASHES[0]] * len(signers), "node-1")
            given += [(answer.lock_token, signer["signatures"][HASHES[0]]) for answer, signer in zip(answers, signers, strict=True)]
        orders = [given, given[::-1]]
        found = together(*(lambda place=place: recording(sessions[place], *map(list, zip(*orders[place]))) for place in range(2)))
        wrong += [answer for answer in found if isinstance(answer, str) or any(one.recorded_at is None for one in answer)]
    check("signatures recorded in opposite orders: all are recorded, for both", not wrong, wrong[:3])

    wrong = []
    for number in range(10):
        first = 10_000 + 100 * number
        validators = [s["validator"] for s in signers]
        tokens = [answer.lock_token for slot in range(first, first + 40)
                  for answer in duties(sessions[0], "verified", validators, slot, [HASHES[0]] * len(signers), "node-1", lease_ms=1)]
        signatures = [s["signatures"][HASHES[0]] for s in signers] * 40
        orders = list(zip(tokens, signatures))
        random.Random(f"{seed} {number}").shuffle(orders)

        def take_over():
            return [duties(sessions[1], "verified", validators[::-1], slot, [HASHES[0]] * len(signers), "node-2") for slot in range(first, first + 40)]

        recorded, taken = together(lambda: recording(sessions[0], *map(list, zip(*orders))), take_over)
        wrong += [answer for answer in [recorded, *taken] if isinstance(answer, str)]
    check("signatures recorded while their claims are taken over: all are answered", not wrong, wrong[:3])

    # The places where refusals are noted are few, and of all chains together.
    for name in ("left", "right"):
        register(name, "aztec")
    validators = [address(n) for n in range(1, 3001)]
    duties(sessions[0], "left", validators, 1, [HASHES[0]] * 3000, "node-1")
    duties(sessions[0], "right", validators, 1, [HASHES[0]] * 3000, "node-1")
    wrong = []
    for _ in range(6):
        found = together(lambda: duties(sessions[0], "left", validators, 1, [HASHES[1]] * 3000, "node-2"),
                         lambda: duties(sessions[1], "right", validators[::-1], 1, [HASHES[1]] * 3000, "node-2"))
        wrong += [answer for answer in found if isinstance(answer, str) or any(one.outcome != "conflict" for one in answer)]
    check("many refusals in two chains at once: all are answered", not wrong, wrong[:3])


class Storm:
    """Nodes and an operator, each with a session, who do what comes to them."""

    # Ended by us, or waited for an operator's change or another's commit for two seconds; a file that meets a claim under way.
    EXPECTED = {"57P01", "OperationalError", "55P03"}
    EPOCHS = range(110, 128)

    def __init__(self, name, rules, node_count, rounds):
        self.name, self.rules, self.rounds = name, rules, rounds
        self.octets = 20 if rules == "aztec" else 48
        self.validators = [address(n, self.octets) for n in range(1, 25)]
        self.grants, self.tokens, self.lock = Grants(), [], threading.Lock()
        self.states, self.outcomes = collections.Counter(), collections.Counter()
        self.node_count = node_count
        register(name, rules)

    def play(self):
        together(*(lambda n=n: self.live(f"{self.name}-{n}", self.node) for n in range(self.node_count)),
                 lambda: self.live("operator", self.operate), lambda: self.live("reaper", self.reap))

    def live(self, name, step):
        dice = random.Random(f"{seed} {name}")
        session = None
        for _ in range(self.rounds):
            try:
                session = session or connect(DATABASE, application_name=name)
                step(session, dice, name)
            except psycopg.Error as error:
                self.states[state_of(error)] += 1
                if session and session.closed:
                    session = None

    def told(self, key, message_hash, answer, vote=None):
        with self.lock:
            self.outcomes[answer.outcome] += 1
            self.grants.add(key, message_hash, answer, vote)
            if answer.lock_token:
                self.tokens.append(answer.lock_token)

    def node(self, session, dice, name):
        dice.choice([self.batch, self.batch, self.single, self.record, self.record_one, self.extend])(session, dice, name)

    def wanted(self, dice):
        if self.rules == "aztec":
            return {"slot": dice.randint(3990, 4002)}
        target = dice.choice(self.EPOCHS)
        return {"source": target - dice.choice([0, 1, 1, 2, 4, 9]), "target": target}

    def batch(self, session, dice, name):
        mine = dice.sample(self.validators, dice.choice([3, 12, 24]))
        hashes = dice.choices(HASHES, [8, 1, 1, 0], k=len(mine))
        if self.rules == "aztec":
            slot = self.wanted(dice)["slot"]
            row = session.execute("CALL slashguard.acquire_duties(%s, %s::text[], %s, 'ATTESTATION', %s::text[], %s, lease_ms => %s)",
                                  (self.name, mine, slot, hashes, name, dice.choice([1, 3_600_000]))).fetchone()
            for validator, message_hash, answer in zip(mine, hashes, row["answers"], strict=True):
                self.told((validator, slot), message_hash, answer)
            return
        one = self.wanted(dice)
        votes = [one if dice.random() < 0.8 else self.wanted(dice) for _ in mine]
        row = session.execute("CALL slashguard.acquire_attestations(%s, %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s, lease_ms => %s)",
                              (self.name, mine, [v["source"] for v in votes], [v["target"] for v in votes], hashes, name,
                               dice.choice([1, 3_600_000]))).fetchone()
        for validator, vote, message_hash, answer in zip(mine, votes, hashes, row["answers"], strict=True):
            self.told((validator, vote["target"]), message_hash, answer, (vote["source"], vote["target"]))

    def single(self, session, dice, name):
        validator, message_hash, wanted = dice.choice(self.validators), dice.choices(HASHES, [8, 1, 1, 0])[0], self.wanted(dice)
        if self.rules == "aztec":
            answer = session.execute("SELECT (a).* FROM slashguard.try_acquire_duty(%s, %s, %s, 'ATTESTATION', %s, %s) AS a",
                                     (self.name, validator, wanted["slot"], message_hash, name)).fetchone()
            self.told((validator, wanted["slot"]), message_hash, Answer(answer))
            return
        answer = session.execute("SELECT (a).* FROM slashguard.try_acquire_attestation(%s, %s, %s, %s, %s, %s) AS a",
                                 (self.name, validator, wanted["source"], wanted["target"], message_hash, name)).fetchone()
        self.told((validator, wanted["target"]), message_hash, Answer(answer), (wanted["source"], wanted["target"]))

    def some_tokens(self, dice, count):
        with self.lock:
            return dice.sample(self.tokens[-400:], min(count, len(self.tokens[-400:])))

    def record(self, session, dice, _):
        tokens = self.some_tokens(dice, 12)
        signature = "0x" + "51" * (65 if self.rules == "aztec" else 96)
        session.execute("CALL slashguard.record_signatures(%s::text[], %s::text[])", (tokens, [signature] * len(tokens)))

    def record_one(self, session, dice, _):
        for token in self.some_tokens(dice, 1):
            try:
                session.execute("SELECT slashguard.record_signature(%s, %s)", (token, "0x" + "52" * (65 if self.rules == "aztec" else 96)))
            except psycopg.Error as error:
                if state_of(error) != "SG005":
                    raise

    def extend(self, session, dice, _):
        for token in self.some_tokens(dice, 2):
            session.execute("SELECT slashguard.extend_lease(%s, 1000)", (token,))

    def operate(self, session, dice, _):
        validator = dice.choice(self.validators)
        calls = ["SELECT slashguard.cleanup_stuck_duties(interval '0')", f"SELECT slashguard.freeze('{self.name}', '{validator}')",
                 f"SELECT slashguard.unfreeze('{self.name}', '{validator}')", f"SELECT slashguard.unfreeze('{self.name}', '{validator}')",
                 f"SELECT slashguard.set_chain_option('{self.name}', 'margin_slots', '{dice.randint(1, 9)}')"]
        chance = dice.random()
        if chance < 0.08:
            # The low watermark rises through what is asked for.
            hours = dice.randint(1, 12) if self.rules == "aztec" else dice.randint(250, 500)
            calls = [f"SELECT slashguard.cleanup_old_duties(make_interval(hours => {hours}), '{self.name}')"]
        elif chance < 0.12:
            low = dice.randint(3985, 3996) if self.rules == "aztec" else 32 * dice.randint(100, 114)
            calls = [f"SELECT slashguard.raise_low_watermark('{self.name}', {low}, '{validator}', 'because')"]
        elif chance < 0.25 and self.rules == "ethereum":
            target = dice.choice(self.EPOCHS)
            file = {"metadata": {"interchange_format_version": "5", "genesis_validators_root": f"0x{chains:064x}"},
                    "data": [{"pubkey": validator, "signed_blocks": [], "signed_attestations": [
                        {"source_epoch": str(target - dice.choice([1, 3])), "target_epoch": str(target), "signing_root": HASHES[3]}]}]}
            calls = [f"SELECT * FROM slashguard.import_eip3076('{self.name}', '{json.dumps(file)}')"]
        try:
            session.execute(dice.choice(calls))
        except psycopg.errors.ObjectNotInPrerequisiteState:
            self.outcomes["a file refused"] += 1

    def reap(self, session, dice, _):
        if dice.random() < 0.1:
            session.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s ORDER BY random() LIMIT 1",
                            (f"{self.name}-%",))
        session.execute("SELECT pg_sleep(0.02)")

    def judge(self):
        print(f"{self.name}: {dict(self.outcomes)}, errors {dict(self.states)}")
        same(f"{self.name}: no key has two messages", [], self.grants.doubles())
        same(f"{self.name}: no vote surrounds another", [], self.grants.surrounds())
        same(f"{self.name}: no error but those to be expected", {}, {s: n for s, n in self.states.items() if s not in self.EXPECTED})
        check(f"{self.name}: much was granted, and refused", self.outcomes["acquired"] > 200 and self.outcomes["conflict"] > 100, self.outcomes)
        # The ledger's own view of it: what is on record is what was told.
        on_record = {(r["validator"], r["at"]): r["hash"] for r in operator.execute("""
            SELECT '0x' || encode(v.key, 'hex') AS validator, coalesce('0x' || encode(c.message_hash, 'hex'), '') AS hash,
                   CASE WHEN h.slots_per_epoch IS NULL THEN c.slot ELSE c.slot / h.slots_per_epoch END AS at
              FROM slashguard.claim AS c JOIN slashguard.chain AS h ON h.id = c.chain_id JOIN slashguard.validator AS v ON v.id = c.validator_id
             WHERE h.name = %s AND c.block_index >= -1""", (self.name,)).fetchall()}
        low = operator.execute("SELECT coalesce(low_watermark, -1) / coalesce(slots_per_epoch, 1) AS low FROM slashguard.chain WHERE name = %s",
                               (self.name,)).fetchone()["low"]
        lost = [(key, hashes) for key, hashes in self.grants.hashes.items() if key[1] > low and on_record.get(key) not in hashes]
        same(f"{self.name}: what was granted above the watermark is on record", [], lost)


class Answer:
    def __init__(self, row):
        self.__dict__.update(row)


def main():
    with open(keys_file, encoding="ascii") as file:
        signers = json.load(file)["aztec"]
    committee()
    opposite_orders(signers)
    for rules in ("aztec", "ethereum"):
        storm = Storm(f"storm-{rules}", rules, 6, 150)
        storm.play()
        storm.judge()
    close()


main()
