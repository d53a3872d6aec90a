# SPDX-License-Identifier: Apache-2.0
"""ETag, If-None-Match, If-Match."""

import pytest

from support.document import BY_ID, OPERATIONS
from support.http import Client, parallel
from support.world import SAMPLES

WITH_ETAG = [op for op in OPERATIONS if op.method == "GET" and 304 in op.responses]
WITH_IF_MATCH = [op for op in OPERATIONS if op.takes("If-Match", "header")]


@pytest.mark.parametrize("op", WITH_ETAG, ids=str)
def test_if_none_match(account, op):
    path, _ = SAMPLES[op.id](account)
    for _ in range(2):  # the second time from the cache
        answer = account.client.get(path)
        etag = answer.header("etag")
        assert answer.status == 200 and etag.startswith('"') and etag.endswith('"'), answer
        for value in (etag, "W/" + etag, "*", f'"x", {etag}', f'{etag},"y"', f"  {etag} "):
            known = account.client.get(path, If_None_Match=value)
            assert (known.status, known.body) == (304, b""), (value, known)
            assert known.header("etag") == etag
            assert known.header("content-type") is None or known.header("content-length") is None
        for value in ('"x"', etag[:-1], etag[1:-1], etag[:-2] + '"', '""', "x", '"0-00000000"'):
            assert account.client.get(path, If_None_Match=value).status == 200, value
        assert account.client.request("HEAD", path, If_None_Match=etag).status == 304


def test_the_tag_follows_the_version(account):
    path = "/v1/customers/" + account.customer()["id"]
    tags = [account.client.get(path).header("etag")]
    for i in range(5):
        answer = account.client.patch(path, {"phone": str(i)})
        tags.append(answer.header("etag"))
        assert account.client.get(path).header("etag") == tags[-1]
        assert account.client.get(path, If_None_Match=tags[-2]).status == 200
    assert len(set(tags)) == 6


@pytest.mark.parametrize("op", WITH_IF_MATCH, ids=str)
def test_if_match(account, op):
    path, body = SAMPLES[op.id](account)
    get = "/".join(path.split("/")[:4])
    read = account.client.get(get)
    etag = read.header("etag")
    assert etag is not None, read
    version, fingerprint = etag.strip('"').split("-")
    for stale in (f'"{int(version) + 1}-{fingerprint}"', f'"{int(version) - 1}-{fingerprint}"',
                  "W/" + etag, '"x"', f'"{version}-00000000"', f'"{version}"',
                  f'"9223372036854775807-{fingerprint}"'):
        answer = account.client.request(op.method, path, body, If_Match=stale)
        assert (answer.status, answer.code) == (412, "precondition_failed"), (stale, answer)
    assert account.client.get(get).header("etag") == etag
    answer = account.client.request(op.method, path, body, If_Match=f'"y", {etag}')
    assert answer.status in (200, 204), answer


@pytest.mark.parametrize("op", WITH_IF_MATCH, ids=str)
def test_if_match_any(account, op):
    path, body = SAMPLES[op.id](account)
    answer = account.client.request(op.method, path, body, If_Match="*")
    assert answer.status in (200, 204), answer


def test_if_match_of_what_is_not_there(account):
    for op in WITH_IF_MATCH:
        path, body = SAMPLES[op.id](account)
        if "{id}" not in op.path:
            continue
        parts = path.split("/")
        parts[3] = parts[3][:4] + "01j00000000000000000000000"
        answer = account.client.request(op.method, "/".join(parts), body, If_Match="*")
        assert answer.status in (404, 412), answer


def test_one_of_many_writers_wins(account):
    path = "/v1/customers/" + account.customer()["id"]
    for _ in range(3):
        etag = account.client.get(path).header("etag")
        clients = [Client(account.client.token) for _ in range(8)]
        answers = parallel(8, lambda i: clients[i].patch(path, {"phone": str(i)}, If_Match=etag))
        assert sorted(a.status for a in answers) == [200] + [412] * 7, answers
        winner = [i for i in range(8) if answers[i].status == 200][0]
        assert account.client.ok("GET", path)["phone"] == str(winner)


def test_what_a_write_answers_is_what_a_read_answers(account):
    """The same bytes and the same tag."""
    for create, get in (("customers.create", "customers.get"), ("products.create", "products.get"),
                        ("orders.create", "orders.get"), ("invoices.create", "invoices.get"),
                        ("payments.create", "payments.get"),
                        ("credit_notes.create", "credit_notes.get")):
        path, body = SAMPLES[create](account)
        made = account.client.post(path, body)
        assert made.status == 201, made
        where = BY_ID[get].path.replace("{id}", made.json()["id"])
        assert made.header("location").endswith(where)
        for _ in range(2):
            read = account.client.get(where, Remit_Consistency=made.header("remit-consistency"))
            assert read.body == made.body, (made, read)
            assert read.header("etag") == made.header("etag")


def test_actions_answer_what_a_read_answers(account):
    for op in OPERATIONS:
        if op.method not in ("POST", "PATCH") or "{id}" not in op.path or 200 not in op.responses:
            continue
        path, body = SAMPLES[op.id](account)
        done = account.client.request(op.method, path, body)
        read = account.client.get("/".join(path.split("/")[:4]),
                                  Remit_Consistency=done.header("remit-consistency"))
        assert done.status == 200 and done.json() == read.json(), (done, read)
        assert done.header("etag") == read.header("etag"), op
