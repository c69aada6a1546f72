#!/usr/bin/env python3
"""The broker goes away in every way: nothing that was accepted is lost, nobody gives up, readiness says why."""
import os
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cluster import Broker, Cluster, Member, opened, replied, wait_until  # noqa: E402
from instance import Receiver  # noqa: E402


class BrokerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.broker = Broker(os.path.join(self.folder, "broker"))
        self.addCleanup(self.broker.remove)
        self.receiver = Receiver(os.path.join(self.folder, "pager"))
        self.addCleanup(self.receiver.kill)
        self.cluster = Cluster(self.folder, self.broker.address, "escalation.log", names="ab", pager=self.receiver.url)
        self.addCleanup(self.cluster.kill)

    def pages(self, ticket):
        return [operation for operation, key in self.receiver.pages() if f"/{ticket}/" in key]

    def wait_until_ready(self, ready):
        def answered():
            replies = [member.get("/-/ready") for member in self.cluster.members]
            return all((reply.status == 200) == ready for reply in replies) and replies
        return wait_until("ready" if ready else "not ready", answered)

    def post_in_background(self, member, events):
        """A request that is answered once the log has taken it."""
        replies = []
        thread = threading.Thread(target=lambda: replies.append(member.post(events)), daemon=True)
        thread.start()

        def wait():
            thread.join(60)
            return replies[0]
        return wait

    def test_sigkill_and_a_new_start(self):
        self.cluster.start()
        leader = self.cluster.wait_for_leader()
        self.assertEqual(leader.post(opened("before", plan="slow")).status, 200)
        self.broker.do("kill")
        self.wait_until_ready(False)
        self.broker.start()
        self.wait_until_ready(True)
        self.assertEqual(leader.post([replied("before"), opened("after")]).status, 200)
        wait_until("the page of what came after", lambda: self.pages("after"))
        self.assertEqual(self.pages("before"), [])
        for member in self.cluster.members:
            self.assertIsNone(member.process.poll(), member.output())
        verified = self.cluster.ctl("log", "verify", f"kafka://{self.broker.address}/escalation.log")
        print(verified.stdout.strip(), flush=True)

    def test_a_broker_that_does_not_answer(self):
        self.cluster.start()
        leader = self.cluster.wait_for_leader()
        self.assertEqual(leader.post(opened("before")).status, 200)
        wait_until("the page of what came before", lambda: self.pages("before"))
        self.broker.do("pause")
        # Its moment passes while nobody can know whether it was answered: nothing leaves before the log says so.
        answer = self.post_in_background(leader, [opened("meanwhile"), replied("before")])
        self.wait_until_ready(False)
        self.assertEqual(self.pages("meanwhile"), [])
        self.broker.do("resume")
        self.assertIn(answer().status, (200, 503))
        self.wait_until_ready(True)
        self.assertEqual(self.cluster.wait_for_leader().post(opened("after")).status, 200)
        wait_until("the page of what came after", lambda: self.pages("after"))

    def test_a_start_without_a_broker_waits_for_it(self):
        self.broker.do("kill")
        member = self.cluster.members[0]
        member.spawn()
        waits = member.wait_for_line("waits")
        self.assertEqual(waits["for"], "the log")
        self.assertIn(self.broker.address, waits["error"])
        # It can be stopped while it waits, and then ends without an error.
        self.assertEqual(member.terminate(), 0, member.output())
        member.spawn()
        member.wait_for_line("waits")
        self.broker.start()
        member.url = member.wait_for_line("ready")["address"]
        wait_until("it leads", member.leads)
        self.assertEqual(member.post(opened("T-1")).status, 200)
        wait_until("the page of T-1", lambda: self.pages("T-1"))

    def test_a_log_that_is_not_there_is_said(self):
        text = self.cluster.members[0].text.replace("topic: escalation.log", "topic: another.log")
        member = Member(self.folder, "c", text)
        self.addCleanup(member.kill)
        member.spawn()
        self.assertEqual(member.wait(), 1)
        self.assertIn("another.log", member.output())
        self.assertIn("log create", member.output())


if __name__ == "__main__":
    unittest.main()
