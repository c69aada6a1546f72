"""Runs the benchmarks of one build, or of two in turn, for ops/bench."""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys

# Name -> program. The last three start a daemon: those of this tree measure any revision's, so that both are measured
# in the same way.
GOOGLE = {"calendar": "calendar_bench", "store": "store_bench", "source": "source_bench", "fold": "fold_bench",
          "audit": "audit_bench"}
DAEMON = {"http": "http_load", "pages": "page_latency", "storm": "page_storm"}
CLUSTER = {"kafka": "kafka_path.py"}
PROGRAMS = GOOGLE | DAEMON | CLUSTER
BUILD = "build/bench"
NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = re.findall(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} processors, {models[0] if models else platform.machine()}; {compiler}; load {load}"


def output_of(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"ops/bench: {' '.join(command)} ended with {done.returncode}")
    return done.stdout


def run_google(program, matching):
    """{figure: value}; per second: higher is better, else nanoseconds."""
    command = [program, "--benchmark_format=json"]
    if matching:
        command.append(f"--benchmark_filter={matching}")
    figures = {}
    for found in json.loads(output_of(command) or '{"benchmarks":[]}')["benchmarks"]:
        if found.get("run_type") == "aggregate":
            continue
        name = re.sub(r"^BM_|/real_time$|/iterations:\d+", "", found["name"])
        if "items_per_second" in found:
            figures[f"{name} items_per_second"] = found["items_per_second"]
        else:
            time = found["real_time" if found["name"].endswith("/real_time") else "cpu_time"]
            figures[f"{name} ns"] = time * NANOSECONDS[found["time_unit"]]
    return figures


def run_daemon(program, daemon, matching):
    command = [program, "--json", "--daemon", daemon]
    if matching and program.endswith("http_load"):
        scenarios = re.findall(r"^ {2}(\S+)$", output_of([program, "--list"]), re.MULTILINE)
        command += [name for name in scenarios if re.search(matching, name)]
    return read_lines(output_of(command))


def run_cluster(program, build):
    os.environ["ESCALATIOND"] = os.path.join(build, "daemon/escalationd")
    os.environ["ESCALATIONCTL"] = os.path.join(build, "ops/escalationctl")
    return read_lines(output_of(["python3", program, "--json"]))


def read_lines(text):
    figures = {}
    for line in text.splitlines():
        found = json.loads(line)
        name = found.pop("name").split("/")[-1]
        for figure, value in found.items():
            figures[f"{name} {figure}"] = value
    return figures


def run_once(name, matching, tree):
    """None: that revision does not have it."""
    program = os.path.join(tree, BUILD, "tests/bench", PROGRAMS[name])
    if name in CLUSTER:
        return run_cluster(os.path.join("tests/bench", PROGRAMS[name]), os.path.abspath(os.path.join(tree, BUILD)))
    if name in DAEMON:
        program = os.path.join(BUILD, "tests/bench", PROGRAMS[name])
        return run_daemon(program, os.path.join(tree, BUILD, "daemon/escalationd"), matching)
    return run_google(program, matching) if os.path.exists(program) else None


def higher_is_better(figure):
    return "per_second" in figure or "per_processor_second" in figure


def text_of(value):
    for bound, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= bound:
            return f"{value / bound:.4g}{unit}"
    return f"{value:.4g}"


def print_rows(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def print_one(runs):
    rows = [("figure", "median", "lowest", "highest")]
    for name, rounds in runs.items():
        for figure in rounds[0]:
            values = [found[figure] for found in rounds if figure in found]
            rows.append((f"{name} {figure}", *map(text_of, (statistics.median(values), min(values), max(values)))))
    print_rows(rows)


def print_two(here, there, other_name):
    rows = [("figure", other_name, "this tree", "ratio", "lowest", "highest", "")]
    missing = []
    for name, rounds in here.items():
        if None in there[name]:
            missing.append(name)
            continue
        for figure in rounds[0] | there[name][0]:
            mine = [found[figure] for found in rounds if figure in found]
            theirs = [found[figure] for found in there[name] if figure in found]
            if not mine or not theirs:
                missing.append(f"{name} {figure}")
                continue
            old, new = statistics.median(theirs), statistics.median(mine)
            pairs = [a / b for a, b in zip(mine, theirs) if b]
            if not pairs or not old:
                rows.append((f"{name} {figure}", text_of(old), text_of(new), "", "", "", ""))
                continue
            better = (min(pairs) > 1) if higher_is_better(figure) else (max(pairs) < 1)
            worse = (max(pairs) < 1) if higher_is_better(figure) else (min(pairs) > 1)
            rows.append((f"{name} {figure}", text_of(old), text_of(new), f"{new / old:.3f}", f"{min(pairs):.3f}",
                         f"{max(pairs):.3f}", "better" if better else "worse" if worse else ""))
    print_rows(rows)
    for name in missing:
        print(f"only one of the two revisions has {name}")


def main():
    parser = argparse.ArgumentParser(prog="ops/bench")
    parser.add_argument("names", nargs="*", metavar="NAME[:MATCHING]")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--other", help="the tree of the other revision, built")
    parser.add_argument("--other-name", default="other")
    parser.add_argument("--targets-in", metavar="TREE", help="print what is to be built there")
    parser.add_argument("--check", action="store_true", help="look at the names only")
    arguments = parser.parse_args()
    wanted = [name.partition(":")[::2] for name in arguments.names or PROGRAMS]
    for name, _ in wanted:
        if name not in PROGRAMS:
            parser.error(f"there is no benchmark {name}; there are: {' '.join(PROGRAMS)}")
    if arguments.check:
        return
    if arguments.targets_in:
        sources = os.path.join(arguments.targets_in, "tests/bench")
        names = [PROGRAMS[name] for name, _ in wanted]
        targets = [name for name in names if os.path.exists(os.path.join(sources, f"{name}.cc"))]
        daemon = any(name in DAEMON | CLUSTER for name, _ in wanted) or not targets
        cluster = any(name in CLUSTER for name, _ in wanted)
        print(*targets, *(["escalationd"] if daemon else []), *(["escalationctl"] if cluster else []))
        return
    print(machine())
    here, there = {}, {}
    for turn in range(arguments.rounds or (5 if arguments.other else 3)):
        for name, matching in wanted:
            print(f"round {turn + 1}: {name}", file=sys.stderr)
            if arguments.other:
                there.setdefault(name, []).append(run_once(name, matching, arguments.other))
            here.setdefault(name, []).append(run_once(name, matching, "."))
    if arguments.other:
        print_two(here, there, arguments.other_name)
    else:
        print_one(here)
    print(f"afterwards: load {' '.join(f'{value:.1f}' for value in os.getloadavg())}")


if __name__ == "__main__":
    main()
