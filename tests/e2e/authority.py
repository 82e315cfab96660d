"""An ACME authority in front of pebble that has bad days.

Usage: authority.py ADDRESS PORT CERTIFICATE KEY TRUST UPSTREAM DAY-FILE. The file is read anew each time: `good` passes all on, `down`
answers 503, `astray` puts another certificate into the place of the issuer's.
"""

import http.client
import socket
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

address, port, certificate, key, trust, upstream, day = sys.argv[1:]
END = b"-----END CERTIFICATE-----\n"
KEPT = ("content-type", "location", "link", "replay-nonce", "retry-after")


class Behind(http.client.HTTPSConnection):
    """pebble, at the same address: its name need not resolve here."""

    def connect(self) -> None:
        plain = socket.create_connection((address, self.port), self.timeout)
        self.sock = ssl.create_default_context(cafile=trust).wrap_socket(plain, server_hostname=self.host)


class Authority(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        today = Path(day).read_text().strip()
        if today == "down":
            self.answer(503, [], b"closed today")
            return
        behind = Behind(upstream, timeout=30)
        # Its addresses follow from the name that it is asked by.
        names = {name: self.headers[name] for name in ("Host", "Content-Type", "User-Agent", "Accept") if name in self.headers}
        behind.request(self.command, self.path, body or None, names)
        said = behind.getresponse()
        text = said.read()
        if today == "astray" and "pem-certificate-chain" in said.headers.get("Content-Type", ""):
            text = text.split(END)[0] + END + Path(trust).read_bytes()
        self.answer(said.status, [(name, value) for name, value in said.headers.items() if name.lower() in KEPT], text)

    def answer(self, status: int, headers: list[tuple[str, str]], text: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_HEAD = do_POST = pass_on

    def log_message(self, *_: object) -> None:
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = ThreadingHTTPServer((address, int(port)), Authority)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
