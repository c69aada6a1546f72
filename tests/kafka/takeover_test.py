#!/usr/bin/env python3
"""Three instances on one log: whoever goes, another leads in time, and whoever comes back from a pause sends nothing new."""
import os
import signal
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cluster import Cluster, kafka_local, opened, replied, seconds, wait_until  # noqa: E402
from instance import Receiver  # noqa: E402

# What is promised with default settings.
AFTER_SIGKILL_SECONDS = 15
AFTER_SIGTERM_SECONDS = 2


class TakeoverTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with open(os.path.join(os.environ["ESCALATION_KAFKA"], "bootstrap")) as bootstrap:
            self.brokers = bootstrap.read().strip()
        self.receiver = Receiver(os.path.join(self.folder, "pager"))
        self.addCleanup(self.receiver.kill)
        topic = f"{self._testMethodName}-{os.getpid()}.log"
        self.cluster = Cluster(self.folder, self.brokers, topic, pager=self.receiver.url)
        self.addCleanup(self.cluster.kill)
        self.cluster.start()

    def followers(self):
        leader = self.cluster.wait_for_leader()
        return leader, [member for member in self.cluster.running() if member is not leader]

    def pages(self, ticket):
        return [operation for operation, key in self.receiver.pages() if f"/{ticket}/" in key]

    def test_one_leads_and_every_one_takes_events(self):
        leader, followers = self.followers()
        self.assertEqual(sum(member.count("published the first policy") for member in self.cluster.members), 1)
        for number, member in enumerate([leader, *followers]):
            self.assertEqual(member.post(opened(f"T-{number}")).status, 200)
        for number in range(3):
            wait_until(f"the page of T-{number}", lambda number=number: self.pages(f"T-{number}"))
        for member in followers:
            wait_until("it folds what it does not lead", lambda member=member: member.metric("escalationd_fold_lag_records") == 0)
            self.assertEqual(member.metric("escalationd_leads"), 0)
            self.assertEqual(member.get("/v1/tickets/T-0").status, 200)
        self.assertEqual([len(self.pages(f"T-{number}")) for number in range(3)], [1, 1, 1])

    def test_after_sigkill(self):
        leader, followers = self.followers()
        self.assertEqual(followers[0].post(opened("slow", plan="slow")).status, 200)
        leader.kill()
        self.assertEqual(followers[0].post(opened("T-1")).status, 200)
        _, took = seconds(lambda: self.cluster.wait_for_leader(but=leader))
        print(f"another led {took:.1f} s after SIGKILL", flush=True)
        self.assertLess(took, AFTER_SIGKILL_SECONDS)
        wait_until("the page of T-1", lambda: self.pages("T-1"))
        self.assertEqual(self.pages("slow"), [])

    def test_after_sigterm(self):
        leader, followers = self.followers()
        leader.signal(signal.SIGTERM)
        _, took = seconds(lambda: self.cluster.wait_for_leader(but=leader))
        print(f"another led {took:.1f} s after SIGTERM", flush=True)
        self.assertLess(took, AFTER_SIGTERM_SECONDS)
        self.assertEqual(leader.wait(), 0, leader.output())
        self.assertEqual(followers[0].post(opened("T-1")).status, 200)
        wait_until("the page of T-1", lambda: self.pages("T-1"))

    def test_a_paused_leader_sends_nothing_new(self):
        leader, followers = self.followers()
        leader.signal(signal.SIGSTOP)
        self.assertEqual(followers[0].post([opened("T-1"), opened("T-2")]).status, 200)
        other = self.cluster.wait_for_leader(but=leader)
        wait_until("the pages of the new leader", lambda: self.pages("T-1") and self.pages("T-2"))
        # Answered before the paused one goes on: whatever it still had in mind is history.
        self.assertEqual(other.post([replied("T-1"), opened("T-3", plan="slow")]).status, 200)
        wait_until("the page is closed", lambda: self.pages("T-1") == ["CRITICAL", "RECOVERY"])
        leader.signal(signal.SIGCONT)
        wait_until("the paused one stands down", lambda: not leader.leads())
        wait_until("it has read everything", lambda: leader.metric("escalationd_fold_lag_records") == 0)
        self.assertEqual(self.pages("T-1"), ["CRITICAL", "RECOVERY"])
        self.assertEqual(self.pages("T-2"), ["CRITICAL"])
        self.assertEqual(leader.metric("escalationd_delivery_attempts_total"), 0)

    def test_members_that_come_and_go_leave_no_gap(self):
        """A storm of rebalances: pages come all the while, each once."""
        steady = self.cluster.members[0]
        for number in range(6):
            goes = self.cluster.members[1 + number % 2]
            if number % 3 == 0:
                goes.kill()
            else:
                goes.terminate()
            self.assertEqual(steady.post(opened(f"T-{number}")).status, 200)
            goes.spawn()
            goes.url = goes.wait_for_line("ready")["address"]
        for number in range(6):
            wait_until(f"the page of T-{number}", lambda number=number: self.pages(f"T-{number}"))
        self.assertEqual({key for _, key in self.receiver.pages()},
                         {f"default/T-{number}/wake_up/1/1" for number in range(6)})

    def test_another_log_under_the_same_name_is_refused(self):
        leader, _ = self.followers()
        self.assertEqual(leader.post(opened("T-1", plan="slow")).status, 200)
        broker = os.environ["ESCALATION_KAFKA"]
        kafka_local("topic", broker, "delete", self.cluster.topic)
        self.cluster.ctl("log", "create", f"kafka://{self.brokers}/{self.cluster.topic}")
        for member in self.cluster.members:
            self.assertNotEqual(member.wait(), 0)
            why = [line["error"] for line in member.lines() if line.get("message") == "stopped by an error"]
            self.assertEqual(len(why), 1, member.output())
            self.assertIn(self.cluster.topic, why[0])
            print(why[0], flush=True)


if __name__ == "__main__":
    unittest.main()
