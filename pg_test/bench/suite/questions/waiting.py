"""How soon a waiting node has the winner's signature, and what many waiters cost the server."""

import json
import subprocess

import duties
import server
from answer import PROCESSORS_ARE_SHARED, Answer, Chart, Table, Target
from figures import decimals, percentile
from server import Failed
from terminal import at

NAME = "waiting"
TITLE = "waiting"

_DATABASE = "bench_waiting"
_PROGRAM = "target/storm/release/waiting"
_NODES, _VALIDATORS, _WAITERS, _SECONDS = 3, 48, 200, 4
_MEDIAN_MS, _P99_MS, _PROCESSORS = 2, 5, 1


def ask(plan):
    at(f"{TITLE}: {_NODES} nodes x {_VALIDATORS} duties, {plan.waiting_slots} slots; then {_WAITERS} waiters")
    measured = _measure(_VALIDATORS, plan.waiting_slots, _WAITERS, _SECONDS)
    processors = measured["processors"]
    at(f"{TITLE}: {_NODES} nodes x 1 duty, {_VALIDATORS * plan.waiting_slots} slots")
    # The processors have nothing else to do then.
    one_by_one = _measure(1, _VALIDATORS * plan.waiting_slots, 1, 1)
    (half, most), (half_of_one, most_of_one) = _half_and_most(measured), _half_and_most(one_by_one)
    who = f"a loser has the signature after the record, {_NODES} nodes x {_VALIDATORS} duties"
    return Answer(
        tables=[
            Table(
                f"Waiting in the server (wait_ms), {_NODES} nodes, {_VALIDATORS * plan.waiting_slots} duties: from the record's return to a loser's answer:",
                ["ms", "median", "p99"],
                [
                    [f"{_VALIDATORS} duties at once", decimals(half), decimals(most)],
                    ["one duty after the other", decimals(half_of_one), decimals(most_of_one)],
                ],
            ),
            Table(f"{_WAITERS} waiters at once:", ["", "processors busy"], [["", decimals(processors)]]),
        ],
        charts=[
            Chart(
                NAME,
                "From the record's return to the loser's answer",
                "ms",
                [
                    (f"{_VALIDATORS} duties at once", [("median", half), ("p99", most)]),
                    ("one duty after the other", [("median", half_of_one), ("p99", most_of_one)]),
                ],
            )
        ],
        targets=[
            Target(f"{who}: median at most {_MEDIAN_MS} ms", f"{decimals(half)} ms", half <= _MEDIAN_MS),
            Target(f"{who}: p99 at most {_P99_MS} ms", f"{decimals(most)} ms", most <= _P99_MS, PROCESSORS_ARE_SHARED),
            Target(f"{_WAITERS} waiters: less than one processor", decimals(processors), processors < _PROCESSORS),
        ],
        figures={"at_once": measured, "one_by_one": one_by_one},
    )


def _half_and_most(measured):
    waited = [microseconds / 1000 for microseconds in measured["waited_us"]]
    return percentile(waited, 0.5), percentile(waited, 0.99)


def _measure(validators, slots, waiters, seconds):
    server.fresh_database(_DATABASE, extension=True)
    duties.register_aztec_chain(server, _DATABASE, name="waiting")
    numbers = [str(number) for number in (_NODES, validators, slots, waiters, seconds)]
    environment = server.environment(_DATABASE)
    done = subprocess.run([_PROGRAM, *numbers], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Failed(f"{_PROGRAM} failed:\n{done.stderr.strip()}")
    return json.loads(done.stdout)
