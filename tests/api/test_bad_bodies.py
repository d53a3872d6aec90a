# SPDX-License-Identifier: Apache-2.0
"""Bodies that are not what the document asks for: each is a problem, and nothing changes."""

import json

import pytest

from support import database, environment
from support.document import OPERATIONS, resolve
from support.http import Client
from support.world import customer_body, line, nowhere

WITH_BODY = [op for op in OPERATIONS if op.input is not None]
WITHOUT_BODY = [op for op in OPERATIONS if op.input is None and op.method != "GET"
                and op.permission != "public"]


def nested(depth):
    return b'{"x":' * (depth - 1) + b"[]" + b"}" * (depth - 1)


NOT_JSON = {
    "open": b"{", "closed": b"}", "no value": b'{"a":}', "open array": b'{"a":[1,2', "word": b"nul",
    "two texts": b'{"a":1}{"a":1}', "rest": b'{"a":1} x', "single quotes": b"{'a':1}",
    "trailing comma": b'{"a":1,}', "trailing comma in array": b'{"a":[1,]}', "comment": b"/**/{}",
    "bare name": b"{a:1}", "byte order mark": b"\xef\xbb\xbf{}", "nothing but space": b" \r\n\t ",
    "leading zero": b'{"a":01}', "plus": b'{"a":+1}', "hex": b'{"a":0x1}', "dot": b'{"a":1.}',
    "no digits": b'{"a":-}', "exponent": b'{"a":1e}', "NaN": b'{"a":NaN}',
    "infinity": b'{"a":Infinity}', "tab in string": b'{"a":"\t"}',
    "newline in string": b'{"a":"\n"}', "bad escape": b'{"a":"\\x41"}',
    "half escape": b'{"a":"\\u00"}', "open string": b'{"a":"',
    "raw NUL": b'{"a":\x00}', "NUL in string": b'{"a":"\x00"}', "escaped NUL": b'{"a":"\\u0000"}',
    "NUL in name": b'{"a\\u0000b":1}', "NUL after": b'{"a":1}\x00',
    "invalid UTF-8": b'{"a":"\xff"}', "overlong": b'{"a":"\xc0\x80"}',
    "cut UTF-8": b'{"a":"\xe2\x82"}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}', "beyond Unicode": b'{"a":"\xf5\x80\x80\x80"}',
    "high surrogate": b'{"a":"\\ud800"}', "low surrogate": b'{"a":"\\udc00"}',
    "swapped surrogates": b'{"a":"\\udc00\\ud800"}', "high and letter": b'{"a":"\\ud800a"}',
    "UTF-16": '{"a":1}'.encode("utf-16"), "UTF-32": '{"a":1}'.encode("utf-32-be"),
    "twice": b'{"a":1,"a":2}', "twice by escape": b'{"a":1,"\\u0061":2}',
    "twice inside": b'{"metadata":{"k":"1","k":"2"}}',
    "depth 17": nested(17), "depth 1000": nested(1000), "brackets": b"[" * 100000,
    "long number": b'{"a":' + b"1" * 100 + b"}",
}
# JSON, but no object of any schema here.
NOT_VALID = {
    "array": b"[]", "string": b'"x"', "number": b"1", "null": b"null", "true": b"true",
    "unknown": b'{"surprise":1}', "nested unknown": nested(16),
    "1e400": b'{"surprise":1e400}', "many digits": b'{"surprise":12345678901234567890123}',
    "empty name": b'{"":1}', "object": b'{"object":"x","surprise":1}',
    "__proto__": b'{"__proto__":{}}',
}


def send(client, op, body, **named):
    return client.request(op.method, nowhere(op), body, **named)


def owner_of(op, account, sessions):
    return sessions["owner"] if op.permission == "self" else account.client


class unchanged:
    def __enter__(self):
        self.before = database.state()

    def __exit__(self, kind, *_):
        if kind is None:
            assert database.state() == self.before, "something changed"


