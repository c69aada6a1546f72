#!/usr/bin/env python3
"""What a policy says must not be kept is in no file of the daemon, from the first event on."""
import os
import tempfile
import unittest

from instance import Instance, run_ctl

POLICY = """\
policy: p
revision: {revision}
severities: [low]
plans: {{gold: {{targets: [{{name: reply, metric: first_response, within: 1h}}]}}}}
redact: {{{redact}}}
"""


def opened(event_id, subject):
    return {"id": event_id, "ticket_id": event_id.upper(), "actor": {"id": "ann", "kind": "customer"},
            "opened": {"subject": subject, "fields": [{"name": "password", "value": f"CANARY-{event_id}"}],
                       "description": f"CANARY-{event_id}"}}


class RedactionTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.policy = os.path.join(self.folder, "policy.yaml")

    def write_policy(self, **values):
        with open(self.policy, "w") as policy:
            policy.write(POLICY.format(**values))

    def subjects(self, daemon):
        records, _ = daemon.read_log()
        events = [record["event"] for record in records if "opened" in record["event"]]
        return {event["id"]: event["opened"]["subject"] for event in events}

    def files_that_hold(self, text):
        found = []
        for folder, _, names in os.walk(os.path.join(self.folder, "daemon")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    if text in file.read():
                        found.append(os.path.join(folder, name))
        return found

    def test_the_policy_in_force_redacts_before_anything_is_stored(self):
        self.write_policy(revision=1, redact="emails: true, secrets: true")
        daemon = Instance(os.path.join(self.folder, "daemon"), policy=self.policy)
        self.addCleanup(daemon.kill)
        daemon.start()
        self.assertEqual(daemon.post(opened("e1", "from CANARY@h.example")).status, 200)
        self.write_policy(revision=2, redact="secrets: true, patterns: ['h[.]example']")
        run_ctl("policy", "publish", self.policy, "--expect-revision", "1", "--url", daemon.url)
        self.assertEqual(daemon.post(opened("e2", "from bob@h.example")).status, 200)
        daemon.wait_until_settled()
        # What is written first is not compressed.
        self.assertNotEqual(self.files_that_hold(b"bob@[redacted]"), [])
        self.assertEqual(self.files_that_hold(b"CANARY"), [])
        self.assertEqual(daemon.terminate(), 0, daemon.output())
        daemon.start()  # The policy is that of the log, not of the file.
        self.write_policy(revision=3, redact="")
        self.assertEqual(daemon.post(opened("e3", "from eve@h.example")).status, 200)
        daemon.wait_until_settled()
        self.assertEqual(daemon.terminate(), 0, daemon.output())
        self.assertEqual(self.subjects(daemon), {"e1": "from [email]", "e2": "from bob@[redacted]",
                                                 "e3": "from eve@[redacted]"})

    def test_a_pattern_that_is_none_is_not_published(self):
        self.write_policy(revision=1, redact="patterns: ['a(']")
        with self.assertRaisesRegex(AssertionError, "policy.yaml:5:.*is not a pattern"):
            run_ctl("check", self.policy)


if __name__ == "__main__":
    unittest.main()
