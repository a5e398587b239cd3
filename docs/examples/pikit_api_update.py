"""Adds the routes of the Pi-Kit updater to a server made with Python's http.server, such as pikit-api.py.

They are passed on to the updater's own API, which listens on a unix socket; nothing is decided here but who may come in.
Needs Python 3.9 and nothing else. Put this file beside pikit-api.py, and ask it first in the handler you have:

    from pikit_api_update import forward_update

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if not self.is_logged_in():      # whatever protects the dashboard: the updater asks for nothing more
                return self.send_error(401)
            if forward_update(self):
                return
            ...                              # your own routes, and the same in do_POST

The user that the server runs as has to be in the group www-data, which may use the socket.
A browser that watches an update holds a connection for as long as that takes: use ThreadingHTTPServer. On a server that
answers one after the other, updates are started all the same and have to be watched by asking for the status.
"""

from __future__ import annotations

import http.client
import json
import socket
import socketserver
from http.server import BaseHTTPRequestHandler

SOCKET = "/run/pikit-update-api/api.sock"

# Add more from docs/api.md as you need them, for example ("GET", "/api/update/events").
ROUTES = frozenset(
    {
        ("GET", "/api/update/status"),
        ("POST", "/api/update/check"),
        ("POST", "/api/update/apply"),
        ("POST", "/api/update/rollback"),
        ("POST", "/api/update/auto"),
    }
)

MAX_BODY = 16 * 1024
CONNECT_TIMEOUT_S = 5.0
# Setting the timer, and ending what runs, take their time.
ANSWER_TIMEOUT_S = 240.0
# A stream says something every 15 seconds.
STREAM_TIMEOUT_S = 45.0
CLIENT_TIMEOUT_S = 30.0

# About one connection, and not about the request (RFC 9110, 7.6.1).
HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade expect".split()
)
# The login of the dashboard is none of the updater's business. The length is that of the body as it was read.
NOT_PASSED_ON = HOP_BY_HOP | frozenset({"authorization", "cookie", "content-length"})


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=CONNECT_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Refused(Exception):
    """An answer of our own, in the form that the updater's have."""

    def __init__(self, status: int, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message, "hint": hint}


def forward_update(handler: BaseHTTPRequestHandler, socket_path: str = SOCKET, routes: frozenset = ROUTES) -> bool:
    """Answers the request if it is for the updater. Returns whether it was; if not, nothing was read or written.

    Never raises for what a client or the updater does: it answers 503 when the updater cannot be reached, 400 or 413 for a
    request that cannot be passed on, and closes the connection of a client that has gone or does not read.
    """
    if (handler.command, handler.path.split("?", 1)[0]) not in routes:
        return False
    before = handler.connection.gettimeout()
    handler.connection.settimeout(CLIENT_TIMEOUT_S)
    try:
        _forward(handler, socket_path)
    except _Refused as refused:
        _answer(handler, refused)
    except OSError:
        # The client: gone, or too slow. What concerns the updater's side was turned into an answer where it happened.
        handler.close_connection = True
    finally:
        try:
            handler.connection.settimeout(before)
        except OSError:
            handler.close_connection = True
    return True


def _forward(handler: BaseHTTPRequestHandler, socket_path: str) -> None:
    body = _body_of(handler)
    connection = _UnixConnection(socket_path)
    try:
        response = _ask(connection, handler, body)
        _relay(response, handler)
    finally:
        connection.close()


