"""Every figure held against lme4, lmerTest, pbkrtest and plm on nine public data sets.

Tolerances. Least squares: 1e-7, both sides solve the same equations in double precision. Mixed models: estimates to 2e-4
standard errors and standard errors to 2e-4, since lme4 stops its optimiser near the optimum; variances of group effects to
5e-3, the flattest direction of the likelihood; log-likelihoods to 1e-4, where the flatness helps. Degrees of freedom to 5e-3
(lmerTest differentiates numerically), Kenward-Roger errors to 5e-4 and degrees of freedom to 1e-2. A fit whose REML
log-likelihood is higher than the reference's has found the better optimum, and only that is asked of it.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reportgen import analyze

HERE = Path(__file__).resolve().parent
CASES = ("chickweight", "dragons", "dyestuff2", "grunfeld", "hsb82", "orthodont", "oxboys", "produc", "sleepstudy")
LEAST_SQUARES = {"pooled", "no_pooling", "between"}


def figures(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "reference" / "figures" / f"{case}.json").read_text(encoding="utf-8"))
    return found


@cache
def results(case: str) -> dict[str, Any]:
    reference = figures(case)
    data = HERE / "reference" / "data" / f"{case}.csv"
    if case == "dragons":
        data = HERE.parent / "examples" / "dragons" / "dragons.csv"
    found: dict[str, Any] = json.loads(analyze(reference.get("slope_formula", reference["formula"]), data).to_json())
    return found


PAIRS = [(case, variant) for case in CASES for variant in figures(case)["variants"]]


def plain(column: str) -> str:
    """The name of a design column as R writes it: ``C(Diet)[T.2]`` is ``Diet2``."""
    if column.startswith("C("):
        column = column[2:].replace(")", "", 1)
    return column.replace("[T.", "").replace("]", "")


def by_name(terms: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(plain(term["column"]), term.get("role", "")): term for term in terms}


def found_better(variant: dict[str, Any], reference: dict[str, Any]) -> bool:
    ours, theirs = variant.get("reml_log_likelihood"), reference.get("reml_log_likelihood")
    return ours is not None and theirs is not None and ours > theirs + 1e-4


@pytest.mark.parametrize(("case", "name"), PAIRS)
def test_coefficients(case: str, name: str) -> None:
    ours, reference = results(case)["variants"][name], figures(case)["variants"][name]
    assert ours["status"] == "fitted"
    if found_better(ours, reference):
        return
    closeness, df_closeness = (1e-7, 1e-9) if name in LEAST_SQUARES else (2e-4, 5e-3)
    terms = by_name(ours["terms"])
    assert terms.keys() == by_name(reference["terms"]).keys()
    for key, theirs in by_name(reference["terms"]).items():
        mine = terms[key]
        assert mine["estimate"] == pytest.approx(theirs["estimate"], abs=closeness * theirs["std_error"]), key
        assert mine["std_error"] == pytest.approx(theirs["std_error"], rel=closeness), key
        if not reference.get("is_singular"):
            if "df" in theirs:
                assert mine["df"] == pytest.approx(theirs["df"], rel=df_closeness), key
            assert mine["p_value"] == pytest.approx(theirs["p_value"], abs=5e-4), key


@pytest.mark.parametrize(("case", "name"), [pair for pair in PAIRS if pair[1] not in LEAST_SQUARES])
def test_variances_and_likelihoods(case: str, name: str) -> None:
    ours, reference = results(case)["variants"][name], figures(case)["variants"][name]
    assert ours["reml_log_likelihood"] > reference["reml_log_likelihood"] - 1e-4
    assert ours["ml_log_likelihood"] > reference["ml_log_likelihood"] - 1e-4
    if found_better(ours, reference):
        return
    assert ours["ml_log_likelihood"] == pytest.approx(reference["ml_log_likelihood"], abs=1e-4)
    assert ours["aic"] == pytest.approx(reference["ml_aic"], abs=1e-3)
    assert ours["bic"] == pytest.approx(reference["ml_bic"], abs=1e-3)
    assert ours["sigma2_residual"] == pytest.approx(reference["sigma2_residual"], rel=1e-3)
    assert ours["is_singular"] is reference["is_singular"]
    psi = (
        reference["group_covariance"] if isinstance(reference["group_covariance"], list) else [[reference["group_covariance"]]]
    )
    for i, row in enumerate(psi):
        for j, value in enumerate(row):
            scale = math.sqrt(psi[i][i] * psi[j][j])
            assert ours["group_covariance"][i][j] == pytest.approx(value, abs=5e-3 * scale)


@pytest.mark.parametrize(("case", "name"), [pair for pair in PAIRS if "r2" in figures(pair[0])["variants"][pair[1]]])
def test_r_squared(case: str, name: str) -> None:
    ours, reference = results(case)["variants"][name], figures(case)["variants"][name]
    if not isinstance(reference["r2"], dict):
        assert ours["r2"]["r2"] == pytest.approx(reference["r2"], rel=1e-7, abs=1e-12)
        return
    assert ours["r2"]["marginal"] == pytest.approx(reference["r2"]["marginal"], abs=2e-3)
    assert ours["r2"]["conditional"] == pytest.approx(reference["r2"]["conditional"], abs=2e-3)


@pytest.mark.parametrize(("case", "name"), [pair for pair in PAIRS if "kenward_roger" in figures(pair[0])["variants"][pair[1]]])
def test_kenward_roger(case: str, name: str) -> None:
    ours, reference = results(case)["variants"][name], figures(case)["variants"][name]
    if reference["is_singular"]:
        return
    terms = by_name(ours["kenward_roger"])
    for key, theirs in by_name(reference["kenward_roger"]).items():
        assert terms[key]["std_error"] == pytest.approx(theirs["std_error"], rel=5e-4), key
        assert terms[key]["df"] == pytest.approx(theirs["df"], rel=1e-2), key


@pytest.mark.parametrize("case", CASES)
def test_cluster_robust_errors_of_pooled_regression(case: str) -> None:
    """CR1 with the factor J / (J - 1) (N - 1) / (N - p), as plm and Stata have it."""
    robust = [term for term in results(case)["variants"]["pooled"]["robust"] if term["method"] == "CR1"]
    ours = {plain(term["column"]): term["std_error"] for term in robust}
    for theirs in figures(case)["variants"]["pooled"]["std_error_cluster_cr1"]:
        assert ours[theirs["column"]] == pytest.approx(theirs["std_error"], rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_tests_between_models(case: str) -> None:
    ours, reference = results(case)["tests"], figures(case).get("tests", {})
    if "mundlak_wald" in reference:
        assert ours["mundlak"]["chi2"] == pytest.approx(reference["mundlak_wald"]["chi2"], rel=2e-3)
        assert ours["mundlak"]["df"] == reference["mundlak_wald"]["df"]
    if "f_pooling" in reference:
        assert ours["group_variance"]["f"] == pytest.approx(reference["f_pooling"]["F"], rel=1e-7)
        assert ours["group_variance"]["f_df"] == [reference["f_pooling"]["df1"], reference["f_pooling"]["df2"]]


@pytest.mark.parametrize("case", [case for case in CASES if "slope_variance" in figures(case).get("tests", {})])
def test_variance_of_slopes(case: str) -> None:
    """Two log-likelihoods, each to 1e-4; a higher one than lme4's is the better optimum."""
    ours, reference = results(case)["tests"]["slope_variance"][0], figures(case)["tests"]["slope_variance"]
    assert (ours["variant"], ours["against"], ours["df"]) == ("random_slope", "random_intercept", reference["df"])
    assert ours["lrt"] == pytest.approx(reference["lrt"], abs=4e-4)
    assert ours["p_value"] == pytest.approx(reference["p"], rel=1e-3)


