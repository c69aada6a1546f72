#!/usr/bin/env python3
"""Each check of tidy.py finds what it is there for, and nothing in a clean tree."""
import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy  # noqa: E402

HEADER = "// {0}\n//\n// A thing.\n#pragma once\n"


class TidyTest(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def findings(self, check):
        return [str(finding) for finding in tidy.run(self.root, check)]

    def expect(self, check, files, expected):
        for path, text in files.items():
            self.write(path, text)
        self.assertEqual(self.findings(check), expected)

    # includes

    def test_includes_to_the_left_are_fine(self):
        self.expect("includes", {
            "state/ticket/a.cc": '#include "state/policy/p.h"\n#include "escalation/v1/event.pb.h"\n',
            "state/store/s.cc": "#include <rocksdb/db.h>\n",
            "daemon/d.cc": '#include <spdlog/spdlog.h>\n#include "state/store/s.h"\n',
            "tests/state/t.cc": '#include "daemon/d.h"\n#include <rocksdb/db.h>\n'}, [])

    def test_include_to_the_right_is_found(self):
        self.expect("includes", {"state/policy/p.cc": '#include <x>\n#include "state/ticket/t.h"\n'},
                    ['state/policy/p.cc:2: includes "state/ticket/t.h": state/policy stands left of state/ticket'])

    def test_daemon_does_not_include_ops(self):
        self.expect("includes", {"daemon/api/a.cc": '#include "ops/command.h"\n'},
                    ['daemon/api/a.cc:1: includes "ops/command.h": daemon stands left of ops'])

    def test_nothing_includes_tests(self):
        self.expect("includes", {"ops/o.cc": '#include "tests/x.h"\n'},
                    ['ops/o.cc:1: includes "tests/x.h": tests are included by tests only'])

    def test_reserved_libraries_are_found(self):
        self.expect("includes", {"daemon/a.cc": "#include <rocksdb/db.h>\n", "state/store/s.cc": '#include "spdlog/spdlog.h"\n'},
                    ["daemon/a.cc:1: includes <rocksdb/db.h>: only state/store/ and daemon/log/ may",
                     "state/store/s.cc:1: includes <spdlog/spdlog.h>: only daemon/ and ops/ may"])

    def test_impure_headers_are_found_in_pure_folders_only(self):
        self.expect("includes", {"state/ticket/a.h": "#include <mutex>\n#include <string>\n", "state/base/b.cc": "#include <chrono>\n"},
                    ["state/ticket/a.h:1: includes <mutex>: no clock, thread, file or logger here"])

    # purity

    def test_environment_and_chance_are_found(self):
        self.expect("purity", {"state/partition/a.cc": 'x = getenv("TZ");  // rand\nstring s = "rand()";\n'},
                    ['state/partition/a.cc:1: "getenv": only the log may decide'])

    def test_floats_are_found_in_ticket_and_protos(self):
        self.expect("purity", {"state/ticket/a.cc": "double x;\n",
                               "proto/escalation/v1/a.proto": "  map<string, string> a = 1;\n  // a float\n  double d = 2;\n"},
                    ["state/ticket/a.cc:1: floating point: its rounding is not the same everywhere",
                     "proto/escalation/v1/a.proto:1: map, float and double have no deterministic bytes",
                     "proto/escalation/v1/a.proto:3: map, float and double have no deterministic bytes"])

    # links

    def test_links_that_lead_somewhere_are_fine(self):
        self.expect("links", {
            "README.md": "# One `Two`: three\n[a](docs/a.md) [b](#one-two-three) [c](https://x.example/y) [d](docs/a.md#deep)\n"
                         "```\n[no](nowhere.md)\n```\n`[no](nowhere.md)`\n",
            "docs/a.md": "## Deep\n[up](../README.md)\n"}, [])

    def test_broken_links_are_found(self):
        self.expect("links", {"README.md": "[a](nowhere.md)\n[b](#nothing)\n[c](a.md#none)\n[d](../outside.md)\n\n[e]: gone.md\n",
                              "a.md": "# A\n"},
                    ["README.md:1: link to nowhere.md: there is no such file",
                     "README.md:2: link to #nothing: there is no such heading",
                     "README.md:3: link to a.md#none: there is no such heading",
                     "README.md:4: link to ../outside.md: there is no such file",
                     "README.md:6: link to gone.md: there is no such file"])

    # sizes

    def test_long_files_are_found(self):
        self.expect("sizes", {"state/a.h": "\n" * 201, "state/b.h": "\n" * 200, "tests/c.cc": "\n" * 401, "daemon/d.cc": "\n" * 400},
                    ["state/a.h:1: 201 lines, at most 200: split by noun", "tests/c.cc:1: 401 lines, at most 400: split by noun"])

    def test_long_functions_are_found(self):
        body = "  x();\n"
        self.expect("sizes", {"state/a.cc": "namespace n {\nint F() {\n" + body * 69 + "}\n\nint G(\n    int a) {\n" + body * 67 + "}\n"
                                            "int g = 1;\n}  // namespace n\n"},
                    ["state/a.cc:2: function of 71 lines, at most 70"])

    # words

    def test_unfinished_and_disabled_are_found(self):
        self.expect("words", {"state/a.cc": "// TODO: more\n", "tests/b.cc": "TEST(A, DISABLED_b) {\n", "ops/run": "cd /home/ann/src\n",
                              "tests/c.cc": "  GTEST_SKIP();\n", "daemon/d.cc": '"/var/home/x";\n'},
                    ['state/a.cc:1: "TODO": finish it or leave it out',
                     'tests/b.cc:1: "DISABLED_b": finish it or leave it out',
                     'tests/c.cc:1: "GTEST_SKIP": finish it or leave it out',
                     'ops/run:1: "/home/a": finish it or leave it out'])

    # format

    def test_unformatted_code_is_found(self):
        self.write(".clang-format", "BasedOnStyle: Google\n")
        if not tidy.formatter_is_ours():
            self.skipTest("another clang-format")
        self.expect("format", {"state/a.cc": "int   a;\n", "state/b.cc": "int a;\n"},
                    ["state/a.cc:1: clang-format -i state/a.cc would change it"])

    def test_missing_formatter_is_a_failure(self):
        path, os.environ["PATH"] = os.environ["PATH"], self.root
        try:
            self.expect("format", {}, [".clang-format:1: clang-format is not installed; ops/setup installs it"])
        finally:
            os.environ["PATH"] = path

    # clocks

    def test_waiting_tests_are_found(self):
        self.expect("clocks", {"tests/a.cc": "std::this_thread::sleep_for(1s);\n// sleep_for\n", "tests/b.py": "time.sleep(1)\n",
                               "tests/c.sh": "sleep 1\n", "daemon/d.cc": "usleep(1);\n"},
                    ['tests/a.cc:1: "sleep_for": wait for the condition itself, pass the time in',
                     'tests/b.py:1: "time.sleep(": wait for the condition itself, pass the time in',
                     'tests/c.sh:1: "sleep 1": wait for the condition itself, pass the time in'])

    # headers

    def test_header_without_its_block_is_found(self):
        self.expect("headers", {"state/a.h": HEADER.format("state/a.h"), "state/b.h": "#pragma once\n",
                                "daemon/c.h": "// daemon/c.h\n#pragma once\n", "ops/d.h": "// ops/d.h\n//\n// A.\n"},
                    ["daemon/c.h:2: the block after the path must say what it is",
                     'ops/d.h:1: #pragma once is missing',
                     'state/b.h:1: must begin with "// state/b.h"'])

    # allowed.txt

    def test_allowed_finding_is_left_out(self):
        self.expect("words", {"tests/tidy/allowed.txt": "# Why\nwords state/a.cc quotes a producer's text\n",
                              "state/a.cc": "// TODO\n"}, [])

    def test_entry_that_is_not_needed_is_found(self):
        self.expect("words", {"tests/tidy/allowed.txt": "words state/a.cc was unfinished\nwords state/b.cc\n"},
                    ["tests/tidy/allowed.txt:1: state/a.cc needs no entry any more",
                     "tests/tidy/allowed.txt:2: expected: check path reason"])


if __name__ == "__main__":
    unittest.main()
