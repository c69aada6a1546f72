#!/usr/bin/env python3
"""Topics of a real broker as sources of a daemon with an embedded log: what is in the topic is in the log, once."""
import datetime
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bus  # noqa: E402
from cluster import Cluster, kafka_local, wait_until  # noqa: E402
from instance import Receiver, opened, replied, run_ctl  # noqa: E402
from source_world import SourceWorld  # noqa: E402

SOURCE_OF_LOG = """\
sources:
  desk:
    format: json
    kafka: {{topics: [{topic}], mark_every: 100ms}}
"""
HOUR_AGO = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)


def at(event, milliseconds):
    """An hour ago, so many milliseconds later."""
    moment = HOUR_AGO + datetime.timedelta(milliseconds=milliseconds)
    return event | {"occurred_at": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


class SourceTest(SourceWorld):
    def test_poison_and_large_records(self):
        self.daemon.start()
        events = []
        for number in range(1_000):
            if number % 100 == 50:
                events.append(b'{"id": "poison-%d", "opened"' % number)
            else:
                event = opened(f"e{number}", f"T-{number}")
                if number % 100 == 0:
                    event["opened"]["description"] = "x" * 1_000_000
                events.append(event)
        self.put(events)
        self.wait_for_messages(1_000)
        self.wait_until_read()
        letters = self.letters()
        self.assertEqual(len(letters), 10)
        self.assertEqual({letter["kind"] for letter in letters}, {"unreadable"})
        raw = run_ctl("dead-letters", "show", letters[0]["position"], "--raw", "--url", self.daemon.url)
        self.assertRegex(raw, r'^\{"id": "poison-\d+", "opened"$')
        self.assertEqual(self.daemon.metric("escalationd_source_dead_letters_total"), 10)
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        self.assertEqual(self.opened_tickets(), {f"T-{number}": 1 for number in range(1_000) if number % 100 != 50})
        self.daemon.verify_replay()

    def test_sigkill_while_it_reads(self):
        self.put([opened(f"e{number}", f"T-{number}") for number in range(4_000)])
        for count in (500, 1_000, 1_500, 2_000):
            self.daemon.start()
            wait_until("some of it is read", lambda count=count: self.daemon.metric("escalationd_log_end_offset") > count)
            self.daemon.kill()
        self.put([opened(f"f{number}", f"U-{number}") for number in range(100)])
        self.daemon.start()
        self.wait_until_read()
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        expected = [f"T-{number}" for number in range(4_000)] + [f"U-{number}" for number in range(100)]
        self.assertEqual(self.opened_tickets(), {ticket: 1 for ticket in expected})

    def test_topic_that_is_created_anew_while_it_is_read(self):
        self.daemon.start()
        self.put([opened(f"e{number}", f"T-{number}") for number in range(20)])
        self.wait_for_messages(20)
        self.wait_until_read()
        kafka_local("topic", self.kafka, "delete", self.topic)
        self.create(partitions=2)
        self.put([opened(f"f{number}", f"U-{number}") for number in range(60)])
        self.wait_for_messages(80)
        self.wait_until_read()
        self.assertEqual(self.daemon.metric("escalationd_source_recreations_total"), 2)
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        expected = [f"T-{number}" for number in range(20)] + [f"U-{number}" for number in range(60)]
        self.assertEqual(self.opened_tickets(), {ticket: 1 for ticket in expected})

    def test_topic_that_is_created_anew(self):
        self.daemon.start()
        self.put([opened(f"e{number}", f"T-{number}") for number in range(20)])
        self.wait_for_messages(20)
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        kafka_local("topic", self.kafka, "delete", self.topic)
        self.create(partitions=2)
        # More than before: the offsets alone would not tell.
        self.put([opened(f"f{number}", f"U-{number}") for number in range(60)])
        self.daemon.start()
        self.wait_for_messages(60)
        self.wait_until_read()
        self.assertEqual(self.daemon.metric("escalationd_source_recreations_total"), 2)
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        expected = [f"T-{number}" for number in range(20)] + [f"U-{number}" for number in range(60)]
        self.assertEqual(self.opened_tickets(), {ticket: 1 for ticket in expected})

    def test_what_retention_removes_unread_is_told(self):
        self.daemon.start()
        self.put([opened(f"e{number}", f"T-{number}") for number in range(5)], partition=0)
        self.wait_for_messages(5)
        self.wait_until_read()
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        self.put([opened(f"f{number}", f"U-{number}") for number in range(10)], partition=0)
        path = os.path.join(self.folder, "delete.json")
        with open(path, "w") as request:
            json.dump({"version": 1, "partitions": [{"topic": self.topic, "partition": 0, "offset": 12}]}, request)
        kafka_local("run", self.kafka, "DeleteRecordsCommand", "--offset-json-file", path)
        self.daemon.start()
        self.wait_for_messages(3)
        self.wait_until_read()
        self.assertEqual(self.daemon.metric("escalationd_source_missed_records_total"), 7)
        letters = self.letters()
        self.assertEqual([letter["reason"] for letter in letters],
                         ["a gap: 7 records from offset 5 to 11 were removed from the topic before they were read"])
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        self.assertEqual(set(self.opened_tickets()), {f"T-{number}" for number in range(5)} | {"U-7", "U-8", "U-9"})

    def test_nobody_is_paged_for_what_the_topic_answers(self):
        between = [opened(f"e{number}", f"T-{number}") for number in range(5_000)]
        self.put([at(opened("open-1", "answered", plan="fast"), 0), at(opened("open-2", "unanswered", plan="fast"), 0),
                  *between, at(replied("reply-1", "answered"), 50)], partition=0)
        self.daemon.start()
        self.wait_until_read()
        wait_until("the page of the other", lambda: any("/unanswered/" in key for _, key in self.pager.pages()))
        self.daemon.wait_until_settled()
        self.assertEqual([key for _, key in self.pager.pages() if "/answered/" in key], [])
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())

    def test_letter_that_is_tried_again_counts_once(self):
        self.daemon.start()
        event = opened("e1", "T-1")
        event["opened"]["severity_of_the_moon"] = "high"
        self.put([event, json.dumps(opened("e2", "T-2") | {"tenant": "default"}).encode()])
        self.wait_for_messages(2)
        position = self.letters()[0]["position"]
        with self.assertRaisesRegex(AssertionError, "severity_of_the_moon"):
            run_ctl("dead-letters", "retry", position, "--url", self.daemon.url)
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())


