"""property.py KEYS SEED COUNT [FIRST]: random lives of chains, played one by one in database `one` and in batches in database `many`. What
both answer and what is on record afterwards must be the same. The last line is `N passed, N failed`.
"""

import collections
import json
import sys

from scenario import NOW, Scenario
from twins import Batches, OneByOne, tables

REGISTER = """SELECT slashguard.register_chain(%s, %s, %s, now() - interval '1 hour' * %s, interval '1 hour', %s)"""


class Differs(Exception):
    pass


def same(what, one, many):
    if one != many:
        raise Differs(f"{what}\n  one by one: {one}\n  in a batch: {many}")


class Play:
    def __init__(self, scenario, one, many, seen):
        self.scenario, self.one, self.many, self.seen = scenario, one, many, seen
        self.minutes = 0
        # What was granted: of each the validator, the message and the token of either twin.
        self.granted = []
        self.log = []

    def both(self, what, query, values):
        one, many = self.one.operate(query, values), self.many.operate(query, values)
        same(what, one, many)
        return one

    def begin(self):
        scenario = self.scenario
        for twin in (self.one, self.many):
            twin.new_player(0)
        values = (scenario.chain, scenario.rules, scenario.identity, NOW + 0.2, json.dumps(scenario.options))
        if self.both("registering", REGISTER, values)[0] != "ok":
            raise Differs(f"{scenario.chain} could not be registered: {values}")

    def step(self, step):
        self.log.append({key: value for key, value in step.items() if key not in ("requests",)} | {"requests": len(step.get("requests", []))})
        {"claim": self.claim, "malformed": self.malformed, "record": self.record, "bad records": self.bad_records, "release": self.release,
         "later": self.later, "operate": self.operate, "declare": self.declare, "introduce": self.introduce}[step["do"]](step)

    def declare(self, step):
        if step["validators"]:
            self.both("declaring", "SELECT slashguard.declare_new(%s, %s)", (self.scenario.chain, step["validators"]))

    def introduce(self, step):
        """Each node is granted something, by a validator of its own."""
        chain, duty_type = self.scenario.chain, "CHECKPOINT_PROPOSAL" if self.scenario.rules == "aztec" else "BLOCK"
        self.both("declaring", "SELECT slashguard.declare_new(%s, %s)", (chain, [step["validator"]]))
        for place, node in enumerate(self.scenario.nodes):
            rows = self.both("introducing", "SELECT outcome FROM slashguard.try_acquire_duty(%s, %s, %s, %s, %s, %s)",
                             (chain, step["validator"], NOW - place, duty_type, self.scenario.hashes[0], node))
            same("introducing", ("ok", [{"outcome": "acquired"}]), rows)

    def claim(self, step):
        kind, common, requests = step["kind"], step["common"], step["requests"]
        state, one = self.one.claim(kind, common, requests)
        batch_state, many = self.many.claim(kind, common, requests)
        if state != "ok":
            # An index that the type does not have, and the like: of the first request, so none was granted.
            same(f"the error of {common}", (state, len(one)), (batch_state, 0))
            self.seen[f"error {state}"] += 1
            return
        same(f"the state of {common}", state, batch_state)
        for place, (request, left, right) in enumerate(zip(requests, one, many, strict=True)):
            shown, batch_shown = self.one.shown(left), self.many.shown(right)
            if not self.scenario.sessions_stay or "acquired" in (left.outcome, right.outcome):
                same(f"number {place + 1} of {len(requests)}: {request} of {common}", shown, batch_shown)
            self.seen[" ".join(filter(None, [kind, shown["outcome"], (json.loads(shown["details"]) or {}).get("cause")]))] += 1
            if shown["outcome"] == "acquired":
                self.seen[" ".join(shown["reason"].split()[:2])] += 1
            if left.lock_token:
                self.granted.append((request["validator"].lower().replace("0X", "0x"),
                                     (request.get("message_hash") or request["signing_root"]).lower(), left.lock_token, right.lock_token))
        positions = [answer.position for answer in many if answer.outcome == "acquired"]
        if positions and not any(positions):
            raise Differs(f"{len(positions)} were granted, and no position was given: {common}")

    def malformed(self, step):
        kind, common = step["kind"], step["common"]
        state = step["state"]
        if step["single"]:
            state, _ = self.one.claim(kind, step["single"][0], [step["single"][1]])
            if state == "ok":
                raise Differs(f"one call takes it: {step['fault']}")
            batch_state, _ = self.many.claim(kind, common, step["requests"])
        else:
            lists = {name: [request[one] for request in step["requests"]] for one, name in
                     (("validator", "validators"), ("message_hash", "message_hashes")) } if kind == "duties" else {
                     f"{one}s": [request[one] for request in step["requests"]] for one in ("validator", "source_epoch", "target_epoch", "signing_root")}
            name = list(lists)[step["list"]]
            lists[name] = None if step["fault"] == "list null" else lists[name][:-1]
            batch_state, _ = self.many.claim_lists(kind, common, lists)
        same(f"malformed: {step['fault']} in {kind}", state, batch_state)
        self.seen[f"malformed {step['fault']}"] += 1

    def deliveries(self, ways):
        """Of each twin the tokens and signatures that the ways ask for."""
        one, many = [], []
        for which, way in ways:
            if not self.granted:
                break
            validator, message_hash, token, other = self.granted[int(which * len(self.granted))]
            signature = self.scenario.signature(way, validator, message_hash)
            for signature in [signature, signature] if way == "twice" else [signature, signature[:-4] + "0000"] if way == "two for one" else [signature]:
                one.append((token, signature))
                many.append((other, signature))
        return one, many

    def record(self, step):
        one, many = self.deliveries(step["ways"])
        left, right = self.one.record(one), self.many.record(many)
        same(f"the recording of {len(one)}", left, right)
        for answer in left[1]:
            self.seen[f"record {answer['sqlstate'] or 'recorded'}"] += 1

    def bad_records(self, step):
        one, many = self.deliveries(step["ways"])
        if len(one) < 3:
            return
        place, fault = step["place"], step["fault"]
        if fault in ("lengths", "list null"):
            tokens = None if fault == "list null" else [token for token, _ in many][:-1]
            state, _ = self.many.record_lists(tokens, [signature for _, signature in many])
            same(fault, "22004" if fault == "list null" else "22023", state)
        else:
            tokens = one[place][0], many[place][0]
            for deliveries, own, foreign in ((one, *tokens), (many, *reversed(tokens))):
                signature = deliveries[place][1]
                deliveries[place] = {
                    "short signature": (own, signature[:-2]), "malformed signature": (own, signature[:-1] + "g"), "null signature": (own, None),
                    "null token": (None, signature), "malformed token": (own[:-1], signature), "foreign token": (foreign, signature),
                }[fault]
            state, _ = self.one.record([one[place]])
            if state == "ok":
                raise Differs(f"one call takes it: {fault}")
            same(f"bad records: {fault}", state, self.many.record(many)[0])
        self.seen[f"bad records {fault}"] += 1

    def release(self, step):
        if not self.granted:
            return
        tokens = self.granted[int(step["which"] * len(self.granted))][2:]
        query = "SELECT slashguard.extend_lease(%s, 100000) IS NOT NULL" if step["extend"] else "SELECT slashguard.release_duty(%s, %s)"
        values = lambda token: (token,) if step["extend"] else (token, step["certainly"])
        same("release", self.one.operate(query, values(tokens[0])), self.many.operate(query, values(tokens[1])))

    def later(self, step):
        self.minutes += step["minutes"]
        for twin in (self.one, self.many):
            twin.shift(self.minutes)

    def operate(self, step):
        state, _ = self.both(step["query"], step["query"], step["values"])
        if not self.scenario.sessions_stay:
            for twin in (self.one, self.many):
                twin.new_player(self.minutes)
        self.seen[f"{step['query'].split('slashguard.')[1].split('(')[0]} {state}"] += 1

    def end(self):
        one, many = tables(self.one, self.scenario.chain), tables(self.many, self.scenario.chain)
        if not self.scenario.nodes_known:
            for found in (one, many):
                found["counters"] = sums(found["counters"])
                del found["nodes"]
        if self.scenario.sessions_stay:
            for name in ("refusals", "counters"):
                del one[name]
        for name, rows in one.items():
            left = [row for row in rows if row not in many[name]]
            right = [row for row in many[name] if row not in rows]
            same(f"table {name}", (left, len(rows)), (right, len(many[name])))