@pytest.mark.parametrize("case", CASES)
def test_sizes_and_levels(case: str) -> None:
    ours, reference = results(case), figures(case)
    assert (ours["data"]["n_obs"], ours["data"]["n_groups"]) == (reference["n_obs"], reference["n_groups"])
    levels = {plain(c["column"]): (c["varies_within"], c["varies_between"]) for c in ours["columns"]}
    assert levels == {c["column"]: (c["varies_within"], c["varies_between"]) for c in reference["columns"]}


@pytest.mark.parametrize("case", CASES)
def test_identities_hold_to_ten_digits(case: str) -> None:
    applying = [check for check in results(case)["checks"] if check["discrepancy"] is not None]
    assert applying
    for check in applying:
        assert check["holds"] is True
        assert check["discrepancy"] < 1e-10, check["identity"]


def test_no_group_variance_gives_pooled_regression_exactly() -> None:
    variants = results("dyestuff2")["variants"]
    mixed, pooled = variants["random_intercept"], variants["pooled"]
    assert mixed["group_covariance"] == [[0.0]]
    assert [(t["estimate"], t["std_error"], t["df"]) for t in mixed["terms"]] == [
        (pytest.approx(t["estimate"], rel=1e-14), pytest.approx(t["std_error"], rel=1e-14), t["df"]) for t in pooled["terms"]
    ]
    assert "zero_group_variance" in [issue["code"] for issue in mixed["issues"]]


def test_the_singular_slope_of_the_founding_case() -> None:
    """On the boundary psi has rank one, so REML is a function of two numbers: its optimum was found with 40 digits."""
    terms = by_name(results("dragons")["variants"]["random_slope"]["terms"])
    assert results("dragons")["variants"]["random_slope"]["is_singular"] is True
    assert terms[("bodyLength2", "raw")]["estimate"] == pytest.approx(-0.033254200777834, rel=1e-7)
