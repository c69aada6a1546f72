#!/usr/bin/env python3
"""A canary in every slot of the config that holds a secret, providers that repeat whatever they are told, hooks and callers
that are refused, a crash: and then nothing that the daemon left behind or shows knows any of them."""
import base64
import http.server
import json
import os
import resource
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from instance import CONFIG, ESCALATIONCTL, Client, Instance, opened, sum_of, wait_until

POLICY = """\
policy: canary
tenant: default
revision: 1
severities: [low, high]
default_plan: fast
plans: {{fast: {{targets: [{{name: first_reply, metric: first_response, within: 100ms, breached: wake}}]}}}}
escalations: {{wake: {{steps: [{{page: [{routes}]}}], stop_on: [replied]}}}}
routes: {{{definitions}}}
"""
# One slot each: what stands for the secret is written to a file of that name.
ROUTES = """\
routes:
  pager: {{kind: victorops, endpoint: "{url}/alert", key_file: {dir}/victorops_key, routing_key: night}}
  pagerduty: {{kind: pagerduty, endpoint: "{url}/v2/enqueue", key_file: {dir}/pagerduty_key}}
  slack: {{kind: slack, endpoint: "{url}/api/chat.postMessage", token_file: {dir}/slack_token, channel: C1}}
  slack_hook: {{kind: slack, url_file: {dir}/slack_url}}
  jsm: {{kind: jsm, endpoint: "{url}/v2/alerts", key_file: {dir}/jsm_key}}
  alertmanager: {{kind: alertmanager, url_file: {dir}/alertmanager_url}}
  mail: {{kind: email, server: "smtps://127.0.0.1:9", user: pager, password_file: {dir}/mail_password, from: a@example.com, to: [b@example.com]}}
  webhook: {{kind: webhook, url_file: {dir}/webhook_url, secret_files: [{dir}/webhook_new, {dir}/webhook_old], headers: {{X-Key: "{header}"}}}}
"""
SOURCES = """\
sources:
  hmac: {{format: json, http: {{verify: hmac_sha256, header: X-Signature, secret_file: {dir}/hmac_secret}}}}
  header: {{format: json, http: {{verify: header, header: X-Secret, secret_file: {dir}/header_secret}}}}
  basic: {{format: json, http: {{verify: basic, secret_file: {dir}/basic_secret}}}}
  pd: {{format: pagerduty, http: {{verify: pagerduty, secret_files: [{dir}/pd_new, {dir}/pd_old]}}}}
  slack_buttons: {{format: slack, http: {{verify: slack, secret_file: {dir}/slack_signing}}}}
  own: {{format: pager, http: {{verify: standard_webhooks, secret_file: {dir}/standard_secret}}}}
"""
API = """\
api:
  listen: "127.0.0.1:0"
  tokens: [{{name: all, file: {dir}/api_token, scopes: [read, write, admin]}}]
"""
FILES = ("victorops_key", "pagerduty_key", "slack_token", "slack_url", "jsm_key", "alertmanager_url", "mail_password",
         "webhook_url", "webhook_new", "webhook_old", "hmac_secret", "header_secret", "basic_secret", "pd_new", "pd_old",
         "slack_signing", "standard_secret", "api_token")


