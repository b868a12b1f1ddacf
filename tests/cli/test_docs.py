# SPDX-License-Identifier: BSD-3-Clause
"""docs/rfc-compliance.md names tests that exist, in every row, and every test named after a section."""
import pathlib
import re

import pytest

from conftest import LINKSPAN, run

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


def schema_rows():
    """The keys of the configuration file as yaml/keys.c has them: path, unit, when it changes, what it is."""
    source = (TOP / "yaml" / "keys.c").read_text(encoding="utf-8")
    body = source[source.index("static const struct schema_key schema[]"):]
    for block in re.findall(r"\n\t\{\n(.*?)\n\t\},", body, re.S):
        def text(field):
            found = re.search(rf'\.{field} = ((?:"(?:[^"\\]|\\.)*"\s*)+)', block)
            pieces = re.findall(r'"((?:[^"\\]|\\.)*)"', found[1]) if found else []
            return "".join(p.replace('\\"', '"').replace("\\\\", "\\") for p in pieces)
        restart = "restart" if ".restart = true" in block else "reload"
        yield f"| `{text('path')}` | {text('unit')} | {restart} | {text('doc')} |"


def test_every_key_is_in_the_reference():
    reference = (TOP / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines()
    keys = list(schema_rows())
    assert len(keys) > 60
    assert [line for line in reference if line.startswith("| `")][:len(keys)] == keys


def preset_rows():
    """Presets and their types as yaml/presets.c has them."""
    source = (TOP / "yaml" / "presets.c").read_text(encoding="utf-8")
    for name, types in re.findall(r'\.name = "([^"]+)",\s*\.types = TYPES\(([^)]*)\)', source):
        yield name, re.findall(r'"([^"]+)"', types)


def test_every_preset_is_in_the_guide():
    guide = (TOP / "docs" / "policy.md").read_text(encoding="utf-8")
    said = {cells[1].strip(" `"): re.findall(r"`(_[^`]+)`", cells[2])
            for cells in (line.split("|") for line in guide.splitlines())
            if len(cells) >= 5 and cells[1].strip().startswith("`")}
    for name, types in preset_rows():
        assert said.get(name) == types, name


# What the fragments of the guide take for granted.
AROUND = {
    "ports": 'ports: [{name: trunk0, device: "tap:t0"}]',
    "locations": "locations: {campus: {north: {dorm-a: {floor-1: {}}, library: {}}, south: {}}}",
    "links": "\n".join(["links:"] + [
        f"  - {{name: {name}, port: trunk0, vlan: {vlan}, group: {group}, policy: {{in: learn, out: {out}}}}}"
        for vlan, (name, group, out) in enumerate((
            ("staff", "rooms", "students"), ("flat1", "flat-1", "out"), ("flat2", "flat-2", "out"),
            ("common", "common", "out")), 50)]),
}


def guide_blocks():
    guide = (TOP / "docs" / "policy.md").read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", guide, re.S)


@pytest.mark.parametrize("block", [pytest.param(b, id=b.split("\n", 1)[0][:30]) for b in guide_blocks()])
def test_what_the_guide_shows_is_a_good_configuration(block, tmp_path):
    """Each fragment, with what it leaves out, passes --check."""
    if block.startswith("    - "):
        block = f"policies:\n  out:\n{block}"
    keys = set(re.findall(r"^([a-z]+):", block, re.M))
    parts = [text for key, text in AROUND.items() if key not in keys] + [block]
    links = AROUND["links"] if "links" not in keys else block
    named = set(re.findall(r"(?:in|out): ([a-z-]+)", links))
    made = set(re.findall(r"^  ([a-z-]+):", block[block.find("policies:"):], re.M)) if "policies" in keys else set()
    missing = "".join(f"  {name}: [{{permit: any}}]\n" for name in sorted(named - made))
    if "policies" in keys:
        parts[-1] = block.replace("policies:\n", f"policies:\n{missing}", 1)
    else:
        parts.append(f"policies:\n{missing}")
    config = tmp_path / "guide.yaml"
    config.write_text("\n".join(parts), encoding="utf-8")
    done = run(LINKSPAN, "-c", config, "--check")
    assert done.returncode == 0, done.stderr + "\n".join(parts)
