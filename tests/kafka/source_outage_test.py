#!/usr/bin/env python3
"""The broker dies, or does not answer, while a source is read: what is in the topic is in the log, once, and nobody is paged
for what the topic answers."""
import collections
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bus  # noqa: E402
from cluster import Broker, wait_until  # noqa: E402
from instance import opened, replied  # noqa: E402
from source_world import SourceWorld  # noqa: E402

ROUNDS = 3
TICKETS_A_ROUND = 400


class Writer:
    """Writes to a topic for as long as it takes, also while the broker is away."""

    def __init__(self, brokers, topic):
        self.command = ["kcat", "-q", "-E", "-P", "-b", brokers, "-t", topic, "-K", "\t", "-X", "acks=all",
                        "-X", "enable.idempotence=true"]
        self.tickets = 0
        self.processes = []

    def write(self, count):
        """Opens so many tickets more; returns before they are in the topic."""
        with tempfile.TemporaryFile() as lines:
            for number in range(self.tickets, self.tickets + count):
                lines.write(b"T-%d\t%s\n" % (number, json.dumps(opened(f"e{number}", f"T-{number}")).encode()))
            lines.seek(0)
            self.processes.append(subprocess.Popen(self.command, stdin=lines, stderr=subprocess.DEVNULL))
        self.tickets += count

    def finish(self):
        """Returns once everything is acknowledged."""
        codes = [process.wait(timeout=60) for process in self.processes]
        assert not any(codes), codes

    def kill(self):
        for process in self.processes:
            process.kill()
            process.wait()


class SourceOutageTest(SourceWorld):
    def start_broker(self):
        self.broker = Broker(os.path.join(self.folder, "broker"))
        self.addCleanup(self.broker.remove)
        return self.broker.folder

    def start_writer(self):
        self.writer = Writer(self.brokers, self.topic)
        self.addCleanup(self.writer.kill)

    def messages(self):
        return self.daemon.metric("escalationd_source_messages_total")

    def wait_until_all_is_read(self):
        self.writer.finish()
        wait_until("all of it is read", lambda: self.messages() >= self.writer.tickets)
        self.wait_until_read()

    def check_whole(self):
        """Each message of the topic counts once."""
        self.wait_until_read()
        self.assertEqual(self.daemon.metric("escalationd_source_recreations_total"), 0)
        self.assertEqual(self.daemon.metric("escalationd_source_missed_records_total"), 0)
        self.assertEqual(self.letters(), [])
        written = collections.Counter(json.loads(message.value)["ticket_id"] for message in bus.read(self.brokers, self.topic)
                                      if "opened" in json.loads(message.value))
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        self.assertEqual(self.opened_tickets(), dict(written))
        self.daemon.verify_replay()
        return written

    def test_sigkill_while_it_is_read(self):
        self.daemon.start()
        self.start_writer()
        for _ in range(ROUNDS):
            before = self.messages()
            self.writer.write(TICKETS_A_ROUND)
            wait_until("some of it is read", lambda before=before: self.messages() > before)
            self.broker.do("kill")
            self.writer.write(TICKETS_A_ROUND)
            self.broker.start()
        self.wait_until_all_is_read()
        self.assertEqual(len(self.check_whole()), self.writer.tickets)

    def test_sigstop_while_it_is_read(self):
        self.daemon.start()
        self.start_writer()
        for _ in range(ROUNDS):
            self.writer.write(TICKETS_A_ROUND)
            self.wait_until_all_is_read()
            self.writer.write(TICKETS_A_ROUND)
            self.broker.do("pause")
            # Nobody knows what the topic holds by now, and the daemon says how old its knowledge is.
            wait_until("the mark is old", lambda: self.daemon.metric("escalationd_source_mark_age_seconds") > 2)
            self.broker.do("resume")
        self.wait_until_all_is_read()
        self.assertEqual(len(self.check_whole()), self.writer.tickets)

    def test_what_was_answered_while_the_broker_was_away_pages_nobody(self):
        self.daemon.start()
        # In one partition, as a helpdesk writes a ticket's events.
        self.put([opened("open-1", "answered", plan="fast"), replied("reply-1", "answered"),
                  opened("open-2", "unanswered", plan="fast")], partition=0)
        self.broker.do("kill")
        self.broker.start()
        wait_until("the page of the other", lambda: any("/unanswered/" in key for _, key in self.pager.pages()))
        self.check_whole()
        self.assertEqual([key for _, key in self.pager.pages() if "/answered/" in key], [])


if __name__ == "__main__":
    unittest.main()
