# SPDX-License-Identifier: Apache-2.0
"""What stands in the database, asked behind the API's back. Nothing here changes a row."""

import subprocess

from support import environment

BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"


def ask(sql, socket=None, schema="remit"):
    """The rows of a statement as lists of texts."""
    done = subprocess.run(
        ["mariadb", "--no-defaults", "--socket=" + (socket or environment.PRIMARY), "--user=root",
         "--batch", "--raw", "--skip-column-names", schema],
        input=sql, capture_output=True, text=True)
    assert done.returncode == 0, (sql, done.stderr)
    return [line.split("\t") for line in done.stdout.split("\n")[:-1]]


def value(sql):
    rows = ask(sql)
    assert len(rows) == 1 and len(rows[0]) == 1, (sql, rows)
    return rows[0][0]


TABLES = sorted(row[0] for row in ask(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'remit'"))
# Their rows note when they were used, at some time after the answer.
USED = {"api_keys", "sessions"}


def counts():
    """{table: rows}"""
    union = " UNION ALL ".join(f"SELECT '{t}', COUNT(*) FROM `{t}`" for t in TABLES)
    return {table: int(n) for table, n in ask(union)}


def state():
    """Changes when anything changes but the use of a key or session."""
    names = ", ".join(f"`{t}`" for t in TABLES if t not in USED)
    checksums = ask(f"CHECKSUM TABLE {names}")
    used = [ask("SELECT COUNT(*), COUNT(revoked_at), MAX(revoked_at),"
                f" SUM(CRC32(CONCAT(HEX(secret_hash), COALESCE(expires_at, '')))) FROM {t}")
            for t in sorted(USED)]
    return checksums, used


def hex_id(text):
    """The bytes of a TypeID as the database writes them: x'...'."""
    number = 0
    for digit in text.rsplit("_", 1)[1]:
        number = number << 5 | BASE32.index(digit)
    return f"x'{number:032x}'"


class replication_stopped:
    """With replicas that get what the primary writes and do not apply it."""

    def __enter__(self):
        for socket in environment.REPLICAS:
            ask("STOP SLAVE SQL_THREAD", socket, "")

    def __exit__(self, *_):
        for socket in environment.REPLICAS:
            ask("START SLAVE SQL_THREAD", socket, "")
        position = ask("SELECT @@gtid_binlog_pos")[0][0]
        for socket in environment.REPLICAS:
            assert ask(f"SELECT MASTER_GTID_WAIT('{position}', 30)", socket, "") == [["0"]]
