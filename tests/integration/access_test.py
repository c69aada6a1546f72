#!/usr/bin/env python3
"""Who may ask the API: tokens and their scopes, the socket in the file system, and secrets that others could read."""
import json
import os
import signal
import stat
import subprocess
import tempfile
import unittest

from instance import CONFIG, ESCALATIONCTL, HERE, Client, Instance, opened

READER = "reader-0123456789abcdef"
OPERATOR = "operator-0123456789abcdef"
API = """\
api:
  listen: "127.0.0.1:0"
  socket: {socket}
  tokens:
    - {{name: dashboards, file: {reader}, scopes: [read]}}
    - {{name: operator, file: {operator}, scopes: [read, write, admin]}}
"""


class TokenInstance(Instance):
    """Asks with a token."""
    token = READER

    def client(self):
        client = Client(self.url)
        plain = client.connection.request

        def request(method, path, body, headers):
            plain(method, path, body, {**headers, **({"Authorization": f"Bearer {self.token}"} if self.token else {})})
        client.connection.request = request
        return client


class AccessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.socket = os.path.join(self.folder, "api.sock")
        self.reader = self.write("reader", READER + "\n")
        self.operator = self.write("operator", OPERATOR + "\n")
        self.daemon = TokenInstance(os.path.join(self.folder, "daemon"))
        config = CONFIG.format(state=self.daemon.state_dir, log=self.daemon.log_dir, policy=self.daemon.policy,
                               pager="http://127.0.0.1:9")
        plain = 'api: {listen: "127.0.0.1:0"}\n'
        self.assertIn(plain, config)
        self.config = config.replace(plain, API.format(socket=self.socket, reader=self.reader, operator=self.operator))
        self.daemon.write_config(self.config)
        self.addCleanup(self.daemon.kill)

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def ask(self, token, method="GET", path="/v1/tickets", body=None):
        self.daemon.token = token
        with self.daemon.client() as client:
            return client.request(method, path, body, "application/json" if body else None)

    def ctl(self, *arguments, url=None, token=None):
        environment = {name: value for name, value in os.environ.items() if name != "ESCALATION_TOKEN"}
        if token is not None:
            environment["ESCALATION_TOKEN"] = token
        return subprocess.run([ESCALATIONCTL, *arguments, "--url", url or self.daemon.url], text=True,
                              capture_output=True, env=environment)

    def refused(self, *replaced):
        """What a config says that is refused."""
        config = self.config
        for old, new in replaced:
            self.assertIn(old, config)
            config = config.replace(old, new)
        self.daemon.write_config(config)
        self.daemon.spawn()
        self.assertEqual(self.daemon.wait(), 78, self.daemon.output())
        return self.daemon.output()

    def test_tokens_are_good_for_their_scopes(self):
        self.daemon.start()
        event = json.dumps(opened("e1", "T-1"))
        refused = self.ask(None)
        self.assertEqual((refused.status, refused.headers["WWW-Authenticate"]), (401, 'Bearer realm="escalationd"'))
        self.assertIn("a token is missing", refused.json()["error"]["message"])
        self.assertEqual(self.ask(READER + "x").status, 401)
        self.assertEqual(self.ask(READER).status, 200)
        forbidden = self.ask(READER, "POST", "/v1/events", event)
        self.assertEqual(forbidden.status, 403)
        self.assertIn('"dashboards"', forbidden.json()["error"]["message"])
        self.assertEqual(self.ask(OPERATOR, "POST", "/v1/events", event).status, 200)
        self.assertEqual(self.ask(None, path="/metrics").status, 401)
        for path in ("/-/healthy", "/-/ready"):
            self.assertEqual(self.ask(None, path=path).status, 200)
        self.daemon.token = READER
        self.assertEqual(self.daemon.metric("escalationd_api_refused_total", 'status="401"'), 3)
        self.assertEqual(self.daemon.metric("escalationd_api_refused_total", 'status="403"'), 1)
        self.assertEqual(self.daemon.terminate(), 0)
        for token in (READER, OPERATOR):
            self.assertNotIn(token, self.daemon.output())

    def test_a_reload_changes_tokens(self):
        self.daemon.start()
        self.write("reader", "another-0123456789abcdef\n")
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_for_line("the config was reloaded")
        self.assertEqual(self.ask(READER).status, 401)
        self.assertEqual(self.ask("another-0123456789abcdef").status, 200)
        # A token that others could read is refused, and those in force stay.
        os.chmod(self.reader, 0o644)
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_for_line("the config was not reloaded; the old one stays")
        self.assertEqual(self.ask("another-0123456789abcdef").status, 200)

    def test_the_socket_is_its_owners_and_asks_for_no_token(self):
        self.daemon.start()
        mode = os.stat(self.socket).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        done = self.ctl("tickets", url=f"unix:{self.socket}")
        self.assertEqual(done.returncode, 0, done.stderr)
        # What a killed daemon leaves behind does not stop the next one.
        self.daemon.kill()
        self.assertTrue(os.path.exists(self.socket))
        self.daemon.start()
        self.assertEqual(self.ctl("tickets", url=f"unix:{self.socket}").returncode, 0)
        self.assertEqual(self.daemon.terminate(), 0)
        self.assertFalse(os.path.exists(self.socket))
        gone = self.ctl("tickets", url=f"unix:{self.socket}")
        self.assertEqual(gone.returncode, 1)
        self.assertIn("no answer from escalationd", gone.stderr)

    def test_the_command_line_takes_a_token_from_a_file_or_the_environment(self):
        self.daemon.start()
        without = self.ctl("tickets")
        self.assertEqual(without.returncode, 1)
        self.assertIn("a token is missing", without.stderr)
        self.assertIn("--token-file", without.stderr)
        self.assertEqual(self.ctl("tickets", "--token-file", self.reader).returncode, 0)
        self.assertEqual(self.ctl("tickets", token=READER).returncode, 0)
        wrong = self.ctl("tickets", token="none-of-them-0123456789")
        self.assertIn("not known here", wrong.stderr)
        policy = os.path.join(HERE, "policy.yaml")
        publish = ("policy", "publish", policy, "--expect-revision", "0")
        self.assertIn("scope admin", self.ctl(*publish, "--token-file", self.reader).stderr)
        self.assertNotIn("scope", self.ctl(*publish, "--token-file", self.operator).stderr)
        os.chmod(self.reader, 0o644)
        open_to_all = self.ctl("tickets", "--token-file", self.reader)
        self.assertEqual(open_to_all.returncode, 1)
        self.assertIn("others may read it", open_to_all.stderr)

    def test_what_would_be_open_to_others_is_no_config(self):
        self.assertIn("other machines reach 0.0.0.0:0, expected \"tokens\"",
                      self.refused(('"127.0.0.1:0"', '"0.0.0.0:0"'), ("  tokens:", "  #"),
                                   ("    - {name", "    #")))
        os.chmod(self.operator, 0o604)
        self.assertRegex(self.refused(), r"escalationd.yaml:\d+:\d+: .*operator: others may read it, its mode is 0604")


if __name__ == "__main__":
    unittest.main()
