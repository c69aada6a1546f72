"""Drives one escalationd through a run, and brings it back whenever a fault has ended it.

A fault is one point of one process: the n-th operation of a kind (fault_points.cc) and what happens there. Every other
process of the run, and above all the one that comes after the fault, is left alone.
"""
import collections
import datetime
import http.client
import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))
import instance  # noqa: E402
from instance import Instance, wait_until  # noqa: E402

FAULT_POINTS = os.environ["ESCALATION_FAULT_POINTS"]
KILLS = ("kill", "kill_after", "torn")
# What a message about a failed disk says.
DISK_WORDS = ("Input/output error", "IO error", "No space left", "no room left")

# `process`: "daemon1" for the first start that the run asks for, "archive" for the command.
Fault = collections.namedtuple("Fault", "process point kind")


def write_policy(folder, base, revision):
    """policy.yaml; its calendar opens on a weekday that is not near, so that no open time passes during a run."""
    with open(os.path.join(HERE, "policy.yaml")) as template:
        text = template.read()
    day = (base + datetime.timedelta(days=3)).strftime("%a").lower()
    hours = "09:00-17:00" if revision == 1 else "08:00-16:00"
    for name, value in (("REVISION", revision), ("DAY", day), ("HOURS", hours), ("WITHIN", f"{21 - revision}d")):
        text = text.replace(name, str(value))
    path = os.path.join(folder, f"policy-{revision}.yaml")
    with open(path, "w") as policy:
        policy.write(text)
    return path


class Broken(AssertionError):
    """What escalationd promises did not hold."""


