"""What clients were told, held against what was promised: whatever shard answered, and whatever moved between them.

An event is what one client was told: validator, kind (block or attestation), at (slot or target epoch), source (of an attestation), hash, outcome,
cause, and signed: whether its signature was recorded. Faults are sentences; none is a pass."""

import collections

# A client that is told so may sign the message, or send the signature.
MAY_SIGN = ("acquired", "already_signed")


def duty(event):
    return event["validator"], event["kind"], event["at"]


def granted(events):
    """What clients may have signed: hashes and sources by duty."""
    messages = collections.defaultdict(set)
    for event in events:
        if event["outcome"] in MAY_SIGN:
            messages[duty(event)].add((event["hash"], event["source"]))
    return messages


def double_messages(events):
    for (validator, kind, at), messages in granted(events).items():
        if len(messages) > 1:
            yield f"{kind} {at} of {validator}: {len(messages)} messages"


def surrounding_votes(events):
    votes = collections.defaultdict(set)
    for (validator, kind, target), messages in granted(events).items():
        if kind == "attestation":
            votes[validator].update((source, target) for _, source in messages)
    for validator, cast in votes.items():
        # By target: a later one that begins before an earlier one's source surrounds it.
        latest = None
        for target, source in sorted((target, source) for source, target in cast):
            if latest is not None and source < latest:
                yield f"attestation {source} -> {target} of {validator} surrounds one with source {latest}"
            latest = source if latest is None else max(latest, source)


def lost(events, records):
    """`records`: the hashes on record by duty, on the shard that owns the validator in the end."""
    for key, messages in granted(events).items():
        for message, _ in messages:
            if message not in records.get(key, ()):
                yield f"{key}: granted {message}, on record {records.get(key)}"


def lost_signatures(events, signed):
    """`signed`: duties that have a signature, on whatever shard."""
    for event in events:
        if event.get("signed") and duty(event) not in signed:
            yield f"{duty(event)}: its signature is gone"


def missing(events, wanted):
    """What has to have happened, or it has shown nothing."""
    seen = {(event["outcome"], event["cause"], event["where"]) for event in events}
    for outcome, cause, where in wanted:
        if not any(outcome == o and cause in (c, None) and where in (w, None) for o, c, w in seen):
            yield f"nobody was told {outcome} {cause or ''} {where or ''}"
