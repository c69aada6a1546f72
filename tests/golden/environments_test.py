#!/usr/bin/env python3
"""Golden archives fold to the same decisions and the same state whatever the process finds around it: time zone, locale,
zone database, hash seeds. Each test also shows that its environment does reach the process."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

FOLD = os.environ["GOLDEN_FOLD"]
CTL = os.environ["ESCALATIONCTL"]
FOLDER = pathlib.Path(__file__).parent / "archives"
ARCHIVES = sorted(str(path) for path in FOLDER.iterdir() if path.is_dir())
ZONEINFO = pathlib.Path("/usr/share/zoneinfo")


def attempt(arguments, text="", **variables):
    """In an environment of these variables and nothing else but what sanitizers ask for."""
    sanitizers = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    environment = {"PATH": os.environ["PATH"], **sanitizers, **variables}
    return subprocess.run(arguments, input=text, env=environment, capture_output=True, check=False, encoding="utf-8")


def run(arguments, **variables):
    """Standard output."""
    done = attempt(arguments, **variables)
    if done.returncode != 0:
        raise AssertionError(f"{arguments} with {variables}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


class Environments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="escalation-golden-"))
        cls.expected = run([FOLD, *ARCHIVES])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def assert_same(self, **variables):
        self.assertEqual(run([FOLD, *ARCHIVES], **variables), self.expected, variables)
        for archive in ARCHIVES:
            self.assertIn("are the same", run([CTL, "replay", "--verify", "--log", f"archive:{archive}"], **variables))

    def seen(self, **variables):
        return run([FOLD, "--environment"], **variables)

    def test_what_is_expected_is_what_the_files_say(self):
        self.assertGreater(len(ARCHIVES), 0)
        lines = dict(line.split(": ", 1) for line in self.expected.splitlines())
        for archive in ARCHIVES:
            summary = pathlib.Path(archive + ".expected").read_text(encoding="utf-8").split("semantics")[0]
            self.assertTrue(lines[pathlib.Path(archive).name].startswith(summary.replace("\n", " ")), archive)

    def test_time_zone_of_the_machine(self):
        noons = set()
        for zone in ("Pacific/Kiritimati", "Pacific/Apia", "America/St_Johns", "right/Europe/Berlin", ":/there/is/none",
                     "XYZ-25:59"):
            with self.subTest(zone):
                noons.add(re.search(r"noon (\S+),", self.seen(TZ=zone)).group(1))
                self.assert_same(TZ=zone)
        self.assertGreaterEqual(len(noons), 5)

    def test_locale(self):
        for name in ("tr_TR", "de_DE", "ar_EG"):
            with self.subTest(name):
                # 1: warnings only.
                made = subprocess.run(["localedef", "-i", name, "-f", "UTF-8", self.folder / f"{name}.UTF-8"],
                                      capture_output=True, text=True, check=False)
                self.assertIn(made.returncode, (0, 1), f"{made.stderr}\nlocaledef needs the package locales")
                variables = {"LOCPATH": str(self.folder), "LC_ALL": f"{name}.UTF-8", "LANGUAGE": name}
                if name != "ar_EG":
                    self.assertIn("decimal point ,", self.seen(**variables))
                self.assert_same(**variables)

    def test_zone_database_of_the_machine(self):
        empty = self.folder / "empty"
        empty.mkdir()
        # Every zone is another one.
        swapped = self.folder / "swapped"
        names = ["Europe/Berlin", "America/New_York", "America/Denver", "Etc/UTC", "Africa/Casablanca", "Asia/Gaza",
                 "Australia/Lord_Howe"]
        for name, other in zip(names, names[1:] + names[:1]):
            (swapped / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ZONEINFO / other, swapped / name)
        # 15:26 in Berlin, 09:26 in New York.
        question = json.dumps({"id": "q", "op": "is_open", "start": 1772461600,
                               "cal": {"tz": "Europe/Berlin", "week": {"mon": [["15:00", "16:00"]]}}})
        answers = []
        for folder in (ZONEINFO, empty, swapped):
            with self.subTest(folder.name):
                answers.append(attempt([CTL, "calendar", "eval"], question, TZDIR=str(folder)).stdout)
                self.assert_same(TZDIR=str(folder))
        self.assertEqual(len(set(answers)), 3, answers)

    def test_hash_seeds(self):
        # The seed of hash tables follows from where the program is loaded.
        at_random = {self.seen() for _ in range(8)}
        self.assertGreater(len(at_random), 1, "addresses are the same each time: nothing is shown here")
        for _ in range(4):
            self.assertEqual(run([FOLD, *ARCHIVES]), self.expected)
        fixed = ["setarch", "-R"]
        self.assertEqual(len({run([*fixed, FOLD, "--environment"]) for _ in range(3)}), 1)
        self.assertEqual(run([*fixed, FOLD, *ARCHIVES]), self.expected)


if __name__ == "__main__":
    unittest.main()
