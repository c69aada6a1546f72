#!/usr/bin/env python3
"""Sums up what the tests ran, folder by folder, and names each branch that no test took and nobody explained.

  report.py GCOVR_JSON [--root DIR] [--must FOLDER]...

GCOVR_JSON is what `gcovr --json` wrote. In the folders of --must every line has run and every branch was taken both ways,
or exceptions.txt says why not. An explanation that explains nothing is a finding, too. Exit 1 if there is a finding.

  report.py --check [--root DIR]     only: each entry of exceptions.txt names a line that is there
"""
import argparse
import collections
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXCEPTIONS = os.path.join(HERE, "exceptions.txt")

Sums = collections.namedtuple("Sums", "lines lines_run branches branches_taken")


def entries_of(text):
    """(line number, entry) of each line `FILE:TEXT OF THE LINE: REASON` that is no comment."""
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)
            if line.strip() and not line.startswith("#")]


def explains(entry, path, text):
    """The text may hold colons itself: so an entry is compared with lines, never taken apart."""
    start = f"{path}:{text}: "
    return bool(text) and entry.startswith(start) and bool(entry[len(start):].strip())


def sums_of(lines):
    run = sum(1 for line in lines if line["count"] > 0)
    branches = [branch for line in lines for branch in line["branches"]]
    return Sums(len(lines), run, len(branches), sum(1 for branch in branches if branch["count"] > 0))


def code_lines(file):
    return [line for line in file["lines"] if not line.get("gcovr/noncode")]


def is_open(line):
    """Some of it never happened."""
    return line["count"] == 0 or any(branch["count"] == 0 for branch in line["branches"])


def percent(part, whole):
    return "-" if whole == 0 else f"{part}/{whole} {100 * part / whole:.1f} %"


def table(files):
    """Lines of a table: one row a folder."""
    folders = collections.defaultdict(list)
    for file in files:
        folders[os.path.dirname(file["file"])].extend(code_lines(file))
    rows = [(folder, sums_of(lines)) for folder, lines in sorted(folders.items())]
    width = max(len(folder) for folder, _ in rows)
    yield f"{'folder':{width}} {'lines':>20} {'branches':>20}"
    for folder, sums in rows:
        yield (f"{folder:{width}} {percent(sums.lines_run, sums.lines):>20} "
               f"{percent(sums.branches_taken, sums.branches):>20}")


def findings(files, must, entries, read):
    """`path:line: what` for each open line of the folders in `must` without an entry; then idle entries. `read` gives a
    file's lines."""
    used = set()
    for file in sorted(files, key=lambda file: file["file"]):
        path = file["file"]
        if os.path.dirname(path) not in must:
            continue
        source = read(path)
        for line in code_lines(file):
            if not is_open(line):
                continue
            text = source[line["line_number"] - 1].strip()
            explained = {number for number, entry in entries if explains(entry, path, text)}
            used |= explained
            if explained:
                continue
            taken = sums_of([line])
            what = "never ran" if line["count"] == 0 else f"{taken.branches - taken.branches_taken} of its branches not taken"
            yield f"{path}:{line['line_number']}: {what}: {text}"
    for number, entry in entries:
        if number not in used:
            yield f"exceptions.txt:{number}: explains nothing that is open: {entry}"


def homeless(entries, read):
    """Entries whose line is not in their file."""
    for number, entry in entries:
        path = entry.split(":", 1)[0]
        if not any(explains(entry, path, text.strip()) for text in read(path)):
            yield f"exceptions.txt:{number}: no such line, or no reason: {entry}"


def reader(root):
    def read(path):
        try:
            with open(os.path.join(root, path), encoding="utf-8") as file:
                return file.read().split("\n")
        except OSError:
            return []
    return read


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json", nargs="?")
    parser.add_argument("--root", default=ROOT)
    parser.add_argument("--must", action="append", default=[])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    with open(EXCEPTIONS, encoding="utf-8") as file:
        entries = entries_of(file.read())
    if options.check:
        found = list(homeless(entries, reader(options.root)))
    else:
        with open(options.json, encoding="utf-8") as file:
            files = json.load(file)["files"]
        measured = {os.path.dirname(file["file"]) for file in files}
        found = [f"{folder}: nothing was measured there" for folder in options.must if folder not in measured]
        found += findings(files, options.must, entries, reader(options.root))
        if files:
            print("\n".join(table(files)))
    for finding in found:
        print(finding)
    print(f"{len(entries)} explained lines, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
