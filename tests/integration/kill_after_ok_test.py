#!/usr/bin/env python3
"""SIGKILL between the provider's 200 and the outcome's record: one re-send, under the same key, and the page is closed."""
import http.server
import json
import os
import signal
import tempfile
import threading
import unittest

from instance import Instance, opened, replied, wait_until


class StoppingPager:
    """Answers as VictorOps does. While `stops` is set, the daemon stands still before the answer leaves, so that it has the
    whole 200 in its socket and has done nothing with it."""

    def __init__(self):
        self.received = []  # (operation, key)
        self.stops = None
        self.answered = threading.Event()
        pager = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                page = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                process, pager.stops = pager.stops, None
                if process is not None:
                    os.kill(process, signal.SIGSTOP)
                pager.received.append((page["message_type"], page["entity_id"]))
                reply = json.dumps({"result": "success", "entity_id": page["entity_id"]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)
                self.wfile.flush()
                if process is not None:
                    pager.answered.set()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # The connection of a daemon that was killed.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class KillAfterOkTest(unittest.TestCase):
    def kill_between(self, daemon, pager, operation, key):
        """Kills it when the provider has said 200 to what comes next, and starts it again."""
        self.assertTrue(pager.answered.wait(60))
        pager.answered.clear()
        daemon.kill()
        self.assertEqual(pager.received[-1], (operation, key))
        before = len(pager.received)
        daemon.start()
        wait_until("it is sent again", lambda: len(pager.received) > before)
        daemon.wait_until_settled()

    def test_one_re_send_under_the_same_key(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        pager = StoppingPager()
        self.addCleanup(pager.close)
        daemon = Instance(os.path.join(folder.name, "daemon"), pager.url)
        self.addCleanup(daemon.kill)
        daemon.start()
        key = "default/T-1/wake_up/1/1"
        page, close = ("CRITICAL", key), ("RECOVERY", key)

        pager.stops = daemon.process.pid
        self.assertEqual(daemon.post([opened("e-1", "T-1", plan="fast")]).status, 200)
        self.kill_between(daemon, pager, *page)
        self.assertEqual(pager.received, [page, page])

        pager.stops = daemon.process.pid
        self.assertEqual(daemon.post([replied("e-2", "T-1")]).status, 200)
        self.kill_between(daemon, pager, *close)
        self.assertEqual(pager.received, [page, page, close, close])

        # What is told is not told again.
        daemon.kill()
        daemon.start()
        daemon.wait_until_settled()
        self.assertEqual(pager.received, [page, page, close, close])
        records, _ = self.end(daemon)
        outcomes = [record["event"]["page_outcome"] for record in records if "page_outcome" in record["event"]]
        self.assertEqual([(outcome["operation"], outcome["key"]) for outcome in outcomes],
                         [("TRIGGER", key), ("CLOSE", key)])

    def end(self, daemon):
        self.assertEqual(daemon.terminate(), 0, daemon.output())
        return daemon.read_log()


if __name__ == "__main__":
    unittest.main()
