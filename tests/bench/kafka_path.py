#!/usr/bin/env python3
"""The whole path on a real broker: a source topic, the log, the fold, the decisions topic.

  kafka_path.py [--events N] [--tickets N] [--seconds S] [--rate N] [--json]

1. path     N events of about 250 bytes wait in a source topic. One instance reads them, until all of them are in the log, folded,
            and their decisions are published. Four clocks a ticket.
2. refold   another instance, whose store is empty, folds that log.
3. latency  at --rate events a second: from the broker's time of the record to the broker's time of its first decision.

Rates are events a second, and a second of processor time: of the daemon alone, and with the broker's. Memory is the daemon's
highest (VmHWM). Needs ESCALATIOND and ESCALATIONCTL, as the tests do.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "kafka"))

import bus  # noqa: E402
from cluster import Broker, Cluster, wait_until  # noqa: E402
from proto_bytes import Schema  # noqa: E402

SCHEMA = Schema()
# Four clocks a ticket, none of which is due while it is measured.
POLICY = """\
policy: bench
tenant: default
revision: 1
severities: [low, high]
default_severity: low
default_plan: gold
calendars:
  office:
    zone: Europe/Berlin
    hours: {mon-fri: ["09:00-12:00", "13:00-17:00"]}
plans:
  gold:
    calendar: office
    targets:
      - {name: first, metric: first_response, within: 10bd, warn_at: [75%]}
      - {name: next, metric: next_response, within: 10bd}
      - {name: work, metric: agent_work, within: 10bd}
      - {name: solve, metric: resolution, within: 20bd, pause: [pending]}
"""
SOURCE = """\
sources:
  load: {{format: native, kafka: {{topics: [{topic}.load]}}}}
