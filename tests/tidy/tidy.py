#!/usr/bin/env python3
"""Checks of the tree that a compiler does not make. Each prints `path:line: what is wrong` and exits 1.

  tidy.py [--root DIR] CHECK...

A finding that is right as it is stands in `allowed.txt` beside this file with its reason; an entry that no longer
matches anything is a finding itself, so that the list only shrinks.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77  # CTest shows the check as skipped.
CLANG_FORMAT_MAJOR = 14  # Debian 12. Other versions break lines differently.

CXX = (".h", ".cc")
HEADER_LINES_MAX = 200
SOURCE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

# A folder includes only itself and what stands left of it.
LAYERS = ["escalation/v1", "state/base", "state/calendar", "state/policy", "state/ticket", "state/partition", "state/store",
          "daemon", "ops"]
PURE = ("state/calendar/", "state/ticket/", "state/partition/")
IMPURE_HEADERS = re.compile(
    r"^(chrono|ctime|time\.h|sys/time\.h|thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|"
    r"stop_token|fstream|filesystem|iostream|fcntl\.h|unistd\.h|sys/stat\.h|random|"
    r"absl/time/.*|absl/synchronization/.*|absl/random/.*|spdlog/.*|rocksdb/.*|librdkafka/.*|curl/.*|microhttpd\.h)$")
# Header prefix -> folders that may include it.
RESERVED = {
    "rocksdb/": ("state/store/", "daemon/log/"),
    "librdkafka/": ("daemon/log/", "daemon/source/"),
    "spdlog/": ("daemon/", "ops/"),
}


class Finding:
    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


def files(root, suffixes, folders=None):
    """Paths relative to root, sorted. Build trees and hidden folders are left out."""
    found = []
    for folder, names, leaves in os.walk(root):
        relative = os.path.relpath(folder, root)
        relative = "" if relative == "." else relative + "/"
        names[:] = sorted(n for n in names if not n.startswith(".") and n != "__pycache__"
                          and not (relative == "" and n.startswith("build")))
        found += [relative + leaf for leaf in leaves if leaf.endswith(suffixes)]
    if folders:
        found = [path for path in found if path.startswith(folders)]
    return sorted(found)


def lines_of(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read().split("\n")


def includes_of(root, path):
    for number, line in enumerate(lines_of(root, path), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(2)


def layer_of(path):
    for rank, folder in enumerate(LAYERS):
        if path.startswith(folder + "/"):
            return rank
    return None


def check_includes(root):
    """The include table: layers from left to right, and libraries that belong to some folders only."""
    for path in files(root, CXX, ("state/", "daemon/", "ops/")):
        rank = layer_of(path)
        for number, header in includes_of(root, path):
            other = layer_of(header)
            if header.startswith("tests/"):
                yield Finding(path, number, f'includes "{header}": tests are included by tests only')
            elif other is not None and rank is not None and other > rank:
                yield Finding(path, number, f'includes "{header}": {LAYERS[rank]} stands left of {LAYERS[other]}')
            for prefix, allowed in RESERVED.items():
                if header.startswith(prefix) and not path.startswith(allowed):
                    yield Finding(path, number, f"includes <{header}>: only {' and '.join(allowed)} may")
            if path.startswith(PURE) and IMPURE_HEADERS.match(header):
                yield Finding(path, number, f"includes <{header}>: no clock, thread, file or logger here")


def code_of(line):
    """Without strings and line comments: good enough to look for words in code."""
    return re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]


def check_purity(root):
    """Nothing but the log decides: no clock, chance or environment in the pure folders, no map or float in records."""
    word = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock|random_device|mt19937\w*|getenv|rand|srand|"
                      r"localtime\w*|gmtime\w*|setlocale|fopen|printf|fprintf|puts)\b|\btime\(")
    for path in files(root, CXX, PURE):
        for number, line in enumerate(lines_of(root, path), 1):
            code = code_of(line)
            if word.search(code):
                yield Finding(path, number, f'"{word.search(code).group(0)}": only the log may decide')
            if path.startswith(PURE[1:]) and re.search(r"\b(float|double)\b", code):
                yield Finding(path, number, "floating point: its rounding is not the same everywhere")
    for path in files(root, (".proto",), ("proto/",)):
        for number, line in enumerate(lines_of(root, path), 1):
            if re.match(r"\s*(repeated\s+|optional\s+)?(map\s*<|float\b|double\b)", line):
                yield Finding(path, number, "map, float and double have no deterministic bytes")


def anchor_of(heading):
    """As GitHub makes it."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    text = re.sub(r"[`*]", "", text)
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def prose_of(root, path):
    """(number, line) outside fenced code."""
    fence = None
    for number, line in enumerate(lines_of(root, path), 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and fence is None:
            fence = mark.group(1)
        elif mark and line.strip().startswith(fence):
            fence = None
        elif fence is None:
            yield number, line


def anchors_of(root, path):
    seen, anchors = {}, set()
    for _, line in prose_of(root, path):
        match = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if match:
            anchor = anchor_of(match.group(1))
            anchors.add(anchor if anchor not in seen else f"{anchor}-{seen[anchor]}")
            seen[anchor] = seen.get(anchor, 0) + 1
        anchors.update(re.findall(r'<a\s+(?:id|name)="([^"]+)"', line))
    return anchors


def check_links(root):
    """Every relative link of a Markdown file leads to a file of the tree, every #anchor to a heading."""
    for path in files(root, (".md",)):
        for number, line in prose_of(root, path):
            line = re.sub(r"`[^`]*`", "", line)
            targets = re.findall(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)", line)
            targets += re.findall(r"^\s*\[[^\]]+\]:\s*(\S+)", line)
            for target in targets:
                if re.match(r"[a-z][a-z0-9+.-]*:", target):
                    continue
                name, _, anchor = target.partition("#")
                aim = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                if aim.startswith("..") or not os.path.exists(os.path.join(root, aim)):
                    yield Finding(path, number, f"link to {target}: there is no such file")
                elif anchor and aim.endswith(".md") and anchor not in anchors_of(root, aim):
                    yield Finding(path, number, f"link to {target}: there is no such heading")


def check_sizes(root):
    """Files and functions that fit a reader: header 200 lines, source 400, function 70."""
    for path in files(root, CXX, ("state/", "daemon/", "ops/", "tests/")):
        lines = lines_of(root, path)
        count = len(lines) - (lines[-1] == "")
        limit = HEADER_LINES_MAX if path.endswith(".h") else SOURCE_LINES_MAX
        if count > limit:
            yield Finding(path, 1, f"{count} lines, at most {limit}: split by noun")
        if path.startswith("tests/"):
            continue  # Tables of cases are data.
        start = None
        for number, line in enumerate(lines, 1):
            if re.match(r"(namespace|class|struct|enum|union|extern|using|#|//|\}|template|constexpr|const\b)", line):
                start = None if line.startswith("}") and line != "}" else start
            elif re.match(r"[A-Za-z_\[]", line) and start is None:
                start = number
            if line == "}":
                if start is not None and number - start + 1 > FUNCTION_LINES_MAX:
                    yield Finding(path, start, f"function of {number - start + 1} lines, at most {FUNCTION_LINES_MAX}")
                start = None
            elif line.endswith(";") and re.match(r"\S", line):
                start = None


def check_words(root):
    """Nothing unfinished, nothing switched off, no path of one machine."""
    word = re.compile(r"\b(TODO|FIXME|XXX|DISABLED_\w*|GTEST_SKIP)\b|(?<![\w.])/(?:home|root)/\w")
    suffixes = CXX + (".proto", ".py", ".sh", ".cmake", ".txt", ".yaml", ".yml", ".json")
    paths = files(root, suffixes) + [p for p in files(root, ("",), ("ops/",)) if "." not in os.path.basename(p)]
    for path in paths:
        if path.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(lines_of(root, path), 1):
            match = word.search(line)
            if match:
                yield Finding(path, number, f'"{match.group(0)}": finish it or leave it out')


def formatter_is_ours():
    version = subprocess.run(["clang-format", "--version"], capture_output=True, text=True, check=True).stdout
    return f"version {CLANG_FORMAT_MAJOR}." in version


def check_format(root):
    """clang-format changes nothing."""
    if shutil.which("clang-format") is None:
        yield Finding(".clang-format", 1, "clang-format is not installed; ops/setup installs it")
        return
    if not formatter_is_ours():
        print(f"skipped: needs clang-format {CLANG_FORMAT_MAJOR}")
        sys.exit(SKIPPED)
    paths = files(root, CXX, ("state/", "daemon/", "ops/", "tests/"))
    for begin in range(0, len(paths), 50):
        result = subprocess.run(["clang-format", "--style=file", "--dry-run", *paths[begin:begin + 50]], cwd=root,
                                capture_output=True, text=True, check=False)
        first = {}
        for match in re.finditer(r"^(.+?):(\d+):\d+: (?:warning|error):", result.stderr, re.MULTILINE):
            first.setdefault(match.group(1), int(match.group(2)))
        for path, number in first.items():
            yield Finding(path, number, f"clang-format -i {path} would change it")


def check_clocks(root):
    """No test waits for or reads the wall clock: such tests fail on a busy machine."""
    word = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|SleepFor|system_clock|gettimeofday)\b|"
                      r"\btime\((nullptr|NULL|0)\)|absl::Now\(|\btime\.sleep\(|\btime\.time\(|(?<![\w.])sleep\(?\s*\d")
    for path in files(root, CXX + (".py", ".sh"), ("tests/",)):
        if path.startswith(("tests/tidy/", "tests/bench/")):  # A benchmark measures time.
            continue
        for number, line in enumerate(lines_of(root, path), 1):
            match = word.search(code_of(line) if path.endswith(CXX) else line.split("#")[0])
            if match:
                yield Finding(path, number, f'"{match.group(0)}": wait for the condition itself, pass the time in')


