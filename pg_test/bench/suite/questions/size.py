"""Bytes of a duty: on disk, and in the write-ahead log."""

import server
from answer import Answer, Chart, Table, Target
from contestants import Aztec, Slashguard
from figures import count, decimals
from terminal import at

NAME = "size"
TITLE = "size"

# At 8 clients, so that transactions meet in the log as they do in production.
_CLIENTS = 8
# So many claims wait for their signatures at once, for 50 ms.
_LATE_CLIENTS = 64


class LateSlashguard(Slashguard):
    """Records 50 ms after the claim."""

    script = "duty_cycle_late"


def ask(plan):
    ours, theirs, late = Slashguard("slashguard"), Aztec("Aztec's statements"), LateSlashguard("slashguard, late")
    tables = {ours.name: "slashguard.claim", theirs.name: "validator_duties", late.name: "slashguard.claim"}
    figures = {}
    for contestant, clients, duties in ((ours, _CLIENTS, plan.size_duties), (theirs, _CLIENTS, plan.size_duties), (late, _LATE_CLIENTS, plan.size_duties // 2)):
        at(f"{TITLE}: {count(duties)} duties of {contestant.name}")
        # A database of its own: what other questions left there is not weighed.
        contestant.database = f"bench_size_{contestant.script}"
        contestant.prepare()
        # The first rows of a table cost pages that later ones share.
        contestant.run(clients, None, fixed=duties // 10)
        server.checkpoint(contestant.database)
        before = contestant.cycles, server.log_position(contestant.database), _bytes(contestant, tables)
        contestant.run(clients, None, fixed=duties)
        after = contestant.cycles, server.log_position(contestant.database), _bytes(contestant, tables)
        contestant.check()
        cycles, log, disk = (new - old for old, new in zip(before, after))
        figures[contestant.name] = {"duties": cycles, "disk_bytes": disk / cycles, "log_bytes": log / cycles}
    return _answer(plan, figures, ours.name, theirs.name, late.name)


def _bytes(contestant, tables):
    return server.bytes_of(contestant.database, tables[contestant.name])


def _answer(plan, figures, ours, theirs, late):
    answer = Answer(figures=figures)
    kinds = [("on disk (heap, index, toast)", "disk_bytes", 0.45), ("write-ahead log", "log_bytes", 0.6)]
    rows = []
    for words, kind, most in kinds:
        ratio = figures[ours][kind] / figures[theirs][kind]
        rows.append([words, count(figures[ours][kind]), count(figures[late][kind]), count(figures[theirs][kind]), decimals(ratio)])
        answer.targets.append(Target(f"bytes of a duty, {words}: at most {most} of Aztec's", decimals(ratio), ratio <= most))
    heading = f"Bytes of a duty, over {count(plan.size_duties)} duties after a checkpoint (full-page images included):"
    answer.tables.append(Table(heading, ["", "slashguard", f"{_LATE_CLIENTS} signers of 50 ms", "Aztec's", "of Aztec's"], rows))
    groups = [(words, [(name, figures[name][kind]) for name in (ours, theirs)]) for words, kind, _ in kinds]
    answer.charts.append(Chart(NAME, "Bytes of a duty", "bytes", groups))
    return answer
