"""How soon a waiting node has the winner's signature, and what many waiters cost the server."""

import json
import subprocess

import duties
import server
from answer import Answer, Chart, Table, Target
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
    server.fresh_database(_DATABASE, extension=True)
    duties.register_aztec_chain(server, _DATABASE, name="waiting")
    at(f"{TITLE}: {_NODES} nodes x {_VALIDATORS} duties, {plan.waiting_slots} slots; then {_WAITERS} waiters")
    measured = _measure(plan.waiting_slots)
    waited = [microseconds / 1000 for microseconds in measured["waited_us"]]
    half, most, processors = percentile(waited, 0.5), percentile(waited, 0.99), measured["processors"]
    who = f"a loser has the signature after the record, {_NODES} nodes x {_VALIDATORS} duties"
    return Answer(
        tables=[
            Table(
                f"Waiting in the server (wait_ms): {_NODES} nodes x {_VALIDATORS} duties, {plan.waiting_slots} slots:",
                ["from the record's return to the loser's answer, ms", "median", "p99", f"processors busy with {_WAITERS} waiters"],
                [["", decimals(half), decimals(most), decimals(processors)]],
            )
        ],
        charts=[Chart(NAME, "From the record's return to the loser's answer", "ms", [("waiters", [("median", half), ("p99", most)])])],
        targets=[
            Target(f"{who}: median at most {_MEDIAN_MS} ms", f"{decimals(half)} ms", half <= _MEDIAN_MS),
            Target(f"{who}: p99 at most {_P99_MS} ms", f"{decimals(most)} ms", most <= _P99_MS),
            Target(f"{_WAITERS} waiters: less than one processor", decimals(processors), processors < _PROCESSORS),
        ],
        figures=measured,
    )


def _measure(slots):
    numbers = [str(number) for number in (_NODES, _VALIDATORS, slots, _WAITERS, _SECONDS)]
    environment = server.environment(_DATABASE)
    done = subprocess.run([_PROGRAM, *numbers], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Failed(f"{_PROGRAM} failed:\n{done.stderr.strip()}")
    return json.loads(done.stdout)
