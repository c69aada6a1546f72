#!/usr/bin/env python3
"""Kills and fails a real escalationd at every point at which it touches a file or a socket, and judges what is left.

  sweep.py                          100 points, evenly spread over all runs and faults
  sweep.py --points 2000            so many; 0: all there are
  sweep.py --seed 7                 other points: the seed shifts the choice
  sweep.py --repeat 'RUN PROCESS KIND OPERATION#N'      one point again, and everything is kept to look at
  sweep.py --list                   all points
"""
import argparse
import collections
import concurrent.futures
import datetime
import os
import random
import shlex
import shutil
import sys
import tempfile
import threading

from driver import Broken, Driver, Fault
from judge import Evidence, judge
from pager import Pager
from runs import RUNS, Story

DISK = ("eio", "eio_on", "enospc", "enospc_on")
# What can happen to each operation.
FAULTS = {
    "write": ("kill", "torn", "short", *DISK),
    "pwrite": ("kill", "torn", *DISK),
    "writev": ("kill", "torn", *DISK),
    "send": ("kill", "kill_after", "torn", "short", "reset"),
    "connect": ("kill", "kill_after", "refuse"),
    "open": ("kill", "kill_after", *DISK),
    "mkdir": ("kill", "kill_after", "eio", "enospc"),
    "rmdir": ("kill", "kill_after"),
    "link": ("kill", "kill_after", "eio", "enospc"),
    "rename": ("kill", "kill_after", "eio", "eio_on"),
    "unlink": ("kill", "kill_after", "eio"),
    "fsync": ("kill", "kill_after", "eio", "eio_on"),
    "fdatasync": ("kill", "kill_after", "eio", "eio_on"),
    "sync_file_range": ("kill",),  # RocksDB tries at first whether there is one, and aborts if that gives EIO.
    "ftruncate": ("kill", "eio", "enospc"),
    "fallocate": ("kill", "eio", "enospc"),
}

Point = collections.namedtuple("Point", "run fault")
Result = collections.namedtuple("Result", "point reached problems")


def text_of(point):
    return f"{point.run} {point.fault.process} {point.fault.kind} {point.fault.point}"


def point_of(text):
    run, process, kind, operation = text.split(" ", 3)
    return Point(run, Fault(process, operation, kind))


def carry_out(name, folder, base, fault=None):
    """One run from beginning to end; (driver, evidence)."""
    pager = Pager()
    driver = Driver(folder, pager, base, fault)
    try:
        must = RUNS[name](driver, Story(base))
        if driver.fired() and driver.name == fault.process:
            # It was hit so late that no other process has looked at what is left.
            driver.fault = fault._replace(process="nobody")
            driver.start()
            driver.settle()
            driver.stop()
        records, decisions, replay = driver.records()
        return driver, Evidence(base, driver.acknowledged, driver.sent, records, decisions, replay, pager.pages(),
                                must)
    finally:
        driver.close()
        pager.close()


