#!/usr/bin/env python3
"""What README promises of ops/demo: pages arrive with their arithmetic, are closed when somebody answers, the commands that
it prints work, and nothing is left behind."""
import os
import signal
import subprocess
import tempfile
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEMO = [os.path.join(SOURCE, "ops", "demo"), "--bin-dir", os.environ["ESCALATION_BUILD_DIR"]]

# Every page and its end, in the lines that README shows.
EXPECTED = [
    r"CRITICAL  victorops support  default/D-6/wake_up/1/3",
    r"RECOVERY  victorops support  default/D-6/wake_up/1/3",
    r"CRITICAL  victorops support  default/D-7/wake_up/1/3",
    r"CRITICAL  victorops support  default/D-8/wake_up/1/1\n"
    r"  urgent D-8: Payments are declined since the update\n"
    r"    Ticket    D-8 urgent\n"
    r"    Subject   Payments are declined since the update\n"
    r"    Target    first_response first_reply_urgent within 15m\n"
    r"    Used      15m of 15m\n"
    r"    Due       \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? CES?T \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)\n"
    r"    Why       clock_breached \(plans.premium.targets\[0\]\) started wake_up, step 1 of 3 \(escalations.wake_up\)\n"
    r"    Next      step 2 at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: victorops\n"
    r"    Customer  acme plan premium\n"
    r"    Assigned  nobody\n"
    r"    Cause     record \d+, policy revision 1, escalations.wake_up.steps\[0\]\n"
    r"    ticket    https://support.example.com/tickets/D-8\n"
    r"    runbook   https://wiki.example.com/runbooks/support\n"
    r"    Explain   escalationctl explain D-8\n",
    r"CRITICAL  victorops support  default/L-1/wake_up_live/1/1",
    r"ACKNOWLEDGEMENT  victorops support  default/L-1/wake_up_live/1/1\n  acknowledged: L-1 kim",
    r"CRITICAL  victorops support  default/L-2/wake_up_live/1/2",
    r"    Used      16s of 8s, over by 8s",
    r"RECOVERY  victorops support  default/L-2/wake_up_live/1/1\n  closed: L-2 clock_met",
    r"RECOVERY  victorops support  default/L-2/wake_up_live/1/2",
    r"promises broken    7\n  kept after all   1\npages decided      14\n  sent             8\n  not sent         6,",
]


class DemoTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = dict(os.environ, TMPDIR=self.folder)

    def start(self, *options):
        demo = subprocess.Popen(DEMO + list(options), cwd="/", env=self.environment, text=True, start_new_session=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(demo.stdout.close)
        self.addCleanup(demo.wait)
        self.addCleanup(lambda: demo.poll() is None and os.killpg(demo.pid, signal.SIGKILL))
        return demo

    def test_shows_pages_and_their_end_and_what_to_try(self):
        once = self.start("--once")  # Two at a time do not meet.
        lasting = self.start()
        shown = ""
        for line in lasting.stdout:
            shown += line
            if "Running. Ctrl-C" in line:
                break
        for expected in EXPECTED:
            self.assertRegex(shown, expected)
        self.try_commands(shown.split("Try next, in another terminal")[1].splitlines())
        os.killpg(lasting.pid, signal.SIGINT)  # As the terminal does it: to every process of the demo.
        rest = lasting.stdout.read()
        self.assertEqual(lasting.wait(), 0, shown + rest)

        shown_once = once.stdout.read()
        self.assertEqual(once.wait(), 0, shown_once)
        for expected in EXPECTED:
            self.assertRegex(shown_once, expected)
        self.assertEqual(os.listdir(self.folder), [])

    def try_commands(self, lines):
        lines = [line.strip() for line in lines if line.startswith("  ")]
        self.assertGreater(len(lines), 8)
        for command in lines[1:]:
            tried = subprocess.run(["bash", "-c", f"{lines[0]}\n{command}"], env=self.environment, text=True,
                                   capture_output=True)
            self.assertEqual(tried.returncode, 0, f"{command}\n{tried.stdout}{tried.stderr}")
            self.assertTrue(tried.stdout, command)

    def test_unknown_options_show_the_usage(self):
        refused = subprocess.run(DEMO + ["--forever"], text=True, capture_output=True, env=self.environment)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("ops/demo --once", refused.stderr)


if __name__ == "__main__":
    unittest.main()
