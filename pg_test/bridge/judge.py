"""Holds what clients were told, and what views show, against what was promised. It knows nothing of the ledger's tables.

Each rule yields sentences about what is wrong. What is not certain, because calls overlapped or a connection was lost, speaks for
the ledger."""

import collections


def granted(events):
    return [event for event in events if event["what"] == "ask" and event["outcome"] == "acquired"]


def may_have_ended(events):
    """Releases that took effect, or may have."""
    return [event for event in events if event["what"] == "release" and event["result"] in (True, None)]


def two_messages(events):
    """A signer was granted another message for one request, and the first was not given back as certainly unsigned by the only
    one who was ever answered it."""
    answers = collections.Counter(grant["token"] for grant in granted(events))
    freed = collections.defaultdict(list)
    for release in may_have_ended(events):
        if release["certainly"] and answers[release["token"]] == 1:
            freed[release["token"]].append(release["sent"])
    signed = {(event["token"], event["hash"]) for event in events if event["what"] == "record" and event["result"] == "recorded"}

    def was_free_for(grant, other):
        return (grant["token"], grant["hash"]) not in signed and any(
            sent < other["answered"] for sent in freed[grant["token"]])

    duties = collections.defaultdict(list)
    for grant in granted(events):
        duties[grant["signer"], grant["request"]].append(grant)
    for (signer, request), grants in duties.items():
        for place, grant in enumerate(grants):
            for other in grants[:place]:
                if grant["hash"] != other["hash"] and not was_free_for(grant, other) and not was_free_for(other, grant):
                    yield f"{signer} was granted {other['hash'][:10]} and {grant['hash'][:10]} for request {request[-6:]}"


def duty(event):
    return event["signer"], event["request"], event["hash"]


def contents(events):
    """What each message says, as its signer was granted it; and sentences about those that a signer was granted with two
    contents."""
    said, faults = {}, []
    for grant in granted(events):
        content = (grant["recipient"], grant["amount"], grant["sequence"])
        if said.setdefault(duty(grant), content) != content:
            faults.append(f"{grant['signer'][:6]} was granted {grant['hash'][:10]} as {said[duty(grant)]} and as {content}")
    return said, faults


def certainly_held(events):
    """From when to when each message of one content was granted to some signer and not released, for certain: pairs by message."""
    said, _ = contents(events)
    ended = collections.defaultdict(list)
    for release in may_have_ended(events):
        ended[duty(release)].append(release)
    held = collections.defaultdict(list)
    for grant in granted(events):
        begin = grant["answered"]
        end = min((release["sent"] for release in ended[duty(grant)] if release["answered"] > begin), default=float("inf"))
        if end > begin:
            held[grant["request"], grant["hash"], said[duty(grant)]].append((begin, end))
    return held


def united(intervals):
    """Without overlaps."""
    whole = []
    for begin, end in sorted(intervals):
        if whole and begin <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((begin, end))
    return whole


def over_the_limit(events, limit):
    """At some moment a recipient was granted more than the limit, each message counted once. All of it on one day."""
    changes = collections.defaultdict(list)
    for (_, _, (recipient, amount, _)), intervals in certainly_held(events).items():
        for begin, end in united(intervals):
            changes[recipient] += [(begin, amount), (end, -amount)]
    for recipient, steps in changes.items():
        total = most = 0
        # What ends at a moment goes before what begins.
        for _, amount in sorted(steps):
            total += amount
            most = max(most, total)
        if most > limit:
            yield f"{recipient[-6:]} was granted {most} at a time, over {limit}"


def signatures(events, shown):
    """Every signature that was recorded is shown, and none that nobody gave. `shown`: (signer, request, hash, signature)."""
    given = {(e["signer"], e["request"], e["hash"], e["signature"]): e["result"] for e in events if e["what"] == "record"}
    shown = set(shown)
    for row, result in given.items():
        if result == "recorded" and row not in shown:
            yield f"the signature of {row[0][:6]} for {row[1][-6:]} was recorded and is not shown"
    for row in sorted(shown - set(given)):
        yield f"nobody gave the signature of {row[0][:6]} for {row[1][-6:]}"


def recount(events, signed, quorum):
    """The pending and the ready rows that views should have: (request, content .., hash, signatures, moment). `signed`: (signer,
    request, hash, moment) of every signature."""
    said, _ = contents(events)
    moments = collections.defaultdict(list)
    for signer, request, message_hash, at in signed:
        content = said.get((signer, request, message_hash), ("nobody was granted this", 0, 0))
        moments[request, message_hash, content].append(at)
    pending, ready = set(), set()
    for (request, message_hash, content), at in moments.items():
        at.sort()
        row = (request, *content, message_hash, len(at))
        if len(at) < quorum:
            pending.add((*row, at[0]))
        else:
            ready.add((*row, at[quorum - 1]))
    return pending, ready


def differences(what, expected, shown):
    for row in sorted(expected - shown, key=str):
        yield f"{what} has not {row}"
    for row in sorted(shown - expected, key=str):
        yield f"{what} has {row}"
