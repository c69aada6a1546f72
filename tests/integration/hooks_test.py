#!/usr/bin/env python3
"""HTTP hooks as sources: real requests, a secret in a file, letters that are tried again."""
import hashlib
import hmac
import http.client
import json
import os
import tempfile
import unittest

from instance import CONFIG, Instance, opened, run_ctl

SOURCES = """\
sources:
  desk:
    format: json
    http: {{verify: hmac_sha256, header: X-Signature, prefix: "sha256=", secret_file: {secret}}}
  mapped:
    format: jq
    program: {program}
    http: {{verify: none}}
"""
PROGRAM = """\
{id: .delivery, ticket_id: .ticket, actor: {id: .user, kind: "customer"}, opened: {subject: .title}}
"""
SECRET = "a secret of the hook"


class HooksTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.secret = self.write("secret", SECRET + "\n")
        self.program = self.write("map.jq", PROGRAM)
        self.daemon = Instance(os.path.join(self.folder, "daemon"))
        config = CONFIG.format(state=self.daemon.state_dir, log=self.daemon.log_dir, policy=self.daemon.policy,
                               pager="http://127.0.0.1:9")
        self.daemon.write_config(config + SOURCES.format(secret=self.secret, program=self.program))
        self.addCleanup(self.daemon.kill)
        self.daemon.start()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def send(self, name, body, headers=None):
        connection = http.client.HTTPConnection(self.daemon.url)
        self.addCleanup(connection.close)
        connection.request("POST", f"/v1/hooks/{name}", body, headers or {})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()

    def send_signed(self, event, secret=SECRET):
        body = json.dumps(event)
        digest = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        return self.send("desk", body, {"X-Signature": f"sha256={digest}"})

    def ctl(self, *arguments):
        return run_ctl(*arguments, "--url", self.daemon.url)

    def letters(self):
        return [json.loads(line) for line in self.ctl("dead-letters", "list", "-o", "jsonl").splitlines()]

    def subjects(self):
        records, _ = self.daemon.read_log()
        return [(record["event"]["origin"]["source"], record["event"]["ticket_id"]) for record in records
                if "opened" in record["event"]]

    def test_only_the_sender_is_heard(self):
        self.assertEqual(self.send_signed(opened("e1", "T-1")), (200, '{"accepted":1}\n'))
        self.assertEqual(self.send_signed(opened("e2", "T-2"), secret="another")[0], 401)
        self.assertEqual(self.send("desk", json.dumps(opened("e3", "T-3")))[0], 401)
        self.assertEqual(self.send("nobody", "{}")[0], 404)
        # Comes twice, counts once.
        self.assertEqual(self.send_signed(opened("e1", "T-1"))[0], 200)
        self.daemon.wait_until_settled()
        self.assertEqual(self.daemon.metric("escalationd_duplicate_events_total"), 1)
        self.assertEqual(self.daemon.metric("escalationd_source_unverified_total"), 2)
        self.assertEqual(self.letters(), [])
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        self.assertEqual(self.subjects(), [("desk", "T-1"), ("desk", "T-1")])
        self.assertNotIn(SECRET, self.daemon.output())

    def test_what_cannot_be_mapped_is_kept_and_tried_again(self):
        body = json.dumps({"delivery": "d1", "ticket": "T-1", "user": "ann", "title": {"text": "help"}})
        status, answer = self.send("mapped", body)
        self.assertEqual((status, json.loads(answer)), (202, {"dead_letter": "0"}))
        self.assertEqual(self.send("mapped", "no JSON")[0], 202)
        self.assertEqual([(letter["kind"], letter["retried"]) for letter in self.letters()],
                         [("not_mapped", False), ("unreadable", False)], self.letters())
        self.assertEqual(self.ctl("dead-letters", "show", "0", "--raw"), body)
        with self.assertRaisesRegex(AssertionError, "letter 0: .*subject"):
            self.ctl("dead-letters", "retry", "0")
        # The mapping is put right; letters outlive the process.
        self.write("map.jq", PROGRAM.replace(".title", "(.title.text? // .title)"))
        self.daemon.kill()
        self.daemon.start()
        for _ in range(2):
            self.assertEqual(self.ctl("dead-letters", "retry", "0"), "letter 0: 1 event\n")
        self.daemon.wait_until_settled()
        self.assertEqual([letter["retried"] for letter in self.letters()], [True, False])
        self.assertEqual(self.daemon.metric("escalationd_duplicate_events_total"), 1)
        self.assertIn('"subject":"help"', self.daemon.get("/v1/tickets/T-1").body.replace(": ", ":"))
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())

    def test_program_that_does_not_compile_is_a_wrong_config(self):
        self.daemon.kill()
        self.write("map.jq", "{id: .delivery,,}")
        self.daemon.spawn()
        self.assertEqual(self.daemon.wait(), 78)
        self.assertIn("map.jq:1", self.daemon.output())

    def test_wrong_sources_are_named_with_their_place(self):
        config = self.daemon.read_config()
        for wrong, expected in [
            (("verify: none", "verify: nobody"), r"verify.*nobody"),
            (("format: jq", "format: xml"), r"format.*xml"),
            (("secret_file: " + self.secret, "secret_file: /none"), r"secret_file.*/none"),
            (("http: {verify: none}", "http: {verify: none}\n    kafka: {topics: [a], brokers: b}"), r"either"),
            (("program: " + self.program, "program: /none.jq"), r"/none.jq"),
        ]:
            with self.subTest(wrong):
                path = self.write("wrong.yaml", config.replace(*wrong))
                with self.assertRaisesRegex(AssertionError, r"78\n(.*\n)*.*wrong.yaml:\d+:\d+: .*" + expected):
                    run_ctl("check", path)


if __name__ == "__main__":
    unittest.main()
