"""The judge lets good histories pass and finds each kind of fault in bad ones."""

import unittest

import judge


def event(outcome="acquired", at=10, message="0xaa", **more):
    return {"validator": "0x11", "kind": "block", "at": at, "source": None, "hash": message, "outcome": outcome, "cause": None,
            "where": "proxy", **more}


def vote(source, target, **more):
    return event(at=target, kind="attestation", source=source, **more)


class Judge(unittest.TestCase):
    def test_one_message_may_be_granted_again(self):
        good = [event(), event("already_signed"), event("conflict", message="0xbb"), event(at=11, message="0xbb"),
                event(message="0xbb", validator="0x22"), vote(1, 10, message="0xbb")]
        self.assertEqual([], list(judge.double_messages(good)))

    def test_two_messages_for_one_duty(self):
        for second in ("acquired", "already_signed"):
            self.assertEqual(1, len(list(judge.double_messages([event(), event(second, message="0xbb")]))))
        self.assertEqual(1, len(list(judge.double_messages([vote(1, 2), vote(0, 2)]))))

    def test_surrounding_votes(self):
        self.assertEqual([], list(judge.surrounding_votes([vote(1, 2), vote(2, 3), vote(2, 4), event(at=1)])))
        self.assertEqual([], list(judge.surrounding_votes([vote(2, 3), vote(1, 4, outcome="conflict")])))
        self.assertEqual(1, len(list(judge.surrounding_votes([vote(2, 3), vote(1, 4)]))))
        self.assertEqual(1, len(list(judge.surrounding_votes([vote(1, 9), vote(3, 4)]))))
        self.assertEqual([], list(judge.surrounding_votes([vote(2, 3), vote(1, 4, validator="0x22")])))

    def test_what_is_not_on_record_is_lost(self):
        self.assertEqual([], list(judge.lost([event(), event("halted", at=11)], {("0x11", "block", 10): {"0xaa"}})))
        self.assertEqual(1, len(list(judge.lost([event()], {}))))
        self.assertEqual(1, len(list(judge.lost([event()], {("0x11", "block", 10): {"0xbb"}}))))
        self.assertEqual([], list(judge.lost_signatures([event(signed=True), event(at=11)], {("0x11", "block", 10)})))
        self.assertEqual(1, len(list(judge.lost_signatures([event(signed=True)], {("0x11", "block", 11)}))))

    def test_what_did_not_happen(self):
        told = [event(), event("halted", cause="not_owned", where="shard_one")]
        self.assertEqual([], list(judge.missing(told, [("acquired", None, "proxy"), ("halted", "not_owned", None)])))
        self.assertEqual(3, len(list(judge.missing(told, [("acquired", None, "shard_one"), ("halted", "frozen", None), ("stale", None, None)]))))


unittest.main()
