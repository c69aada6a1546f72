#!/usr/bin/env python3
"""What a person does by hand with escalationctl: a real daemon, a real receiver, and who did it in explain."""
import json
import os
import subprocess
import tempfile
import unittest

from instance import ESCALATIONCTL, Instance, Receiver, opened, run_ctl, wait_until

FAILED = 1
USAGE = 2


class ManualTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.receiver = Receiver(os.path.join(folder.name, "receiver"))
        cls.addClassCleanup(cls.receiver.kill)
        cls.daemon = Instance(os.path.join(folder.name, "daemon"), pager=cls.receiver.url)
        cls.addClassCleanup(cls.daemon.kill)
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.wait_until_settled()
        assert cls.daemon.terminate() == 0, cls.daemon.output()
        cls.daemon.verify_replay()

    def ctl(self, *arguments, code=0):
        """Runs it against the daemon as maria; what it printed."""
        done = subprocess.run([ESCALATIONCTL, *arguments, "--url", f"http://{self.daemon.url}"], text=True,
                              capture_output=True, env={**os.environ, "USER": "maria", "SUDO_USER": ""})
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}{done.stderr}")
        return done.stdout if code == 0 else done.stdout + done.stderr

    def explain(self, ticket):
        return self.ctl("explain", ticket)

    def keys_of(self, ticket, operation):
        """Keys in order of arrival; `operation` is trigger or resolve."""
        names = {"trigger": ("CRITICAL", "WARNING"), "resolve": ("RECOVERY",)}[operation]
        return [key for seen, key in self.receiver.pages() if seen in names and f"/{ticket}/" in key]

    def open_and_break(self, ticket):
        """A ticket whose promise is broken at once."""
        self.assertEqual(self.daemon.post(opened(f"open-{ticket}", ticket, plan="fast")).status, 200)

    def wait_for_page(self, ticket, count=1):
        return wait_until(f"{count} pages of {ticket}",
                          lambda: len(self.keys_of(ticket, "trigger")) >= count and self.keys_of(ticket, "trigger"))

    def test_a_test_page_arrives_says_what_it_is_and_is_closed(self):
        printed = self.ctl("page", "test", "--route", "pager", "--close", "--reason", "new phone")
        self.assertRegex(printed, r"page page-test\.\w+ pager test key=default/page-test")
        self.assertRegex(printed, r"outcome default/page-test\S+: delivered to pager")
        ticket = printed.split("key=default/")[1].split("/")[0]
        self.assertEqual(len(self.keys_of(ticket, "trigger")), 1)
        wait_until("its closing", lambda: self.keys_of(ticket, "resolve"))

    def test_a_test_of_a_route_that_is_not_there_fails(self):
        printed = self.ctl("page", "test", "--route", "sirens", code=FAILED)
        self.assertIn('unknown_route (the policy has no route "sirens")', printed)

    def test_a_page_by_hand_is_sent_once_for_one_id(self):
        arguments = ("page", "now", "T-now", "--route", "pager", "--reason", "the customer called", "--subject", "fire")
        first = self.ctl(*arguments, "--id", "by-hand-1", "-o", "json")
        record = json.loads(first)
        self.assertEqual([outcome["outcome"] for outcome in record["outcomes"]], ["DELIVERED"])
        self.assertTrue(any(decision.get("page_requested", {}).get("by") == "maria"
                            for decision in record["decisions"]))
        self.ctl(*arguments, "--id", "by-hand-1")
        self.assertEqual(self.keys_of("T-now", "trigger"), ["default/T-now/manual/1/1"])
        self.assertIn("maria paged by hand: the customer called", self.explain("T-now"))
        self.ctl("page", "resend", "default/T-now/manual/1/1", "--reason", "nobody came")
        self.assertEqual(self.keys_of("T-now", "trigger")[-1], "default/T-now/manual/1/2")
        self.ctl("page", "stop", "--ticket", "T-now", "--reason", "the fire is out")
        wait_until("both closings", lambda: len(set(self.keys_of("T-now", "resolve"))) == 2)
        printed = self.ctl("page", "resend", "default/T-now/manual/1/1", code=FAILED)
        self.assertIn("unknown_page", printed)

    def test_a_page_is_acknowledged_and_snoozed(self):
        self.open_and_break("T-ack")
        key = self.wait_for_page("T-ack")[0]
        self.assertIn(f"key={key} by=maria", self.ctl("page", "ack", key))
        self.assertIn("unknown_page", self.ctl("page", "ack", key.replace("/1/1", "/9/9"), code=FAILED))
        self.open_and_break("T-snooze")
        self.wait_for_page("T-snooze")
        snooze = self.ctl("page", "snooze", "T-snooze", "--for", "1h", "--reason", "vendor restores")
        self.assertRegex(snooze, r"snooze snooze-\w+ set ticket=T-snooze until=\S+ by=maria")
        explained = self.explain("T-snooze")
        self.assertIn("under snooze", explained)
        self.assertIn("by maria", explained)
        self.assertIn("vendor restores", explained)
        name = snooze.split()[1]
        self.ctl("mute", "clear", name, "--reason", "restored")
        self.wait_for_page("T-snooze", 2)

    def test_a_mute_keeps_pages_back_until_it_is_cleared(self):
        self.ctl("mute", "set", "drill", "--ticket", "T-mute", "--until-cleared", "--reason", "fire drill")
        self.open_and_break("T-mute")
        wait_until("the page that is kept back",
                   lambda: "page_muted" in self.explain("T-mute"))
        self.assertEqual(self.keys_of("T-mute", "trigger"), [])
        explained = self.explain("T-mute")
        self.assertIn("by maria, until it is cleared: fire drill", explained)
        self.assertIn("default/T-mute/wake_up/1/1", explained)
        mutes = {row["mute_id"]: row for row in map(json.loads, self.ctl("mute", "list", "-o", "jsonl").splitlines())}
        self.assertEqual(mutes["drill"]["scope"], {"ticket_id": "T-mute"})
        self.assertEqual((mutes["drill"]["by"], mutes["drill"]["kept_back"]), ("maria", 1))
        self.assertIn("mute drill cleared ticket=T-mute by=maria kept_back=1 (over)",
                      self.ctl("mute", "clear", "drill", "--reason", "over"))
        self.assertEqual(self.wait_for_page("T-mute"), ["default/T-mute/wake_up/1/2"])
        self.assertNotIn("drill", self.ctl("mute", "list"))

    def test_what_is_wrong_is_said(self):
        for arguments, code, words in [
            (("mute", "set", "--for", "1h", "--reason", "r"), USAGE, "of what? expected --ticket"),
            (("mute", "set", "--everything", "--route", "pager", "--for", "1h", "--reason", "r"), USAGE, "one of them"),
            (("mute", "set", "--everything", "--reason", "r"), USAGE, "until when?"),
            (("mute", "set", "--everything", "--for", "1h"), USAGE, "--reason is required"),
            (("mute", "set", "--everything", "--for", "soon", "--reason", "r"), USAGE, 'got "soon"'),
            (("mute", "set", "--everything", "--until", "2020-01-01T00:00:00Z", "--reason", "r"), USAGE, "to come"),
            (("mute", "set", "a b", "--everything", "--for", "1h", "--reason", "r"), FAILED, "mute_set.mute_id"),
            (("mute", "clear", "nothing"), FAILED, "unknown_mute"),
            (("page", "now", "--route", "pager"), USAGE, "about what?"),
            (("page", "now", "T-1"), USAGE, "through what?"),
            (("page", "now", "T-1", "--escalation", "none"), FAILED, "unknown_escalation"),
            (("page", "resend", "nonsense"), USAGE, "expected a key"),
            (("page", "stop", "--ticket", "T-nothing", "--reason", "r"), FAILED, "nothing_to_stop"),
        ]:
            with self.subTest(arguments):
                self.assertIn(words, self.ctl(*arguments, code=code))

    def test_stopping_an_escalation_closes_its_pages(self):
        self.open_and_break("T-stop")
        key = self.wait_for_page("T-stop")[0]
        self.ctl("page", "stop", "--escalation", "wake_up", "--ticket", "T-stop", "--reason", "known")
        wait_until("its closing", lambda: key in self.keys_of("T-stop", "resolve"))
        self.assertIn("reason=manual by=maria", self.explain("T-stop"))


if __name__ == "__main__":
    unittest.main()
