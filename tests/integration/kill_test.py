#!/usr/bin/env python3
"""SIGKILL at any moment loses nothing that was accepted, doubles nothing that was decided, and every page arrives."""
import os
import random
import tempfile
import unittest

import instance
from instance import Instance, Load, Receiver, opened, replied, wait_until

ROUNDS = 10
CLIENTS = 4
# The pager is away in these rounds.
PAGER_AWAY = range(4, 7)


class KillTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        # A failing run can be tried again: ESCALATION_SEED=... kill_test.py
        self.seed = int(os.environ.get("ESCALATION_SEED", random.SystemRandom().getrandbits(32)))
        self.random = random.Random(self.seed)
        print(f"seed {self.seed}", flush=True)

    def receiver(self, number):
        receiver = Receiver(os.path.join(self.folder, f"pager-{number}"))
        self.addCleanup(receiver.kill)
        return receiver

    def test_nothing_accepted_is_lost(self):
        receivers = [self.receiver(0)]
        daemon = Instance(os.path.join(self.folder, "daemon"), receivers[0].url)
        self.addCleanup(daemon.kill)
        daemon.start()
        clients = [Load(f"client{number}", daemon.url) for number in range(CLIENTS)]
        for client in clients:
            client.start()

        def accepted():
            return sum(len(client.acknowledged) for client in clients)

        for number in range(ROUNDS):
            enough = accepted() + self.random.randrange(1, 1500)
            wait_until(f"round {number}: {enough} events accepted", lambda enough=enough: accepted() >= enough)
            daemon.kill()
            if number == PAGER_AWAY.start:
                receivers[0].kill()
            if number == PAGER_AWAY.stop:
                receivers.append(self.receiver(1))
                daemon.point_at(receivers[1].url)
            if number % 3 == 0:
                self.kill_while_starting(daemon)
            daemon.start()
            for client in clients:
                client.address = daemon.url
        for client in clients:
            client.ending.set()
        for client in clients:
            client.join(instance.DEADLINE_SECONDS)
            self.assertFalse(client.is_alive())
            self.assertEqual(client.refused, [])
        self.page_for_certain(daemon, receivers[-1])
        acknowledged = [pair for client in clients for pair in client.acknowledged]
        acknowledged += self.answer_everything(daemon, clients)
        daemon.wait_until_settled()
        self.assertEqual(daemon.terminate(), 0, daemon.output())

        records, decisions = daemon.read_log()
        self.check_records(records, acknowledged)
        self.check_decisions(decisions)
        self.check_pages(records, decisions, [page for receiver in receivers for page in receiver.pages()])
        print(daemon.verify_replay().strip())
        print(f"{len(acknowledged)} events accepted, {len(records)} records, {len(decisions)} decisions, "
              f"{sum(len(receiver.pages()) for receiver in receivers)} pages and closings received")

    def kill_while_starting(self, daemon):
        """Kills it as soon as it has touched the log or the store."""
        place = self.random.choice([os.path.join(daemon.log_dir, "db"), os.path.join(daemon.state_dir, "partition-0")])
        before = sorted(os.listdir(place))
        daemon.spawn()
        wait_until(f"{place} is opened", lambda: sorted(os.listdir(place)) != before)
        daemon.kill()

    def page_for_certain(self, daemon, receiver):
        """Chance may answer every ticket before its page leaves; this one is answered after its page came."""
        self.assertEqual(daemon.post([opened("certain-1", "certain", plan="fast")]).status, 200)
        wait_until("a page for the unanswered ticket", lambda: any("/certain/" in key for _, key in receiver.pages()))
        self.assertEqual(daemon.post([replied("certain-2", "certain")]).status, 200)

    @staticmethod
    def answer_everything(daemon, clients):
        """Answers every ticket that may be there, so that every page must be closed at last."""
        acknowledged = []
        for client in clients:
            tickets = [f"{client.name}-{number}" for number in range(client.tickets)]
            for begin in range(0, len(tickets), 100):
                events = [replied(f"last-{ticket}", ticket) for ticket in tickets[begin:begin + 100]]
                reply = daemon.post(events)
                assert reply.status == 200, reply.body
                acknowledged += zip(map(int, reply.json()["offsets"]), (event["id"] for event in events), strict=True)
        return acknowledged

    def check_records(self, records, acknowledged):
        self.assertEqual([int(record["offset"]) for record in records], list(range(len(records))))
        ids = {int(record["offset"]): record["event"].get("id") for record in records}
        lost = [(offset, event_id) for offset, event_id in acknowledged if ids.get(offset) != event_id]
        self.assertEqual(lost, [])
        self.assertEqual(len({offset for offset, _ in acknowledged}), len(acknowledged))

    def check_decisions(self, decisions):
        """None is missing and none is there twice."""
        self.assertEqual([int(entry["decision"]["seq"]) for entry in decisions], list(range(1, len(decisions) + 1)))
        ids = [entry["decision"]["id"] for entry in decisions]
        self.assertEqual(len(set(ids)), len(ids))

    def check_pages(self, records, decisions, received):
        requested = {entry["decision"]["page_requested"]["key"] for entry in decisions
                     if "page_requested" in entry["decision"]}
        outcomes = {}
        for record in records:
            outcome = record["event"].get("page_outcome")
            if outcome is not None:
                outcomes.setdefault((outcome["operation"], outcome["key"]), set()).add(outcome["outcome"])
        operations = {}
        for operation, key in received:
            operations.setdefault(key, []).append(operation)
        self.assertGreater(len(requested), 0)
        self.assertGreater(len(operations), 0)
        self.assertLessEqual(set(operations), requested)
        for key in requested:
            outcome = outcomes.get(("TRIGGER", key))
            self.assertTrue(outcome, f"{key} has no outcome")
            self.assertNotIn("FAILED", outcome, key)
            if "DELIVERED" in outcome:
                self.assertIn("CRITICAL", operations.get(key, []), key)
        for key, arrived in operations.items():
            # Every ticket is answered, so what was opened at the pager is closed there, and stays so.
            self.assertEqual(arrived[-1], "RECOVERY", f"{key}: {arrived}")
            # A page that was closed during a restart may have left before, so it is closed but not sent.
            if "CRITICAL" in arrived or outcomes[("TRIGGER", key)] != {"SUPPRESSED"}:
                self.assertEqual(arrived[0], "CRITICAL", f"{key}: {arrived}")


if __name__ == "__main__":
    unittest.main()
