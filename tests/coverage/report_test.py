#!/usr/bin/env python3
"""The report of what the tests ran can say no."""
import unittest

import report

SOURCE = ["int F(int x) {", "  if (x > 0) return 1;", "  return a ? b : c;", "}"]


def line(number, count, *branches):
    return {"line_number": number, "count": count, "gcovr/noncode": False,
            "branches": [{"count": taken} for taken in branches]}


def file(*lines, path="state/ticket/f.cc"):
    return {"file": path, "lines": list(lines)}


def found(files, entries=(), must=("state/ticket",)):
    return list(report.findings(files, must, list(enumerate(entries, 1)), lambda path: SOURCE))


class Report(unittest.TestCase):
    def test_all_taken_is_no_finding(self):
        self.assertEqual(found([file(line(1, 3), line(2, 3, 1, 2))]), [])

    def test_a_branch_not_taken_is_named(self):
        self.assertEqual(found([file(line(2, 3, 3, 0))]),
                         ["state/ticket/f.cc:2: 1 of its branches not taken: if (x > 0) return 1;"])

    def test_a_line_that_never_ran_is_named(self):
        self.assertEqual(found([file(line(3, 0, 0, 0))]), ["state/ticket/f.cc:3: never ran: return a ? b : c;"])

    def test_other_folders_are_only_summed_up(self):
        self.assertEqual(found([file(line(2, 3, 3, 0), path="state/store/f.cc")]), [])

    def test_lines_without_code_do_not_count(self):
        noncode = dict(line(2, 0, 0), **{"gcovr/noncode": True})
        self.assertEqual(found([file(noncode)]), [])

    def test_an_entry_explains_its_line_even_with_colons(self):
        files = [file(line(3, 3, 3, 0))]
        self.assertEqual(found(files, ["state/ticket/f.cc:return a ? b : c;: it cannot be"]), [])
        for wrong in ("state/ticket/f.cc:return a ? b: it cannot be", "state/ticket/g.cc:return a ? b : c;: it cannot be",
                      "state/ticket/f.cc:return a ? b : c;: "):
            self.assertEqual(len(found(files, [wrong])), 2, wrong)

    def test_an_entry_that_explains_nothing_is_a_finding(self):
        self.assertEqual(found([file(line(3, 3, 3, 1))], ["state/ticket/f.cc:return a ? b : c;: it cannot be"]),
                         ["exceptions.txt:1: explains nothing that is open: state/ticket/f.cc:return a ? b : c;: it cannot be"])

    def test_an_entry_of_a_line_that_is_gone_is_found_without_measuring(self):
        entries = [(1, "state/ticket/f.cc:return a ? b : c;: it cannot be"), (2, "state/ticket/f.cc:return d;: it cannot be")]
        self.assertEqual(len(list(report.homeless(entries, lambda path: SOURCE))), 1)

    def test_the_table_has_a_row_a_folder(self):
        rows = list(report.table([file(line(1, 1), line(2, 0, 0, 0)), file(line(1, 1, 1, 0), path="state/store/g.cc")]))
        self.assertEqual(rows[1].split(), ["state/store", "1/1", "100.0", "%", "1/2", "50.0", "%"])
        self.assertEqual(rows[2].split(), ["state/ticket", "1/2", "50.0", "%", "0/2", "0.0", "%"])

    def test_comments_and_empty_lines_are_no_entries(self):
        self.assertEqual(report.entries_of("# a\n\nx:y: z\n"), [(3, "x:y: z")])


if __name__ == "__main__":
    unittest.main()
