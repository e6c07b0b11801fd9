"""What was granted, held against the rules by itself: a signer signs whatever it was told `acquired` for."""

import collections


class Grants:
    def __init__(self):
        self.hashes = collections.defaultdict(set)
        self.votes = collections.defaultdict(set)

    def add(self, key, message_hash, answer, vote=None):
        if answer.outcome not in ("acquired", "already_signed"):
            return
        self.hashes[key].add(message_hash)
        if vote:
            self.votes[key[0]].add(vote)

    def doubles(self):
        """Keys with two messages."""
        return [(key, sorted(hashes)) for key, hashes in self.hashes.items() if len(hashes) > 1]

    def surrounds(self):
        """Votes of one validator of which one surrounds the other, or two of one target."""
        return [(validator, outer, inner) for validator, votes in self.votes.items() for outer in votes for inner in votes
                if outer[0] < inner[0] and inner[1] < outer[1] or outer[1] == inner[1] and outer < inner]
