#!/usr/bin/env python3
"""The broker dies, or does not answer, while a source is read: what is in the topic is in the log, once, and nobody is paged
for what the topic answers."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cluster import Broker, wait_until  # noqa: E402
from instance import opened, replied  # noqa: E402
from source_world import SourceWorld  # noqa: E402

TICKETS = 6_000


class SourceOutageTest(SourceWorld):
    def start_broker(self):
        self.broker = Broker(os.path.join(self.folder, "broker"))
        self.addCleanup(self.broker.remove)
        return self.broker.folder

    def fill(self):
        self.put([opened(f"e{number}", f"T-{number}") for number in range(TICKETS)])

    def wait_until_some_is_read(self, more):
        """Returns in the middle of the reading: so many messages more, but not all."""
        read = lambda: self.daemon.metric("escalationd_source_messages_total")  # noqa: E731
        before = read()
        wait_until(f"{more} messages more", lambda: read() >= before + more)

    def check_whole(self, extra=()):
        self.wait_until_read()
        self.assertEqual(self.daemon.metric("escalationd_source_recreations_total"), 0)
        self.assertEqual(self.daemon.metric("escalationd_source_missed_records_total"), 0)
        self.assertEqual(self.letters(), [])
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        expected = [f"T-{number}" for number in range(TICKETS)] + list(extra)
        self.assertEqual(self.opened_tickets(), {ticket: 1 for ticket in expected})
        self.daemon.verify_replay()

    def test_sigkill_while_a_backlog_is_read(self):
        self.fill()
        self.daemon.start()
        for more in (200, 1_000, 1_000):
            self.wait_until_some_is_read(more)
            self.broker.do("kill")
            self.broker.start()
        self.put([opened(f"f{number}", f"U-{number}") for number in range(50)])
        self.check_whole(f"U-{number}" for number in range(50))

    def test_sigstop_while_a_backlog_is_read(self):
        self.fill()
        self.daemon.start()
        for more in (200, 1_000):
            self.wait_until_some_is_read(more)
            self.broker.do("pause")
            # Nobody knows any more what the topic holds, and the daemon says how old its knowledge is.
            wait_until("the mark is old", lambda: self.daemon.metric("escalationd_source_mark_age_seconds") > 2)
            self.broker.do("resume")
        self.put([opened(f"f{number}", f"U-{number}") for number in range(50)])
        self.check_whole(f"U-{number}" for number in range(50))

    def test_what_was_answered_while_the_broker_was_away_pages_nobody(self):
        self.fill()
        self.daemon.start()
        self.wait_until_read()
        # In one partition, as a helpdesk writes a ticket's events.
        self.put([opened("open-1", "answered", plan="fast"), replied("reply-1", "answered"),
                  opened("open-2", "unanswered", plan="fast")], partition=0)
        self.broker.do("kill")
        self.broker.start()
        wait_until("the page of the other", lambda: any("/unanswered/" in key for _, key in self.pager.pages()))
        self.check_whole(["answered", "unanswered"])
        self.assertEqual([key for _, key in self.pager.pages() if "/answered/" in key], [])


if __name__ == "__main__":
    unittest.main()
