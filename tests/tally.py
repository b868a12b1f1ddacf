# SPDX-License-Identifier: BSD-3-Clause
"""Reads the runners' own counts: prints PASSED FAILED SKIPPED.

tally.py meson RC TESTLOG   every test of a meson testlog.json
tally.py output RC FILE     the closing line of one runner's output
"""
import json
import os
import re
import sys

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
CRITERION = re.compile(
    r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")
PLAIN = re.compile(r"^(?:\S+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)
PYTEST = re.compile(r"^=* ?((?:\d+ \w+(?:, )?)+) in [\d.]+s.*$", re.M)


def counts(text):
    """(passed, failed, skipped) as the runner that wrote text says, or None."""
    text = ANSI.sub("", text)
    found = CRITERION.findall(text)
    if found:
        # A crash may be counted under Failing as well: what did not pass has failed.
        tested, passing = (sum(int(row[i]) for row in found) for i in (0, 1))
        return passing, tested - passing, 0
    found = PLAIN.findall(text)
    if found:
        return tuple(int(n or 0) for n in found[-1])
    found = PYTEST.findall(text)
    if found:
        words = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", found[-1])}
        bad = sum(words.get(w, 0) for w in ("failed", "error", "errors", "xpassed"))
        return words.get("passed", 0), bad, words.get("skipped", 0) + words.get("xfailed", 0)
    return None


def settle(found, rc):
    """A runner that ended badly has failed at least once, whatever it counted."""
    passed, failed, skipped = found or (0, 0, 0)
    if rc and not failed:
        failed = 1
    return passed, failed, skipped


def meson(path):
    total = [0, 0, 0]
    if not os.path.exists(path):
        return total  # no test matched
    with open(path, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            ok = test["result"] in ("OK", "EXPECTEDFAIL")
            if test["result"] == "SKIP":
                one = (0, 0, 1)
            else:
                found = counts((test.get("stdout") or "") + "\n" + (test.get("stderr") or ""))
                one = settle(found or ((1, 0, 0) if ok else None), 0 if ok else 1)
            total = [a + b for a, b in zip(total, one)]
    return total


def main():
    kind, rc, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if kind == "meson":
        found = meson(path)
    else:
        with open(path, encoding="utf-8", errors="replace") as log:
            found = counts(log.read())
    print(*settle(found, rc))


if __name__ == "__main__":
    main()
