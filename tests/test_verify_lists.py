"""Reports whose list of files, or whose files, are not what they say: each is named, none is believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from test_verify import PAGE, files, report

from reportgen.errors import NotAReport
from reportgen.presentation import attachments as evidence
from reportgen.presentation.pdf import pdf_of_page
from reportgen.verify import verify


def without_entry(given: Mapping[str, str], name: str) -> dict[str, str]:
    """The files, one of them left out of the list."""
    package = json.loads(given[evidence.PACKAGE])
    package["resources"] = [entry for entry in package["resources"] if entry["path"] != name]
    return {**given, evidence.PACKAGE: json.dumps(package)}


def test_data_that_are_not_in_the_list_are_named(tmp_path: Path) -> None:
    verdict = verify(report(tmp_path, without_entry(files("example"), evidence.DATA)))
    told = [(item.place, item.given, item.found) for item in verdict.differences]
    assert (evidence.DATA, "attached", "not in the list") in told


def test_a_list_other_than_the_printed_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    given = files("example", attach_data=False)
    path.write_bytes(pdf_of_page(PAGE.format(evidence.digest("another list")), given))
    (difference,) = verify(path).differences
    assert difference.place == f"{evidence.PACKAGE}, SHA-256"
    assert (difference.given, difference.found) == ("another one printed", evidence.digest(given[evidence.PACKAGE]))


def test_a_file_that_is_not_the_listed_one_is_named(tmp_path: Path) -> None:
    given = files("example", attach_data=False)
    changed = {**given, evidence.GROUPS: given[evidence.GROUPS] + "more,1\n"}
    places = [item.place for item in verify(report(tmp_path, changed)).differences]
    assert f"{evidence.GROUPS}, SHA-256" in places


@pytest.mark.parametrize("text", ["{}", '{"resources": [1]}', '{"resources": [{"hash": "x"}]}', '{"resources": 1}'])
def test_a_list_of_something_else_is_no_list(text: str, tmp_path: Path) -> None:
    given = {**files("example", attach_data=False), evidence.PACKAGE: text}
    with pytest.raises(NotAReport, match=r"the list of its files, datapackage\.json, is not one of reportgen"):
        verify(report(tmp_path, given))


def test_a_result_file_that_is_no_json(tmp_path: Path) -> None:
    given = {**files("example", attach_data=False), "results.json": "{"}
    with pytest.raises(NotAReport, match=r"its results\.json is no JSON"):
        verify(report(tmp_path, given))


def test_a_result_file_without_its_parts_is_a_difference(tmp_path: Path) -> None:
    results = json.loads(files("example", attach_data=False)["results.json"])
    del results["variants"]
    given = {**files("example", attach_data=False), "results.json": json.dumps(results)}
    told = [(item.place, item.given) for item in verify(report(tmp_path, given)).differences]
    assert ("results.json", "the content of a result file") in told


def test_data_of_another_shape_than_listed_are_a_difference(tmp_path: Path) -> None:
    given = files("example")
    package = json.loads(given[evidence.PACKAGE])
    for entry in package["resources"]:
        entry.pop("schema", None)
    changed = {**given, evidence.PACKAGE: json.dumps(package)}
    told = [(item.place, item.given) for item in verify(report(tmp_path, changed)).differences]
    assert (evidence.DATA, "rows as described in the list") in told
