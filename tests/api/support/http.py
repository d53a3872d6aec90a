# SPDX-License-Identifier: Apache-2.0
"""A small HTTP/1.1 client that keeps its connections and writes down all that was said.

It sends what it is told to, also what is not valid: a test decides what goes over the wire. A read
carries the token of what was written last in its account, so that it sees it (api.md: consistency),
unless the client is made not to."""

import base64
import json
import select
import socket
import threading
import urllib.parse

from support import environment

EXCHANGES = []
# {account: (position, token)}: the furthest that any answer has told.
POSITIONS = {}
LOCK = threading.Lock()


def remember(account, token):
    """Answers may overtake each other: the token's number says which one is further."""
    raw = base64.urlsafe_b64decode(token[3:] + "=" * (-len(token[3:]) % 4))
    position = raw[16:32]
    with LOCK:
        if account not in POSITIONS or POSITIONS[account][0] < position:
            POSITIONS[account] = (position, token)


class Exchange:
    """One request and its answer."""

    __slots__ = ("method", "target", "sent", "status", "headers", "body")

    def __init__(self, method, target, sent, status, headers, body):
        self.method, self.target, self.sent = method, target, sent
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        """The value of a header, None when it is not there; a repeated one is an error."""
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) < 2, f"{name} came {len(values)} times: {self}"
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The stable code of a problem; None for anything else."""
        if self.header("content-type") != "application/problem+json" or not self.body:
            return None
        return self.json().get("code")

    def faults(self):
        """{(pointer or parameter, code)} of a problem."""
        return {(f.get("pointer", f.get("parameter")), f["code"])
                for f in self.json().get("errors", [])}

    def __str__(self):
        sent = self.sent if len(self.sent) < 600 else self.sent[:600] + b"..."
        return (f"{self.method} {self.target[:300]} {sent!r}\n  answered {self.status} "
                f"{self.headers}\n  {self.body[:1500]!r}")


class Connection:
    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=environment.TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""

    def usable(self):
        """A server that has closed, or said something unasked, is not asked again."""
        return not self.pending and not select.select([self.socket], [], [], 0)[0]

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered before it had everything

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"closed after {self.pending[:200]!r}")
        self.pending += data

    def read(self, n):
        while len(self.pending) < n:
            self.more()
        data, self.pending = self.pending[:n], self.pending[n:]
        return data

    def read_until(self, mark):
        while mark not in self.pending:
            self.more()
        data, _, self.pending = self.pending.partition(mark)
        return data

    def answer(self, method):
        """(status, headers, body, whether the connection can be used again)"""
        status = 100
        while status < 200:
            line, *lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(line.split(" ")[1])
        headers = []
        for header in lines:
            name, _, value = header.partition(":")
            headers.append((name.strip().lower(), value.strip()))
        named = dict(headers)
        body = b""
        if method != "HEAD" and status not in (204, 304):
            if named.get("transfer-encoding") == "chunked":
                while size := int(self.read_until(b"\r\n"), 16):
                    body += self.read(size)
                    self.read(2)
                self.read_until(b"\r\n")
            else:
                body = self.read(int(named["content-length"]))
        return status, headers, body, named.get("connection") != "close"


class Client:
    """A principal's client; each thread has a connection of its own."""

    def __init__(self, token=None, follow=True):
        self.token = token
        self.account = token[3:29] if token else None
        self.follow = follow
        url = urllib.parse.urlsplit(environment.URL)
        self.address = (url.hostname, url.port)
        self.local = threading.local()

    def connection(self):
        connection = getattr(self.local, "connection", None)
        if connection is not None and not connection.usable():
            connection.close()
            connection = None
        if connection is None:
            connection = self.local.connection = Connection(*self.address)
        return connection

    def close(self):
        connection = getattr(self.local, "connection", None)
        if connection is not None:
            connection.close()
            self.local.connection = None

    def request(self, method, target, body=None, headers=(), **named):
        """body: bytes as they are, anything else as JSON. Named headers: If_Match="..."."""
        sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(
            body, ensure_ascii=False).encode()
        lines = [(name.replace("_", "-"), value) for name, value in named.items()
                 if value is not None]
        lines += list(headers)
        names = {name.lower() for name, _ in lines}
        if self.token is not None and "authorization" not in names:
            lines.append(("Authorization", "Bearer " + self.token))
        reads = method in ("GET", "HEAD") or target == "/v1/invoices/preview"
        if reads and self.follow and self.account in POSITIONS and \
                "remit-consistency" not in names:
            lines.append(("Remit-Consistency", POSITIONS[self.account][1]))
        if body is not None:
            if "content-type" not in names:
                lines.append(("Content-Type", "application/json"))
            lines.append(("Content-Length", str(len(sent))))
        head = f"{method} {target} HTTP/1.1\r\nHost: {self.address[0]}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in lines if value != "")
        return self.exchange(method, target, sent, head.encode() + b"\r\n" + sent)

    def exchange(self, method, target, sent, wire):
        connection = self.connection()
        try:
            connection.send(wire)
            status, headers, body, keep = connection.answer(method)
        except BaseException:
            self.close()
            raise
        if not keep:
            self.close()
        done = Exchange(method, target, sent, status, headers, body)
        EXCHANGES.append(done)
        if self.account and done.header("remit-consistency"):
            remember(self.account, done.header("remit-consistency"))
        return done

    def get(self, target, **named):
        return self.request("GET", target, **named)

    def post(self, target, body=None, **named):
        return self.request("POST", target, body, **named)

    def patch(self, target, body=None, **named):
        return self.request("PATCH", target, body, **named)

    def delete(self, target, **named):
        return self.request("DELETE", target, **named)

    def ok(self, method, target, body=None, **named):
        """The object of a request that must succeed."""
        answer = self.request(method, target, body, **named)
        assert answer.status in (200, 201, 204), answer
        return answer.json() if answer.body else None

    def pages(self, target, limit=None, **named):
        """All rows of a list, following the Link header."""
        separator = "&" if "?" in target else "?"
        if limit is not None:
            target = f"{target}{separator}limit={limit}"
        while target is not None:
            answer = self.get(target, **named)
            assert answer.status == 200, answer
            page = answer.json()
            link = answer.header("link")
            assert page["has_more"] == (link is not None) == (page["next_cursor"] is not None)
            yield from page["data"]
            target = None
            if link is not None:
                url, _, rest = link.partition(">")
                assert url.startswith("<" + environment.URL + "/") and rest == '; rel="next"', link
                target = url[1 + len(environment.URL):]


def parallel(n, work):
    """work(i) in n threads that start at one moment; their results. Exceptions are raised."""
    barrier = threading.Barrier(n)
    results, errors = [None] * n, []

    def run(i):
        try:
            barrier.wait()
            results[i] = work(i)
        except BaseException as error:  # raised again by the caller's thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
