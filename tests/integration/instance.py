"""A real escalationd and a real receiver of pages, in a directory of their own, for tests.

Everything waits for conditions (a log line, a port file, a reply, a metric) with a deadline; nothing sleeps for luck, and
ports are whatever is free.
"""
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time

ESCALATIOND = os.environ["ESCALATIOND"]
ESCALATIONCTL = os.environ["ESCALATIONCTL"]
HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE_SECONDS = 60

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
  pager: {{kind: victorops, url: "{pager}/integrations/generic/20131114/alert/test/support", per_minute_max: 100000, timeout: 5s}}
delivery: {{allow_private_addresses: true, backoff_initial: 50ms, backoff_max: 500ms}}
"""
JSON = "application/json"
NDJSON = "application/x-ndjson"


def wait_until(what, condition, seconds=DEADLINE_SECONDS):
    """Returns the condition's first true value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def run_ctl(*arguments):
    """Runs escalationctl to its end; fails unless it succeeds."""
    done = subprocess.run([ESCALATIONCTL, *arguments], text=True, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f"escalationctl {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def sum_of(metrics, name, label=""):
    """The sum of one metric's values in Prometheus' text form."""
    found = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", metrics, re.MULTILINE)
    return sum(float(value) for labels, value in found if label in labels)


class Receiver:
    """escalationctl receiver on a port of its own."""

    def __init__(self, folder):
        self.port_file = os.path.join(folder, "port")
        self.output_path = os.path.join(folder, "pages.jsonl")
        os.makedirs(folder)
        with open(self.output_path, "w") as output:
            self.process = subprocess.Popen(
                [ESCALATIONCTL, "receiver", "-o", "json", "--port-file", self.port_file], stdout=output,
                stderr=subprocess.DEVNULL)
        wait_until("the receiver's port", lambda: os.path.exists(self.port_file) or self.process.poll() is not None)
        with open(self.port_file) as port:
            self.url = f"http://127.0.0.1:{port.read().strip()}"

    def pages(self):
        """(operation, key) in order of arrival; an incomplete last line is left out."""
        with open(self.output_path) as output:
            lines = [line for line in output if line.endswith("\n")]
        return [(page["operation"], page["key"]) for page in map(json.loads, lines)]

    def kill(self):
        self.process.kill()
        self.process.wait()


class Instance:
    """One escalationd. Its directory outlives the process, so that it can be started again."""

    def __init__(self, folder, pager="http://127.0.0.1:9", policy=os.path.join(HERE, "policy.yaml")):
        self.folder = folder
        self.state_dir = os.path.join(folder, "state")
        self.log_dir = os.path.join(folder, "log")
        self.config_path = os.path.join(folder, "escalationd.yaml")
        self.policy = policy
        self.process = None
        self.url = None
        self.runs = 0
        os.makedirs(folder, exist_ok=True)
        self.point_at(pager)

    def point_at(self, pager):
        self.write_config(CONFIG.format(state=self.state_dir, log=self.log_dir, policy=self.policy, pager=pager))

    def write_config(self, text):
        with open(self.config_path, "w") as config:
            config.write(text)

    def read_config(self):
        with open(self.config_path) as config:
            return config.read()

    def spawn(self, **options):
        self.runs += 1
        self.output_path = os.path.join(self.folder, f"output-{self.runs}.jsonl")
        with open(self.output_path, "w") as output:
            self.process = subprocess.Popen([ESCALATIOND, "--config", self.config_path], stdout=output,
                                            stderr=subprocess.STDOUT, **options)

    def start(self, **options):
        """Returns once it is ready."""
        self.spawn(**options)
        line = self.wait_for_line("ready")
        self.url = line["address"]
        wait_until("readiness", lambda: self.get("/-/ready").status == 200)
        return self

    def wait_for_line(self, message, seconds=DEADLINE_SECONDS):
        """The first line of the daemon's log with this message."""
        def found():
            for line in self.lines():
                if line.get("message") == message:
                    return line
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.output()}")
            return None
        return wait_until(f'the log line "{message}"', found, seconds)

    def output(self):
        with open(self.output_path) as output:
            return output.read()

    def lines(self):
        """The daemon's log; lines that are not JSON are left out."""
        for line in self.output().splitlines():
            if line.startswith("{"):
                try:
                    yield json.loads(line)
                except ValueError:
                    pass  # The line is still being written.

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """SIGKILL: no destructor and no handler runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def wait(self):
        return self.process.wait(timeout=DEADLINE_SECONDS)

    def terminate(self):
        """SIGTERM; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def client(self):
        return Client(self.url)

    def get(self, path):
        with self.client() as client:
            return client.request("GET", path)

    def post(self, events, path="/v1/events"):
        """Posts one event, or several as lines."""
        with self.client() as client:
            return client.post(events, path)

    def metric(self, name, label=""):
        """The sum of a metric's values, 0 if there is none."""
        return sum_of(self.get("/metrics").body, name, label)

    def wait_until_settled(self):
        """Everything in the log is folded, published and delivered."""
        names = ("escalationd_fold_lag_records", "escalationd_outbox_decisions", "escalationd_pages_held",
                 "escalationd_deliveries_waiting", "escalationd_timer_lag_seconds")

        def settled():
            metrics = self.get("/metrics").body  # One look at all of them.
            return all(sum_of(metrics, name) == 0 for name in names)
        wait_until("nothing left to do", settled)

    def read_log(self):
        """What the log holds: records, decisions. Each as parsed JSON lines."""
        archive = os.path.join(self.folder, f"archive-{time.monotonic_ns()}")
        run_ctl("archive", "create", "--log", f"embedded:{self.log_dir}", "--out", archive)
        records = run_ctl("archive", "cat", archive)
        decisions = run_ctl("archive", "cat", archive, "--decisions")
        return [[json.loads(line) for line in text.splitlines()] for text in (records, decisions)]

    def verify_replay(self):
        return run_ctl("replay", "--log", f"embedded:{self.log_dir}", "--verify")


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class Client:
    """A connection that is kept."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=DEADLINE_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def request(self, method, path, body=None, content_type=None):
        headers = {} if content_type is None else {"Content-Type": content_type}
        self.connection.request(method, path, body, headers)
        reply = self.connection.getresponse()
        return Reply(reply.status, reply.headers, reply.read().decode())

    def post(self, events, path="/v1/events"):
        if isinstance(events, dict):
            return self.request("POST", path, json.dumps(events), JSON)
        return self.request("POST", path, "".join(json.dumps(event) + "\n" for event in events), NDJSON)


def opened(event_id, ticket_id, plan="slow"):
    return {"id": event_id, "ticket_id": ticket_id, "actor": {"id": "ann", "kind": "customer"},
            "opened": {"plan": plan, "severity": "high", "subject": f"About {ticket_id}"}}


def replied(event_id, ticket_id):
    return {"id": event_id, "ticket_id": ticket_id, "actor": {"id": "maria", "kind": "agent"},
            "message_added": {"visibility": "public"}}


class Load(threading.Thread):
    """One client that opens tickets and answers some of them later. Whatever is not acknowledged is sent again.

    `acknowledged` holds (offset, event id) of every event that got a 2xx.
    """

    def __init__(self, name, address):
        super().__init__(name=name, daemon=True)
        self.address = address  # May change: the next connection goes there.
        self.acknowledged = []
        self.refused = []
        self.tickets = 0
        self.ending = threading.Event()

    def run(self):
        waiting = []
        client = None
        events = None
        while events or not self.ending.is_set():
            if events is None:
                events = self.next_events(waiting)
            try:
                client = client or Client(self.address)
                reply = client.post(events)
            except (OSError, http.client.HTTPException):
                client = self.close(client)
                self.ending.wait(0.02)
                if self.ending.is_set():
                    return
                continue
            if reply.status == 200:
                offsets = [int(offset) for offset in reply.json()["offsets"]]
                self.acknowledged += zip(offsets, (event["id"] for event in events), strict=True)
                events = None
            elif reply.status != 503:
                self.refused.append((events, reply.status, reply.body))
                return
        self.close(client)

    @staticmethod
    def close(client):
        if client is not None:
            client.connection.close()

    def next_events(self, waiting):
        ticket = f"{self.name}-{self.tickets}"
        self.tickets += 1
        waiting.append(ticket)
        events = [opened(f"open-{ticket}", ticket, plan="fast" if self.tickets % 10 == 0 else "slow")]
        if len(waiting) > 20:
            answered = waiting.pop(0)
            events.append(replied(f"reply-{answered}", answered))
        return events
