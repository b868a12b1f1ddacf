# SPDX-License-Identifier: BSD-3-Clause
"""docs/rfc-compliance.md names tests that exist, in every row, and every test named after a section."""
import pathlib
import re

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SCENARIOS = TOP / "tests" / "packet" / "scenarios"
DOC = TOP / "docs" / "rfc-compliance.md"
OF_A_SECTION = re.compile(r"-\d+(?:[.-]\d+)*(?:-|\.txt$)")


def rows():
    """(heading, cells) of each row of the tables."""
    heading = ""
    for line in DOC.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("|") and not line.startswith(("| § |", "|---")):
            yield heading, [c.strip() for c in line.strip("|").split("|")]


def find(name):
    """The file of a test, as the doc names it."""
    if name.endswith(".txt"):
        return (SCENARIOS / name).exists()
    if name.endswith(".py"):
        return (TOP / "tests" / "lab" / name).exists()
    return any((TOP / "tests" / "unit").glob(f"*/{name}"))


@pytest.mark.parametrize("heading,cells", [pytest.param(*r, id=f"{r[0]} {r[1][0]} {n}")
                                           for n, r in enumerate(rows())])
def test_row(heading, cells):
    assert len(cells) == 4, "section, requirement, what we do, test"
    assert all(cells)
    tests = [t.strip() for t in cells[3].split(",")]
    assert tests
    for test in tests:
        assert test == "*all*" or find(test), test
    for deviation in re.findall(r"\*\*\((D\d)\)\*\*", cells[2]):
        assert f"- **{deviation}** (" in DOC.read_text(encoding="utf-8")


def test_every_scenario_named_after_a_section_stands_there():
    named = {t.strip() for _, cells in rows() for t in cells[3].split(",")}
    of_sections = {p.name for p in SCENARIOS.glob("*.txt")
                   if OF_A_SECTION.search(p.name) and not re.search(r"-\d{3,}", p.name)}
    assert len(of_sections) > 40
    assert of_sections <= named, of_sections - named


def test_every_section_is_there():
    """Those of RFC 6762 that bind a host, and of the draft that bind the gateway."""
    sections = {}
    for heading, cells in rows():
        for first, last in re.findall(r"([\d.]+)(?:–([\d.]+))?", cells[0]):
            sections.setdefault(heading, set()).add(first)
            if last:
                head, _, tail = first.rpartition(".")
                sections[heading] |= {f"{head}.{n}" for n in range(
                    int(tail), int(last.rpartition(".")[2]) + 1)}
    assert {"3", "4", "5.1", "5.2", "5.3", "5.4", "5.5", "6", "6.1", "6.2", "6.3", "6.4", "6.5", "6.6",
            "6.7", "7.1", "7.2", "7.3", "7.4", "8", "8.1", "8.2", "8.2.1", "8.3", "8.4", "9", "10",
            "10.1", "10.2", "10.3", "10.4", "10.5", "11", "12", "14", "16", "17", "18.1", "18.5",
            "18.11", "18.14", "20", "21"} <= sections["RFC 6762"]
    assert {"3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "4.1", "4.2", "4.3", "4.4",
            "4.5"} <= sections["The gateway draft"]
    assert {"4.1.1", "4.3", "6", "6.1", "7.1", "9", "11", "12.1", "12.2"} <= sections["RFC 6763"]
