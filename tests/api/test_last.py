# SPDX-License-Identifier: Apache-2.0
"""What must be true of everything that the tests before have said and done."""

import collections
import json
import re

import pytest

from support import books, database, document, environment
from support.http import EXCHANGES, Client

MAX_SHOWN = 20


def shown(faults):
    return f"{len(faults)} faults:\n" + "\n".join(faults[:MAX_SHOWN])


@pytest.fixture(scope="module")
def answers():
    """Each different answer once: (operation or None, exchange)."""
    seen = {}
    for exchange in EXCHANGES:
        op = document.find(exchange.method, exchange.target)
        body = re.sub(rb'"request_id":"[^"]*"|"instance":"[^"]*"', b"", exchange.body)
        media = exchange.header("content-type")
        seen.setdefault((op and op.id, exchange.method, exchange.status, media, body),
                        (op, exchange))
    return list(seen.values())


def test_no_request_met_a_fault_of_the_server():
    assert len(EXCHANGES) > 1000
    faults = [str(e) for e in EXCHANGES if e.status >= 500]
    assert not faults, shown(faults)


def test_all_errors_are_problems(answers):
    faults = []
    for _, e in answers:
        if e.status < 400 or e.method == "HEAD":
            continue
        try:
            assert e.header("content-type") == "application/problem+json", "media type"
            problem = e.json()
            found = document.faults_of(document.PROBLEM, problem)
            assert not found, found
            assert problem["status"] == e.status, "status"
            assert problem["type"].endswith("/docs/errors/" + problem["code"]), "type"
            assert problem["request_id"] == e.header("x-request-id"), "request_id"
            assert ("errors" in problem) <= (e.status in (400, 422)), "errors"
            assert not re.search(rb"SELECT |mysql|mariadb|/usr/|/home/|\.c:\d", e.body), "leaks"
        except (AssertionError, ValueError) as error:
            faults.append(f"{error}: {e}")
    assert not faults, shown(faults)


def test_statuses_are_documented(answers):
    faults = []
    for op, e in answers:
        if op is None or e.method in ("OPTIONS", "HEAD") or e.status in op.responses:
            continue
        if e.status in (400, 404, 405, 413, 414, 431) and e.code in (
                "malformed_request", "route_not_found", "method_not_allowed", "body_too_large",
                "uri_too_long", "headers_too_large"):
            continue  # before a route was reached
        faults.append(f"{op.id} does not document {e.status} {e.code}: {e}")
    assert not faults, shown(faults)


def test_codes_are_documented(answers):
    """The description of each status lists its codes."""
    faults = set()
    for op, e in answers:
        if op is None or e.status < 400 or e.status not in op.responses or e.method == "HEAD":
            continue
        if f"`{e.code}`" not in op.responses[e.status].get("description", ""):
            faults.add(f"{op.id} {e.status} does not list {e.code}")
    assert not faults, shown(sorted(faults))


def test_bodies_are_what_the_document_says(answers):
    faults = []
    for op, e in answers:
        if op is None or e.status not in op.responses or e.status >= 400 or e.method == "HEAD":
            continue
        content = op.responses[e.status].get("content", {})
        media = e.header("content-type")
        if not content:
            if e.body:
                faults.append(f"{op.id}: a body where none is documented: {e}")
        elif media not in content:
            faults.append(f"{op.id}: {media} is not in {list(content)}")
        elif media == "application/json":
            found = document.faults_of(content[media]["schema"], e.json())
            if found:
                faults.append(f"{op.id}: {found}: {e}")
    assert not faults, shown(faults)