def _body_of(handler: BaseHTTPRequestHandler) -> bytes:
    """Read here and whole, so that no two servers can disagree about where a request ends."""
    lengths = handler.headers.get_all("Content-Length", [])
    if handler.headers.get("Transfer-Encoding") is not None or len(lengths) > 1:
        handler.close_connection = True
        raise _Refused(400, "REQUEST_INVALID", "a body needs one Content-Length, and no Transfer-Encoding")
    if not lengths:
        return b""
    if not (lengths[0].isascii() and lengths[0].isdigit()):
        handler.close_connection = True
        raise _Refused(400, "REQUEST_INVALID", "Content-Length is not a number")
    if len(lengths[0]) > 9 or int(lengths[0]) > MAX_BODY:
        handler.close_connection = True
        raise _Refused(413, "BODY_TOO_LARGE", f"the body has more than {MAX_BODY} bytes")
    body = handler.rfile.read(int(lengths[0]))
    if len(body) < int(lengths[0]):
        raise ConnectionError("the client has gone")
    return body


def _ask(connection: _UnixConnection, handler: BaseHTTPRequestHandler, body: bytes) -> http.client.HTTPResponse:
    try:
        # Host and Origin go on as they came: the updater holds one against the other, and Host against its own names.
        connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
        for name, value in _headers_of(handler):
            if "\n" in value or "\r" in value:
                raise ValueError("a header of more than one line")
            connection.putheader(name, value)
        if body or handler.command == "POST":
            connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Connection", "close")
    except (ValueError, http.client.InvalidURL, UnicodeError) as error:
        raise _Refused(400, "REQUEST_INVALID", "this request cannot be passed on") from error
    try:
        connection.endheaders(body if body else None)
        # The response takes the socket over, and the connection forgets it.
        upstream = connection.sock
        upstream.settimeout(ANSWER_TIMEOUT_S)
        response = connection.getresponse()
        upstream.settimeout(STREAM_TIMEOUT_S)
        return response
    except PermissionError as error:
        raise _Refused(
            503, "PERMISSION", "this server may not use the socket of the updater", "add its user to the group www-data, and restart it"
        ) from error
    except socket.timeout as error:
        raise _Refused(503, "SYSTEMD_UNAVAILABLE", "the updater does not answer", "look at `journalctl -u pikit-update-api`") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Refused(
            503, "SYSTEMD_UNAVAILABLE", "the updater cannot be reached", "is pikit-update-api.socket running? `systemctl status` shows it"
        ) from error


def _headers_of(handler: BaseHTTPRequestHandler) -> list[tuple[str, str]]:
    named = {name.strip().lower() for value in handler.headers.get_all("Connection", []) for name in value.split(",")}
    dropped = NOT_PASSED_ON | (named - {"host", "origin", "content-type"})
    if not isinstance(handler.server, (socketserver.ThreadingMixIn, getattr(socketserver, "ForkingMixIn", ()))):
        # One stream would keep everybody else out.
        dropped |= {"accept"}
    return [(name, value) for name, value in handler.headers.items() if name.lower() not in dropped]


def _relay(response: http.client.HTTPResponse, handler: BaseHTTPRequestHandler) -> None:
    handler.log_request(response.status)
    handler.send_response_only(response.status, response.reason)
    for name, value in response.getheaders():
        if name.lower() not in HOP_BY_HOP:
            handler.send_header(name, value)
    if response.getheader("Content-Length") is None:
        # Its end is the end of the connection.
        handler.send_header("Connection", "close")
        handler.close_connection = True
    handler.end_headers()
    handler.wfile.flush()
    while True:
        try:
            data = response.read1(64 * 1024)
        except (OSError, http.client.HTTPException):
            data = b""
        if not data:
            break
        handler.wfile.write(data)
        handler.wfile.flush()
    if response.length != 0:
        # The updater has gone in the middle of an answer: what comes next must not be taken for the rest of it.
        handler.close_connection = True


def _answer(handler: BaseHTTPRequestHandler, refused: _Refused) -> None:
    body = json.dumps({"error": refused.error}).encode()
    try:
        handler.send_response(refused.status)
        handler.send_header("Content-Type", "application/json; charset=utf-8")
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Cache-Control", "no-store")
        handler.send_header("X-Content-Type-Options", "nosniff")
        if handler.close_connection:
            handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body)
    except OSError:
        handler.close_connection = True
