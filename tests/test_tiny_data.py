"""Tiny and nearly degenerate data that once made a warning, a number that is none, or a traceback."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import pytest

from reportgen import analyze
from reportgen.fits import UnfitVariant

DATA: dict[str, tuple[str, dict[str, Any], dict[str, list[Any]]]] = {
    "degrees of freedom without meaning": (
        "y ~ x + (x|g)",
        {"weights": "w"},
        {
            "y": [-0.63939, -0.63939, 0.4137, 0.4137, 1.1701, 1.1701, 0.73408, 0.73408],
            "x": [0.34851, 0.34851, -1.0546, -1.0546, -0.038199, -0.038199, -0.74437, -0.74437],
            "g": ["g1", "g2", "g2", "g2", "g0", "g2", "g3", "g2"],
            "w": [0.28527, 6.882, 5.8537, 4.2314, 3.4903, 6.3799, 7.9793, 1.4643],
        },
    ),
    "a variance that rounding makes negative": (
        "y ~ x + (x|g)",
        {},
        {
            "y": [0, 1, 2, 1, 2, 0, 0, 0, 1, 1, 0, 1, 2, 1, 0, 0, 0, 0, 0, 2, 0, 2, 1, 2, 0, 0, 2, 1, 1, 2],
            "x": [
                0.0,
                0.0,
                0.0,
                0.0,
                -0.61,
                0.38,
                -0.64,
                0.0,
                0.0,
                0.0,
                0.0,
                0.45,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                -1.35,
                0.11,
                0.0,
                0.0,
                0.05,
                0.0,
                0.0,
                0.0,
                0.0,
                0.16,
            ],
            "g": list("000122210002111110102201200002"),
        },
    ),
    "slopes of one group": (
        "y ~ x + (x|g)",
        {},
        {
            "y": [
                -0.36517,
                -0.36517,
                -0.082173,
                -0.082173,
                -0.046665,
                -0.046665,
                -0.5424,
                -0.5424,
                -0.57246,
                -0.57246,
                -0.022536,
                -0.022536,
                2.1195,
                2.1195,
                1.6527,
                1.6527,
                0.25962,
                0.25962,
                1.9021,
                1.9021,
                -0.47471,
                -0.47471,
                -0.65078,
                -0.65078,
                -0.92525,
                -0.92525,
                0.96833,
                0.96833,
                -0.40254,
                -0.40254,
                -1.4601,
                -1.4601,
                -0.699,
                -0.699,
                -0.78237,
                -0.78237,
                -0.113,
                -0.113,
            ],
            "x": [
                0.0,
                0.0,
                -1.89,
                0.0,
                0.36695,
                0.0,
                0.0,
                0.0,
                0.0,
                -0.25906,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.24918,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
            ],
            "g": [
                "g0",
                "g2",
                "g1",
                "g2",
                "g1",
                "g5",
                "g5",
                "g0",
                "g5",
                "g1",
                "g4",
                "g4",
                "g5",
                "g5",
                "g0",
                "g1",
                "g0",
                "g5",
                "g5",
                "g0",
                "g0",
                "g3",
                "g0",
                "g2",
                "g3",
                "g5",
                "g5",
                "g3",
                "g2",
                "g4",
                "g4",
                "g3",
                "g0",
                "g5",
                "g4",
                "g3",
                "g2",
                "g2",
            ],
        },
    ),
    "perfect fit without a group": (
        "y ~ x + (1|g)",
        {},
        {
            "y": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.703e-08, 0.0, 0.0, 5.5647e-10, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            "x": [
                -1.0139,
                -0.17953,
                1.8998,
                0.87775,
                0.71631,
                0.80049,
                1.8184,
                0.30405,
                1.4657,
                -1.2258,
                0.67707,
                -0.1867,
                1.216,
                2.7229,
                -0.28165,
                0.2898,
                -3.3953,
                0.71562,
            ],
            "g": ["g5", "g7", "g3", "g2", "g6", "g1", "g5", "g4", "g0", "g0", "g4", "g5", "g0", "g7", "g0", "g3", "g5", "g7"],
        },
    ),
    "five rows": (
        "y ~ x + (x||g)",
        {"weights": "w"},
        {
            "y": [1.5314, 0.77843, -0.67172, 0.98762, -1.1771],
            "x": [0.0, 0.0, 1.0, 0.0, 0.0],
            "g": ["g0", "g1", "g2", "g2", "g1"],
            "w": [3.5425, 1.7577, 2.1474, 1.2446, 5.856],
        },
    ),
    "factor slopes of few rows": (
        "y ~ f + (f|g)",
        {},
        {"y": [1, 0, 2, 0, 2, 2, 2, 0, 0, 1], "f": [*"bcaaababab"], "g": [*"4304322322"]},
    ),
}


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} in the result file")


@pytest.mark.parametrize("name", DATA)
def test_every_figure_is_a_number_or_has_a_reason(name: str) -> None:
    formula, options, columns = DATA[name]
    found = analyze(formula, pd.DataFrame(columns), **options)  # warnings are errors here
    results = json.loads(found.to_json(), parse_constant=refuse)
    assert not [check for check in results["checks"] if check["holds"] is False]
    for fit in results["variants"].values():
        assert all(term[key] is not None for term in fit["terms"] for key in ("df", "conf_low", "conf_high", "p_value"))
        assert all(term["df"] > 0 for term in [*fit["terms"], *fit.get("kenward_roger", [])])
    words = re.sub(r"<[^>]+>", " ", found.to_html())
    assert not re.findall(r"[^.]{0,40}(?<![\w-])(?:nan|inf|NaN|None)(?!\w)[^.]{0,20}", words)


def test_slopes_that_one_group_alone_has_are_not_fitted() -> None:
    formula, options, columns = DATA["slopes of one group"]
    fit = analyze(formula, pd.DataFrame(columns), **options).fits["within_between_slope"]
    assert isinstance(fit, UnfitVariant)
    assert fit.reason.code == "not_finite"