class Parrot(http.server.BaseHTTPRequestHandler):
    """Refuses everything, and repeats all of it in its answer, also as JSON and as a redirect would."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        said = f"{self.path} {self.headers} {body}"
        self.server.heard.append(said)
        answer = json.dumps({"error": said, "message": said, "result": "failure", "raw": body}).encode()
        self.send_response(400)
        self.send_header("Location", self.path)
        self.send_header("X-Said", " ".join(said.split())[:2000])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *_):
        pass


class CanaryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.parrot = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Parrot)
        self.parrot.heard = []
        threading.Thread(target=self.parrot.serve_forever, daemon=True).start()
        self.addCleanup(self.parrot.server_close)
        self.addCleanup(self.parrot.shutdown)
        self.url = f"http://127.0.0.1:{self.parrot.server_address[1]}"
        self.secrets = {name: f"canary-{name.replace('_', '-')}-7f3a" for name in (*FILES, "header")}
        names = ["pager", "pagerduty", "slack", "slack_hook", "jsm", "alertmanager", "mail", "webhook"]
        policy = self.write("policy.yaml", POLICY.format(routes=", ".join(names),
                                                         definitions=", ".join(f"{name}: {{}}" for name in names)))
        for name in FILES:
            secret = self.secrets[name]
            if name.endswith("_url"):
                # In the user's part, the path and the query.
                secret = f"{self.url.replace('http://', f'http://user:{secret}@')}/{secret}/x?token={secret}"
            self.write(name, ("user:" if name == "basic_secret" else "") + secret + "\n")
        self.daemon = Instance(os.path.join(self.folder, "daemon"), policy=policy)
        config = CONFIG.format(state=self.daemon.state_dir, log=self.daemon.log_dir, policy=policy, pager="-")
        kept = [line for line in config.splitlines(True) if not line.startswith(("api:", "routes:", "  pager:"))]
        self.config = "".join(kept) + API.format(dir=self.folder) + SOURCES.format(dir=self.folder) + ROUTES.format(
            dir=self.folder, url=self.url, header=self.secrets["header"])
        self.daemon.write_config(self.config)
        self.addCleanup(self.daemon.kill)
        self.seen = {}

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def ask(self, method, path, body=None, headers=None):
        with Client(self.daemon.url) as client:
            client.connection.request(method, path, body, {"Authorization": f"Bearer {self.secrets['api_token']}",
                                                           **(headers or {})})
            reply = client.connection.getresponse()
            text = f"{reply.status} {reply.headers} {reply.read().decode()}"
            self.seen[f"{method} {path} {len(self.seen)}"] = text
            return reply.status, text

    def start(self):
        # A core is allowed as far as the system is concerned, and would be written to the folder.
        def allow_core():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.daemon.spawn(cwd=self.folder, preexec_fn=allow_core)
        self.daemon.url = self.daemon.wait_for_line("ready")["address"]
        with open(f"/proc/{self.daemon.process.pid}/cmdline") as arguments:
            self.seen["argv"] = arguments.read()

    def look_for_canaries(self):
        for secret in self.secrets.values():
            forms = {secret, urllib.parse.quote(secret), base64.b64encode(secret.encode()).decode(),
                     base64.b64encode(f"user:{secret}".encode()).decode(), secret.encode().hex()}
            for place, text in self.seen.items():
                for form in forms:
                    self.assertNotIn(form, text, place)

    def keep_outputs_and_files(self):
        for run in range(1, self.daemon.runs + 1):
            with open(os.path.join(self.daemon.folder, f"output-{run}.jsonl")) as output:
                self.seen[f"output {run}"] = output.read()
        for directory, _, names in os.walk(self.daemon.folder):
            for name in names:
                path = os.path.join(directory, name)
                if path == self.daemon.config_path:
                    continue
                with open(path, "rb") as file:
                    self.seen[path] = file.read().decode("latin-1")

    def test_nothing_that_is_shown_or_left_behind_holds_a_secret(self):
        self.start()
        event = json.dumps(opened("e1", "T-1", plan="fast"))
        self.assertEqual(self.ask("POST", "/v1/events", event, {"Content-Type": "application/json"})[0], 200)
        # Each of the eight routes has failed, or goes on trying, with a reason that repeats what was said.
        wait_until("the refusals", lambda: sum_of(self.ask("GET", "/metrics")[1], "escalationd_deliveries_failed_total") >= 7)
        heard = "".join(self.parrot.heard)
        for slot in ("victorops_key", "pagerduty_key", "slack_token", "slack_url", "jsm_key", "alertmanager_url",
                     "webhook_url", "header"):
            self.assertIn(self.secrets[slot], heard, "the canary of this slot was never in danger")
        # Letters with the secrets of their senders, and senders that are refused.
        secret, basic = self.secrets["header_secret"], self.secrets["basic_secret"]
        self.assertEqual(self.ask("POST", "/v1/hooks/header", "no JSON", {"X-Secret": secret})[0], 202)
        credentials = "Basic " + base64.b64encode(f"user:{basic}".encode()).decode()
        self.assertEqual(self.ask("POST", "/v1/hooks/basic", "no JSON", {"Authorization": credentials})[0], 202)
        for hook in ("hmac", "header", "basic", "pd", "slack_buttons", "own"):
            self.assertEqual(self.ask("POST", f"/v1/hooks/{hook}", "{}")[0], 401)
        self.ask("POST", "/v1/hooks/pd", "{}", {"X-PagerDuty-Signature": "v1=00"})
        for path in ("/v1/tickets", "/v1/tickets/T-1", "/v1/tickets/T-1/explain", "/v1/pages", "/v1/policy", "/v1/timers",
                     "/v1/dead-letters", "/v1/dead-letters/0", "/v1/dead-letters/1", "/metrics", "/-/ready", "/none"):
            self.ask("GET", path)
        # A reload that fails, and one that does not.
        self.daemon.write_config(self.config.replace("kind: jsm", "kind: jsn"))
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_for_line("the config was not reloaded; the old one stays")
        self.daemon.write_config(self.config)
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_for_line("the config was reloaded")
        self.daemon.kill()
        self.start()
        self.ask("GET", "/metrics")
        self.daemon.terminate()
        self.seen["log"] = json.dumps(self.daemon.read_log())
        self.keep_outputs_and_files()
        self.look_for_canaries()

    def test_what_is_wrong_with_a_config_is_said_without_its_secrets(self):
        for old, new in [("kind: jsm", "kind: jsn"), ("verify: slack", "verify: slick"), ("channel: C1", "chanel: C1"),
                         ("key_file: {dir}/jsm_key".format(dir=self.folder), f"key: [{self.secrets['jsm_key']}]"),
                         ("scopes: [read, write, admin]", "scopes: [reed]")]:
            self.assertIn(old, self.config)
            path = self.write("wrong.yaml", self.config.replace(old, new))
            done = subprocess.run([ESCALATIONCTL, "check", path], text=True, capture_output=True)
            self.assertEqual(done.returncode, 78, done.stdout + done.stderr)
            self.seen[new.split(":")[0]] = done.stdout + done.stderr
        # A file that holds something else than one line.
        self.write("jsm_key", f"{self.secrets['jsm_key']}\n{self.secrets['jsm_key']}\n")
        done = subprocess.run([ESCALATIONCTL, "check", self.daemon.config_path], text=True, capture_output=True)
        self.assertIn("jsm_key: holds more than one line", done.stdout + done.stderr)
        self.seen["two lines"] = done.stdout + done.stderr
        self.look_for_canaries()

    def test_a_crash_leaves_no_core(self):
        with open("/proc/sys/kernel/core_pattern") as pattern:
            self.assertFalse(pattern.read().startswith("/"), "cores would be written elsewhere")
        self.start()
        self.daemon.signal(signal.SIGABRT)
        _, status = os.waitpid(self.daemon.process.pid, 0)
        self.daemon.process.returncode = -signal.SIGABRT
        self.assertTrue(os.WIFSIGNALED(status))
        self.assertFalse(os.WCOREDUMP(status))
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("core")], [])


if __name__ == "__main__":
    unittest.main()
