"""escalationctl log on the shared broker: a log is made, described, verified and replayed; what is wrong is said."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import uuid

CTL = os.environ["ESCALATIONCTL"]
BROKERS = (pathlib.Path(os.environ["ESCALATION_KAFKA"]) / "bootstrap").read_text().strip()


class KafkaLogTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.settings = pathlib.Path(temporary.name) / "kafka.properties"
        self.settings.write_text("allow_plaintext=true\n")
        self.stem = f"ctl-{uuid.uuid4()}"
        self.uri = f"kafka://{BROKERS}/{self.stem}.log"

    def ctl(self, *arguments, settings=True):
        environment = {name: value for name, value in os.environ.items() if name != "ESCALATION_KAFKA_SETTINGS"}
        if settings:
            environment["ESCALATION_KAFKA_SETTINGS"] = str(self.settings)
        return subprocess.run([CTL, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def ok(self, *arguments):
        done = self.ctl(*arguments)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_a_log_is_made_described_verified_and_replayed(self):
        made = json.loads(self.ok("log", "create", self.uri, "--partitions", "2", "--replication", "1", "-o", "json"))
        self.assertRegex(made["incarnation"], "^[0-9a-f]{32}$")
        again = json.loads(self.ok("log", "create", self.uri, "--partitions", "2", "-o", "json"))
        self.assertEqual(made, again)
        told = json.loads(self.ok("log", "describe", self.uri, "-o", "json"))
        self.assertEqual(made["incarnation"], told["incarnation"])
        self.assertEqual([{"begin": 0, "end": 1, "published_through": 0}] * 2, told["partitions"])
        self.assertEqual([f"{self.stem}.log", f"{self.stem}.decisions", f"{self.stem}.dead-letters"],
                         [topic["name"] for topic in told["topics"]])
        self.assertIn("partition 1: 1 records of ", self.ok("log", "verify", self.uri))
        self.assertIn("fold to 0 decisions", self.ok("replay", "--log", self.uri, "--verify"))

    def test_what_is_wrong_is_said(self):
        refused = self.ctl("log", "describe", self.uri, settings=False)
        self.assertEqual(1, refused.returncode)
        self.assertIn("would be spoken to in plain text", refused.stderr)
        self.assertIn("ESCALATION_KAFKA_SETTINGS", refused.stderr)
        missing = self.ctl("log", "verify", self.uri)
        self.assertEqual(1, missing.returncode)
        self.assertIn(f"there is no topic {self.stem}.log", missing.stderr)
        compact = self.ctl("log", "create", self.uri, "--setting", "cleanup.policy=compact")
        self.assertEqual(1, compact.returncode)
        self.assertIn("cleanup.policy is compact, expected delete", compact.stderr)

    def test_a_stranger_s_record_is_found(self):
        self.ok("log", "create", self.uri, "--replication", "1")
        subprocess.run(["kcat", "-q", "-P", "-b", BROKERS, "-t", f"{self.stem}.log", "-p", "0"], input=b"hello", check=True)
        done = self.ctl("log", "verify", self.uri)
        self.assertEqual(1, done.returncode)
        self.assertIn("offset 1 was not written by escalationd", done.stderr)

    def test_secrets_of_the_settings_are_not_told(self):
        self.settings.write_text("security.protocol=sasl_ssl\nsasl.mechanism=PLAIN\nsasl.username=daemon\n"
                                 "sasl.password=hunter22\nssl.ca.location=/nowhere/hunter22.pem\n")
        done = self.ctl("log", "describe", self.uri)
        self.assertEqual(1, done.returncode)
        self.assertNotIn("hunter22", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
