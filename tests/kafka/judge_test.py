#!/usr/bin/env python3
"""The judge notices what it is there for: a run in which all is well passes, and each thing that goes wrong is named."""
import json
import unittest

import bus
import judge
from proto_bytes import Schema

SCHEMA = Schema()
BEGIN = 1_800_000_000_000


class Run:
    """A run in which all is well: two tickets, of which one was answered too late and paged for."""

    def __init__(self):
        def opened(ticket, at):
            return {"id": f"open-{ticket}", "ticket_id": ticket, "occurred_at": at, "opened": {"plan": "fast"}}

        def replied(ticket, at):
            return {"id": f"reply-{ticket}", "ticket_id": ticket, "occurred_at": at, "actor": {"kind": "AGENT"},
                    "message_added": {"visibility": "PUBLIC"}}
        self.sent = [opened("late", BEGIN), opened("good", BEGIN), None, replied("good", BEGIN + 500), replied("late", BEGIN + 3000)]
        self.http = [{"id": "ack", "ticket_id": "late", "page_acknowledged": {"key": "t/late/wake/1/1"}}]
        self.records = []
        for offset, event in enumerate(self.sent):
            if event is not None:
                origin = {"source": "desk", "generation": "1", "offset": offset, "positioned": True}
                self.records.append({**event, "origin": origin})
        due = BEGIN + 1000
        page = {"key": "t/late/wake/1/1", "route": "pager"}
        self.decisions = [
            {"id": "i/0/5/0", "seq": 1, "ticket_id": "late", "at": due, "due_at": due, "cause": {"offset": 4},
             "clock_breached": {"metric": "first_response"}},
            {"id": "i/0/5/1", "seq": 2, "ticket_id": "late", "at": due, "cause": {"offset": 4}, "page_requested": page},
            {"id": "i/0/9/0", "seq": 3, "ticket_id": "late", "at": due + 2000, "cause": {"offset": 5}, "page_closed": page}]
        self.records += [
            {"page_outcome": {"key": page["key"], "operation": "TRIGGER", "outcome": "DELIVERED"}},
            {**self.http[0], "origin": {"source": "http"}},
            {"page_outcome": {"key": page["key"], "operation": "CLOSE", "outcome": "DELIVERED"}}]
        self.again = []  # Decisions that are published once more, behind the others.
        self.letters = [b"poison"]
        self.received = [(due + 10, "CRITICAL", page["key"]), (due + 2010, "RECOVERY", page["key"])]
        self.published = True

    def problems(self):
        source = []
        for offset, event in enumerate(self.sent):
            value = b"poison" if event is None else json.dumps(event).encode()
            source.append(bus.Message(0, offset, BEGIN, None, value, ""))
        decisions = [SCHEMA.encode("Decision", decision) for decision in self.decisions]
        chain = judge.chains(SCHEMA.encode("Decision", decision) for decision in Run().decisions)
        records = list(self.records)
        if self.published:
            records.append({"published": {"through_seq": 3, "decisions_hash": chain[3]}})
        log = [bus.Message(0, offset, BEGIN + offset, None, SCHEMA.encode("Event", record), "")
               for offset, record in enumerate(records)]
        stream = [bus.Message(0, offset, BEGIN, None, value, f"id={decision['id']},seq={decision['seq']}")
                  for offset, (value, decision) in enumerate(zip(decisions, self.decisions))]
        stream += [bus.Message(0, len(stream) + number, BEGIN, None, SCHEMA.encode("Decision", decision),
                               f"id={decision['id']},seq={decision['seq']}") for number, decision in enumerate(self.again)]
        letters = [bus.Message(0, offset, BEGIN, None, value, "") for offset, value in enumerate(self.letters)]
        return judge.judge(judge.Evidence(SCHEMA, {"desk": source}, self.http, log, stream, letters, self.received,
                                          BEGIN + 60_000))



