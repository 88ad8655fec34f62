"""The lines a report prints for other programs: names that are valid and clash with nothing; run in R and Python they give
the figures of the report.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from situations import SITUATIONS, analysis, document, grouped

from reportgen.analysis import Analysis, walk
from reportgen.choices import Options
from reportgen.estimation.regressors import INTERCEPT
from reportgen.fits import Coefficient, LeastSquaresFit, MixedFit
from reportgen.presentation.html import render_html
from reportgen.presentation.recipes import Names, model, names_of, recipes
from reportgen.presentation.recipes.models import AS_THEY_STAND
from reportgen.presentation.recipes.r import translated
from reportgen.variants import CATALOGUE

DATA = Path(__file__).resolve().parent / "reference" / "data"
RSCRIPT = shutil.which("Rscript") or ""


def weighted() -> pd.DataFrame:
    frame = grouped((4, 9, 6, 12, 7, 5, 8, 10), 11)
    return frame.assign(w=np.linspace(0.4, 2.5, len(frame)))


def awkward() -> pd.DataFrame:
    """Columns whose names are words of the languages, are odd, or would clash with the names of derived columns."""
    frame = grouped((9,) * 8, 12).rename(columns={"x": "if", "z": "ses", "w": "ses_mean", "g": "the group"})
    return frame.assign(x1=frame["y"] * 0.1 + np.sin(np.arange(72.0)), f=frame["kind"])


CASES: Mapping[str, tuple[str, Any, Options]] = {
    "sleepstudy": ("Reaction ~ Days + (1 + Days | Subject)", DATA / "sleepstudy.csv", Options()),
    "uncorrelated": ("Reaction ~ Days + (Days || Subject)", DATA / "sleepstudy.csv", Options()),
    "slope_only": ("Reaction ~ Days + (0 + Days | Subject)", DATA / "sleepstudy.csv", Options()),
    "hsb82": ("mAch ~ ses + minrty + sector + (1 + ses | school)", DATA / "hsb82.csv", Options()),
    "logarithms": ("log(gsp) ~ log(pcap) + np.log(emp) + unemp + I(unemp**2) + (1 | state)", DATA / "produc.csv", Options()),
    "factors": ("distance ~ center(age) * Sex + (1 | Subject)", DATA / "orthodont.csv", Options()),
    "polynomial": ("weight ~ poly(Time, 2) + C(Diet) + (1 | Chick)", DATA / "chickweight.csv", Options()),
    "spline": ("weight ~ bs(Time, df=4) + (1 | Chick)", DATA / "chickweight.csv", Options()),
    "weights": (
        "y ~ x + z + w_ + (1 | g)",
        weighted().assign(w_=lambda d: d.groupby("g")["x"].transform("max")),
        Options(weights="w"),
    ),
    "awkward": ("y ~ `if` + ses + ses_mean + x1 + f + (1 | `the group`)", awkward(), Options()),
    "combined": ("y ~ x + (1 | g:kind)", grouped((9,) * 8, 1), Options()),
    "products": ("y ~ x * z + (1 | g)", grouped((9,) * 8, 1), Options(interactions="double-demeaned")),
}


@cache
def case(name: str) -> Analysis:
    formula, data, options = CASES[name]
    return walk(formula, data, options)


def frame_of(name: str) -> pd.DataFrame:
    data = CASES[name][1]
    return pd.read_csv(data) if isinstance(data, Path) else data


def coefficients(found: Analysis) -> Iterator[tuple[str, str, Coefficient]]:
    """Variant, name in the code, coefficient."""
    names = names_of(found)
    for variant in CATALOGUE:
        fit = found.fits.get(variant.id)
        for item in fit.coefficients if isinstance(fit, LeastSquaresFit | MixedFit) else ():
            yield variant.id, _code_name(found, variant.estimator, item, names), item


def _code_name(found: Analysis, estimator: str, item: Coefficient, names: Names) -> str:
    if item.column == INTERCEPT:
        return INTERCEPT
    plain = names.columns[item.column]
    if estimator == "double_demeaned":
        variant = next(v for v in CATALOGUE if v.id == "double_demeaned")
        split = [level.column for level in found.levels[:-1] if level.varies_within]
        part = model(variant, found, names).parts[split.index(item.column)]
        return part if isinstance(part, str) else f"I({part[0]} * {part[1]})"
    if estimator == "group_means" and names.weights and plain in names.split:
        return f"{plain}_mean"
    return plain if estimator in AS_THEY_STAND else names.part(item.column, item.role)


def check(found: Analysis, others: Mapping[str, Mapping[str, tuple[float, float]]], loose: float) -> None:
    """Compare estimates and standard errors; those of mixed models up to `loose`, where another optimiser stops."""
    n_compared = 0
    for variant, name, item in coefficients(found):
        if variant not in others:
            continue
        estimate, error = others[variant][name]
        tolerance = loose if isinstance(found.fits[variant], MixedFit) else 1e-7
        assert abs(estimate - item.estimate) <= tolerance * max(item.std_error, abs(item.estimate) * 1e-3), (variant, name)
        if not np.isnan(error):
            assert error == pytest.approx(item.std_error, rel=10 * tolerance), (variant, name)
        n_compared += 1
    assert n_compared >= len(others)


R_PRELUDE = """
suppressMessages(library(lmerTest))
show <- function(name, variant, m) {
  s <- coef(summary(m))
  cat(sprintf("%s\\t%s\\t%s\\t%.15g\\t%.15g\\n", name, variant, rownames(s), s[, "Estimate"], s[, "Std. Error"]), sep = "")
}
"""


@cache
def fitted_in_r() -> Mapping[str, Mapping[str, Mapping[str, tuple[float, float]]]]:
    """Every case fitted by one run of R: case, variant, name to estimate and standard error."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        script = [R_PRELUDE]
        for name in CASES:
            frame_of(name).to_csv(f"{folder}/{name}.csv", index=False)
            lines: Any = recipes(case(name))
            script += [f'd <- read.csv("{folder}/{name}.csv", check.names = FALSE)', lines["preparation"]["r"]]
            for variant, line in lines["models"].items():
                if variant == "separate":
                    script.append(f"invisible({line['r']})")
                elif isinstance(case(name).fits[variant], LeastSquaresFit | MixedFit):
                    script.append(f'show("{name}", "{variant}", {line["r"]})')
        Path(folder, "all.R").write_text("\n".join(script), encoding="utf-8")
        run = subprocess.run(
            [RSCRIPT, "--vanilla", f"{folder}/all.R"], capture_output=True, text=True, timeout=300, check=False
        )
    assert run.returncode == 0, run.stderr[-2000:]
    found: dict[str, dict[str, dict[str, tuple[float, float]]]] = {}
    for text in run.stdout.splitlines():
        name, variant, column, estimate, error = text.split("\t")
        found.setdefault(name, {}).setdefault(variant, {})[column] = (float(estimate), float(error))
    return found