def check_headers(root):
    """Each header opens with a block that names its path, and says what it is; included once."""
    for path in files(root, (".h",), ("state/", "daemon/", "ops/")):
        lines = lines_of(root, path)
        if lines[0] != f"// {path}":
            yield Finding(path, 1, f'must begin with "// {path}"')
        elif len(lines) < 3 or lines[1] != "//" or not re.match(r"// \S", lines[2]):
            yield Finding(path, 2, "the block after the path must say what it is")
        if "#pragma once" not in lines:
            yield Finding(path, 1, "#pragma once is missing")


CHECKS = {name[len("check_"):]: function for name, function in list(globals().items()) if name.startswith("check_")}


def read_allowed(root):
    """[check, path, reason] of each entry, with its line."""
    path = os.path.join(root, "tests/tidy/allowed.txt")
    if not os.path.exists(path):
        return []
    entries = []
    for number, line in enumerate(lines_of(root, "tests/tidy/allowed.txt"), 1):
        if line.strip() and not line.startswith("#"):
            entries.append((number, line.split(None, 2)))
    return entries


def run(root, name):
    """The findings of one check that are not allowed."""
    found = list(CHECKS[name](root))
    remaining = found
    for number, entry in read_allowed(root):
        if entry[0] != name:
            continue
        if len(entry) < 3:
            remaining.append(Finding("tests/tidy/allowed.txt", number, "expected: check path reason"))
        elif not any(finding.path == entry[1] for finding in found):
            remaining.append(Finding("tests/tidy/allowed.txt", number, f"{entry[1]} needs no entry any more"))
        remaining = [finding for finding in remaining if len(entry) < 3 or finding.path != entry[1]]
    return remaining


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=" ".join(CHECKS))
    arguments = parser.parse_args()
    failed = False
    for name in arguments.checks or CHECKS:
        if name not in CHECKS:
            parser.error(f"no check {name}; there are: {' '.join(CHECKS)}")
        for finding in run(arguments.root, name):
            print(finding)
            failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