class Driver:
    def __init__(self, folder, pager, base, fault=None):
        self.folder = folder
        os.makedirs(folder)
        self.base = base
        self.pager = pager
        self.fault = fault
        self.daemon = Instance(os.path.join(folder, "daemon"), pager.url, write_policy(folder, base, 1))
        self.starts = 0
        self.name = None  # Of the process that runs now.
        self.acknowledged = []  # (offset, event) of what got a 2xx.
        self.sent = collections.Counter()  # How often each event id was sent.

    # The process.

    def environment(self, name):
        """Every process is counted, or only the one that is to fail."""
        variables = dict(os.environ)
        if self.fault is None or self.fault.process == name:
            # The sanitizers' runtime wants to be first, and is loaded by the program itself.
            variables["ASAN_OPTIONS"] = variables.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
            variables.update(LD_PRELOAD=FAULT_POINTS, FAULT_DIR=self.daemon.folder, FAULT_TRACE=self.trace_path(name))
        if self.fault is not None and self.fault.process == name:
            variables.update(FAULT_POINT=self.fault.point, FAULT_KIND=self.fault.kind)
        return variables

    def trace_path(self, name):
        return os.path.join(self.folder, f"trace-{name}")

    def trace(self, name):
        """The operations of a process, in order."""
        if not os.path.exists(self.trace_path(name)):
            return []
        with open(self.trace_path(name)) as trace:
            return trace.read().splitlines()

    def fired(self):
        """The fault has happened."""
        return self.fault is not None and any(line.startswith("! ") for line in self.trace(self.fault.process))

    def start(self):
        """The next start that the run asks for."""
        self.starts += 1
        self.name = f"daemon{self.starts}"
        self.daemon.spawn(env=self.environment(self.name))
        self.until("ready", lambda: self.daemon.get("/-/ready").status == 200)

    def revive(self):
        """Starts it again if the fault has ended it; finds out where it listens."""
        if self.daemon.process.poll() is not None:
            self.judge_end(self.daemon.process.returncode)
            self.name = "again"
            self.daemon.spawn()
            self.daemon.url = None
        for line in self.daemon.lines():
            if line.get("message") == "ready":
                self.daemon.url = line["address"]
                return True
        return False

    def judge_end(self, code):
        """A process that has ended without being asked: only the fault may be the reason, and it says so."""
        output = self.daemon.output()
        if self.name != (self.fault and self.fault.process) or not self.fired():
            raise Broken(f"{self.name} ended with {code} without a fault:\n{output}")
        if self.fault.kind in KILLS:
            if code != -signal.SIGKILL:
                raise Broken(f"{self.name} was to be killed, but ended with {code}:\n{output}")
            return
        if code != 1:
            raise Broken(f"{self.name} ended with {code} after a failure, expected 1:\n{output}")
        errors = [line for line in self.daemon.lines() if line.get("level") == "error"]
        text = errors[-1].get("error", "") if errors else ""
        if self.daemon.folder not in text or not any(word in text for word in DISK_WORDS):
            raise Broken(f"{self.name} ended without saying what failed:\n{output}")

    def stop(self):
        """A clean stop, by the process that is there."""
        self.daemon.signal(signal.SIGTERM)
        self.judge_stop(self.daemon.wait())

    def judge_stop(self, code):
        if code != 0:
            self.judge_end(code)

    def crash(self):
        """SIGKILL that belongs to the run."""
        self.daemon.kill()

    # Requests.

    def until(self, what, condition):
        """Waits, and brings the daemon back as often as it is needed."""
        def holds():
            if not self.revive():
                return None
            try:
                return condition()
            except (OSError, http.client.HTTPException):
                return None
        try:
            return wait_until(what, holds)
        except AssertionError as error:
            raise Broken(f"{error}\nreceived: {self.pager.pages()}\n{self.daemon.output()}") from error

    def post(self, *events):
        """Sends until there is a 2xx, as a sender does."""
        def accepted():
            self.sent.update(event["id"] for event in events)
            reply = self.daemon.post(list(events))
            if reply.status in (500, 503):  # Refused aloud: the disk has failed, or is full.
                if not reply.json().get("error", {}).get("message"):
                    raise Broken(f"a {reply.status} without a message: {reply.body}")
                return None
            if reply.status != 200:
                raise Broken(f"{events[0]['id']}: {reply.status} {reply.body}")
            return reply
        offsets = self.until(f"{events[0]['id']} is accepted", accepted).json()["offsets"]
        self.acknowledged += zip(map(int, offsets), events, strict=True)

    def publish(self, revision):
        """Publishes the next policy until it is in force."""
        path = write_policy(self.folder, self.base, revision)

        def in_force():
            done = subprocess.run([instance.ESCALATIONCTL, "policy", "publish", path, "--url", f"http://{self.daemon.url}",
                                   "--expect-revision", str(revision - 1), "--apply", "running"], capture_output=True)
            if done.returncode != 0:
                self.settle()  # It may be in the log although nobody said so.
            return self.daemon.get("/v1/policy").json().get("revision") == str(revision)
        self.until(f"revision {revision} is in force", in_force)

    def settle(self):
        """Everything in the log is folded, published and delivered."""
        names = ("escalationd_fold_lag_records", "escalationd_outbox_decisions", "escalationd_pages_held",
                 "escalationd_deliveries_waiting", "escalationd_timer_lag_seconds")

        def settled():
            metrics = self.daemon.get("/metrics").body
            return all(instance.sum_of(metrics, name) == 0 for name in names)
        self.until("nothing left to do", settled)

    def received(self, operation, *keys):
        """Waits until the pager was told so of every key."""
        self.until(f"{operation} of {', '.join(keys)}",
                   lambda: {key for told, key in self.pager.pages() if told == operation} >= set(keys))

    # Looking at the end.

    def ctl(self, name, *arguments):
        """One command, which the fault may hit; its exit code and output."""
        done = subprocess.run([instance.ESCALATIONCTL, *arguments], text=True, capture_output=True,
                              timeout=instance.DEADLINE_SECONDS, env=self.environment(name))
        return done.returncode, done.stdout, done.stderr

    def archive(self):
        """Writes an archive; one that a fault has hit is no archive, and the next attempt makes one."""
        out = os.path.join(self.daemon.folder, "archive")
        create = ("archive", "create", "--log", f"embedded:{self.daemon.log_dir}", "--out")
        code, stdout, stderr = self.ctl("archive", *create, out)
        hit = self.fault is not None and self.fault.process == "archive" and self.fired()
        if code == 0:
            instance.run_ctl("archive", "verify", out)
            return
        if not hit:
            raise Broken(f"archive create: {code} without a fault\n{stdout}{stderr}")
        if self.fault.kind in KILLS:
            if code != -signal.SIGKILL:
                raise Broken(f"archive create was to be killed, but ended with {code}\n{stderr}")
        elif code != 1 or not any(word in stderr for word in DISK_WORDS) or self.daemon.folder not in stderr:
            raise Broken(f"archive create: {code} without saying what failed\n{stdout}{stderr}")
        instance.run_ctl(*create, out + "-again")

    def records(self):
        """(records, decisions) of the log, and whether folding it again says the same."""
        records, decisions = self.daemon.read_log()
        replay = subprocess.run([instance.ESCALATIONCTL, "replay", "--log", f"embedded:{self.daemon.log_dir}", "--verify"],
                                text=True, capture_output=True)
        return records, decisions, (replay.returncode, replay.stdout + replay.stderr)

    def close(self):
        self.daemon.kill()
