#!/usr/bin/env python3
"""Three instances are killed again and again while events come from several sources. judge.py says whether each event counted
once, each decision was made once, and each page came when it had to and never else.

ESCALATION_KILLS=100 sigkill_test.py kills more often; ESCALATION_SEED=... repeats a choice of victims.
"""
import datetime
import json
import os
import random
import signal
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bus  # noqa: E402
import judge  # noqa: E402
from cluster import Cluster, kafka_local, now_ms, opened, replied, wait_until  # noqa: E402
from instance import Receiver  # noqa: E402
from proto_bytes import Schema  # noqa: E402

KILLS = int(os.environ.get("ESCALATION_KILLS", "8"))
POISON = b"{this is not an event"
SOURCES = """\
sources:
  desk: {{format: json, kafka: {{topics: [{topic}.desk], mark_every: 100ms}}}}
  chat: {{format: json, kafka: {{topics: [{topic}.chat], mark_every: 100ms}}}}
"""


class Desk(threading.Thread):
    """Writes tickets to the topics of two sources, answers most of them, and writes what nobody understands now and then.

    A fast promise that is answered is answered in time, by the source's clock, however late the answer reaches the log.
    """

    def __init__(self, brokers, topics, seed):
        super().__init__(daemon=True)
        self.brokers = brokers
        self.topics = topics  # [(topic, partitions)]
        self.random = random.Random(seed)
        self.ending = threading.Event()
        self.problem = None
        self.tickets = 0
        self.open = []  # (topic, partition, ticket) of those that still wait for an answer

    def run(self):
        try:
            while not self.ending.wait(0.15):
                self.write_some()
            # Every page must be closed at last.
            for topic, partition, ticket in self.open:
                self.write(topic, partition, [replied(ticket)])
        except Exception as problem:  # Told by the test's thread.
            self.problem = problem

    def write_some(self):
        topic, partitions = self.random.choice(self.topics)
        partition = self.random.randrange(partitions)
        events = []
        for _ in range(self.random.randrange(1, 6)):
            ticket = f"{topic.rsplit('.', 1)[1]}-{self.tickets}"
            self.tickets += 1
            fast = self.random.random() < 0.3
            events.append(opened(ticket, plan="fast" if fast else "slow"))
            if self.random.random() < 0.8:
                events.append(replied(ticket))
            else:
                self.open.append((topic, partition, ticket))
        if self.random.random() < 0.05:
            events.append(None)
        self.write(topic, partition, events)

    def write(self, topic, partition, events):
        messages = [(b"poison", POISON) if event is None else (event["ticket_id"].encode(), json.dumps(event).encode())
                    for event in events]
        bus.write(self.brokers, topic, messages, partition)