def sums(counters):
    """Of all nodes together."""
    found = collections.Counter()
    for row in counters:
        found[row["duty_type_id"], row["event"]] += row["count"]
    return sorted(found.items())


# What a hundred lives must have met, or the equality says little.
MUST_MEET = ["duties acquired", "attestations acquired", "duties conflict double_proposal", "attestations conflict double_vote",
             "attestations conflict surrounds", "attestations conflict surrounded", "duties in_progress", "attestations in_progress",
             "duties already_signed", "attestations already_signed", "duties not_protected", "stale low_watermark", "stale imported_history",
             "stale first_use", "halted frozen", "halted horizon", "halted high_watermark",
             "taken over", "the same", "record recorded", "record SG005", "record SG006", "malformed lengths", "malformed hash null",
             "bad records foreign token", "import_eip3076 ok", "cleanup_old_duties ok"]


def main(keys, seed, count, first=1):
    with open(keys, encoding="ascii") as file:
        signers = json.load(file)
    one, many = OneByOne("one"), Batches("many")
    seen = collections.Counter()
    played = failed = 0
    for number in range(int(first), int(first) + int(count)):
        played += 1
        play = Play(Scenario(seed, number, signers), one, many, seen)
        try:
            play.begin()
            for step in play.scenario.steps():
                play.step(step)
            play.end()
        except Differs as difference:
            failed += 1
            print(f"FAILED: scenario {number} of seed {seed} ({play.scenario.rules}, {play.scenario.options})")
            for step in play.log:
                print(f"    {step}"[:400])
            print(difference, flush=True)
            if failed == 5:
                break
    for what, times in sorted(seen.items()):
        print(f"{times:7} {what}")
    passed = played - failed
    if int(count) >= 100 and not failed:
        for what in MUST_MEET:
            if not any(what in met for met in seen):
                failed += 1
                print(f"FAILED: never met: {what}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main(*sys.argv[1:])
