"""The judge is held to histories that are known to be good or bad."""

import unittest

import judge


class History:
    """Calls one after the other, each of one second, unless told otherwise."""

    def __init__(self):
        self.now = 0
        self.events = []

    def call(self, begin, **event):
        begin = self.now if begin is None else begin
        self.now = max(self.now, begin + 1)
        self.events.append({"sent": begin, "answered": begin + 1, **event})

    def grant(self, message, token, signer="s", amount=60, request="r", recipient="alice", at=None):
        self.call(at, what="ask", outcome="acquired", signer=signer, request=request, hash=message, token=token, recipient=recipient,
                  amount=amount, sequence=1)
        return self

    def release(self, message, token, signer="s", request="r", certainly=False, result=True, at=None):
        self.call(at, what="release", signer=signer, request=request, hash=message, token=token, certainly=certainly, result=result)
        return self

    def record(self, message, token, signer="s", request="r", result="recorded"):
        self.call(None, what="record", signer=signer, request=request, hash=message, token=token, signature="x", result=result)
        return self


class TwoMessages(unittest.TestCase):
    def faults(self, history):
        return len(list(judge.two_messages(history.events)))

    def test_another_message_is_found(self):
        self.assertEqual(self.faults(History().grant("a", 1).grant("b", 2)), 1)
        self.assertEqual(self.faults(History().grant("a", 1).release("a", 1).grant("b", 2)), 1)
        # Somebody else was granted it, too, and may be signing.
        self.assertEqual(self.faults(History().grant("a", 1).grant("a", 2).release("a", 2, certainly=True).grant("b", 3)), 1)
        self.assertEqual(self.faults(History().grant("a", 1).grant("a", 1).release("a", 1, certainly=True).grant("b", 3)), 2)
        # It did not hold the claim, or the release came too late, or there is a signature.
        self.assertEqual(self.faults(History().grant("a", 1).release("a", 1, certainly=True, result=False).grant("b", 2)), 1)
        self.assertEqual(self.faults(History().grant("a", 1).grant("b", 2).release("a", 1, certainly=True)), 1)
        self.assertEqual(self.faults(History().grant("a", 1).record("a", 1).release("a", 1, certainly=True).grant("b", 2)), 1)

    def test_what_is_allowed_is_none(self):
        self.assertEqual(self.faults(History().grant("a", 1).release("a", 1, certainly=True).grant("b", 2)), 0)
        self.assertEqual(self.faults(History().grant("a", 1).release("a", 1, certainly=True, result=None).grant("b", 2)), 0)
        self.assertEqual(self.faults(History().grant("a", 1).grant("a", 2).grant("b", 3, signer="another")), 0)
        self.assertEqual(self.faults(History().grant("a", 1).grant("b", 2, request="another")), 0)


class TheLimit(unittest.TestCase):
    def faults(self, history):
        return len(list(judge.over_the_limit(history.events, 100)))

    def test_too_much_at_a_time_is_found(self):
        self.assertEqual(self.faults(History().grant("a", 1).grant("b", 2, request="q")), 1)
        self.assertEqual(self.faults(History().grant("a", 1).grant("b", 2, request="q").release("a", 1, at=3)), 1)
        # Granted anew after its release; and released by one signer of two.
        self.assertEqual(self.faults(History().grant("a", 1).release("a", 1).grant("a", 2).grant("b", 3, request="q")), 1)
        self.assertEqual(self.faults(
            History().grant("a", 1).grant("a", 2, signer="t").release("a", 1).grant("b", 3, request="q")), 1)
        self.assertEqual(self.faults(History().grant("a", 1).release("a", 1, result=False).grant("b", 2, request="q")), 1)
        # One hash, and two signers with another content each.
        self.assertEqual(self.faults(History().grant("a", 1).grant("a", 2, signer="t", amount=61)), 1)

    def test_what_is_within_it_is_none(self):
        self.assertEqual(self.faults(History().grant("a", 1).grant("a", 2, signer="t").grant("a", 3, signer="u")), 0)
        self.assertEqual(self.faults(History().grant("a", 1).grant("b", 2, request="q", recipient="bob")), 0)
        self.assertEqual(self.faults(History().grant("a", 1).grant("b", 2, request="q", amount=40)), 0)
        self.assertEqual(self.faults(History().grant("a", 1).release("a", 1).grant("b", 2, request="q")), 0)
        self.assertEqual(self.faults(History().grant("a", 1).release("a", 1, result=None).grant("b", 2, request="q")), 0)
        # The release was under way when the other was granted.
        self.assertEqual(self.faults(
            History().grant("a", 1).release("a", 1, at=1).grant("b", 2, request="q", at=1.5)), 0)


class Views(unittest.TestCase):
    def test_contents_and_signatures(self):
        self.assertEqual(len(judge.contents(History().grant("a", 1).grant("a", 2, amount=61).events)[1]), 1)
        events = History().grant("a", 1).record("a", 1).events
        self.assertEqual(list(judge.signatures(events, [("s", "r", "a", "x")])), [])
        self.assertEqual(len(list(judge.signatures(events, []))), 1)
        self.assertEqual(len(list(judge.signatures(events, [("s", "r", "a", "x"), ("t", "r", "a", "x")]))), 1)

    def test_the_recount(self):
        events = History().grant("a", 1).grant("a", 2, signer="t").grant("b", 3, signer="u").grant("a", 4, signer="v", amount=61).events
        signed = [("s", "r", "a", 3), ("u", "r", "b", 2), ("t", "r", "a", 1), ("v", "r", "a", 4)]
        pending, ready = judge.recount(events, signed, 2)
        self.assertEqual(pending, {("r", "alice", 60, 1, "b", 1, 2), ("r", "alice", 61, 1, "a", 1, 4)})
        self.assertEqual(ready, {("r", "alice", 60, 1, "a", 2, 3)})
        self.assertEqual(len(list(judge.differences("view", ready, pending))), 3)


if __name__ == "__main__":
    unittest.main()