def test_headers_are_what_the_document_says(answers):
    """Each documented header that always comes is there, and no other of the API's own."""
    own = {"etag", "location", "link", "remit-consistency", "idempotent-replayed"}
    always = {"ETag", "Location", "X-Request-Id", "WWW-Authenticate"}
    faults = set()
    for op, e in answers:
        if op is None or e.status not in op.responses or e.method == "HEAD":
            continue
        documented = set(op.responses[e.status].get("headers", {}))
        names = {name for name, _ in e.headers}
        for name in documented & always:
            if name.lower() not in names:
                faults.add(f"{op.id} {e.status} lacks {name}")
        if e.status < 300:
            for name in (names & own) - {n.lower() for n in documented}:
                faults.add(f"{op.id} {e.status} has {name}, which is not documented")
            if op.method != "GET" and "Remit-Consistency" in documented and \
                    "remit-consistency" not in names:
                faults.add(f"{op.id} {e.status} lacks Remit-Consistency")
    assert not faults, shown(sorted(faults))


def test_every_route_was_hit():
    """With its success, and with an error."""
    hit = collections.defaultdict(set)
    for e in EXCHANGES:
        op = document.find(e.method, e.target)
        if op is not None and e.method == op.method:
            hit[op.id].add(e.status)
    missing = [op.id for op in document.OPERATIONS
               if not hit[op.id] & {200, 201, 204} or
               (op.permission != "public" and not hit[op.id] & {401})]
    assert not missing, missing


def test_the_document_is_openapi():
    doc = document.DOCUMENT
    assert doc["openapi"].startswith("3.1.") and doc["info"]["title"] and doc["info"]["version"]
    ids = [op.id for op in document.OPERATIONS]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in doc["tags"]}
    for op in document.OPERATIONS:
        assert set(op.body["tags"]) <= tags and op.body["summary"], op
        assert set(re.findall(r"{(\w+)}", op.path)) == {
            p["name"] for p in op.parameters if p["in"] == "path"}, op
        names = [(p["name"], p["in"]) for p in op.parameters]
        assert len(names) == len(set(names)), op
    references = re.findall(r'"\$ref": "([^"]*)"', json.dumps(doc))
    for reference in set(references):
        document.resolve({"$ref": reference})
    for schema in doc["components"]["schemas"].values():
        document.jsonschema.Draft202012Validator.check_schema(schema)


def test_requests_of_the_tests_are_what_the_document_says(answers):
    """What was accepted is valid by the schema of the input: the document is not too strict."""
    faults = []
    for op, e in answers:
        if op is None or op.input is None or e.status >= 300 or not e.sent:
            continue
        schema = op.body["requestBody"]["content"]["application/json"]["schema"]
        found = document.faults_of(schema, json.loads(e.sent))
        if found:
            faults.append(f"{op.id}: {found}: {e}")
    assert not faults, shown(faults)


def test_no_secret_was_answered_again():
    tokens = collections.Counter()
    for e in EXCHANGES:
        tokens.update(set(re.findall(rb'"(r[ks]_[0-9a-z]{52}_[A-Za-z0-9_-]{43})"', e.body)))
    assert tokens and max(tokens.values()) == 1


def test_the_books():
    assert books.faults() == {}


def test_the_trial_balance_of_each_account():
    rows = database.ask("SELECT HEX(account_id), currency, SUM(balance) FROM ledger_accounts"
                        " GROUP BY account_id, currency HAVING SUM(balance) <> 0")
    assert rows == []
    assert int(database.value("SELECT COUNT(*) FROM postings")) > 100


def test_the_ledger_is_verified():
    done = environment.remitctl("ledger", "verify", check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)


def test_the_replicas_have_it_all():
    position = database.ask("SELECT @@gtid_binlog_pos")[0][0]
    names = ", ".join(t for t in database.TABLES)
    expected = database.ask(f"CHECKSUM TABLE {names}")
    for socket in environment.REPLICAS:
        assert database.ask(f"SELECT MASTER_GTID_WAIT('{position}', 30)", socket) == [["0"]]
        assert database.ask(f"CHECKSUM TABLE {names}", socket) == expected


def test_the_workers_are_those_of_the_start():
    assert environment.stack_env()["REMIT_WORKER_PIDS"].split() == environment.WORKERS
    assert Client().ok("GET", "/health")["status"] == "up"
