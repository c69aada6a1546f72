#!/usr/bin/env python3
"""The program that asks whether the tests notice a fault says so when one survives, and when its list does not fit."""
import importlib.machinery
import importlib.util
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("mutations_run", os.path.join(HERE, "run"))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutations_run", loader))
loader.exec_module(run)

LIST = """# A comment.

mutation one
file a.cc
breaks The first thing.
---- old
  first();
  second();
---- new
  second();
----

mutation two
file a.cc
breaks The last thing.
---- old
  third();
---- new
----
"""
SOURCE = "void All() {\n  first();\n  second();\n  third();\n}\n"


class StandIn(run.Proof):
    """A test that looks for third() in the source stands in for the build and its tests."""

    def prepare(self):
        self.suites = [run.Suite("looks", "unit", (sys.executable, "-c", "import sys; text = open(sys.argv[1]).read(); "
                                                   "print('[  FAILED  ] Looks.third'); sys.exit('third' not in text)",
                                                   os.path.join(self.tree, "a.cc")), (), None)]


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write(SOURCE)
        self.addCleanup(setattr, run, "MUTATIONS_MIN", run.MUTATIONS_MIN)
        self.addCleanup(setattr, run, "build", run.build)
        run.MUTATIONS_MIN = 2
        run.build = lambda *_: (True, "")

    def write(self, text):
        with open(os.path.join(self.folder, "a.cc"), "w") as source:
            source.write(text)

    def problems(self, text=LIST):
        return list(run.check(run.read_mutations(text), self.folder))

    def test_a_list_is_read(self):
        one, two = run.read_mutations(LIST)
        self.assertEqual((one.name, one.path, one.old, one.new), ("one", "a.cc", "  first();\n  second();", "  second();"))
        self.assertEqual((two.breaks, two.old, two.new), ("The last thing.", "  third();", ""))
        self.assertEqual(self.problems(), [])

    def test_text_that_is_not_there_or_twice_is_said(self):
        self.write(SOURCE.replace("third", "other"))
        self.assertIn("two: its old text is 0 times in a.cc, expected once", self.problems()[0])
        self.write(SOURCE + SOURCE)
        self.assertEqual(len(self.problems()), 2)

    def test_other_mistakes_are_said(self):
        self.assertIn("two of this name", self.problems(LIST.replace("mutation two", "mutation one"))[0])
        self.assertIn("there is no b.cc", self.problems(LIST.replace("a.cc", "b.cc"))[0])
        self.assertIn("changes nothing", self.problems(LIST.replace("---- new\n----", "---- new\n  third();\n----"))[0])
        run.MUTATIONS_MIN = 3
        self.assertIn("2 mutations, at least 3", self.problems()[0])

    def test_one_that_survives_is_said_and_the_source_is_as_before(self):
        proof = StandIn(self.folder, self.folder, run.LABELS)
        proof.prepare()
        one, two = run.read_mutations(LIST)
        self.assertIsNone(proof.caught_by(one))
        self.assertEqual(proof.caught_by(two), "looks: Looks.third")
        with open(os.path.join(self.folder, "a.cc")) as source:
            self.assertEqual(source.read(), SOURCE)
        self.assertEqual(run.run([two], proof), 0)
        self.assertEqual(run.run([one, two], proof), 1)

    def test_the_case_that_failed_is_found(self):
        for output, case in [("[ RUN      ] A.b\n[  FAILED  ] A.b (3 ms)\n", "A.b"),
                             ("[ RUN      ] A.b\n[       OK ] A.b\n[ RUN      ] A.c\nCHECK failed\n", "A.c (died)"),
                             ("FAIL: test_x (__main__.T.test_x)\n", "test_x"),
                             ("FAILED storm daemon1 kill send to the pager#3\n", "FAILED storm daemon1 kill send to the pager#3"),
                             ("", "")]:
            self.assertEqual(run.failed_case(output), case)


if __name__ == "__main__":
    unittest.main()