class Sweep:
    def __init__(self, folder):
        self.folder = folder
        now = datetime.datetime.now(datetime.timezone.utc)
        self.base = (now - datetime.timedelta(hours=2)).replace(microsecond=0)
        self.undisturbed = {}
        self.points = []

    def measure(self, names, jobs):
        """Carries out the runs without a fault: what they decide, and which points they pass."""
        def undisturbed(name):
            return carry_out(name, os.path.join(self.folder, f"undisturbed-{name}"), self.base)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            done = list(pool.map(undisturbed, names))
        for name, (driver, evidence) in zip(names, done, strict=True):
            problems = judge(evidence)
            if problems:
                raise Broken(f"the undisturbed run {name}:\n  " + "\n  ".join(problems))
            self.undisturbed[name] = evidence
            processes = [f"daemon{number + 1}" for number in range(driver.starts)] + ["archive"]
            for process in processes:
                for operation, count in collections.Counter(driver.trace(process)).items():
                    for kind in FAULTS[operation.split(" ")[0]]:
                        self.points += [Point(name, Fault(process, f"{operation}#{number + 1}", kind))
                                        for number in range(count)]

    def choose(self, count, seed):
        """Evenly spread; the rest follows in case some of them are not reached."""
        if count == 0 or count >= len(self.points):
            return list(self.points), []
        shift = random.Random(seed).random()
        chosen = [int((index + shift) * len(self.points) / count) for index in range(count)]
        rest = sorted(set(range(len(self.points))) - set(chosen))
        random.Random(seed).shuffle(rest)
        return [self.points[index] for index in chosen], [self.points[index] for index in rest]

    def attempt(self, point, folder):
        """One point; its folder is gone afterwards unless something was wrong."""
        try:
            driver, evidence = carry_out(point.run, folder, self.base, point.fault)
            reached = driver.fault.process == "nobody" or driver.fired()
            problems = judge(evidence, self.undisturbed[point.run])
        except Exception as error:  # Whatever it is, it belongs to this point.
            return Result(point, True, [f"{type(error).__name__}: {error}"])
        if not problems:
            shutil.rmtree(folder)
        return Result(point, reached, problems)


def repeat_command(point):
    known = ("ESCALATIOND", "ESCALATIONCTL", "ESCALATION_FAULT_POINTS")
    variables = " ".join(f"{name}={shlex.quote(os.environ[name])}" for name in known)
    return f"{variables} {os.path.abspath(__file__)} --repeat {shlex.quote(text_of(point))}"


def report(result):
    print(f"FAILED {text_of(result.point)}")
    for problem in result.problems:
        print("  " + problem)
    print(f"  again: {repeat_command(result.point)}", flush=True)


def run_all(sweep, chosen, rest, jobs):
    """(reached, not reached, failed). What is not reached is replaced by another point."""
    lock = threading.Lock()
    chosen, rest = list(chosen), list(rest)
    wanted = len(chosen)
    tally = collections.Counter()
    failed = []

    def work():
        while True:
            with lock:
                if not chosen:
                    return
                point = chosen.pop(0)
                tally["begun"] += 1
                number = tally["begun"]
            result = sweep.attempt(point, os.path.join(sweep.folder, f"point-{number}"))
            with lock:
                tally["reached" if result.reached else "missed"] += 1
                if not result.reached and rest:
                    chosen.append(rest.pop(0))
                if result.problems:
                    failed.append(result)
                    report(result)
                if tally["begun"] % 100 == 0:
                    print(f"{tally['reached']} of {wanted} points, {len(failed)} failed", flush=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(work) for _ in range(jobs)]:
            done.result()
    return tally["reached"], tally["missed"], failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--jobs", type=int, default=8, help="at the same time; most of it is waiting")
    parser.add_argument("--run", action="append", choices=RUNS, help="only this run; may be given several times")
    parser.add_argument("--repeat", metavar="POINT")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    began = datetime.datetime.now()
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    again = point_of(options.repeat) if options.repeat else None
    folder = tempfile.mkdtemp(prefix="kill-sweep-")
    sweep = Sweep(folder)
    sweep.measure([again.run] if again else options.run or list(RUNS), options.jobs)
    if options.list:
        print("\n".join(map(text_of, sweep.points)))
        print(f"{len(sweep.points)} points", file=sys.stderr)
        shutil.rmtree(folder)
        return 0
    print(f"seed {seed}, {len(sweep.points)} points in {len(sweep.undisturbed)} runs", flush=True)
    chosen, rest = ([again], []) if again else sweep.choose(options.points, seed)
    reached, missed, failed = run_all(sweep, chosen, rest, options.jobs)
    took = (datetime.datetime.now() - began).total_seconds()
    kinds = collections.Counter(point.fault.kind for point in chosen)
    print(f"{reached} points reached, {missed} not reached, {len(failed)} failed, {took:.0f} s; "
          + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    if failed or again:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if failed or reached < len(chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
