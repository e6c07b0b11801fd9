"""A sequencer's story: what is handed in, and whether the log and the answers are one that it can have led to. Called by run.

make FOLDER SEED SEQUENCES SESSIONS CHUNKS   writes story.json, public_key, session-N-M.sql and again.sql
check FOLDER                                 reads what was answered and what the ledger holds; each line is ok: or FAILED:
"""

import collections
import csv
import json
import pathlib
import random
import sys

from eth_keys.datatypes import PublicKey, Signature
from eth_utils import keccak

from messages import Sequencer

ours, stranger = Sequencer("sequencer"), Sequencer("another sequencer")
folder = pathlib.Path(sys.argv[2])
MOST_REFUSED_KEPT = 15


def quoted(message):
    return "'" + json.dumps(message).replace("'", "''") + "'"


def call(message):
    return f"SELECT outcome FROM slashguard.accept_signed_message('chain', {quoted(message)});\n"


def forged(message):
    """The message with one thing changed on the way, or of somebody else."""
    kind = random.randrange(6)
    other = dict(message)
    if kind == 0:
        other["sequence"] += 1
    elif kind == 1:
        other["timestamp"] += 1
    elif kind == 2:
        other["payload"] = "b3RoZXI="
    elif kind == 3:
        other["payload"], other["message_hash"] = "b3RoZXI=", "0x" + keccak(b"other").hex()
    elif kind == 4:
        digit = random.randrange(2, 130)
        text = other["signature"]
        other["signature"] = text[:digit] + random.choice([d for d in "0123456789abcdef" if d != text[digit].lower()]) + text[digit + 1:]
    else:
        other = stranger.message(message["sequence"], message["timestamp"], b"of a stranger")
        other["signer"] = random.choice([stranger.address, ours.address])
    return other


def make(seed, sequences, sessions, chunks):
    random.seed(seed)
    story = []
    for sequence in range(1000, 1000 + sequences):
        # Some never come; some have more than one payload, and a few more of them than are kept.
        if random.random() < 0.1:
            continue
        payloads = random.choices([1, 2, 3, 20], [70, 20, 9, 1])[0]
        for number in range(payloads):
            payload = f"{number} of {sequence}".encode() * random.choice([1, 1, 1, 500])
            story.append(ours.message(sequence, 1_700_000_000 + sequence, payload, random.choice(["changeset", "withdrawal"])))
    (folder / "story.json").write_text(json.dumps(story))
    (folder / "public_key").write_text(ours.public_key)
    for session in range(sessions):
        parts = [[] for _ in range(chunks)]
        for place, message in enumerate(story):
            # Near its place, as a network brings it; to several sessions, or to none of them.
            if random.random() < 0.6:
                chunk = place * chunks // len(story) + random.choice([0, 0, 0, -1, 1])
                parts[min(max(chunk, 0), chunks - 1)].append(message)
        for number, part in enumerate(parts):
            random.shuffle(part)
            lines = ["\\set VERBOSITY sqlstate\n"]
            for message in part:
                place = story.index(message)
                chance = random.random()
                if chance < 0.1:
                    lines.append(f"\\echo forged {place}\n{call(forged(message))}")
                elif chance < 0.2:
                    lines.append(f"BEGIN;\n\\echo undone {place}\n{call(message)}ROLLBACK;\n")
                elif chance < 0.4:
                    lines.append(f"BEGIN;\n\\echo open {place}\n{call(message)}\\echo committing\nCOMMIT;\n\\echo committed\n")
                else:
                    lines.append(f"\\echo alone {place}\n{call(message)}")
            (folder / f"session-{session}-{number}.sql").write_text("".join(lines))
    (folder / "again.sql").write_text("\\set VERBOSITY sqlstate\n" + "".join(f"\\echo alone {place}\n{call(message)}" for place, message in enumerate(story)))


def answers(path):
    """(how, place, outcome or SQLSTATE, whether it is committed), as far as an answer came."""
    how = place = outcome = None
    for line in path.read_text().splitlines():
        words = line.split()
        if words and words[0] in ("forged", "undone", "open", "alone") and len(words) == 2:
            how, place, outcome = words[0], int(words[1]), None
        elif line in ("accepted", "already_accepted", "equivocation", "stale") and place is not None:
            outcome = line
            if how != "open":
                yield how, place, outcome, how == "alone"
        elif line == "committed" and how == "open" and outcome:
            yield how, place, outcome, True
        elif "ERROR: " in line and place is not None:
            yield how, place, line.split()[-1], False
            outcome = None
        elif line == "(end of a connection)":
            how = place = outcome = None


def rows(name):
    csv.field_size_limit(10**9)
    return list(csv.DictReader((folder / f"{name}.csv").open()))


def signed_by_ours(sequence, unix_seconds, message_hash, signature):
    digest = keccak(int(sequence).to_bytes(8, "big") + int(unix_seconds).to_bytes(8, "big") + bytes.fromhex(message_hash[2:]))
    given = bytes.fromhex(signature[2:])
    key = Signature(given[:64] + bytes([given[64] % 27])).recover_public_key_from_msg_hash(digest)
    return key == PublicKey(bytes.fromhex(ours.public_key))


def verdict(name, faults):
    faults = list(faults)
    print(f"FAILED: {name}" if faults else f"ok: {name}")
    for fault in faults[:10]:
        print(f"    {fault}")
    return not faults


