#!/usr/bin/env python3
"""Every instance is away for hours while customers write and agents answer: the answers wait in the source's topic.

Nobody is paged for what was answered in time, and every promise that was broken is a breach with its own date. No hours pass here: the
source's clock says when things happened, and a promise of an hour that began an hour ago is due in a moment.
"""
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bus  # noqa: E402
import judge  # noqa: E402
from cluster import Cluster, kafka_local, now_ms, now_text, opened, replied, wait_until  # noqa: E402
from instance import Receiver  # noqa: E402
from proto_bytes import Schema  # noqa: E402

HOUR_MS = judge.WITHIN_MS["slow"]
SOURCES = """\
sources:
  desk: {{format: json, kafka: {{topics: [{topic}], mark_every: 100ms}}}}
"""


def at(event, shift_ms):
    return {**event, "occurred_at": now_text(shift_ms)}


class OutageTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        broker = os.environ["ESCALATION_KAFKA"]
        with open(os.path.join(broker, "bootstrap")) as bootstrap:
            self.brokers = bootstrap.read().strip()
        self.topic = f"outage-{os.getpid()}.log"
        self.desk = f"{self.topic}.desk"
        kafka_local("topic", broker, "create", self.desk)
        self.receiver = Receiver(os.path.join(self.folder, "pager"))
        self.addCleanup(self.receiver.kill)
        self.cluster = Cluster(self.folder, self.brokers, self.topic, names="ab", pager=self.receiver.url,
                               extra=SOURCES.format(topic=self.desk))
        self.addCleanup(self.cluster.kill)

    def write(self, *events):
        bus.write(self.brokers, self.desk, [(event["ticket_id"].encode(), json.dumps(event).encode()) for event in events], 0)

    def test_what_waited_in_the_source_is_known_before_anybody_is_paged(self):
        self.cluster.start()
        # Open before everything goes away, and due while nobody is there.
        soon_ms = -HOUR_MS + 15_000
        due_ms = now_ms() + 15_000
        self.write(at(opened("open-answered", plan="slow"), soon_ms), at(opened("open-forgotten", plan="slow"), soon_ms))
        leader = self.cluster.wait_for_leader()
        for ticket in ("open-answered", "open-forgotten"):
            wait_until(f"{ticket} is known", lambda ticket=ticket: leader.get(f"/v1/tickets/{ticket}").status == 200)
        self.cluster.kill()
        self.assertLess(now_ms(), due_ms, "too slow to be away in time")
        self.write(replied("open-answered"))
        # Six hours of work that nobody here has seen.
        began = -6 * HOUR_MS
        for number in range(50):
            self.write(at(opened(f"answered-{number}", plan="slow"), began), at(replied(f"answered-{number}"), began + HOUR_MS // 2))
        self.write(at(opened("late", plan="slow"), began), at(replied("late"), began + 2 * HOUR_MS))
        self.write(at(opened("forgotten", plan="slow"), began))
        wait_until("the promises are due", lambda: now_ms() > due_ms + 1_000)

        for member in self.cluster.members:
            member.spawn()
        for member in self.cluster.members:
            member.url = member.wait_for_line("ready")["address"]
        paged = {"default/forgotten/wake_up/1/1", "default/open-forgotten/wake_up/1/1"}
        wait_until("the pages of what nobody answered", lambda: paged <= {key for _, key in self.receiver.pages()})
        ended_ms = now_ms()
        self.write(replied("forgotten"), replied("open-forgotten"))
        wait_until("their closings", lambda: sum(operation == "RECOVERY" for operation, _ in self.receiver.pages()) == 2)
        leader = self.cluster.wait_for_leader()
        wait_until("nothing left to do", lambda: all(leader.metric(name) == 0 for name in (
            "escalationd_fold_lag_records", "escalationd_outbox_decisions", "escalationd_deliveries_waiting")))
        for member in self.cluster.members:
            self.assertEqual(member.terminate(), 0, member.output())
        self.assertEqual({key for _, key in self.receiver.pages()}, paged)
        self.judge(ended_ms)

    def judge(self, ended_ms):
        with open(self.receiver.output_path) as output:
            pages = [json.loads(line) for line in output]
        evidence = judge.Evidence(
            schema=Schema(), sources={"desk": bus.read(self.brokers, self.desk)}, events=[], log=bus.read(self.brokers, self.topic),
            decisions=bus.read(self.brokers, self.cluster.decisions, with_headers=True),
            dead_letters=bus.read(self.brokers, self.cluster.dead_letters),
            received=[(ended_ms, page["operation"], page["key"]) for page in pages], ended_ms=ended_ms)
        self.assertEqual(judge.judge(evidence), [])


if __name__ == "__main__":
    unittest.main()
