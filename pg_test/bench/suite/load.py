"""Runs pgbench and reads what it says."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from server import HERE, Failed, checkpoint, processor_seconds, wait_for_sessions_to_end

# Whatever a session does once (loading a library, planning) is no part of a rate.
WARM_UP_SECONDS = 1

# Planned once a session; or text and parameters each time, as node-postgres sends a query with values, to be parsed and planned anew.
PREPARED, UNPREPARED = "prepared", "extended"


@dataclass
class Run:
    """One run of pgbench."""

    cycles: int
    # Without the warm-up.
    per_second: float
    # Milliseconds, sorted, without the warm-up. Only where asked for.
    latencies: list = field(default_factory=list)
    # The same as pairs of the time when a cycle ended (seconds since 1970) and its milliseconds.
    timed: list = field(default_factory=list)
    # Of the server's sessions, a cycle: start and planning included, so of use where the clients are few and the cycles many.
    processor_us: float = 0


def drive(database, script, clients, seconds, variables, *, rate=None, settings=None, latencies=False, fixed=None, protocol=PREPARED, warm_up=WARM_UP_SECONDS):
    """Runs a script of loads/ for `seconds` and `warm_up` seconds before them that do not count, or `fixed` times in all.

    `rate`: so many a second, spread by chance; a latency is a cycle's own, without its wait for a free connection. `settings`: of
    the server's sessions. `protocol`: PREPARED, or as a client sends statements that prepares none.
    """
    checkpoint(database)
    wait_for_sessions_to_end(database)
    before = processor_seconds()
    with tempfile.TemporaryDirectory() as folder:
        run = _drive(database, script, clients, seconds, variables, rate, settings, Path(folder) if latencies else None, fixed, protocol, warm_up)
    wait_for_sessions_to_end(database)
    run.processor_us = (processor_seconds() - before) / run.cycles * 1e6
    return run


def start(database, script, clients, seconds, variables, *, rate=None):
    """The same beside something else. Ended by the caller with `finish`."""
    return _start(database, script, clients, seconds + WARM_UP_SECONDS, variables, rate, None, None, None)


def start_fixed(database, script, clients, cycles, variables):
    """`cycles` in all, beside something else."""
    return _start(database, script, clients, None, variables, None, None, None, cycles)


def finish(process):
    output, _ = process.communicate()
    return _read(process.returncode, output, None)


def _drive(database, script, clients, seconds, variables, rate, settings, logs, fixed, protocol, warm_up):
    process = _start(database, script, clients, None if fixed else seconds + warm_up, variables, rate, settings, logs, fixed, protocol)
    output, _ = process.communicate()
    return _read(process.returncode, output, logs, warm_up)


def _start(database, script, clients, seconds, variables, rate, settings, logs, fixed, protocol=PREPARED):
    command = ["pgbench", "--no-vacuum", f"--protocol={protocol}", f"--client={clients}", f"--jobs={min(clients, 2)}", "--progress=1"]
    command += [f"--file={HERE / 'loads' / script}.pgbench"]
    command += [f"--transactions={fixed // clients}"] if fixed else [f"--time={seconds}"]
    command += [f"--rate={rate}"] if rate else []
    command += ["--log", f"--log-prefix={logs / 'log'}"] if logs else []
    for name, value in {"n": 0, "clients": clients, **variables}.items():
        command += ["-D", f"{name}={value}"]
    environment = dict(os.environ)
    if settings:
        environment["PGOPTIONS"] = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return subprocess.Popen([*command, database], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def _read(status, output, logs, warm_up=WARM_UP_SECONDS):
    cycles = re.search(r"^number of transactions actually processed: (\d+)", output, re.M)
    rate = re.search(r"^tps = ([\d.]+) ", output, re.M)
    failed = re.search(r"^number of failed transactions: (\d+)", output, re.M)
    first = re.findall(r"^progress: ([\d.]+) s, ([\d.]+) tps", output, re.M)[:warm_up]
    if status != 0 or not cycles or not rate or float(rate[1]) == 0 or (failed and failed[1] != "0"):
        raise Failed(f"pgbench failed:\n{output[-3000:]}")
    cycles, whole = int(cycles[1]), int(cycles[1]) / float(rate[1])
    warm_seconds = warm_cycles = 0
    for until, rate_until in first:
        warm_cycles += (float(until) - warm_seconds) * float(rate_until)
        warm_seconds = float(until)
    # A run of a fixed number of cycles may be over in its first second.
    if whole - warm_seconds < 0.5:
        warm_seconds = warm_cycles = 0
    timed = _latencies(logs, warm_up) if logs else []
    return Run(cycles, (cycles - warm_cycles) / (whole - warm_seconds), sorted(latency for _, latency in timed), timed)


def _latencies(logs, warm_up):
    """From lines of: client, number, microseconds, script, second, microsecond, and with a rate microseconds late."""
    rows = [line.split() for file in logs.iterdir() for line in file.read_text().splitlines()]
    if not rows:
        raise Failed("pgbench wrote no log")
    ended = [int(row[4]) + int(row[5]) / 1e6 for row in rows]
    begin = min(ended) + warm_up
    late = [int(row[6]) if len(row) > 6 else 0 for row in rows]
    kept = [(end, (int(row[2]) - lag) / 1000) for row, lag, end in zip(rows, late, ended) if end >= begin]
    if not kept:
        raise Failed("pgbench's log is shorter than the warm-up")
    return kept
