# SPDX-License-Identifier: Apache-2.0
"""What the checkers share: the C sources of the tree and their text without comments."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKENS = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def sources(*folders, suffixes=(".c", ".h")):
    """The files of these folders, sorted, as paths relative to the root."""
    return sorted(
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in suffixes and path.is_file()
    )


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def without_comments(text, strings=True):
    """Comments become spaces (strings too when not wanted); lines keep their numbers."""

    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token if strings else token[0] + " " * (len(token) - 2) + token[0]

    return TOKENS.sub(blank, text)


class Report:
    """Counts cases; says which ones failed."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def case(self, ok, message):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{self.name}: {message}", file=sys.stderr)
        return ok

    def finish(self):
        """Prints the count; the exit status."""
        print(f"{self.name}: {self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0
