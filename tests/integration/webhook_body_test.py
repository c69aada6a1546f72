#!/usr/bin/env python3
"""Webhooks whose body a program makes: whatever the program does, the page arrives."""
import http.server
import json
import os
import signal
import tempfile
import threading
import unittest

from instance import HERE, Instance, opened, replied, wait_until

CONFIG = """\
instance: test
state_dir: {state}
log: {{kind: embedded, dir: {log}}}
api: {{listen: "127.0.0.1:0"}}
logging: {{level: debug, format: json}}
settle: 50ms
tenants:
  - {{name: default, partition: 0, policy: {policy}}}
routes:
  pager: {{kind: webhook, url: "{url}", secret: canary-secret, body: body.jq}}
delivery: {{allow_private_addresses: true, backoff_initial: 50ms, backoff_max: 500ms}}
"""


class Receiver:
    """Keeps what is posted to it: (headers, body)."""

    def __init__(self):
        self.requests = []
        requests = self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                requests.append((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, count):
        wait_until(f"{count} requests", lambda: len(self.requests) >= count)
        return self.requests[:count]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class WebhookBodyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.daemon = Instance(os.path.join(folder.name, "daemon"))
        self.addCleanup(self.daemon.kill)
        self.daemon.write_config(CONFIG.format(state=self.daemon.state_dir, log=self.daemon.log_dir,
                                               policy=os.path.join(HERE, "policy.yaml"), url=self.receiver.url))

    def program(self, text):
        with open(os.path.join(self.daemon.folder, "body.jq"), "w") as program:
            program.write(text)

    def outcomes(self):
        records, _ = self.daemon.read_log()
        return [record["event"]["page_outcome"] for record in records if "page_outcome" in record["event"]]

    def test_a_program_makes_the_body_and_what_it_cannot_make_is_the_standard_one(self):
        self.program('if .type == "page_closed" then error("closes are not for me") else {say: .title, key: $key} end\n')
        self.daemon.start()
        self.daemon.post(opened("e1", "T-1", plan="fast"))
        [(headers, body)] = self.receiver.wait_for(1)
        self.assertEqual(set(json.loads(body)), {"say", "key"})
        self.assertIn("T-1: About T-1", json.loads(body)["say"])
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertTrue(headers["webhook-signature"].startswith("v1,"))
        self.daemon.post(replied("r1", "T-1"))
        _, close = self.receiver.wait_for(2)[1]
        self.assertEqual(json.loads(close)["type"], "page_closed")
        self.daemon.wait_until_settled()
        self.assertEqual(self.daemon.metric("escalationd_page_body_failures_total", 'route="pager"'), 1)
        line = self.daemon.wait_for_line("a page leaves with the standard body")
        self.assertEqual((line["route"], line["why"].rsplit("/", 1)[1]), ("pager", "body.jq: closes are not for me"))
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        triggered, closed = self.outcomes()
        self.assertEqual((triggered["outcome"], triggered.get("reason", "")), ("DELIVERED", ""))
        self.assertEqual(closed["outcome"], "DELIVERED")
        self.assertRegex(closed["reason"], r"^with the standard body: .*body\.jq: closes are not for me$")
        self.daemon.verify_replay()

    def test_a_program_that_loops_loses_no_page(self):
        self.program("last(repeat(1))")
        self.daemon.start()
        self.daemon.post([opened(f"e{number}", f"T-{number}", plan="fast") for number in range(30)])
        for _, body in self.receiver.wait_for(30):
            self.assertEqual(json.loads(body)["type"], "page_requested")
        self.assertEqual(self.daemon.metric("escalationd_page_body_failures_total"), 30)
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())

    def test_a_program_that_does_not_compile_is_refused(self):
        self.program("{say: .title}")
        self.daemon.start()
        self.program("{say: nope}")
        self.daemon.signal(signal.SIGHUP)
        line = self.daemon.wait_for_line("the config was not reloaded; the old one stays")
        self.assertIn("body.jq:1:7: nope/0 is not defined", line["error"])
        self.daemon.post(opened("e1", "T-1", plan="fast"))
        self.assertEqual(set(json.loads(self.receiver.wait_for(1)[0][1])), {"say"})
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        self.daemon.spawn()
        self.assertEqual(self.daemon.wait(), 78)
        self.assertIn("body.jq:1:7: nope/0 is not defined", self.daemon.output())


if __name__ == "__main__":
    unittest.main()
