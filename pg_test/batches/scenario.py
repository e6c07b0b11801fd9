"""A life of a chain, made at random: what its nodes and its operator do, step by step."""

import json
import random
import uuid

AZTEC_TYPES = ["ATTESTATION", "CHECKPOINT_ATTESTATION", "BLOCK_PROPOSAL", "CHECKPOINT_PROPOSAL", "GOVERNANCE_VOTE", "AUTH_REQUEST", "TXS"]
ETHEREUM_TYPES = ["BLOCK", "BLOCK_V2", "BLOCK", "RANDAO_REVEAL"]
NOW = 4000
EPOCH = 32
HOUR = 3_600_000


class Scenario:
    def __init__(self, seed, number, signers):
        self.dice = random.Random(f"{seed} {number}")
        dice = self.dice
        self.chain = f"s{number}"
        self.rules = dice.choice(["aztec", "ethereum", "ethereum"])
        self.hashes = signers["hashes"]
        self.signers = {signer["validator"]: signer["signatures"] for signer in signers[self.rules]}
        self.octets, self.signature_octets = (20, 65) if self.rules == "aztec" else (48, 96)
        self.validators = list(self.signers) + ["0x" + dice.randbytes(self.octets).hex() for _ in range(8)]
        scheme = "either" if self.rules == "aztec" else "bls12_381"
        self.options = {
            "first_use": dice.choice(["trust", "trust", "quarantine"]),
            "signature_scheme": dice.choice(["none", scheme]),
            "horizon_slots": dice.choice([None, 2, 40]),
            "margin_slots": dice.choice([1, 8]),
            "record_commit": dice.choice(["async", "durable"]),
            "allow_unsigned_release": dice.choice([True, False]),
            "retention": dice.choice([None, "40 hours"]) if self.rules == "aztec" else None,
        }
        # A session keeps what it has looked up, and may answer by a watermark of before: then what refuses a duty may be named differently.
        self.sessions_stay = dice.random() < 0.4
        self.identity = f"1:0x{number:040x}" if self.rules == "aztec" else f"0x{number:064x}"
        self.request_ids = [str(uuid.UUID(int=dice.getrandbits(128))) for _ in range(3)]
        self.nodes = [f"{self.chain}-{letter}" for letter in "abc"]
        # A node is known from its first grant on, and what it was refused before is counted without it. In a batch the order may be another.
        self.nodes_known = dice.random() < 0.7
        self.asked = []
        # Most stay near enough for nodes and steps to meet on the same duties.
        self.slots = [NOW + n for n in (0, 0, 1, 2, 3, 30, 60, -1, -5, -64, -300, -3990)]
        self.epochs = [NOW // EPOCH + n for n in (0, 0, 0, 1, 1, 2, 40, -1, -1, -2, -3, -5, -9, -12, -20, -60)]

    def steps(self):
        dice = self.dice
        yield {"do": "declare", "validators": dice.sample(self.validators, dice.choice([0, 4, 14]))}
        if self.nodes_known:
            yield {"do": "introduce", "validator": "0x" + dice.randbytes(self.octets).hex()}
        kinds = [self.claims, self.again, self.records, self.malformed, self.bad_records, self.release, self.later, self.operator]
        for kind in dice.choices(kinds, [32, 24, 18, 4, 2, 5, 8, 14], k=dice.randint(10, 18)):
            yield kind()

    # What nodes ask for.

    def message_hash(self):
        return self.dice.choices(self.hashes, [70, 16, 7, 7])[0]

    def spelled(self, text):
        """Any case comes in."""
        return "0x" + text[2:].upper() if self.dice.random() < 0.1 else text

    def request(self, kind):
        dice = self.dice
        validator = dice.choice(self.validators) if dice.random() < 0.97 else "0x" + dice.randbytes(self.octets).hex()
        if kind == "duties":
            return {"validator": self.spelled(validator), "message_hash": self.spelled(self.message_hash())}
        target = dice.choice(self.epochs)
        source = target - dice.choice([0, 1, 1, 1, 1, 2, 2, 3, 5, 7, 8, 9, 10, 20, 30])
        return {"validator": self.spelled(validator), "source_epoch": source, "target_epoch": target, "signing_root": self.message_hash()}

    def common(self, kind):
        dice = self.dice
        common = {"chain": self.chain, "node_id": dice.choice(self.nodes), "lease_ms": dice.choice([30_000, HOUR, 24 * HOUR]),
                  "request_id": dice.choice([None, None, *self.request_ids])}
        if kind == "duties":
            duty_type = dice.choice(AZTEC_TYPES if self.rules == "aztec" else ETHEREUM_TYPES)
            common |= {"slot": dice.choice(self.slots), "duty_type": duty_type,
                       "block_index": dice.choice([0, 1]) if duty_type == "BLOCK_PROPOSAL" else -1,
                       "block_number": dice.choice([None, 17]), "checkpoint_number": dice.choice([None, 18])}
        return common

    def claims(self):
        dice = self.dice
        kind = "duties" if self.rules == "aztec" else dice.choice(["duties", "attestations", "attestations"])
        requests = [self.request(kind) for _ in range(dice.choice([0, 1, 2, 6, 12, 20]))]
        if requests and kind == "attestations" and dice.random() < 0.6:
            # A committee: one vote, mostly.
            one = requests[0]
            requests = [r | {k: one[k] for k in ("source_epoch", "target_epoch", "signing_root")} if dice.random() < 0.8 else r for r in requests]
        if requests and dice.random() < 0.4:
            again = [dict(r) for r in dice.sample(requests, 1 + len(requests) // 4)]
            for request in again:
                if dice.random() < 0.5:
                    request["message_hash" if kind == "duties" else "signing_root"] = self.message_hash()
            requests += again
            dice.shuffle(requests)
        step = {"do": "claim", "kind": kind, "common": self.common(kind), "requests": requests}
        self.asked.append(step)
        return step

    def again(self):
        """What was asked for before, by any node, and mostly for the same message: signed by now, still held, or to be taken over."""
        dice = self.dice
        if not self.asked:
            return self.claims()
        earlier = dice.choice(self.asked)
        hash_name = "message_hash" if earlier["kind"] == "duties" else "signing_root"
        requests = [r if dice.random() < 0.9 else r | {hash_name: self.message_hash()} for r in earlier["requests"] if dice.random() < 0.8]
        common = earlier["common"] | {"node_id": dice.choice(self.nodes), "request_id": dice.choice([earlier["common"]["request_id"], None])}
        return earlier | {"common": common, "requests": requests}

    # What no batch takes. `single`: the fault that one call makes of it, where it is one request's.

    def malformed(self):
        dice = self.dice
        kind = "duties" if self.rules == "aztec" else dice.choice(["duties", "attestations"])
        hash_name = "message_hash" if kind == "duties" else "signing_root"
        common = self.common(kind) | ({"duty_type": "ATTESTATION" if self.rules == "aztec" else "BLOCK", "block_index": -1} if kind == "duties" else {})
        requests = [self.request(kind) for _ in range(dice.randint(2, 8))]
        place = dice.randrange(len(requests))
        faults = {
            "validator null": {"validator": None}, "validator malformed": {"validator": "0xzz"}, "validator empty": {"validator": ""},
            "validator short": {"validator": "0x" + "ab" * (self.octets - 1)},
            "validator of another chain": {"validator": "0x" + "ab" * (68 - self.octets)},
            "hash null": {hash_name: None}, "hash short": {hash_name: "0x" + "01" * 31}, "hash malformed": {hash_name: "0x" + "0g" * 32},
        }
        if kind == "attestations":
            faults |= {"source null": {"source_epoch": None}, "target null": {"target_epoch": None}, "source late": {"source_epoch": 5, "target_epoch": 4},
                       "target too late": {"source_epoch": 5, "target_epoch": 2**63 - 1}, "source negative": {"source_epoch": -1}}
        of_all = {
            "chain unknown": {"chain": "nowhere"}, "chain null": {"chain": None}, "node null": {"node_id": None}, "lease 0": {"lease_ms": 0},
            "lease null": {"lease_ms": None},
        }
        if kind == "duties":
            of_all |= {"type unknown": {"duty_type": "NOTHING"}, "index not of the type": {"block_index": 7}, "slot null": {"slot": None},
                       "slot negative": {"slot": -1}}
        if kind == "duties" and self.rules == "ethereum":
            of_all |= {"attestation by slot": {"duty_type": "ATTESTATION"}}
        fault = dice.choice([*faults, *of_all, "lengths", "list null"])
        step = {"do": "malformed", "fault": fault, "kind": kind, "common": common, "requests": requests, "single": None, "state": None}
        if fault in faults:
            requests[place] = requests[place] | faults[fault]
            step["single"] = common, requests[place]
        elif fault in of_all:
            step["common"] = common | of_all[fault]
            step["single"] = step["common"], requests[0]
        else:
            step["state"] = "22023" if fault == "lengths" else "22004"
            step["list"] = dice.randrange(2 if kind == "duties" else 4)
        return step

    # What holders do. Tokens are chosen when it comes to it: by what was granted until then.

    def records(self):
        dice = self.dice
        ways = ["good"] * 8 + ["of another message", "zeros", "of another validator", "twice", "two for one"]
        return {"do": "record", "ways": [(dice.random(), dice.choice(ways)) for _ in range(dice.choice([0, 1, 3, 8, 16]))]}

    def bad_records(self):
        fault = self.dice.choice(["short signature", "malformed signature", "null signature", "null token", "malformed token", "foreign token", "lengths", "list null"])
        return {"do": "bad records", "fault": fault, "ways": [(self.dice.random(), "good") for _ in range(3)], "place": self.dice.randrange(3)}

    def signature(self, way, validator, message_hash):
        zeros = "0x" + "00" * self.signature_octets
        if way == "of another message":
            message_hash = self.hashes[(self.hashes.index(message_hash) + 1) % len(self.hashes)]
        if way == "of another validator":
            validator = next(other for other in self.signers if other != validator)
        return self.signers.get(validator, {}).get(message_hash, zeros) if way != "zeros" else zeros

    def release(self):
        return {"do": "release", "which": self.dice.random(), "certainly": self.dice.choice([True, False]), "extend": self.dice.random() < 0.3}

    def later(self):
        return {"do": "later", "minutes": self.dice.choice([1, 1, 2])}

    # What the operator does.

    def operator(self):
        dice = self.dice
        chain, validator = self.chain, dice.choice(self.validators)
        slot, epoch = NOW + dice.choice([-200, -30, -2, 0, 5]), NOW // EPOCH + dice.choice([-12, -3, -1])
        of = dice.choice([None, validator, validator])
        source = epoch if self.rules == "ethereum" and dice.random() < 0.5 else None
        option, value = dice.choice([("horizon_slots", 2), ("horizon_slots", 64), ("first_use", "trust"), ("first_use", "quarantine"), ("record_commit", "durable"),
                                     ("allow_unsigned_release", True)])
        calls = [
            ("SELECT slashguard.freeze(%s, %s) IS NOT NULL", (chain, validator)),
            ("SELECT slashguard.unfreeze(%s, %s)", (chain, validator)),
            ("SELECT slashguard.raise_low_watermark(%s, %s, %s, 'because', source_epoch => %s)", (chain, slot - 200, of, source)),
            ("SELECT slashguard.raise_low_watermark(%s, %s, %s, 'because', source_epoch => %s)", (chain, slot - 200, validator, source)),
            ("SELECT slashguard.set_high_watermark(%s, %s, %s, 'because')", (chain, dice.choice([None, slot + 2]), of)),
            ("SELECT slashguard.cleanup_old_duties(make_interval(hours => %s), %s)", (dice.choice([100, 400]), chain)),
            ("SELECT slashguard.cleanup_stuck_duties(make_interval(mins => %s))", (dice.choice([0, 1]),)),
            ("SELECT slashguard.declare_new(%s, %s)", (chain, dice.sample(self.validators, 3))),
            ("SELECT slashguard.set_chain_option(%s, %s, %s)", (chain, option, json.dumps(value))),
        ]
        if dice.random() < 0.04:
            calls = [("SELECT slashguard.retire_chain(%s)", (chain,)), ("SELECT slashguard.freeze(%s) IS NOT NULL", (chain,)),
                     ("SELECT slashguard.unfreeze(%s)", (chain,))]
        if self.rules == "ethereum" and dice.random() < 0.4:
            calls = [("SELECT * FROM slashguard.import_eip3076(%s, %s)", (chain, self.interchange()))]
        query, values = dice.choice(calls)
        return {"do": "operate", "query": query, "values": values}

    def interchange(self):
        dice = self.dice

        def record(**fields):
            if dice.random() < 0.7:
                fields["signing_root"] = self.message_hash()
            return {name: str(value) for name, value in fields.items()}

        def vote():
            target = NOW // EPOCH + dice.choice([-60, -40, -12, -8, -4, -2, -1, 0, 3])
            return record(source_epoch=target - dice.choice([1, 1, 1, 2, 6, 14]), target_epoch=target)

        data = [{"pubkey": validator, "signed_blocks": [record(slot=NOW + dice.choice([-600, -300, -64, -5, -1])) for _ in range(dice.randint(0, 3))],
                 "signed_attestations": [vote() for _ in range(dice.randint(0, 4))]}
                for validator in dice.sample(self.validators, dice.randint(1, 6))]
        return json.dumps({"metadata": {"interchange_format_version": "5", "genesis_validators_root": self.identity}, "data": data})