def has_lmer() -> bool:
    if not RSCRIPT:
        return False
    probe = ["-e", 'quit(status = !all(c("lme4", "lmerTest") %in% rownames(installed.packages())))']
    return subprocess.run([RSCRIPT, "--vanilla", *probe], capture_output=True, timeout=60, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not has_lmer(), reason="R with lme4 and lmerTest is not here: apt-get install r-cran-lme4 r-cran-lmertest")
@pytest.mark.parametrize("name", CASES)
def test_the_lines_for_r_give_the_figures_of_the_report(name: str) -> None:
    check(case(name), fitted_in_r()[name], loose=2e-4)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("hsb82", "slope_only", "spline")])
@pytest.mark.filterwarnings("ignore")  # statsmodels warns about convergence and about the shape of what it is given
def test_the_lines_for_python_give_the_figures_of_the_report(name: str) -> None:
    lines: Any = recipes(case(name))
    space: dict[str, Any] = {"d": frame_of(name).copy()}
    exec(lines["preparation"]["python"], space)
    others: dict[str, dict[str, tuple[float, float]]] = {}
    for variant, line in lines["models"].items():
        fit = case(name).fits[variant]
        if not isinstance(fit, LeastSquaresFit | MixedFit) or line["python"].startswith("#"):
            continue
        found = eval(line["python"], space)
        errors = np.full(len(found.params), np.nan) if isinstance(fit, MixedFit) else np.asarray(found.bse)
        pairs = zip(found.params.index, np.asarray(found.params), errors, strict=True)
        others[variant] = {re.sub("^Intercept$", INTERCEPT, column): (float(a), float(b)) for column, a, b in pairs}
    check(case(name), others, loose=2e-2)


