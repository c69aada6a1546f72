#!/usr/bin/env python3
"""What the Markdown pages show is what happens: runs the commands of their `$ ...` blocks and compares the output.

  commands_test.py ROOT BUILD_DIR

In a fenced block a line "$ COMMAND" is followed by its output; a line "..." stands for the rest. `cat FILE` makes FILE
of what follows; a last line "exit N" is how a command that fails ends, after what it says. Programs of build/dev are taken from BUILD_DIR. Commands that need a running daemon are left to the test
of ops/demo: curl, and those of escalationctl that ask one.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

PAGES = ["README.md", "CONTRIBUTING.md"] + [f"deploy/policies/{name}.md" for name in
         ("README", "aiven", "azion", "stakater", "elastic-io", "drud")]
PREFIX = "build/dev/"
ASKS_A_DAEMON = re.compile(r"^(curl\b|build/dev/ops/escalationctl (tickets|timers|pages|explain|policy)\b|"
                           r"build/dev/ops/escalationctl replay .*/var/lib/)")


def blocks_of(path):
    """Lists of (line number, line), one for each fenced block."""
    block, inside = [], False
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("```"):
                if inside:
                    yield block
                block, inside = [], not inside
            elif inside:
                block.append((number, line))


def steps_of(block):
    """(line number, command, expected lines); lines that a backslash or an open quote continues are joined."""
    steps = []
    for number, line in block:
        if line.startswith("$ "):
            steps.append([number, line[2:], []])
        elif steps and steps[-1][2] == [] and steps[-1][1].count("'") % 2 == 1:
            steps[-1][1] += "\n" + line
        elif steps:
            steps[-1][2].append(line)
    return steps


def differs(expected, printed):
    for index, line in enumerate(expected):
        if line == "...":
            return None
        if index >= len(printed) or printed[index] != line:
            return f"expected: {line}\n  printed:  {printed[index] if index < len(printed) else '(nothing)'}"
    return None if len(expected) == len(printed) else f"prints more: {printed[len(expected)]}"


def run(root, build, folder, command):
    words = shlex.split(command)
    words = [os.path.join(build, word[len(PREFIX):]) if word.startswith(PREFIX) else word for word in words]
    words = [os.path.join(folder, word) if os.path.exists(os.path.join(folder, word)) else word for word in words]
    result = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    out, err = (text.replace(folder + "/", "") for text in (result.stdout, result.stderr))
    return result.returncode, out.split("\n")[:-1], err


def main():
    root, build = sys.argv[1], sys.argv[2]
    failed = ran = 0
    for page in PAGES:
        path = os.path.join(root, page)
        with tempfile.TemporaryDirectory() as folder:
            for block in blocks_of(path):
                for number, command, expected in steps_of(block):
                    if command.startswith("cat "):
                        with open(os.path.join(folder, command[4:]), "w", encoding="utf-8") as file:
                            file.write("\n".join(expected) + "\n")
                        continue
                    if ASKS_A_DAEMON.match(command):
                        continue
                    ran += 1
                    code, printed, err = run(root, build, folder, command)
                    wanted = 0
                    if expected and re.fullmatch(r"exit \d+", expected[-1]):
                        wanted, expected, printed = int(expected.pop()[5:]), expected, printed + err.split("\n")[:-1]
                    problem = f"exit {code}: {err.strip()}" if code != wanted else differs(expected, printed)
                    if problem:
                        print(f"{page}:{number}: $ {command}\n  {problem}")
                        failed += 1
    if ran == 0:
        print("no command was found")
    print(f"{ran} commands, {failed} differ")
    sys.exit(1 if failed or ran == 0 else 0)


if __name__ == "__main__":
    main()