class JudgeTest(unittest.TestCase):
    def setUp(self):
        self.run_ = Run()

    def expect(self, text):
        found = self.run_.problems()
        self.assertTrue(any(text in problem for problem in found), f"{text!r} is not among {found}")

    def test_all_is_well(self):
        self.assertEqual(self.run_.problems(), [])

    def test_what_is_appended_or_published_again_counts_once(self):
        self.run_.records.insert(2, self.run_.records[0])
        self.run_.records.append(self.run_.records[4])
        self.run_.again = self.run_.decisions[1:]
        self.assertEqual(self.run_.problems(), [])

    def test_a_lost_message(self):
        del self.run_.records[2]
        self.expect("desk[0]: lost 1: [3]")

    def test_messages_in_another_order(self):
        records = self.run_.records
        records[1], records[2] = records[2], records[1]
        self.expect("desk[0]: lost 1: [1]")

    def test_a_message_that_nobody_sent(self):
        self.run_.sent.pop()
        self.expect("not in the topic 1: [4]")

    def test_another_event_than_was_sent(self):
        self.run_.records[0]["id"] = "other"
        self.expect("open-late entered the log as other")

    def test_another_generation(self):
        self.run_.records[3]["origin"]["generation"] = "2"
        self.expect("several generations")

    def test_poison_without_a_dead_letter(self):
        self.run_.letters = []
        self.expect("poison, and no dead letter")

    def test_a_dead_letter_of_an_event(self):
        self.run_.letters.append(b'{"ticket_id":"good"}')
        self.expect("a dead letter holds")

    def test_an_accepted_event_is_lost(self):
        del self.run_.records[5]
        self.expect("ack was accepted and is 0 times")

    def test_a_decision_is_missing(self):
        del self.run_.decisions[1]
        self.expect("seq 3 follows 1")

    def test_a_decision_made_in_two_ways(self):
        self.run_.again = [{**self.run_.decisions[1], "at": BEGIN}]
        self.expect("seq 2 was decided in two ways")

    def test_a_decision_made_twice(self):
        self.run_.decisions.append({**self.run_.decisions[0], "seq": 4})
        self.expect("decided twice: i/0/5/0")

    def test_other_decisions_than_the_log_sums_up(self):
        self.run_.decisions[1]["due_at"] = BEGIN
        self.expect("the chain of the decisions up to 3")

    def test_a_breach_is_missing(self):
        self.run_.decisions[0].pop("clock_breached")
        self.expect("late: broken at")

    def test_a_false_breach(self):
        self.run_.records[2]["occurred_at"] = self.run_.records[3]["occurred_at"] = BEGIN + 100
        self.expect("late: a breach, and the promise was kept")

    def test_a_breach_at_another_moment(self):
        self.run_.decisions[0]["due_at"] += 1
        self.expect("late: broken at")

    def test_a_breach_that_is_taken_back(self):
        self.run_.decisions.append({"id": "i/0/9/1", "seq": 4, "ticket_id": "good", "breach_retracted": {"metric": "first_response"}})
        self.expect("good: a breach was decided before everything was known")

    def test_a_page_that_never_came(self):
        self.run_.received = []
        self.expect("is said to be delivered, and never came")

    def test_a_page_without_an_outcome(self):
        del self.run_.records[4]
        self.expect("has the outcome none")

    def test_a_page_that_came_early(self):
        self.run_.received[0] = (BEGIN + 999, "CRITICAL", "t/late/wake/1/1")
        self.expect("came 1 ms before it was due")

    def test_a_page_that_nobody_asked_for(self):
        self.run_.received.append((BEGIN, "CRITICAL", "t/good/wake/1/1"))
        self.expect("was paged, and never asked for")

    def test_a_page_that_stays_open(self):
        self.run_.received.pop()
        self.expect("is still open at the pager")

    def test_a_page_after_an_acknowledgement(self):
        self.run_.decisions.append({"id": "i/0/9/1", "seq": 4, "ticket_id": "late", "cause": {"offset": 6},
                                    "page_requested": {"key": "t/late/wake/1/2"}})
        self.expect("was asked for after its run was acknowledged")

    def test_time_that_runs_backwards_in_the_log(self):
        message = bus.Message(0, 0, BEGIN, None, b"", "")
        self.assertEqual(list(judge.check_log([message, message._replace(offset=1, timestamp=BEGIN - 1)])),
                         ["log[0]@1: appended 1 ms before its predecessor"])

    def test_a_hole_in_the_log(self):
        message = bus.Message(0, 0, BEGIN, None, b"", "")
        self.assertEqual(list(judge.check_log([message, message._replace(offset=2)])),
                         ["log[0]: offsets are not dense: [(0, 2)]"])

    def test_what_kcat_prints(self):
        data = b"0,7,5,-1,3\na\nb\n1,0,6,1,-1\nk\n"
        self.assertEqual(list(bus.parse(data)), [bus.Message(0, 7, 5, None, b"a\nb", ""), bus.Message(1, 0, 6, b"k", None, "")])
        self.assertEqual(list(bus.parse(b"0,0,5,0,1\nxid=a,seq=1\n", True)), [bus.Message(0, 0, 5, b"", b"x", "id=a,seq=1")])


if __name__ == "__main__":
    unittest.main()
