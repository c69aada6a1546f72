"""ops/kafka-local, on which every test with a real broker stands: what it says it does to a broker, it does."""
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def kafka_local(*arguments):
    return subprocess.run([ROOT / "ops/kafka-local", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)


class KafkaLocalTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name) / "broker"
        self.addCleanup(kafka_local, "kill", self.directory)

    def ok(self, *arguments):
        done = kafka_local(*arguments)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_a_killed_broker_comes_back_on_its_port_with_its_topics(self):
        address = self.ok("start", "--dir", self.directory)
        self.assertEqual(address, (self.directory / "bootstrap").read_text())
        self.assertRegex(address, r"^127\.0\.0\.1:[0-9]+\n$")
        self.ok("topic", self.directory, "create", "kept", "--partitions", 2, "--config", "message.timestamp.type=LogAppendTime")
        self.ok("kill", self.directory)
        self.assertEqual(1, kafka_local("status", self.directory).returncode)
        self.assertEqual(address, self.ok("start", "--dir", self.directory))
        told = self.ok("topic", self.directory, "describe", "kept")
        self.assertIn("PartitionCount: 2", told)
        self.assertIn("message.timestamp.type=LogAppendTime", told)

        self.ok("pause", self.directory)
        pid = (self.directory / "pid").read_text().strip()
        self.assertIn("State:\tT", pathlib.Path(f"/proc/{pid}/status").read_text())
        self.ok("resume", self.directory)
        self.assertIn("kept", self.ok("topic", self.directory, "list"))

        self.ok("stop", self.directory, "--remove")
        self.assertFalse(self.directory.exists())

    def test_a_broker_that_cannot_start_says_why(self):
        done = kafka_local("start", "--dir", self.directory, "--set", "num.io.threads=none")
        self.assertEqual(1, done.returncode)
        self.assertIn("num.io.threads", done.stderr)
        self.assertEqual("", done.stdout)

    def test_a_folder_with_something_else_is_left_alone(self):
        self.directory.mkdir()
        (self.directory / "letters.txt").write_text("dear")
        done = kafka_local("start", "--dir", self.directory)
        self.assertEqual(1, done.returncode)
        self.assertIn("holds no broker", done.stderr)
        self.assertEqual(["letters.txt"], [file.name for file in self.directory.iterdir()])


if __name__ == "__main__":
    unittest.main()
