"""A real broker, a log on it, and several instances of escalationd that share it."""
import datetime
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))

from instance import ESCALATIONCTL, Instance, wait_until  # noqa: E402

CONFIG = """\
instance: {name}
state_dir: {state}
log: {{kind: kafka, brokers: "{brokers}", topic: {topic}, allow_plaintext: true{log_extra}}}
api: {{listen: "127.0.0.1:0"}}
logging: {{level: {level}, format: json}}
settle: 50ms
tenants:
  - {{name: default, partition: 0, policy: {policy}}}
routes:
  pager: {{kind: victorops, url: "{pager}/integrations/generic/20131114/alert/test/support", per_minute_max: 100000, timeout: 5s}}
delivery: {{allow_private_addresses: true, backoff_initial: 50ms, backoff_max: 500ms}}
"""
RFC_3339 = "%Y-%m-%dT%H:%M:%S.%f"


def kafka_local(*arguments):
    done = subprocess.run([os.path.join(ROOT, "ops", "kafka-local"), *arguments], text=True, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f"ops/kafka-local {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Broker:
    """A broker of its own, which a test may end."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.address = kafka_local("start", "--fresh", "--dir", folder, *options).strip()

    def do(self, command, *arguments):
        return kafka_local(command, self.folder, *arguments)

    def start(self):
        """Again, on the same port with its data."""
        assert kafka_local("start", "--dir", self.folder).strip() == self.address

    def remove(self):
        subprocess.run([os.path.join(ROOT, "ops", "kafka-local"), "stop", self.folder, "--remove"], capture_output=True)


class Member(Instance):
    """One escalationd of a cluster."""

    def __init__(self, folder, name, text):
        self.name = name
        self.text = text
        super().__init__(os.path.join(folder, name))

    def point_at(self, pager):
        self.write_config(self.text)

    def leads(self):
        """Whether it owns the partition, by what it last said; a paused one cannot be asked."""
        said = [line["message"] for line in self.lines() if line.get("message") in ("leads", "stands by")]
        agreed = [line["what"] for line in self.lines() if line.get("message") == "group" and "instance" in line["what"]]
        return bool(said) and said[-1] == "leads" and "should lead partition" in agreed[-1]

    def has_joined(self):
        return any("should lead" in line["what"] for line in self.lines() if line.get("message") == "group")

    def count(self, message):
        return sum(line.get("message") == message for line in self.lines())


class Cluster:
    """A log with topics of its own, and instances that share it."""

    def __init__(self, folder, brokers, topic, names="abc", pager="http://127.0.0.1:9", extra="", log_extra="", partitions=1,
                 policy=os.path.join(HERE, "policy.yaml"), level="debug"):
        self.folder = folder
        self.brokers = brokers
        self.topic = topic
        self.decisions = topic.removesuffix(".log") + ".decisions"
        self.dead_letters = topic.removesuffix(".log") + ".dead-letters"
        settings = os.path.join(folder, "kafka.properties")
        with open(settings, "w") as out:
            out.write("allow_plaintext=true\n")
        self.environment = {**os.environ, "ESCALATION_KAFKA_SETTINGS": settings}
        self.ctl("log", "create", f"kafka://{brokers}/{topic}", "--partitions", str(partitions))
        self.members = []
        for name in names:
            member_folder = os.path.join(folder, name)
            text = CONFIG.format(name=name, state=os.path.join(member_folder, "state"), brokers=brokers, topic=topic, pager=pager,
                                 policy=policy, level=level, log_extra=log_extra) + extra
            self.members.append(Member(folder, name, text))

    def ctl(self, *arguments, check=True):
        done = subprocess.run([ESCALATIONCTL, *arguments], text=True, capture_output=True, env=self.environment)
        if check and done.returncode != 0:
            raise AssertionError(f"escalationctl {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self):
        for member in self.members:
            member.spawn()
        for member in self.members:
            member.url = member.wait_for_line("ready")["address"]
        wait_until("all are in the group", lambda: all(member.has_joined() for member in self.members))
        self.wait_for_leader()
        return self

    def running(self):
        return [member for member in self.members if member.process is not None and member.process.poll() is None]

    def leader(self):
        """The one that says it leads; None: nobody, or two that do not agree yet."""
        leaders = [member for member in self.running() if member.leads()]
        return leaders[0] if len(leaders) == 1 else None

    def wait_for_leader(self, but=None):
        """The leader, once there is one that is not `but`."""
        def found():
            leaders = [member for member in self.running() if member is not but and member.leads()]
            return leaders[0] if len(leaders) == 1 else None
        return wait_until("an instance that leads", found)

    def kill(self):
        for member in self.members:
            member.kill()


def now_text(shift_ms=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(milliseconds=shift_ms)
    return moment.strftime(RFC_3339)[:-3] + "Z"


def now_ms():
    return int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)


def seconds(action):
    """What the action returns, and how long it took."""
    begin = time.monotonic()
    value = action()
    return value, time.monotonic() - begin


def opened(ticket, plan="fast"):
    return {"id": f"open-{ticket}", "ticket_id": ticket, "occurred_at": now_text(), "actor": {"id": "ann", "kind": "customer"},
            "opened": {"plan": plan, "severity": "high", "subject": f"About {ticket}"}}


def replied(ticket):
    return {"id": f"reply-{ticket}", "ticket_id": ticket, "occurred_at": now_text(), "actor": {"id": "maria", "kind": "agent"},
            "message_added": {"visibility": "public"}}

