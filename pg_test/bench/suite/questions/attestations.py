"""Attestations a second, beside Web3Signer's statements on its own tables."""

from answer import PROCESSORS_ARE_SHARED, Answer, Chart, Table, Target
from attesters import SlashguardAttestations, SlashguardClaims, Web3Signer
from figures import count, decimals
from rounds import measure

NAME = "attestations"
TITLE = "attestations"

_AT = 8
_LEAST = 3
_RECORDING = "Web3Signer records no signature. With that second call each of the two has to be six times as quick as its statements."


def ask(plan):
    claims, cycles = SlashguardClaims("claim"), SlashguardAttestations("claim and record")
    web3signer = Web3Signer("Web3Signer's statements")
    contestants = [claims, cycles, web3signer]
    for contestant in contestants:
        contestant.prepare()
    answer = Answer(figures={"unit": "attestations a second", "clients": {}})
    rows, groups = [], []
    for clients in plan.attestation_clients:
        rates, _ = measure(contestants, clients, plan, TITLE)
        ratio, ratio_recorded = rates.ratio(claims.name, web3signer.name), rates.ratio(cycles.name, web3signer.name)
        medians = [(contestant.name, rates.median(contestant.name)) for contestant in contestants]
        rows.append([str(clients), *(count(rate) for _, rate in medians), decimals(ratio), decimals(ratio_recorded)])
        groups.append((f"{clients} clients", medians))
        answer.figures["clients"][clients] = {"rounds": rates.rounds, "of_web3signer": ratio, "of_web3signer_recorded": ratio_recorded}
        if clients == _AT:
            words = f"attestations, {clients} clients: at least {_LEAST} times Web3Signer's statements"
            answer.targets.append(Target(f"{words} (claim)", decimals(ratio), ratio >= _LEAST, PROCESSORS_ARE_SHARED))
            answer.targets.append(Target(f"{words} (claim and record)", decimals(ratio_recorded), ratio_recorded >= _LEAST, _RECORDING))
    claims.check()
    cycles.check()
    columns = ["clients", "claim", "claim and record", "Web3Signer's", "claim of Web3Signer's", "both of Web3Signer's"]
    answer.tables.append(Table(f"Attestations a second, median of {plan.rounds} rounds:", columns, rows))
    answer.charts.append(Chart(NAME, "Attestations", "a second", groups))
    return answer