class Clerk(threading.Thread):
    """Posts slow tickets to whichever instance answers, until each is accepted."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.accepted = []
        self.ending = threading.Event()

    def run(self):
        number = 0
        while not self.ending.wait(0.05):
            event = opened(f"http-{number}", plan="slow")
            for member in self.cluster.running():
                try:
                    reply = member.post(event)
                except (OSError, ValueError):
                    continue
                if reply.status == 200:
                    self.accepted.append(event)
                    number += 1
                    break


class SigkillTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.seed = int(os.environ.get("ESCALATION_SEED", random.SystemRandom().getrandbits(32)))
        self.random = random.Random(self.seed)
        print(f"seed {self.seed}, {KILLS} kills", flush=True)
        broker = os.environ["ESCALATION_KAFKA"]
        with open(os.path.join(broker, "bootstrap")) as bootstrap:
            self.brokers = bootstrap.read().strip()
        self.topic = f"sigkill-{os.getpid()}.log"
        for name, partitions in (("desk", 2), ("chat", 1)):
            kafka_local("topic", broker, "create", f"{self.topic}.{name}", "--partitions", str(partitions))
        self.receiver = Receiver(os.path.join(self.folder, "pager"))
        self.addCleanup(self.receiver.kill)
        self.cluster = Cluster(self.folder, self.brokers, self.topic, pager=self.receiver.url,
                               extra=SOURCES.format(topic=self.topic), log_extra=", session_timeout: 6s")
        self.addCleanup(self.cluster.kill)

    def test_each_event_counts_once(self):
        self.cluster.start()
        desk = Desk(self.brokers, [(f"{self.topic}.desk", 2), (f"{self.topic}.chat", 1)], self.seed)
        clerk = Clerk(self.cluster)
        desk.start()
        clerk.start()
        for number in range(KILLS):
            self.disturb(number)
        desk.ending.set()
        clerk.ending.set()
        desk.join(60)
        clerk.join(60)
        self.assertIsNone(desk.problem)
        for event in clerk.accepted:
            self.post(replied(event["ticket_id"]))
        # One more ticket breaks its promise and is paged: by then everything before it is decided.
        bus.write(self.brokers, f"{self.topic}.chat", [(b"last", json.dumps(opened("last")).encode())])
        wait_until("the last page", lambda: any("/last/" in key for _, key in self.receiver.pages()))
        ended_ms = now_ms()
        bus.write(self.brokers, f"{self.topic}.chat", [(b"last", json.dumps(replied("last")).encode())])
        wait_until("its closing", lambda: any("/last/" in key and operation == "RECOVERY"
                                              for operation, key in self.receiver.pages()))
        self.wait_until_settled()
        for member in self.cluster.running():
            self.assertEqual(member.terminate(), 0, member.output())
        self.judge(clerk.accepted, ended_ms)

    def disturb(self, number):
        """Kills one, mostly the leader, sometimes two, sometimes one that has just begun; or pauses it for a while."""
        leader = self.cluster.wait_for_leader()
        events = len(bus.read(self.brokers, f"{self.topic}.desk"))
        wait_until("more events", lambda: len(bus.read(self.brokers, f"{self.topic}.desk")) > events + self.random.randrange(20))
        victims = [leader if self.random.random() < 0.8 else self.random.choice(self.cluster.running())]
        if number % 4 == 3:
            victims.append(next(member for member in self.cluster.running() if member not in victims))
        if number % 5 == 2:
            leader.signal(signal.SIGSTOP)
            self.cluster.wait_for_leader(but=leader)
            leader.signal(signal.SIGCONT)
            wait_until("the paused one stands down", lambda: not leader.leads())
            victims = [member for member in victims if member is not leader]
        for victim in victims:
            victim.kill()
        for victim in victims:
            victim.spawn()
            if self.random.random() < 0.2:
                victim.kill()
                victim.spawn()
        for victim in victims:
            victim.url = victim.wait_for_line("ready")["address"]

    def post(self, event):
        def accepted():
            for member in self.cluster.running():
                try:
                    if member.post(event).status == 200:
                        return True
                except OSError:
                    pass
            return False
        wait_until(f"{event['id']} is accepted", accepted)

    def wait_until_settled(self):
        names = ("escalationd_fold_lag_records", "escalationd_outbox_decisions", "escalationd_pages_held",
                 "escalationd_deliveries_waiting")
        leader = self.cluster.wait_for_leader()

        def settled():
            return all(leader.metric(name) == 0 for name in names)
        wait_until("nothing left to do", settled)

    def judge(self, accepted, ended_ms):
        sources = {name: bus.read(self.brokers, f"{self.topic}.{name}") for name in ("desk", "chat")}
        events = accepted + [{"id": f"reply-{event['ticket_id']}"} for event in accepted]
        evidence = judge.Evidence(
            schema=Schema(), sources=sources, events=events, log=bus.read(self.brokers, self.topic),
            decisions=bus.read(self.brokers, self.cluster.decisions, with_headers=True),
            dead_letters=bus.read(self.brokers, self.cluster.dead_letters), received=self.received(), ended_ms=ended_ms)
        problems = judge.judge(evidence)
        print(f"{sum(map(len, sources.values()))} messages of two sources, {len(events)} events over HTTP, "
              f"{len(evidence.log)} records, {len(evidence.decisions)} decisions, {len(evidence.dead_letters)} dead letters, "
              f"{len(evidence.received)} pages and closings received", flush=True)
        self.assertEqual(problems, [])
        self.assertGreater(len(evidence.received), 0)
        self.assertGreater(len(evidence.dead_letters), 0)

    def received(self):
        """(milliseconds, operation, key) in order of arrival."""
        with open(self.receiver.output_path) as output:
            pages = [json.loads(line) for line in output if line.endswith("\n")]
        return [(moment_of(page), page["operation"], page["key"]) for page in pages]


def moment_of(page):
    moment = datetime.datetime.fromisoformat(page["received_at"].replace("Z", "+00:00"))
    return int(moment.timestamp() * 1000)


if __name__ == "__main__":
    unittest.main()
