#!/usr/bin/env python3
"""What the daemon answers to bad requests: the field and the expectation, and nothing is written."""
import json
import os
import socket
import tempfile
import unittest

from instance import JSON, NDJSON, Instance, opened

BODY_BYTES_MAX = 256 * 1024


def event(**changes):
    """A good event as text, with some members replaced; None leaves one out."""
    members = {**opened("e1", "T-1"), **changes}
    return json.dumps({name: value for name, value in members.items() if value is not None})


# What is sent, and the field and the words that the answer names.
BAD_EVENTS = [
    ("empty", "", None, "got nothing"),
    ("no object", "[1]", "events[0]", "expected an object"),
    ("truncated", event()[:-3], "", ""),
    ("two documents", event() + event(), None, ""),
    ("deep nesting", '{"opened":' * 5_000 + "{}" + "}" * 5_000, "opened.opened", "unknown"),
    ("deep arrays", "[" * 100_000, "events[0]", "expected an object"),
    ("duplicate key", '{"id":"e1","id":"e1","ticket_id":"T-1","opened":{}}', "id", "twice"),
    ("duplicate inside", '{"id":"e1","ticket_id":"T-1","opened":{"plan":"slow","plan":"fast"}}', "opened.plan", "twice"),
    ("unknown field", event(opened={"severitty": "high"}), "opened.severitty", ""),
    ("two bodies", event(message_added={}), "message_added", ""),
    ("no body", event(opened=None), None, ""),
    ("no id", event(id=None), "id", "missing"),
    ("blank in the id", event(id="e 1"), "id", "A-Z a-z 0-9"),
    ("long id", event(id="e" * 129), "id", "1 to 128"),
    ("slash in the ticket", event(ticket_id="../../etc/passwd"), "ticket_id", "A-Z a-z 0-9"),
    ("no ticket", event(ticket_id=None), "ticket_id", "missing"),
    ("line break in the ticket", event(ticket_id="T-1\n"), "ticket_id", "A-Z a-z 0-9"),
    ("other tenant", event(tenant="nobody"), "tenant", "not served"),
    ("year 1999", event(occurred_at="1999-12-31T23:59:59Z"), "occurred_at", "2000"),
    ("year 2100", event(occurred_at="2100-01-01T00:00:00Z"), "occurred_at", "20"),
    ("year 9999", event(occurred_at="9999-12-31T23:59:59Z"), "occurred_at", ""),
    ("no instant", event(occurred_at="yesterday"), "occurred_at", ""),
    ("30 February", event(occurred_at="2026-02-30T00:00:00Z"), "occurred_at", ""),
    ("number for a text", event(opened={"subject": 5}), "opened.subject", "expected a string"),
    ("unknown enum value", event(actor={"kind": "robot"}), "actor.kind", ""),
    ("ours", event(opened=None, tick={"until": "2026-01-01T00:00:00Z"}), "tick", ""),
    ("control character", event(opened={"account": "a\u0007"}), "opened.account", "control"),
    ("zero byte in the subject", event(opened={"subject": "a\u0000b"}), "opened.subject", ""),
    ("long subject", event(opened={"subject": "x" * 100_000}), "opened.subject", "at most"),
    ("lone surrogate", '{"id":"e1","ticket_id":"T-1","opened":{"subject":"\\ud800"}}', "opened.subject", ""),
    ("one bad of two", f"[{event()},{event(id='e2', ticket_id='')}]", "events[1].ticket_id", ""),
]


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.daemon = Instance(os.path.join(folder.name, "daemon"))
        cls.addClassCleanup(cls.daemon.kill)
        cls.daemon.start()
        cls.daemon.wait_until_settled()

    @classmethod
    def tearDownClass(cls):
        assert cls.daemon.terminate() == 0, cls.daemon.output()
        # Of all that was sent, only what was accepted is there.
        records, _ = cls.daemon.read_log()
        ids = [record["event"]["id"] for record in records if record["event"].get("id")]
        assert sorted(ids) == sorted(cls.accepted), ids

    accepted = []

    def request(self, body, content_type=JSON, method="POST", path="/v1/events"):
        with self.daemon.client() as client:
            return client.request(method, path, body, content_type)

    def test_bad_events_are_refused_with_field_and_expectation(self):
        for what, body, field, words in BAD_EVENTS:
            with self.subTest(what):
                reply = self.request(body.encode())
                self.assertEqual(reply.status, 400, reply.body)
                error = reply.json()["error"]
                self.assertTrue(error["message"])
                self.assertIn(words, error["message"])
                if field is None:
                    self.assertNotIn("field", error)
                elif field:
                    self.assertEqual(error.get("field"), field, error)
                    self.assertIn(field, error["message"])

    def test_what_is_not_utf_8_is_refused(self):
        reply = self.request(b'{"id":"e1","ticket_id":"T-1","opened":{"subject":"\xff\xfe"}}')
        self.assertEqual(reply.status, 400)
        self.assertIn("UTF-8", reply.json()["error"]["message"])

    def test_lines_name_the_line(self):
        reply = self.request(f"{event()}\n{{\n".encode(), NDJSON)
        self.assertEqual(reply.status, 400)
        self.assertIn("line 2", reply.json()["error"]["message"])

    def test_bodies_have_a_limit(self):
        large = b" " * (BODY_BYTES_MAX + 1)
        self.assertEqual(self.request(large).status, 413)
        # The largest that is allowed is read, and answered as what it says.
        good = event(id="large", ticket_id="T-large").encode()
        reply = self.request(good + b" " * (BODY_BYTES_MAX - len(good)))
        self.assertEqual(reply.status, 200, reply.body)
        self.accepted.append("large")

    def test_other_types_methods_and_paths(self):
        for content_type in (None, "text/plain", "application/x-www-form-urlencoded", "application/xml"):
            with self.subTest(content_type):
                reply = self.request(event().encode(), content_type)
                self.assertEqual(reply.status, 415)
                self.assertIn("application/json", reply.headers["Accept"])
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            with self.subTest(method):
                reply = self.request(None, None, method)
                self.assertEqual(reply.status, 405)
                self.assertEqual(reply.headers["Allow"], "POST")
        for path in ("/", "/v1", "/v1/nothing", "/v1/events/e1", "/v1/tickets/T-none", "/v1/tickets/..%2f..%2fetc"):
            with self.subTest(path):
                self.assertIn(self.request(None, None, "GET", path).status, (400, 404))

    def test_what_is_no_http_ends_the_connection_and_nothing_else(self):
        for what, sent in [
            ("noise", os.urandom(2_000) + b"\r\n\r\n"),
            ("an endless header", b"GET /-/ready HTTP/1.1\r\nX: " + b"x" * 1_000_000),
            ("an endless target", b"GET /" + b"a" * 1_000_000),
            ("a length that is none", b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
            ("two lengths", b"POST /v1/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
             b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        ]:
            with self.subTest(what):
                host, port = self.daemon.url.split(":")
                with socket.create_connection((host, int(port)), timeout=30) as connection:
                    got = b""
                    try:
                        connection.sendall(sent)
                        connection.shutdown(socket.SHUT_WR)
                        while chunk := connection.recv(65_536):
                            got += chunk
                    except OSError:
                        pass  # Cut off in the middle, which is fine.
                    self.assertNotIn(b" 200 ", got.split(b"\r\n")[0])
        self.assertEqual(self.daemon.get("/-/ready").status, 200)

    def test_the_same_id_with_other_content_changes_nothing(self):
        self.assertEqual(self.request(event(id="same", ticket_id="T-same").encode()).status, 200)
        self.assertEqual(self.request(event(id="same", ticket_id="T-same").encode()).status, 200)
        other = event(id="same", ticket_id="T-same", opened={"plan": "fast"})
        self.assertEqual(self.request(other.encode()).status, 200)
        self.accepted.extend(["same"] * 3)
        self.daemon.wait_until_settled()
        ticket = self.daemon.get("/v1/tickets/T-same")
        self.assertEqual(ticket.status, 200)
        self.assertIn('"slow"', ticket.body)
        self.assertNotIn('"fast"', ticket.body)
        self.assertEqual(self.daemon.metric("escalationd_duplicate_events_total"), 2)


if __name__ == "__main__":
    unittest.main()
