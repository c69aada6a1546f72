#!/usr/bin/env python3
"""The way back from pagers: real requests as providers sign them, and what becomes of the escalation."""
import base64
import datetime
import email.utils
import hashlib
import hmac
import json
import os
import tempfile
import unittest
import urllib.parse

from instance import CONFIG, HERE, Client, Instance, Receiver, opened, wait_until

SAMPLES = os.path.join(HERE, "..", "daemon", "source", "pager_samples")
SAMPLE_KEY = "default/T-1/wake/1/2"
POLICY = """\
policy: hooks
tenant: default
revision: 1
severities: [low, high]
default_plan: fast
plans:
  fast: {targets: [{name: first_reply, metric: first_response, within: 100ms, breached: wake}]}
  again: {targets: [{name: first_reply, metric: first_response, within: 100ms, breached: wake_again}]}
escalations:
  wake:
    steps: [{page: [pager]}]
    stop_on: [acknowledged, replied]
  wake_again:
    steps: [{page: [pager]}, {after: 1s, page: [pager]}, {after: 3s, page: [pager]}]
    stop_on: [acknowledged, replied]
routes: {pager: {}}
"""
SOURCES = """\
sources:
  pagerduty:
    format: pagerduty
    http: {{verify: pagerduty, secret_files: [{old}, {new}]}}
  victorops:
    format: victorops
    http: {{verify: header, header: X-Escalation-Secret, secret_file: {new}}}
  victorops_escalation:
    format: victorops
    http: {{verify: victorops, url: "https://sla.example.com/v1/hooks/victorops_escalation", secret_file: {new}}}
  slack:
    format: slack
    http: {{verify: slack, secret_file: {new}}}
  own:
    format: pager
    http: {{verify: standard_webhooks, secret_file: {new}}}
"""
SECRET = "the new secret of the hook"


def sample(name, key, now_s):
    """What the provider tells of the page, a second after it happened."""
    with open(os.path.join(SAMPLES, name)) as file:
        text = file.read()
    at = datetime.datetime.fromtimestamp(now_s, datetime.timezone.utc).isoformat().replace("+00:00", ".000Z")
    for then, now in (("2026-03-11T08:01:05.123Z", at), ("1773216065123", f"{now_s}000"), ("1773216065", str(now_s)),
                      ("1773216125", str(now_s))):
        text = text.replace(then, now)
    # In a form it is escaped.
    once, escaped = urllib.parse.quote(SAMPLE_KEY, ""), urllib.parse.quote(key, "")
    return text.replace(SAMPLE_KEY, key).replace(once, escaped)


def digest(text, secret=SECRET, algorithm=hashlib.sha256):
    return hmac.new(secret.encode(), text.encode(), algorithm)


class PagerHooksTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.receiver = Receiver(os.path.join(self.folder, "receiver"))
        self.addCleanup(self.receiver.kill)
        policy = self.write("policy.yaml", POLICY)
        self.daemon = Instance(os.path.join(self.folder, "daemon"), policy=policy)
        config = CONFIG.format(state=self.daemon.state_dir, log=self.daemon.log_dir, policy=policy,
                               pager=self.receiver.url)
        sources = SOURCES.format(old=self.write("old", "the old secret\n"), new=self.write("new", SECRET + "\n"))
        self.daemon.write_config(config + sources)
        self.addCleanup(self.daemon.kill)
        self.daemon.start()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def send(self, hook, body, headers):
        with Client(self.daemon.url) as client:
            client.connection.request("POST", f"/v1/hooks/{hook}", body.encode(), headers)
            reply = client.connection.getresponse()
            return reply.status, reply.read().decode()

    def send_pagerduty(self, body, secret=SECRET, webhook="w1"):
        other = digest(body, "a third secret").hexdigest()
        return self.send("pagerduty", body, {"X-PagerDuty-Signature": f"v1={other},v1={digest(body, secret).hexdigest()}",
                                             "X-Webhook-Id": webhook, "Content-Type": "application/json"})

    def now_s(self):
        """By the daemon's clock."""
        date = self.daemon.get("/-/healthy").headers["Date"]
        return int(email.utils.parsedate_to_datetime(date).timestamp())

    def sample(self, name, key):
        return sample(name, key, self.now_s())

    def send_slack(self, body, age_seconds=0):
        sent = self.now_s() - age_seconds
        return self.send("slack", body, {
            "X-Slack-Signature": "v0=" + digest(f"v0:{sent}:{body}").hexdigest(), "X-Slack-Request-Timestamp": str(sent),
            "Content-Type": "application/x-www-form-urlencoded"})

    def page(self, ticket):
        """Opens the ticket, and returns its page's key once it is at the pager."""
        self.daemon.post(opened(f"open-{ticket}", ticket, plan="fast"))
        return self.await_page(f"default/{ticket}/wake/1/1")

    def await_page(self, key):
        wait_until(f"page {key}", lambda: key in [page for _, page in self.receiver.pages()])
        return key

    def decisions(self):
        return [line["decision"] for line in self.daemon.read_log()[1]]

    def stop(self):
        self.assertEqual(self.daemon.terminate(), 0, self.daemon.output())
        self.assertNotIn(SECRET, self.daemon.output())

    def test_each_pager_ends_the_escalation_that_woke_somebody(self):
        keys = {ticket: self.page(ticket) for ticket in ("T-pd", "T-vo", "T-slack", "T-own")}
        self.assertEqual(self.send_pagerduty(self.sample("pagerduty_acknowledged.json", keys["T-pd"])),
                         (200, '{"accepted":1}\n'))
        self.assertEqual(self.send("victorops", self.sample("victorops_acked.json", keys["T-vo"]),
                                   {"X-Escalation-Secret": SECRET}), (200, '{"accepted":1}\n'))
        self.assertEqual(self.send_slack(self.sample("slack_resolve.form", keys["T-slack"])), (200, '{"accepted":1}\n'))
        own = json.dumps({"action": "acknowledged", "key": keys["T-own"], "by": "maria"})
        sent = self.now_s()
        signature = base64.b64encode(digest(f"m1.{sent}.{own}").digest()).decode()
        self.assertEqual(self.send("own", own, {"webhook-id": "m1", "webhook-timestamp": str(sent),
                                                "webhook-signature": f"v1,{signature}"}), (200, '{"accepted":1}\n'))
        self.daemon.wait_until_settled()
        self.stop()
        decisions = self.decisions()
        told = [(line["ticket_id"], line["page_acknowledged"]["by"]) for line in decisions if "page_acknowledged" in line]
        self.assertEqual(sorted(told), [("T-own", "maria"), ("T-pd", "Maria Muster"), ("T-vo", "maria")])
        ended = {line["ticket_id"]: line["escalation_stopped"]["reason"] for line in decisions
                 if "escalation_stopped" in line}
        self.assertEqual(ended, {"T-pd": "acknowledged", "T-vo": "acknowledged", "T-own": "acknowledged",
                                 "T-slack": "resolved_at_pager"})

    def test_what_a_provider_sends_again_changes_nothing(self):
        body = self.sample("pagerduty_acknowledged.json", self.page("T-1"))
        for _ in range(3):
            self.assertEqual(self.send_pagerduty(body), (200, '{"accepted":1}\n'))
        self.daemon.wait_until_settled()
        self.assertEqual(self.daemon.metric("escalationd_duplicate_events_total"), 2)
        # Also after a restart.
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.send_pagerduty(body)[0], 200)
        self.daemon.wait_until_settled()
        self.stop()
        self.assertEqual(len([1 for line in self.decisions() if "page_acknowledged" in line]), 1)
        self.daemon.verify_replay()

    def test_an_older_acknowledgement_never_touches_a_newer_page(self):
        self.daemon.post(opened("open-T-1", "T-1", plan="again"))
        older = self.await_page("default/T-1/wake_again/1/1")
        self.await_page("default/T-1/wake_again/1/2")
        self.assertEqual(self.send_pagerduty(self.sample("pagerduty_acknowledged.json", older))[0], 200)
        self.await_page("default/T-1/wake_again/1/3")  # It goes on.
        self.daemon.wait_until_settled()
        self.stop()
        decisions = self.decisions()
        self.assertEqual([line["flagged"]["reason"] for line in decisions if "flagged" in line], ["late_acknowledgement"])

    def test_only_the_sender_is_heard_and_only_now(self):
        body = self.sample("pagerduty_acknowledged.json", SAMPLE_KEY)
        self.assertEqual(self.send_pagerduty(body, secret="guessed")[0], 401)
        self.assertEqual(self.send("pagerduty", body, {})[0], 401)
        self.assertEqual(self.send("victorops", self.sample("victorops_acked.json", SAMPLE_KEY),
                                   {"X-Escalation-Secret": SECRET + "x"})[0], 401)
        pressed = self.sample("slack_acknowledge.form", SAMPLE_KEY)
        self.assertEqual(self.send_slack(pressed, age_seconds=301 + 60)[0], 401)
        self.assertEqual(self.send("own", "{}", {"webhook-signature": "v1,"})[0], 401)
        self.assertEqual(self.daemon.metric("escalationd_source_unverified_total"), 5)
        self.assertEqual(self.daemon.metric("escalationd_source_messages_total"), 0)
        self.stop()

    def test_escalation_webhooks_of_victorops_are_signed_with_their_address(self):
        form = self.sample("victorops_acked.form", SAMPLE_KEY)
        content = "https://sla.example.com/v1/hooks/victorops_escalation" + "".join(
            name + value for name, value in sorted(urllib.parse.parse_qsl(form, keep_blank_values=True)))
        signature = base64.b64encode(digest(content, algorithm=hashlib.sha1).digest()).decode()
        headers = {"X-VictorOps-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(self.send("victorops_escalation", form, headers), (200, '{"accepted":1}\n'))
        self.assertEqual(self.send("victorops_escalation", form + "&a=b", headers)[0], 401)
        self.stop()

    def test_what_is_not_ours_is_counted_and_what_nobody_understands_is_kept(self):
        self.assertEqual(self.send_pagerduty(self.sample("pagerduty_acknowledged.json", "web01/disk")),
                         (200, '{"accepted":0}\n'))
        for name in ("pagerduty_triggered.json", "pagerduty_resolved_by_integration.json", "pagerduty_ping.json"):
            self.assertEqual(self.send_pagerduty(self.sample(name, SAMPLE_KEY)), (200, '{"accepted":0}\n'), name)
        self.assertEqual(self.send_pagerduty("{}"), (202, '{"dead_letter":"0"}\n'))
        self.assertEqual(self.daemon.metric("escalationd_source_ignored_total", 'source="pagerduty"'), 4)
        letter = self.daemon.get("/v1/dead-letters/0").json()
        self.assertEqual(letter["reason"], "event.event_type: is missing: expected a V3 webhook", letter)
        self.assertNotIn("signature", json.dumps(letter).lower())
        self.stop()

    def test_a_page_that_is_handed_on_names_who_has_it_now(self):
        self.daemon.post(opened("open-T-1", "T-1", plan="again"))
        key = self.await_page("default/T-1/wake_again/1/1")
        self.assertEqual(self.send_pagerduty(self.sample("pagerduty_reassigned.json", key))[0], 200)
        wait_until("the field", lambda: "Jo Doe, PKIM" in self.daemon.get("/v1/tickets/T-1").body)
        # Nobody acted: it goes on.
        self.await_page("default/T-1/wake_again/1/3")
        self.stop()


if __name__ == "__main__":
    unittest.main()
