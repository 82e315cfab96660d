"""A receiver of alerts as a company has one: it takes JSON over TLS and notes each message, a line each.

Usage: webhook.py ADDRESS PORT CERTIFICATE KEY STATUS-FILE LOG. It answers what stands in the file, read anew each time.
"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

address, port, certificate, key, status, log = sys.argv[1:]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = int(Path(status).read_text())
        if answer == 200:
            with Path(log).open("ab") as file:
                file.write(body.replace(b"\n", b" ") + b"\n")
        self.send_response(answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = ThreadingHTTPServer((address, int(port)), Receiver)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