class SourceOfLogTest(unittest.TestCase):
    """The log, its dead letters and the source on one cluster; several instances."""

    def test_successor_goes_on_and_letters_are_a_topic(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        kafka = os.environ["ESCALATION_KAFKA"]
        with open(os.path.join(kafka, "bootstrap")) as bootstrap:
            brokers = bootstrap.read().strip()
        log = f"{self._testMethodName}-{os.getpid()}.log"
        topic = log.removesuffix(".log") + ".tickets"
        kafka_local("topic", kafka, "create", topic, "--partitions", "2")
        pager = Receiver(os.path.join(folder.name, "pager"))
        self.addCleanup(pager.kill)
        cluster = Cluster(folder.name, brokers, log, pager=pager.url, extra=SOURCE_OF_LOG.format(topic=topic))
        self.addCleanup(cluster.kill)
        cluster.start()
        leader = cluster.wait_for_leader()
        put = lambda name, count: bus.write(brokers, topic, [  # noqa: E731
            (name.encode(), json.dumps(opened(f"{name}-{number}", f"{name}-{number}")).encode()) for number in range(count)])
        put("T", 200)
        bus.write(brokers, topic, [(b"the key", b"poison")])
        wait_until("all is read", lambda: leader.metric("escalationd_source_messages_total") == 201)
        letters = bus.read(brokers, cluster.dead_letters, with_headers=True)
        self.assertEqual([(letter.key, letter.value) for letter in letters], [(b"the key", b"poison")])
        self.assertIn(f"escalation.topic={topic}", letters[0].headers)
        listed = [json.loads(line) for line in
                  run_ctl("dead-letters", "list", "-o", "jsonl", "--url", leader.url).splitlines()]
        self.assertEqual([(letter["kind"], letter["topic"]) for letter in listed], [("unreadable", topic)])
        leader.kill()
        put("U", 200)
        successor = cluster.wait_for_leader(but=leader)
        # It may read again what the other had not committed yet, so its own count says nothing.
        tickets = lambda: [ticket["ticket_id"]  # noqa: E731
                           for ticket in successor.get("/v1/tickets?limit=1000").json()["tickets"]]
        wait_until("the successor goes on", lambda: "U-199" in tickets())
        successor.wait_until_settled()
        self.assertEqual(sorted(tickets()), sorted(f"{name}-{number}" for name in "TU" for number in range(200)))


if __name__ == "__main__":
    unittest.main()
