"""What does protection cost a node's INSERT into its own table?"""

from answer import PROCESSORS_ARE_SHARED, Answer, Chart, Table, Target
from contestants import PlainInsert, ProtectedInsert
from figures import clients_text, count, decimals
from load import PREPARED, UNPREPARED
from rounds import measure

NAME = "protected"
TITLE = "protected table"

_CLIENTS = (1, 32)
_LEAST = 0.7
_WAYS = {UNPREPARED: "as a node sends it", PREPARED: "prepared"}


def ask(plan):
    plain, protected = PlainInsert("plain"), ProtectedInsert("protected")
    for contestant in (plain, protected):
        contestant.prepare()
    answer = Answer(figures={"unit": "inserts a second", "ways": {}})
    rows, groups = [], []
    for protocol, words in _WAYS.items():
        plain.protocol = protected.protocol = protocol
        answer.figures["ways"][words] = {}
        for clients in _CLIENTS:
            rates, _ = measure([plain, protected], clients, plan, f"{TITLE}, {words}")
            ratio = rates.ratio(protected.name, plain.name)
            rows.append([f"{words}, {clients_text(clients)}", *(count(rates.median(one.name)) for one in (plain, protected)), decimals(ratio)])
            groups.append((f"{words}, {clients_text(clients)}", [(one.name, rates.median(one.name)) for one in (plain, protected)]))
            answer.figures["ways"][words][clients] = {"rounds": rates.rounds, "ratio": ratio}
            target = f"protected INSERT, {words}, {clients_text(clients)}: at least {_LEAST} of the plain one's rate"
            answer.targets.append(Target(target, decimals(ratio), ratio >= _LEAST, PROCESSORS_ARE_SHARED))
    for contestant in (plain, protected):
        contestant.check()
    heading = f"A node's inserts a second into its own table, median of {plan.rounds} rounds:"
    answer.tables.append(Table(heading, ["", "plain", "protected", "ratio"], rows))
    answer.charts.append(Chart(NAME, "A node's INSERT into its own table", "a second", groups))
    return answer
