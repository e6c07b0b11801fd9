"""Does a backend grow with what it has answered?"""

import re
import time
from pathlib import Path

import duties
import server
from answer import Answer, Table, Target
from contestants import Slashguard
from figures import count
from load import finish, start_fixed
from server import Failed
from terminal import at

NAME = "memory"
TITLE = "memory"

_CALLS_A_CYCLE = 4
# What a backend keeps of names and plans is there by then.
_WARM_PART = 0.1
# A page table, a cache that doubled: no leak hides in so little over a million calls.
_MOST_KILOBYTES = 1024


def ask(plan):
    contestant = Slashguard("slashguard")
    contestant.database = "bench_memory"
    contestant.prepare()
    cycles = plan.memory_calls // _CALLS_A_CYCLE
    load = start_fixed(contestant.database, "all_answers", 1, cycles, duties.next_variables())
    samples = _watch(load, contestant.database, plan.memory_calls)
    contestant.cycles = finish(load).cycles
    contestant.check()
    if len(samples) < 10:
        raise Failed("memory: the backend was seen too seldom. Raise MEMORY_CALLS.")
    first, last, most = samples[int(len(samples) * _WARM_PART)], samples[-1], max(samples)
    calls = cycles * _CALLS_A_CYCLE
    target = f"memory of a backend flat over {count(calls)} calls (grows by at most {_MOST_KILOBYTES} kB)"
    heading = f"Memory of one backend over {count(calls)} calls (RssAnon, kB; first: after a tenth of them):"
    return Answer(
        tables=[Table(heading, ["", "first", "last", "most", "grown by"], [["backend", *(count(size) for size in (first, last, most, last - first))]])],
        targets=[Target(target, f"{count(last - first)} kB", last - first <= _MOST_KILOBYTES)],
        figures={"calls": calls, "kilobytes": samples},
    )


def _watch(load, database, calls):
    """Sizes in kB while the load runs, at even times."""
    backend = None
    samples = []
    while load.poll() is None:
        if backend is None:
            found = server.ask(database, f"SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench' AND datname = '{database}'")
            backend = found.split()[0] if found else None
        else:
            try:
                status = Path(f"/proc/{backend}/status").read_text()
            except FileNotFoundError:
                break
            size = re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)
            if size:
                samples.append(int(size[1]))
        at(f"{TITLE}: {count(calls)} calls, the backend has {count(samples[-1]) if samples else '?'} kB")
        time.sleep(0.2)
    return samples
