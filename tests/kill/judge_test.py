#!/usr/bin/env python3
"""The judge of the kill sweep says no to each thing that may go wrong."""
import copy
import datetime
import unittest

from judge import Evidence, judge

BASE = datetime.datetime(2026, 3, 10, 9, 0, tzinfo=datetime.timezone.utc)
KEY = "default/T-1/wake_up/1/1"


def event(event_id, **body):
    return {"id": event_id, "ticket_id": "T-1", "occurred_at": "2026-03-10T09:00:00Z",
            "actor": {"id": "ann", "kind": "customer"}, **body}


def stored(event_id, **body):
    return {**event(event_id, **body), "tenant": "default", "actor": {"id": "ann", "kind": "CUSTOMER"},
            "written_at": "2026-03-10T11:00:00Z"}


def decision(seq, **body):
    return {"decision": {"id": f"log/0/0/{seq}", "seq": str(seq), "tenant": "default", "ticket_id": "T-1",
                         "at": "2026-03-10T09:01:00Z", "cause": {"offset": "0", "event_id": "e1", "rule": "r"}, **body}}


def good():
    opened, replied = event("e1", opened={"plan": "fast"}), event("e2", message_added={"visibility": "public"})
    records = [{"offset": "0", "event": stored("e1", opened={"plan": "fast"})},
               {"offset": "1", "event": {"page_outcome": {"operation": "TRIGGER", "key": KEY, "outcome": "DELIVERED"}}},
               {"offset": "2", "event": stored("e2", message_added={"visibility": "PUBLIC"})}]
    decisions = [decision(1, clock_breached={"cycle": 1}), decision(2, page_requested={"key": KEY}),
                 decision(3, page_closed={"key": KEY, "reason": "clock_met"})]
    return Evidence(BASE, [(0, opened), (2, replied)], {"e1": 1, "e2": 2}, records, decisions, (0, "same"),
                    [("CRITICAL", KEY), ("RECOVERY", KEY)], [KEY])


class JudgeTest(unittest.TestCase):
    def assert_says(self, words, doctor):
        evidence = copy.deepcopy(good())._asdict()
        doctor(evidence)
        problems = judge(Evidence(**evidence), good())
        self.assertTrue(any(words in problem for problem in problems), problems)

    def test_nothing_is_wrong_with_a_good_run(self):
        self.assertEqual(judge(good(), good()), [])

    def test_a_repeated_page_and_a_resent_event_are_right(self):
        evidence = good()
        evidence.received.insert(1, ("CRITICAL", KEY))
        evidence.records.append({"offset": "3", "event": evidence.records[2]["event"]})
        self.assertEqual(judge(evidence, good()), [])

    def test_an_accepted_event_is_lost(self):
        self.assert_says("e2 was accepted at 2", lambda it: it["records"].pop())

    def test_an_accepted_event_is_changed(self):
        self.assert_says("e1 was accepted at 0", lambda it: it["records"][0]["event"].update(opened={"plan": "slow"}))

    def test_two_events_have_one_offset(self):
        self.assert_says("at one offset", lambda it: it["acknowledged"].append(it["acknowledged"][0]))

    def test_the_log_has_a_hole(self):
        self.assert_says("offsets are not dense", lambda it: it["records"].pop(1))

    def test_an_event_is_there_more_often_than_it_was_sent(self):
        self.assert_says("e1 is 2 times in the log",
                         lambda it: it["records"].append({"offset": "3", "event": it["records"][0]["event"]}))

    def test_a_decision_is_missing(self):
        self.assert_says("decisions are not contiguous", lambda it: it["decisions"].pop(0))

    def test_a_decision_is_published_twice(self):
        def twice(it):
            it["decisions"][2]["decision"]["id"] = it["decisions"][1]["decision"]["id"]
        self.assert_says("published twice", twice)

    def test_the_log_folds_otherwise(self):
        self.assert_says("folding the log again", lambda it: it.update(replay=(1, "differs")))

    def test_something_else_is_decided(self):
        self.assert_says("T-1 was decided", lambda it: it["decisions"][0]["decision"].update(at="2026-03-10T09:02:00Z"))

    def test_something_is_not_decided(self):
        self.assert_says("T-1 was decided", lambda it: it["decisions"].pop())

    def test_a_page_never_comes(self):
        self.assert_says(f"{KEY} never came", lambda it: it.update(received=[]))

    def test_a_page_stays_open(self):
        self.assert_says("still open", lambda it: it["received"].pop())

    def test_a_page_is_opened_after_its_end(self):
        self.assert_says("opened again", lambda it: it["received"].extend(it["received"][:]))

    def test_a_page_nobody_decided(self):
        self.assert_says("never decided", lambda it: it["received"].append(("CRITICAL", "default/T-2/wake_up/1/1")))

    def test_a_page_without_outcome(self):
        def settle_nothing(it):
            it["records"][1]["event"] = {"tick": {}}
        self.assert_says("has the outcome none", settle_nothing)

    def test_a_page_that_failed(self):
        self.assert_says("FAILED", lambda it: it["records"][1]["event"]["page_outcome"].update(outcome="FAILED"))


if __name__ == "__main__":
    unittest.main()
