"""A provider of pages inside the harness: quick to start, and it remembers what it was told."""
import http.server
import json
import threading


class Pager:
    """Answers as VictorOps does. `refusals`: so many requests are refused first."""

    def __init__(self):
        self.lock = threading.Lock()
        self.received = []  # (operation, key) in order of arrival
        self.refusals = 0
        pager = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):
                    self.close_connection = True
                    return  # The sender died in the middle: nothing was asked.
                page = json.loads(body)
                status = pager.take(page["message_type"], page["entity_id"])
                reply = json.dumps({"result": "success" if status == 200 else "failure",
                                    "entity_id": page["entity_id"]}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # A connection that was reset, which is what this is about.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def take(self, operation, key):
        with self.lock:
            if self.refusals > 0:
                self.refusals -= 1
                return 503
            self.received.append((operation, key))
            return 200

    def pages(self):
        with self.lock:
            return list(self.received)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
