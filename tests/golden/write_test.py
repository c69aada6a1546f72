#!/usr/bin/env python3
"""The program that writes golden archives still does: each history that it knows becomes an archive that verifies."""
import os
import pathlib
import subprocess
import tempfile
import unittest


class Write(unittest.TestCase):
    def test_each_history_becomes_an_archive_that_verifies(self):
        with tempfile.TemporaryDirectory() as folder:
            for history in ("random_77", "scenarios", "clock_changes"):
                archive = os.path.join(folder, history)
                subprocess.run([os.environ["GOLDEN_WRITE"], history, archive], check=True, capture_output=True)
                done = subprocess.run([os.environ["ESCALATIONCTL"], "replay", "--verify", "--log", f"archive:{archive}"],
                                      check=True, capture_output=True, text=True)
                self.assertIn("are the same", done.stdout)
                self.assertNotIn(" 0 decisions", done.stdout)
                self.assertIn("chain ", pathlib.Path(archive + ".expected").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