"""
DELIMITER = b"\x01--next event--\x02"
# So many tickets talk at the same time.
TOGETHER = 64
TALK = ("customer", "agent", "customer", "pending", "customer", "agent")


class Traffic:
    """Openings, then conversations of six events a ticket."""

    def __init__(self, tickets):
        self.tickets = tickets
        self.number = 0

    def next(self):
        number, self.number = self.number, self.number + 1
        if number < self.tickets:
            return self.event(number, number, "CUSTOMER", {"opened": {
                "account": f"account-{number % 1000}", "severity": "low", "requester": f"customer-{number % 5000}",
                "subject": "The export of last month's invoices stops in the middle with an error that nobody understands"}})
        talk, step = divmod(number - self.tickets, TOGETHER * len(TALK))
        step, lane = divmod(step, TOGETHER)
        ticket = (talk * TOGETHER + lane) * 7919 % self.tickets
        what = TALK[step]
        if what == "pending":
            return self.event(number, ticket, "AGENT", {"status_changed": {"status": "PENDING", "reason": "x" * 120}})
        return self.event(number, ticket, what.upper(), {"message_added": {"visibility": "PUBLIC", "length": 400,
                                                                           "is_question": what == "customer"}})

    @staticmethod
    def event(number, ticket, kind, body):
        value = {"id": f"event-{number:012}", "ticket_id": f"ticket-{ticket:08}", "occurred_at": int(time.time() * 1000),
                 "actor": {"id": f"{kind.lower()}-{ticket % 5000}", "kind": kind, "roles": ["support", "x" * 128]}, **body}
        return SCHEMA.encode("Event", value)


class Writer:
    """Events into the source topic, through kcat."""

    def __init__(self, brokers, topic):
        self.process = subprocess.Popen(
            ["kcat", "-q", "-P", "-b", brokers, "-t", topic, "-p", "0", "-D", DELIMITER.decode(), "-X", "acks=all", "-X",
             "linger.ms=5"], stdin=subprocess.PIPE)

    def write(self, events):
        self.process.stdin.write(b"".join(event + DELIMITER for event in events))
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise AssertionError("kcat could not write the events")


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def highest_memory(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


class Measure:
    """Wall and processor time of a daemon and its broker from its start on."""

    def __init__(self, member, broker):
        with open(os.path.join(broker.folder, "pid")) as file:
            self.broker = int(file.read())
        self.member = member
        self.begin = time.monotonic()
        self.broker_before = processor_seconds(self.broker)
        member.spawn()

    def rates(self, events):
        wall = time.monotonic() - self.begin
        daemon = processor_seconds(self.member.process.pid)
        broker = processor_seconds(self.broker) - self.broker_before
        return {"events_per_second": events / wall, "events_per_processor_second_of_daemon": events / daemon,
                "events_per_processor_second_with_broker": events / (daemon + broker),
                "memory_bytes": highest_memory(self.member.process.pid)}


def value_of(member, name):
    try:
        return member.metric(name)
    except OSError:
        return None


def quantile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.broker = Broker(os.path.join(folder, "broker"))
        self.topic = "bench.log"
        policy = os.path.join(folder, "policy.yaml")
        with open(policy, "w") as out:
            out.write(POLICY)
        self.broker.do("topic", "create", f"{self.topic}.load")
        self.cluster = Cluster(folder, self.broker.address, self.topic, extra=SOURCE.format(topic=self.topic), policy=policy,
                               level="info")
        self.traffic = Traffic(options.tickets)

    def fill(self):
        writer = Writer(self.broker.address, f"{self.topic}.load")
        size = 0
        while self.traffic.number < self.options.events:
            events = [self.traffic.next() for _ in range(min(10_000, self.options.events - self.traffic.number))]
            size += sum(map(len, events))
            writer.write(events)
        writer.close()
        return size / self.options.events

    def path(self):
        member = self.cluster.members[0]
        measure = Measure(member, self.broker)
        member.url = member.wait_for_line("ready")["address"]

        def all_published():
            return (value_of(member, "escalationd_source_events_total") or 0) >= self.options.events and \
                value_of(member, "escalationd_fold_lag_records") == 0 and value_of(member, "escalationd_outbox_decisions") == 0
        wait_until("everything to be folded and published", all_published, seconds=self.options.deadline)
        return measure.rates(self.options.events)

    def refold(self):
        member = self.cluster.members[1]
        measure = Measure(member, self.broker)
        member.url = member.wait_for_line("ready", seconds=self.options.deadline)["address"]
        wait_until("the log to be folded", lambda: value_of(member, "escalationd_caught_up") == 1, seconds=self.options.deadline)
        rates = measure.rates(self.options.events)
        member.terminate()
        return rates

    def latency(self):
        topics = (self.topic, self.cluster.decisions)
        ends = [bus.end(self.broker.address, topic) for topic in topics]
        writer = Writer(self.broker.address, f"{self.topic}.load")
        # New tickets: each opening is decided at once.
        self.traffic = Traffic(1 << 40)
        self.traffic.number = 1 << 30
        begin = time.monotonic()
        sent = 0
        while sent < self.options.rate * self.options.seconds:
            due = int((time.monotonic() - begin) * self.options.rate)
            writer.write([self.traffic.next() for _ in range(due - sent)])
            sent = max(sent, due)
            time.sleep(0.005)  # The pace of the load, not a wait for anything.
        writer.close()
        member = self.cluster.members[0]
        wait_until("the decisions", lambda: value_of(member, "escalationd_source_lag_records") == 0 and
                   value_of(member, "escalationd_outbox_decisions") == 0 and value_of(member, "escalationd_fold_lag_records") == 0)
        appended = {message.offset: message.timestamp for message in bus.read(self.broker.address, self.topic, begin=ends[0])}
        waits = {}
        for message in bus.read(self.broker.address, self.cluster.decisions, begin=ends[1]):
            offset = SCHEMA.decode("Decision", message.value)["cause"].get("offset", 0)
            if offset in appended:
                waits.setdefault(offset, message.timestamp - appended[offset])
        waits = list(waits.values())
        return {"events": sent, "decided": len(waits), "p50_ms": quantile(waits, 0.5), "p99_ms": quantile(waits, 0.99),
                "highest_ms": max(waits)}

    def close(self):
        self.cluster.kill()
        self.broker.remove()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--tickets", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--deadline", type=int, default=900)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        try:
            print(f"{options.events} events of {bench.fill():.0f} bytes wait in the source topic", file=sys.stderr)
            for name in ("path", "refold", "latency"):
                figures = getattr(bench, name)()
                if options.json:
                    print(json.dumps({"name": f"kafka/{name}", **figures}), flush=True)
                else:
                    print(name, *(f"{figure}={value:,.0f}" for figure, value in figures.items()), flush=True)
        finally:
            bench.close()


if __name__ == "__main__":
    main()
