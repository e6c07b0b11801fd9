"""How many duty cycles a second: beside the raw limit of the server, and beside the Aztec client's own statements."""

from answer import PROCESSORS_ARE_SHARED, Answer, Chart, Table, Target
from contestants import Aztec, RawCycle, RawInsert, RawUpdate, Slashguard
from figures import clients_text, count, decimals, harmonic
from rounds import measure

NAME = "duty_cycle"
TITLE = "duty cycle"

_OF_LIMIT = {1: 0.85, 8: 0.85, 32: 0.75}
_OF_AZTEC = {1: 1.35, 32: 1.6}
_NEEDS_ALONE = "It needs a processor that keeps its speed and its caches over a wait for the disk."


def ask(plan):
    insert, update = RawInsert("raw insert"), RawUpdate("raw update")
    cycle, slashguard, aztec = RawCycle("raw cycle"), Slashguard("slashguard"), Aztec("Aztec's statements")
    contestants = [insert, update, cycle, slashguard, aztec]
    for contestant in contestants:
        contestant.prepare()
    answer = Answer(figures={"unit": "cycles a second", "clients": {}})
    rows, groups, times = [], [], []
    for clients in plan.clients:
        rates, processor = measure(contestants, clients, plan, TITLE)
        rates.derive("raw limit", harmonic, insert.name, update.name)
        of_limit, of_aztec = rates.ratio(slashguard.name, "raw limit"), rates.ratio(slashguard.name, aztec.name)
        of_cycle = rates.ratio(slashguard.name, cycle.name)
        names = [insert.name, update.name, "raw limit", cycle.name, slashguard.name, aztec.name]
        ratios = [of_limit, of_cycle, of_aztec]
        rows.append([str(clients), *(count(rates.median(name)) for name in names), *(decimals(ratio) for ratio in ratios)])
        groups.append((clients_text(clients), [(name, rates.median(name)) for name in names[2:]]))
        answer.figures["clients"][clients] = {"rounds": rates.rounds, "of_limit": of_limit, "of_cycle": of_cycle, "of_aztec": of_aztec}
        if clients == 1:
            processor.derive("raw limit", _sum, insert.name, update.name)
            answer.figures["processor_us"] = processor.rounds
            times = ["the server's processor, us a cycle", *(decimals(processor.median(name), 0) for name in names)]
        of_both = decimals(rates.ratio(cycle.name, "raw limit"))
        needs = f"the two raw writes in one session reach {of_both} of it. {_NEEDS_ALONE if clients == 1 else PROCESSORS_ARE_SHARED}"
        answer.targets += _target(_OF_LIMIT, clients, "of the raw limit", of_limit, needs)
        answer.targets += _target(_OF_AZTEC, clients, "times Aztec's statements", of_aztec, PROCESSORS_ARE_SHARED)
    for contestant in contestants:
        contestant.check()
    columns = ["clients", "raw insert", "raw update", "raw limit", "raw cycle", "slashguard", "Aztec's", "of limit", "of raw cycle", "of Aztec's"]
    answer.tables.append(Table(f"Duty cycles (claim and record) a second, median of {plan.rounds} rounds:", columns, rows))
    if times:
        columns = ["1 client", "raw insert", "raw update", "both", "raw cycle", "slashguard", "Aztec's"]
        answer.tables.append(Table("Time of the server's processor a cycle, the start of a backend shared among its cycles:", columns, [times]))
    answer.charts.append(Chart(NAME, "Duty cycles: claim and record", "a second", groups))
    return answer


def _sum(*numbers):
    return sum(numbers)


def _target(least, clients, words, measured, needs):
    if clients not in least:
        return []
    words = f"duty cycle, {clients_text(clients)}: at least {least[clients]} {words}"
    return [Target(words, decimals(measured), measured >= least[clients], needs)]
