"""A daemon with an embedded log that reads a topic of a real broker, for tests."""
import json
import os
import tempfile
import unittest

import bus
from cluster import kafka_local, wait_until
from instance import CONFIG, Instance, Receiver, run_ctl

SOURCE = """\
sources:
  desk:
    format: json
    kafka: {{brokers: "{brokers}", allow_plaintext: true, topics: [{topic}], mark_every: 100ms}}
"""


class SourceWorld(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.kafka = self.start_broker()
        with open(os.path.join(self.kafka, "bootstrap")) as bootstrap:
            self.brokers = bootstrap.read().strip()
        self.topic = f"{self._testMethodName}-{os.getpid()}"
        self.create(partitions=2)
        self.pager = Receiver(os.path.join(self.folder, "pager"))
        self.addCleanup(self.pager.kill)
        self.daemon = Instance(os.path.join(self.folder, "daemon"))
        config = CONFIG.format(state=self.daemon.state_dir, log=self.daemon.log_dir, policy=self.daemon.policy,
                               pager=self.pager.url)
        self.daemon.write_config(config + SOURCE.format(brokers=self.brokers, topic=self.topic))
        self.addCleanup(self.daemon.kill)

    def start_broker(self):
        """The folder of the broker: the one that all tests share."""
        return os.environ["ESCALATION_KAFKA"]

    def create(self, partitions):
        kafka_local("topic", self.kafka, "create", self.topic, "--partitions", str(partitions))

    def put(self, events, partition=-1):
        """Bytes as they are; events as JSON. A ticket's events share a partition."""
        data = b"".join(b"poison\t" + event + b"\n" if isinstance(event, bytes)
                        else event["ticket_id"].encode() + b"\t" + json.dumps(event).encode() + b"\n" for event in events)
        arguments = ["-P", "-b", self.brokers, "-t", self.topic, "-K", "\t", "-X", "message.max.bytes=4000000"]
        bus.run(arguments + (["-p", str(partition)] if partition >= 0 else []), data)

    def wait_for_messages(self, count):
        wait_until(f"{count} messages", lambda: self.daemon.metric("escalationd_source_messages_total") >= count)

    def wait_until_read(self):
        def read():
            # Of a question that was asked from now on.
            marked = self.daemon.metric("escalationd_source_mark_age_seconds")
            return self.daemon.metric("escalationd_source_lag_records") == 0 and 0 < marked < 1
        wait_until("the source is read to its end", read)
        self.daemon.wait_until_settled()

    def opened_tickets(self):
        """How often each ticket counts as opened, by the rule of the design: the highest place of a partition."""
        records, _ = self.daemon.read_log()
        times, highest = {}, {}
        for event in (record["event"] for record in records):
            if "opened" not in event:
                continue
            origin = event["origin"]
            self.assertTrue(origin["positioned"])
            partition = (origin["generation"], origin.get("partition", 0))
            place = (int(origin.get("offset", 0)), origin.get("index", 0))
            fresh = place > highest.get(partition, (-1, -1))
            times[event["ticket_id"]] = times.get(event["ticket_id"], 0) + fresh
            highest[partition] = max(place, highest.get(partition, place))
        return times

    def letters(self):
        return [json.loads(line) for line in
                run_ctl("dead-letters", "list", "--limit", "1000", "-o", "jsonl", "--url", self.daemon.url).splitlines()]
