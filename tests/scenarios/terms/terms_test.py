#!/usr/bin/env python3
"""Every rule of the five published support terms has its line in the policy and at least one scenario.

  terms_test.py ROOT

Rules have ids such as D04. A policy names the rules of a line in its comments; a scenario is tests/scenarios/terms/POLICY/
ID_claim.txt. What the policies need is general: no vendor's name stands in state/ or daemon/.
"""
import os
import re
import sys

# Policy: the letter and the number of its rules.
TERMS = {"aiven": ("A", 11), "azion": ("Z", 12), "stakater": ("S", 9), "elastic-io": ("E", 6), "drud": ("D", 15)}
VENDORS = re.compile(r"aiven|azion|stakater|elastic[.-]io|\bdrud\b|ddev", re.IGNORECASE)
RULE = re.compile(r"\b[A-Z]\d\d\b")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def comments_of(policy):
    return " ".join(re.findall(r"#(.*)$", policy, re.MULTILINE))


def problems(root):
    for name, (letter, count) in TERMS.items():
        wanted = {f"{letter}{number:02}" for number in range(1, count + 1)}
        policy = os.path.join(root, "deploy", "policies", name + ".yaml")
        # "A02 to A04" names all three.
        text = re.sub(r"\b([A-Z])(\d\d) to \1(\d\d)",
                      lambda m: " ".join(f"{m[1]}{n:02}" for n in range(int(m[2]), int(m[3]) + 1)), comments_of(read(policy)))
        named = set(RULE.findall(text))
        folder = os.path.join(root, "tests", "scenarios", "terms", name)
        tested = {leaf[:3] for leaf in os.listdir(folder) if RULE.match(leaf[:3])}
        for rule in sorted(wanted - named):
            yield f"deploy/policies/{name}.yaml: no line names rule {rule}"
        for rule in sorted(wanted - tested):
            yield f"tests/scenarios/terms/{name}: no scenario for rule {rule}"
        for rule in sorted((named | tested) - wanted):
            yield f"{name}: there is no rule {rule}"


def vendors_in(root):
    for top in ("state", "daemon"):
        for folder, _, leaves in os.walk(os.path.join(root, top)):
            for leaf in leaves:
                path = os.path.join(folder, leaf)
                for number, line in enumerate(read(path).splitlines(), 1):
                    if VENDORS.search(line):
                        yield f"{os.path.relpath(path, root)}:{number}: a mechanism for one vendor: {line.strip()}"


def main():
    found = list(problems(sys.argv[1])) + list(vendors_in(sys.argv[1]))
    print("\n".join(found) or "every rule has its line and its scenario")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