def check():
    story = json.loads((folder / "story.json").read_text())
    told = [answer for path in sorted(folder.glob("session-*.out")) for answer in answers(path)]
    log = {int(row["sequence"]): row for row in rows("log")}
    evidence = collections.defaultdict(dict)
    for row in rows("evidence"):
        evidence[int(row["sequence"])][row["refused_message_hash"]] = row
    outcomes = collections.Counter((how, outcome) for how, _, outcome, _ in told)
    print(f"{len(story)} messages; answers: " + ", ".join(f"{how} {outcome} {count}" for (how, outcome), count in sorted(outcomes.items())))

    def contradicted():
        for how, place, outcome, committed in told:
            message = story[place]
            kept = log.get(message["sequence"])
            if not committed or how == "forged":
                continue
            if outcome in ("accepted", "already_accepted") and (kept is None or kept["message_hash"] != message["message_hash"]):
                yield f"{message['sequence']}: {outcome} {message['message_hash']}, and on record is {kept and kept['message_hash']}"
            if outcome == "equivocation" and (kept is None or kept["message_hash"] == message["message_hash"]):
                yield f"{message['sequence']}: {message['message_hash']} was refused, and on record is {kept and kept['message_hash']}"

    def accepted_twice():
        # One commit alone can have been answered `accepted`.
        firsts = collections.Counter(story[place]["sequence"] for how, place, outcome, committed in told if committed and outcome == "accepted")
        return (f"{sequence}: accepted {count} times" for sequence, count in firsts.items() if count > 1)

    def missing():
        present = sorted(log)
        expected = {(a + 1, b - 1) for a, b in zip(present, present[1:]) if b > a + 1}
        found = {(int(row["first_sequence"]), int(row["last_sequence"])) for row in rows("missing")}
        return [f"not listed: {expected - found}, listed: {found - expected}"] if expected != found else []

    def without_evidence():
        refused = collections.Counter(story[place]["sequence"] for how, place, outcome, committed in told if committed and outcome == "equivocation")
        for how, place, outcome, committed in told:
            message = story[place]
            pieces = evidence[message["sequence"]]
            if committed and outcome == "equivocation" and message["message_hash"] not in pieces and len(pieces) < MOST_REFUSED_KEPT:
                yield f"{message['sequence']}: {message['message_hash']} is not kept"
        for sequence, count in refused.items():
            counted = {int(row["times_refused"]) for row in evidence[sequence].values()}
            if counted != {max(counted, default=0)} or max(counted, default=0) < count:
                yield f"{sequence}: refused {count} times, counted {counted}"
        for sequence, pieces in evidence.items():
            if len(pieces) > MOST_REFUSED_KEPT:
                yield f"{sequence}: {len(pieces)} pieces are kept"
            for row in pieces.values():
                if sequence not in log or row["accepted_message_hash"] != log[sequence]["message_hash"]:
                    yield f"{sequence}: evidence of another accepted message"

    def not_signed():
        given = {(message["sequence"], message["message_hash"]) for message in story}
        for sequence, row in log.items():
            if (sequence, row["message_hash"]) not in given or "0x" + keccak(bytes.fromhex(row["payload"])).hex() != row["message_hash"]:
                yield f"{sequence}: nobody handed that in"
            if not signed_by_ours(sequence, row["unix_seconds"], row["message_hash"], row["signature"]):
                yield f"{sequence}: not the sequencer's signature"
        for sequence, pieces in evidence.items():
            for row in pieces.values():
                if "0x" + keccak(bytes.fromhex(row["refused"])).hex() != row["refused_message_hash"] or not signed_by_ours(
                        sequence, row["refused_unix_seconds"], row["refused_message_hash"], row["refused_signature"]):
                    yield f"{sequence}: not evidence"

    def forged_taken():
        return (f"{story[place]['sequence']}: a forged message is {outcome}" for how, place, outcome, _ in told
                if how == "forged" and outcome not in ("SG006", "57P01", "55P03"))

    def unexpected():
        allowed = {"SG006", "accepted", "already_accepted", "equivocation", "57P01", "55P03"}
        return (f"{how} {story[place]['sequence']}: {outcome}" for how, place, outcome, _ in told
                if outcome not in allowed or how != "forged" and outcome == "SG006")

    def too_little():
        for how, outcome, least in [("alone", "accepted", 20), ("alone", "already_accepted", 20), ("alone", "equivocation", 20), ("open", "accepted", 5),
                                    ("undone", "accepted", 1), ("forged", "SG006", 20)]:
            if outcomes[how, outcome] < least:
                yield f"only {outcomes[how, outcome]} answers: {how} {outcome}"

    def changed():
        after = {int(row["sequence"]): row for row in rows("log_after")}
        if any(after.get(sequence) != row for sequence, row in log.items()):
            yield "the log was rewritten"
        for how, place, outcome, _ in answers(folder / "again.out"):
            message = story[place]
            first = log.get(message["sequence"])
            same = first is not None and first["message_hash"] == message["message_hash"]
            expected = ("accepted", "already_accepted", "equivocation") if first is None else (("already_accepted",) if same else ("equivocation",))
            if outcome not in expected:
                yield f"{message['sequence']}: {outcome} and not {expected}"

    sound = [
        verdict("what was answered is on record", contradicted()),
        verdict("a sequence is accepted once", accepted_twice()),
        verdict("what is missing is what did not come", missing()),
        verdict("every contradiction left its evidence", without_evidence()),
        verdict("eth-account verifies all that is kept", not_signed()),
        verdict("no forged message was taken", forged_taken()),
        verdict("no other answers", unexpected()),
        verdict("enough of everything happened", too_little()),
        verdict("the same messages once more change nothing", changed()),
    ]
    sys.exit(0 if all(sound) else 1)


if sys.argv[1] == "make":
    make(*map(int, sys.argv[3:]))
else:
    check()