@pytest.mark.parametrize("op", WITH_BODY, ids=str)
def test_not_json(account, sessions, op):
    client = owner_of(op, account, sessions)
    with unchanged():
        for name, body in NOT_JSON.items():
            answer = send(client, op, body)
            assert (answer.status, answer.code) == (400, "invalid_json"), (name, answer)
            assert answer.json()["detail"], name


@pytest.mark.parametrize("op", WITH_BODY, ids=str)
def test_not_valid(account, sessions, op):
    client = owner_of(op, account, sessions)
    with unchanged():
        for name, body in NOT_VALID.items():
            answer = send(client, op, body)
            assert (answer.status, answer.code) == (422, "validation_failed"), (name, answer)
            assert answer.faults(), name
            if name == "unknown":
                assert ("/surprise", "unknown_member") in answer.faults(), answer


@pytest.mark.parametrize("op", WITH_BODY, ids=str)
def test_empty_body(account, sessions, op):
    client = owner_of(op, account, sessions)
    with unchanged():
        for body in (None, b""):
            answer = send(client, op, body)
            expected = (400, "invalid_json") if op.needs_body else (404, "not_found")
            assert (answer.status, answer.code) == expected, answer


@pytest.mark.parametrize("op", WITH_BODY, ids=str)
def test_media_types(account, sessions, op):
    client = owner_of(op, account, sessions)
    body = b'{"surprise":1}'
    with unchanged():
        for media in ("text/plain", "application/xml", "application/jsonx", "json", "*/*",
                      "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            answer = send(client, op, body, Content_Type=media)
            assert (answer.status, answer.code) == (415, "unsupported_media_type"), answer
        for media in ("application/json; charset=utf-8", "APPLICATION/JSON",
                      "application/json;a=b"):
            assert send(client, op, body, Content_Type=media).status == 422
        patch = send(client, op, body, Content_Type="application/merge-patch+json")
        assert patch.status == (422 if op.method == "PATCH" else 415), patch


@pytest.mark.parametrize("op", WITH_BODY, ids=str)
def test_large_bodies(account, sessions, op):
    client = owner_of(op, account, sessions)
    with unchanged():
        answer = send(client, op, b'{"surprise":"' + b"x" * (1 << 20) + b'"}')
        assert (answer.status, answer.code) == (413, "body_too_large"), answer
        client.close()
        fits = b'{"surprise":"' + b"x" * ((1 << 20) - 15) + b'"}'
        assert len(fits) == 1 << 20
        assert send(client, op, fits).status == 422


@pytest.mark.parametrize("op", WITHOUT_BODY, ids=str)
def test_bodies_where_none_is_taken(account, op):
    with unchanged():
        answer = send(account.client, op, {"a": 1})
        assert (answer.status, answer.code) == (400, "malformed_request"), answer


@pytest.mark.parametrize("op", [op for op in WITH_BODY if op.input.get("required")], ids=str)
def test_missing_members(account, sessions, op):
    """All that is missing is named at once."""
    client = owner_of(op, account, sessions)
    required = set(op.input["required"])
    with unchanged():
        answer = send(client, op, {})
        assert (answer.status, answer.code) == (422, "validation_failed"), answer
        missing = {p for p, code in answer.faults() if code == "required"}
        assert missing == {"/" + name for name in required}, answer
        for name in required:
            answer = send(client, op, {name: None})
            assert ("/" + name, "null_not_allowed") in answer.faults() or \
                ("/" + name, "required") in answer.faults(), answer


WRONG = {
    "string": [1, True, [], {}, 1.5, ["x"], {"a": "b"}],
    "integer": ["1", True, [], {}, 1.5, 1e300, -1e300, "", 9007199254740993, -9007199254740993,
                1 << 63, -(1 << 63), 10**30],
    "boolean": ["true", 0, 1, [], {}, "", "yes"],
    "array": ["x", 1, True, {}, {"0": 1}],
    "object": ["x", 1, True, [], [{}]],
}
WRONG_FORMATS = {
    "date-time": ["", "yesterday", "2024-01-01", "2024-01-01T00:00:00", "2024-13-01T00:00:00Z",
                  "2024-02-30T00:00:00Z", "2024-01-01T24:00:01Z", "10000-01-01T00:00:00Z",
                  "2024-01-01 00:00:00Z ", "0000-00-00T00:00:00Z"],
    "date": ["", "today", "2024-1-1", "2024-02-30", "2023-02-29", "2024-13-01", "0000-00-00",
             "2024-01-01T00:00:00Z", "10000-01-01", "-001-01-01", "1900-02-29"],
    "email": ["", "x", "@", "a@", "@b.c", "a b@c.d", "a@b c", "a@@b.c", "x" * 65 + "@b.c",
              "a@" + "b" * 256 + ".c", "a@b..c", "a\r\n@b.c", "<a@b.c>"],
}
WRONG_DECIMALS = ["", "x", "1,5", "1.", ".5", "+1", "-0", "01", "1e3", "0x1", " 1", "1 ",
                  "1.1234567", "1234567890123", "NaN", "Infinity", "--1", "1.5.5", "１"]


def wrong_values(schema):
    """Values that the schema of a member refuses."""
    schema = resolve(schema)
    if "anyOf" in schema:
        options = [resolve(option) for option in schema["anyOf"]]
        schema = next(option for option in options if option["type"] != "null")
        if len(options) > 1:
            schema = {**schema, "type": [schema["type"], "null"]}
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if "null" not in types:
        yield None
    for kind in types:
        yield from WRONG.get(kind, [])
    yield from WRONG_FORMATS.get(schema.get("format"), [])
    if "enum" in schema:
        yield from ("", "nothing", "NULL", str(schema["enum"][0]).upper() + "x")
        return
    if "string" in types:
        yield from ("\x01", "a\x7fb", "a\u0085b") if "x-multiline" not in schema else ()
        if "maxLength" in schema:
            yield from ("x" * (schema["maxLength"] + 1), "\U0001f600" * (schema["maxLength"] + 1))
        if schema.get("minLength", 0) > 0:
            yield ""
        if "pattern" in schema and "." in schema["pattern"] and "d" in schema["pattern"]:
            yield from WRONG_DECIMALS
        elif "pattern" in schema and "_" in schema["pattern"]:
            yield from ("", "x", "cus_", "abc_01j00000000000000000000000", "cus_" + "8" * 26,
                        "cus_" + "0" * 25, "cus_" + "0" * 27, "CUS_" + "0" * 26, "cus_" + "u" * 26)
    for bound, step in (("minimum", -1), ("maximum", 1)):
        if bound in schema:
            yield schema[bound] + step
    if "minItems" in schema:
        yield []
    if "maxItems" in schema:
        yield [{}] * (schema["maxItems"] + 1)


@pytest.mark.parametrize("op", WITH_BODY, ids=str)
def test_wrong_values(account, sessions, op):
    """Each member of each body with values of other types and beyond its limits. The other members
    are left out, so no request is valid as a whole; the member's own fault must be named."""
    client = owner_of(op, account, sessions)
    with unchanged():
        for name, schema in op.input["properties"].items():
            for value in wrong_values(schema):
                answer = send(client, op, json.dumps({name: value, "surprise": 1}).encode())
                assert answer.status == 422 or (answer.status, answer.code) == (
                    400, "invalid_json"), (name, value, answer)
                if answer.status == 422:
                    pointers = {p for p, _ in answer.faults()}
                    assert any(p == "/" + name or p.startswith(f"/{name}/") for p in pointers), \
                        (name, value, answer)


METADATA = {
    "51 pairs": {str(i): "x" for i in range(51)}, "long name": {"x" * 41: "v"},
    "long value": {"k": "x" * 501}, "number": {"k": 1}, "object": {"k": {}}, "array": {"k": ["x"]},
    "true": {"k": True}, "empty name": {"": "v"}, "control": {"k": "a\x01b"},
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_that_is_refused(account, name):
    with unchanged():
        answer = account.client.post("/v1/customers", customer_body(metadata=METADATA[name]))
        assert answer.status == 422, answer
        assert any(p.startswith("/metadata") for p, _ in answer.faults()), answer


@pytest.mark.parametrize("metadata", [
    {}, {str(i): "x" for i in range(50)}, {"x" * 40: "y" * 500},
    {"\U0001f600" * 40: "\U0001f600" * 500},
    {"a b": "", "quote\"": "back\\slash", "</script>": "'; DROP TABLE customers; --"},
    {"~/": "%s%n", "\u2028": "\u200b"}])
def test_metadata_that_is_kept(account, metadata):
    made = account.customer(metadata=metadata)
    assert made["metadata"] == metadata
    assert account.client.ok("GET", "/v1/customers/" + made["id"])["metadata"] == metadata


@pytest.mark.parametrize("text", [
    "'", '"', "\\", "%", "_", "--", ";", "%s%n%x", "' OR '1'='1", "<b>&amp;</b>", "☃", "\U0001f600",
    "e\u0301", "\u202eabc", "x" * 255, "\U0001f600" * 255, "\u00a0", "ß", "İ", "NULL", "0"])
def test_names_come_back_as_they_were(account, text):
    made = account.customer(name=text)
    assert made["name"] == text
    assert account.client.ok("GET", "/v1/customers/" + made["id"])["name"] == text
    assert text in {r["name"] for r in account.client.ok("GET", "/v1/customers")["data"]}


def test_all_faults_at_once(account):
    answer = account.client.post("/v1/orders", {
        "customer_id": "nonsense", "currency": "EURO", "surprise": 1,
        "lines": [line(quantity="0"), {"quantity": "x"}, line(tax_percent="101"), 7]})
    assert {p for p, _ in answer.faults()} >= {
        "/customer_id", "/currency", "/surprise", "/lines/0/quantity", "/lines/1/quantity",
        "/lines/2/tax_percent", "/lines/3"}, answer


def test_many_faults(account):
    answer = account.client.post("/v1/orders", {
        "customer_id": account.customer()["id"], "lines": [{"quantity": "x"}] * 900})
    assert answer.status == 422 and 1 <= len(answer.json()["errors"]) <= 64, answer
    answer = account.client.post("/v1/orders", {f"m{i}": 1 for i in range(65)})
    assert answer.status in (400, 422), answer
    answer = account.client.post("/v1/orders", {
        "customer_id": account.customer()["id"], "lines": [line()] * 901})
    assert answer.status == 422 and "/lines" in {p for p, _ in answer.faults()}, answer


def test_the_most_lines(account):
    order = account.order(lines=[line(description=f"line {i}") for i in range(900)])
    assert [row["description"] for row in order["lines"]] == [f"line {i}" for i in range(900)]
    assert account.client.ok("GET", "/v1/orders/" + order["id"])["lines"] == order["lines"]
    invoice = account.invoice(order_id=order["id"])
    assert invoice["line_count"] == 900 and invoice["status"] == "open"


def test_random_bytes(account):
    """Valid bodies with bytes changed at random: never a 5xx, never a lost connection."""
    rng = environment.rng("random bytes")
    client = Client(account.client.token)
    customer = account.customer()["id"]
    base = json.dumps({"customer_id": customer, "lines": [line(), line(discount_percent="5")],
                       "metadata": {"k": "v"}, "note": "n", "place": False}).encode()
    for _ in range(environment.times(800)):
        body = bytearray(base)
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(len(body))
            kind = rng.randrange(4)
            if kind == 0:
                body[at] = rng.randrange(256)
            elif kind == 1:
                del body[at:at + rng.randrange(1, 20)]
            elif kind == 2:
                body[at:at] = rng.choice((b"{", b"[", b'"', b",", b"\\u", b"null", b"1e9", b"\xff"))
            else:
                body[at:at] = body[rng.randrange(len(body)):][:rng.randrange(1, 40)]
            if not body:
                body = bytearray(b"0")
        answer = client.post("/v1/orders", bytes(body))
        assert answer.status in (201, 400, 422), (bytes(body), answer)
