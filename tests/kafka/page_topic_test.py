#!/usr/bin/env python3
"""A Kafka topic as a page route, on a real broker that dies, under a daemon that is killed: each page and its close are in
the topic, in their order, under one key."""
import json
import os
import select
import socket
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bus  # noqa: E402
from cluster import Broker, kafka_local, wait_until  # noqa: E402
from instance import Instance, opened, replied  # noqa: E402

CONFIG = """\
instance: test
state_dir: {state}
log: {{kind: embedded, dir: {log}}}
api: {{listen: "127.0.0.1:0"}}
logging: {{level: debug, format: json}}
settle: 50ms
tenants:
  - {{name: default, partition: 0, policy: {policy}}}
routes:
  pager: {{kind: kafka, topic: {topic}, brokers: "{brokers}", allow_plaintext: true, timeout: 3s{extra}}}
delivery: {{backoff_initial: 50ms, backoff_max: 500ms}}
"""
# As the daemon calls itself at the broker; what else is connected is never held back.
PAGES_CLIENT = b"escalationd-pages"


class Proxy:
    """Stands between clients and the broker, and may keep the broker's answers to the daemon's pages back."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.broker = None  # (host, port), once it is known.
        self.holding = threading.Event()
        self.connections = []
        self.closed = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            broker = socket.create_connection(self.broker)
        except OSError:
            client.close()
            return
        self.connections += [client, broker]
        pages = False
        try:
            while True:
                ready, _, _ = select.select([client, broker], [], [])
                if client in ready:
                    data = client.recv(65536)
                    pages = pages or PAGES_CLIENT in data
                    broker.sendall(data)
                    if not data:
                        break
                if broker in ready:
                    data = broker.recv(65536)
                    # An answer that is kept back is lost with the connection.
                    if pages and self.holding.is_set():
                        if not data:
                            break
                        continue
                    client.sendall(data)
                    if not data:
                        break
        except OSError:
            pass
        client.close()
        broker.close()

    def close(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()


class PageTopicTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.topic = f"{self._testMethodName}-{os.getpid()}"

    def shared_broker(self):
        with open(os.path.join(os.environ["ESCALATION_KAFKA"], "bootstrap")) as bootstrap:
            self.brokers = bootstrap.read().strip()
        kafka_local("topic", os.environ["ESCALATION_KAFKA"], "create", self.topic, "--partitions", "4")

    def own_broker(self, *settings):
        self.broker = Broker(os.path.join(self.folder, "broker"), *settings)
        self.addCleanup(self.broker.remove)
        self.brokers = self.broker.address

    def daemon(self, extra="", topic=None):
        daemon = Instance(os.path.join(self.folder, "daemon"))
        daemon.write_config(CONFIG.format(state=daemon.state_dir, log=daemon.log_dir, policy=daemon.policy,
                                          topic=topic or self.topic, brokers=self.brokers, extra=extra))
        self.addCleanup(daemon.kill)
        return daemon

    def pages(self, ticket):
        """(operation, id, key, partition) of each record about the ticket, in the order of its partition."""
        out = []
        for message in bus.read(self.brokers, self.topic, with_headers=True):
            headers = dict(header.split("=", 1) for header in message.headers.split(","))
            if headers["ticket"] != ticket:
                continue
            body = json.loads(message.value)
            self.assertEqual(body["decision"]["id"], headers["id"])
            self.assertEqual((headers["tenant"], headers["route"]), ("default", "pager"))
            out.append((headers["operation"], headers["id"], message.key.decode(), message.partition))
        return out

    def wait_for(self, ticket, operation):
        return wait_until(f"the {operation} of {ticket}",
                          lambda: [page for page in self.pages(ticket) if page[0] == operation])

    @staticmethod
    def attempts(daemon):
        return daemon.metric("escalationd_delivery_attempts_total")

    def check_order(self, ticket):
        """One key, one partition; the page, however often, then its close, however often. Returns the operations."""
        pages = self.pages(ticket)
        self.assertEqual(len({(key, partition) for _, _, key, partition in pages}), 1, pages)
        operations = [operation for operation, _, _, _ in pages]
        self.assertEqual(operations, sorted(operations, key=["trigger", "close"].index), pages)
        for operation in ("trigger", "close"):
            self.assertEqual(len({page[1] for page in pages if page[0] == operation}), 1, pages)
        return operations

    def test_a_page_and_its_close_come_in_order_under_one_key(self):
        self.shared_broker()
        daemon = self.daemon().start()
        daemon.post([opened(f"e{number}", f"T-{number}", plan="fast") for number in range(20)])
        for number in range(20):
            self.wait_for(f"T-{number}", "trigger")
        daemon.post([replied(f"r{number}", f"T-{number}") for number in range(20)])
        daemon.wait_until_settled()
        for number in range(20):
            self.assertEqual(self.check_order(f"T-{number}"), ["trigger", "close"])
        self.assertEqual(daemon.metric("escalationd_deliveries_delivered_total"), 40)
        self.assertEqual(daemon.terminate(), 0, daemon.output())
        daemon.verify_replay()

    def test_shadow_writes_nothing(self):
        self.shared_broker()
        daemon = self.daemon(extra=", shadow: true").start()
        daemon.post(opened("e1", "T-1", plan="fast"))
        wait_until("the page is decided", lambda: daemon.metric("escalationd_deliveries_suppressed_total"))
        self.assertEqual(bus.read(self.brokers, self.topic), [])
        self.assertEqual(daemon.terminate(), 0, daemon.output())

    def test_a_topic_that_is_not_there_is_a_failure_that_says_so(self):
        self.shared_broker()
        daemon = self.daemon(topic="nowhere").start()
        daemon.post(opened("e1", "T-1", plan="fast"))
        wait_until("it has failed", lambda: daemon.metric("escalationd_deliveries_failed_total"))
        self.assertEqual(daemon.terminate(), 0, daemon.output())
        records, _ = daemon.read_log()
        reasons = [record["event"]["page_outcome"]["reason"] for record in records if "page_outcome" in record["event"]]
        self.assertEqual(len(reasons), 1)
        self.assertIn("nowhere: ", reasons[0])
        self.assertIn("nknown topic", reasons[0])

    def test_the_broker_dies_between_a_page_and_its_close(self):
        self.own_broker()
        self.broker.do("topic", "create", self.topic, "--partitions", "4")
        daemon = self.daemon().start()
        daemon.post(opened("e1", "T-1", plan="fast"))
        self.wait_for("T-1", "trigger")
        self.broker.do("kill")
        tried = self.attempts(daemon)
        daemon.post([replied("r1", "T-1"), opened("e2", "T-2", plan="fast")])
        wait_until("both were tried, and one again", lambda: self.attempts(daemon) >= tried + 3)
        self.broker.start()
        self.wait_for("T-1", "close")
        self.wait_for("T-2", "trigger")
        daemon.wait_until_settled()
        tried = self.attempts(daemon)
        self.broker.do("pause")
        daemon.post(replied("r2", "T-2"))
        wait_until("it was tried, and again", lambda: self.attempts(daemon) >= tried + 2)
        self.broker.do("resume")
        self.wait_for("T-2", "close")
        daemon.wait_until_settled()
        for ticket in ("T-1", "T-2"):
            self.check_order(ticket)
        self.assertEqual(daemon.terminate(), 0, daemon.output())

    def test_sigkill_between_record_and_outcome_sends_it_once_more(self):
        proxy = Proxy()
        self.addCleanup(proxy.close)
        self.own_broker("--set", f"advertised.listeners=PLAINTEXT://{proxy.address}")
        host, port = self.broker.address.split(":")
        proxy.broker = (host, int(port))
        self.broker.do("topic", "create", self.topic, "--partitions", "4")
        daemon = self.daemon().start()
        daemon.post(opened("e1", "T-1", plan="fast"))
        self.wait_for("T-1", "trigger")
        daemon.wait_until_settled()
        proxy.holding.set()
        daemon.post(opened("e2", "T-2", plan="fast"))
        self.wait_for("T-2", "trigger")
        daemon.kill()
        before = len(self.pages("T-2"))
        proxy.holding.clear()
        daemon.start()
        wait_until("it is sent once more", lambda: len(self.pages("T-2")) > before)
        daemon.wait_until_settled()
        daemon.post([replied("r1", "T-1"), replied("r2", "T-2")])
        self.wait_for("T-2", "close")
        daemon.wait_until_settled()
        self.assertEqual(self.check_order("T-1"), ["trigger", "close"])
        self.assertGreaterEqual(self.check_order("T-2").count("trigger"), 2)
        self.assertEqual(daemon.terminate(), 0, daemon.output())
        daemon.verify_replay()


if __name__ == "__main__":
    unittest.main()