@pytest.mark.parametrize("situation", ["example", *SITUATIONS])
def test_lines_are_sound_whatever_the_names(situation: str) -> None:
    lines: Any = recipes(analysis(situation))
    names = names_of(analysis(situation))
    ast.parse(lines["preparation"]["python"])
    for line in lines["models"].values():
        ast.parse(line["python"])
        for text in line.values():
            assert "\n" not in text
            assert text.count("(") == text.count(")")
            assert "  " not in text
    used = [names.response, names.group, *names.columns.values()]
    used += [f"{name}{suffix}" for name in names.split for suffix in ("_mean", "_within")]
    assert len(used) == len(set(used))
    assert all(re.fullmatch(r"[A-Za-z]\w{0,31}", name, re.ASCII) for name in used)


def test_names_that_mean_something_else_are_replaced() -> None:
    names = names_of(case("awkward"))
    assert names.columns == {"if": "x1_", "ses": "x2", "ses_mean": "ses_mean", "x1": "x1", "f[T.mid]": "x5", "f[T.top]": "x6"}
    assert names.group == "g"


def test_names_in_the_report_are_json_text() -> None:
    assert json.dumps(recipes(analysis("hostile")))


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("C(x) + np.log(z**2)", "factor(x) + log(z^2)"),
        ("center(x):z", "scale(x, scale = FALSE):z"),
        ("`a**b` + bs(x, knots=[1, 2])", "`a**b` + splines::bs(x, knots=c(1, 2))"),
        ("I(x == 'True')", "I(x == 'True')"),
    ],
)
def test_terms_in_the_words_of_r(terms: str, expected: str) -> None:
    assert translated(terms) == expected


def test_what_r_lacks_is_said() -> None:
    frame = grouped((9,) * 8, 1)
    lines: Any = recipes(walk("y ~ cr(x, df=3, constraints='center') + (1 | g)", frame))
    assert "R has no counterpart of cr(x, df=3" in lines["preparation"]["r"]
    assert "model.matrix" not in lines["preparation"]["r"]


def test_uncorrelated_slopes_stay_uncorrelated() -> None:
    lines: Any = recipes(case("uncorrelated"))
    line = lines["models"]["random_slope"]
    assert "(1 + Days || Subject)" in line["r"]
    assert "covariance" not in line["stata"]
    assert 'vc_formula={"Days": "0 + Days"}' in line["python"]


def test_stata_makes_the_columns_it_can_and_names_the_others() -> None:
    frame = grouped((9,) * 8, 1).assign(v=2.0, code=[1, 2, 3] * 24)
    frame["v"] += frame["x"] ** 2
    lines: Any = recipes(walk("y ~ log(v) + kind + C(code) + kind:log(v) + I(z**2) + (1 | g)", frame))
    made = lines["preparation"]["stata"].splitlines()
    assert "generate x1 = log(v)" in made
    assert 'generate x2 = (kind == "mid")' in made
    assert [line for line in made if line.startswith("* fill in")] == [
        "* fill in x4: C(code)[T.2]",
        "* fill in x5: C(code)[T.3]",
        "* fill in x6: I(z ** 2)",
    ]
    assert 'generate x7 = (kind == "mid") * log(v)' in made


def test_stata_keeps_the_data_for_the_lines_that_follow() -> None:
    lines: Any = recipes(analysis("two_levels"))
    assert lines["models"]["separate"]["stata"] == "statsby _b _se, by(group_id) saving(separate, replace): regress y x"
    assert not any("clear" in line["stata"] for line in lines["models"].values())


def test_robust_errors_in_r() -> None:
    line = 'clubSandwich::coef_test(m, vcov = clubSandwich::vcovCR(m, cluster = d$g, type = "CR2"{}))'
    assert recipes(analysis("two_levels"))["robust"] == line.format("")
    assert recipes(case("weights"))["robust"] == line.format(", inverse_var = TRUE")
    assert "clubSandwich, which has to be installed" in render_html(document("two_levels"))
    assert "clubSandwich" not in render_html(document("no_predictor"))
