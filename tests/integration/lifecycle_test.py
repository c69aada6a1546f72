#!/usr/bin/env python3
"""Starting, stopping and reloading, and what happens when the world around the daemon is not as it should be."""
import os
import resource
import shutil
import signal
import tempfile
import unittest

import instance
from instance import Instance, Load, Receiver, opened, replied, wait_until

FILE_BYTES_MAX = 3 << 20


class LifecycleTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def instance(self, name="daemon", **options):
        made = Instance(os.path.join(self.folder, name), **options)
        self.addCleanup(made.kill)
        return made

    def receiver(self, name):
        receiver = Receiver(os.path.join(self.folder, name))
        self.addCleanup(receiver.kill)
        return receiver

    def check_in_log(self, daemon, acknowledged):
        records, _ = daemon.read_log()
        ids = {int(record["offset"]): record["event"].get("id") for record in records}
        self.assertEqual([pair for pair in acknowledged if ids.get(pair[0]) != pair[1]], [])

    def test_sigterm_loses_nothing_and_a_restart_is_ready_at_once(self):
        daemon = self.instance().start()
        clients = [Load(f"client{number}", daemon.url) for number in range(3)]
        for client in clients:
            client.start()
        wait_until("load", lambda: sum(len(client.acknowledged) for client in clients) >= 500)
        self.assertEqual(daemon.terminate(), 0, daemon.output())
        for client in clients:
            client.ending.set()
            client.join(instance.DEADLINE_SECONDS)
            self.assertFalse(client.is_alive())
            self.assertEqual(client.refused, [])
        acknowledged = [pair for client in clients for pair in client.acknowledged]
        self.check_in_log(daemon, acknowledged)
        daemon.verify_replay()
        before = len(daemon.read_log()[0])

        daemon.start()
        folded = daemon.metric("escalationd_records_folded_total")
        self.assertEqual(daemon.terminate(), 0)
        # The store was flushed, so nothing is folded again: only what the daemon itself has written since.
        self.assertLessEqual(folded, len(daemon.read_log()[0]) - before)

    def test_idle_stop_is_clean(self):
        daemon = self.instance().start()
        self.assertEqual(daemon.terminate(), 0, daemon.output())
        self.assertEqual([line for line in daemon.lines() if line["level"] in ("warning", "error")], [])

    def test_reload_with_a_broken_config_keeps_the_old_one(self):
        receiver = self.receiver("pager")
        daemon = self.instance(pager=receiver.url).start()
        good = daemon.read_config()
        daemon.write_config(good.replace("kind: victorops", "kind: carrier_pigeon"))
        daemon.signal(signal.SIGHUP)
        line = daemon.wait_for_line("the config was not reloaded; the old one stays")
        self.assertRegex(line["error"], r"^.*/escalationd\.yaml:10:\d+: .*carrier_pigeon")
        # The old route still pages.
        self.assertEqual(daemon.post(opened("e1", "T-1", plan="fast")).status, 200)
        wait_until("a page", lambda: ("CRITICAL", "default/T-1/wake_up/1/1") in receiver.pages())

        daemon.write_config(good.replace("level: debug", "level: info"))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_line("the config was reloaded")
        self.assertEqual(daemon.terminate(), 0)

    def test_pages_wait_for_the_pager_and_a_reload_names_another(self):
        away = self.receiver("away")
        away.kill()
        daemon = self.instance(pager=away.url).start()
        self.assertEqual(daemon.post(opened("e1", "T-1", plan="fast")).status, 200)
        wait_until("retries", lambda: daemon.metric("escalationd_delivery_attempts_total") >= 3)
        receiver = self.receiver("pager")
        daemon.point_at(receiver.url)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_line("the config was reloaded")
        wait_until("the page", lambda: ("CRITICAL", "default/T-1/wake_up/1/1") in receiver.pages())
        self.assertEqual(daemon.post(replied("e2", "T-1")).status, 200)
        wait_until("its end", lambda: ("RECOVERY", "default/T-1/wake_up/1/1") in receiver.pages())
        self.assertEqual(daemon.terminate(), 0)

    def test_a_page_survives_a_restart_while_the_pager_is_away(self):
        away = self.receiver("away")
        away.kill()
        daemon = self.instance(pager=away.url).start()
        self.assertEqual(daemon.post(opened("e1", "T-1", plan="fast")).status, 200)
        wait_until("an attempt", lambda: daemon.metric("escalationd_delivery_attempts_total") >= 1)
        daemon.kill()
        receiver = self.receiver("pager")
        daemon.point_at(receiver.url)
        daemon.start()
        wait_until("the page", lambda: ("CRITICAL", "default/T-1/wake_up/1/1") in receiver.pages())
        self.assertEqual(daemon.terminate(), 0)

    def test_bad_config_exits_78_and_says_where(self):
        for what, old, new, expected in [
            ("an unknown key", "settle: 50ms", "settel: 50ms", r"escalationd\.yaml:6:1: .*settel"),
            ("a bad value", "settle: 50ms", "settle: soon", r"escalationd\.yaml:6:9: .*soon"),
            ("no such policy", "policy.yaml", "policies.yaml", r"escalationd\.yaml:8:\d+: .*policies\.yaml"),
        ]:
            with self.subTest(what):
                daemon = self.instance(what.replace(" ", "-"))
                daemon.write_config(daemon.read_config().replace(old, new))
                daemon.spawn()
                self.assertEqual(daemon.wait(), 78)
                self.assertRegex(daemon.output(), expected)
                self.assertFalse(os.path.exists(daemon.state_dir), "nothing is created")

    def test_the_state_of_another_log_is_refused(self):
        one, other = self.instance("one"), self.instance("other")
        for daemon in (one, other):
            daemon.start()
            self.assertEqual(daemon.post(opened("e1", "T-1")).status, 200)
            daemon.wait_until_settled()
            self.assertEqual(daemon.terminate(), 0)
        partition = os.path.join("state", "partition-0")
        shutil.rmtree(os.path.join(one.folder, partition))
        shutil.copytree(os.path.join(other.folder, partition), os.path.join(one.folder, partition))
        one.spawn()
        self.assertEqual(one.wait(), 1)
        self.assertIn("another log", one.output())
        # What to do about it: remove the store, and it is folded again.
        shutil.rmtree(os.path.join(one.folder, partition))
        one.start()
        self.assertEqual(one.get("/v1/tickets/T-1").status, 200)
        self.assertEqual(one.terminate(), 0)
        one.verify_replay()

    def test_two_daemons_never_write_one_log(self):
        daemon = self.instance().start()
        second = self.instance("second")
        second.write_config(daemon.read_config())
        second.spawn()
        self.assertEqual(second.wait(), 1)
        self.assertIn("another process", second.output())
        self.assertEqual(daemon.post(opened("e1", "T-1")).status, 200)
        self.assertEqual(daemon.terminate(), 0)

    def test_a_full_disk_is_said_and_what_was_accepted_is_kept(self):
        def limited():
            # As a disk that is full: writes fail, with an error instead of a signal.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX))

        daemon = self.instance().start(preexec_fn=limited)
        acknowledged = []
        refused = None
        with daemon.client() as client:
            for batch in range(FILE_BYTES_MAX // 1000):
                # Events that decide nothing, so that theirs is the write that fails.
                events = [{"id": f"e{batch}-{index}",
                           "account_changed": {"account": f"a{index}", "contacts": ["x" * 100, "y" * 100]}}
                          for index in range(20)]
                reply = client.post(events)
                if reply.status != 200:
                    refused = reply
                    break
                acknowledged += zip(map(int, reply.json()["offsets"]), (event["id"] for event in events), strict=True)
        self.assertIsNotNone(refused, "the limit was never reached")
        self.assertEqual(refused.status, 503, refused.body)
        self.assertIn("no room left to write", refused.json()["error"]["message"])
        self.assertGreater(len(acknowledged), 1000)
        # Nothing can be promised from here on, so it stops and says why.
        self.assertEqual(daemon.wait(), 1)
        last = [line for line in daemon.lines() if line["level"] == "error"]
        self.assertEqual([line["message"] for line in last], ["stopped by an error"])
        self.assertIn("no room left to write", last[0]["error"])

        daemon.start()
        self.check_in_log(daemon, acknowledged)
        self.assertEqual(daemon.post(opened("again", "T-again")).status, 200)
        self.assertEqual(daemon.terminate(), 0)
        daemon.verify_replay()


if __name__ == "__main__":
    unittest.main()
