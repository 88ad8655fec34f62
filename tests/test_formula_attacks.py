"""Formulas as attacks: refused with exit 2 before anything of them runs, and nothing happens outside the output folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from audit import surroundings
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.errors import FormulaError, InputError
from reportgen.formula import parse_formula

MARKER = "MARKER"
SCRIPT = Path(__file__).with_name("audited_run.py")
EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "dragons" / "dragons.csv"

# What would run if the text were evaluated, and where it would stand.
PAYLOADS = (
    f"__import__('os').system('touch {MARKER}')",
    f"open('{MARKER}', 'w')",
    f"x.to_csv('{MARKER}')",
    f"x.values.tofile('{MARKER}')",
    f"np.save('{MARKER}', x)",
    f"np.lib.npyio.savetxt('{MARKER}', x)",
    f"eval('open(1, 2)', {MARKER})",
    f"exec('{MARKER}')",
    f"compile('{MARKER}', '', 'exec')",
    "getattr(x, 'to_csv')",
    "globals()",
    "().__class__.__base__.__subclasses__()",
    "x.__class__.__init__.__globals__",
    "(lambda: x)()",
    "[open(i) for i in x]",
    "{open(i) for i in x}",
    "(i for i in x)",
    "f'{x.to_csv()}'",
    "(x := open)",
    "*x",
    "**x",
    "x[0]",
    "x if open else x",
    "yield x",
    "await x",
    "x; import os",
    "x\nimport os",
    "print(x)",
    "input()",
    "breakpoint()",
    "help()",
    "type(x)",
    "vars(x)",
    "dir()",
    "pd.read_pickle('x')",
    "np.load('x', allow_pickle=True)",
    "np.fromfile('/etc/passwd')",
    "open('/etc/passwd').read()",
    "__builtins__",
    "__builtins__.open('x')",
    "`np`.linalg.inv(x)",
    "9**9**9",
    "2**x",
    "x**9**9",
    "'a' * 999999999",
    "1e400",
    "0x10",
    "1_000",
    "1j",
    "...",
    "None",
    "True",
    "not x",
    "~x",
    "x and z",
    "x @ z",
    "x is z",
    "x in z",
    "b'a'",
    "r'a'",
    "'a' 'b'",
    "x.y(z)",
    "log.__self__",
    "np.log.reduce(x)",
)
PLACES = (
    "y ~ {} + (1 | g)",
    "y ~ I({}) + (1 | g)",
    "y ~ log(x + {}) + (1 | g)",
    "y ~ x + (1 | {})",
    "y ~ x + ({} | g)",
    "{} ~ x + (1 | g)",
    "I({}) ~ x + (1 | g)",
    "y ~ C(x, {}) + (1 | g)",
    "y ~ C(x, Treatment({})) + (1 | g)",
    "y ~ bs(x, df={}) + (1 | g)",
    "y ~ bs(x, knots=[{}]) + (1 | g)",
    "y ~ scale(x, center={}) + (1 | g)",
    "y ~ {{{}}} + (1 | g)",
    "{{({})(x)}} ~ x + (1 | g)",
    "y ~ x:{} + (1 | g)",
    "y ~ (x + {})**2 + (1 | g)",
)

# Single vectors: each has its own way in.
VECTORS = (
    "y ~ Q('x') + (1 | g)",
    "y ~ lag(x, 1000000000) + (1 | g)",
    "y ~ hashed(x, levels=9) + (1 | g)",
    "y ~ np.log(x, out=y) + (1 | g)",
    "y ~ log(x, where=z) + (1 | g)",
    "y ~ log(x)(x) + (1 | g)",
    "y ~ log(x).real + (1 | g)",
    "y ~ I(x).__class__ + (1 | g)",
    "y ~ C(x, contrasts=contr.custom([[1]])) + (1 | g)",
    "y ~ C(x, levels=['a']) + (1 | g)",
    "y ~ C(x, spans_intercept=False) + (1 | g)",
    "y ~ C(x, Treatment(base=z)) + (1 | g)",
    "y ~ C(x, Treatment) + (1 | g)",
    "y ~ C(C(x)) + (1 | g)",
    "y ~ bs(x, df=1e9) + (1 | g)",
    "y ~ bs(x, df=51) + (1 | g)",
    "y ~ bs(x, df=-1) + (1 | g)",
    "y ~ bs(x, df=5, knots=[1]) + (1 | g)",
    "y ~ bs(x, knots=[5, 1]) + (1 | g)",
    "y ~ bs(x, knots=[" + "1, " * 101 + "1]) + (1 | g)",
    "y ~ bs(x, degree=99) + (1 | g)",
    "y ~ bs(x, extrapolation='na') + (1 | g)",
    "y ~ cr(x, constraints='anything') + (1 | g)",
    "y ~ poly(x, 11) + (1 | g)",
    "y ~ poly(x, 2.0) + (1 | g)",
    "y ~ poly(x, True) + (1 | g)",
    "y ~ scale(x, ddof=2) + (1 | g)",
    "y ~ scale(poly(x, 2)) + (1 | g)",
    "y ~ I(x**11) + (1 | g)",
    "y ~ I(x, x) + (1 | g)",
    "y ~ I(x == 'a\\\\b') + (1 | g)",
    "y ~ I(x == 'a\nb') + (1 | g)",
    'y ~ I(x == "a\'b") + (1 | g)',
    "y ~ I('a' < x) + (1 | g)",
    "y ~ I(x < 1 < 2) + (1 | g)",
    "y ~ I(1000000000000000 * x) + (1 | g)",
    "y ~ " + "(" * 5000,
    "y ~ " + "(" * 40 + "x" + ")" * 40 + " + (1 | g)",
    "y ~ I(" + "-" * 400 + "x) + (1 | g)",
    "y ~ I(" + "(" * 29 + "x" + ")" * 29 + " + " + " + ".join(["x"] * 300) + ") + (1 | g)",
    "y ~ (a + b + c + d + e)**12 + (1 | g)",
    "y ~ " + "*".join("abcdefghijklmnopq") + " + (1 | g)",
    "y ~ (" + " + ".join(f"x{i}" for i in range(120)) + ")**4 + (1 | g)",
    "y ~ " + "x" * 5001 + " + (1 | g)",
    "y ~ " + "+".join(["x"] * 400) + " + (1 | g)",
    "y ~ x + (1 | g)\x00",
    "y ~ x\x1b[31m + (1 | g)",
    "y ~ x\u202e + (1 | g)",
    "y ~ x\u2028import os + (1 | g)",
    "y ~ \ud800 + (1 | g)",
    "y ~ `a\x00b` + (1 | g)",
    "y ~ `a\nb` + (1 | g)",
    "y ~ `` + (1 | g)",
    "y \uff5e x + (1 | g)",
    "y ~ x \uff0b z + (1 | g)",
    "y ~ x + (1 | g) # comment",
    "y ~ x + (1 | g); z ~ x",
    "y ~ x + [1 | g]",
    "y ~ x + {1 | g}",
    "y ~ x + ((1 | g))",
    "y ~ x + (1 | (g))",
    "y ~ x + (1 | 'g')",
    "y ~ x + (1 | g | h)",
    "y ~ x + (1 | g:g)",
    "y ~ x + (1 | a:b:c:d:e)",
    "y ~ x + (1 | g) * z",
    "y ~ x ~ z + (1 | g)",
    "y, z ~ x + (1 | g)",
    "cbind(y, z) ~ x + (1 | g)",
    "-y ~ x + (1 | g)",
    "y * 2 ~ x + (1 | g)",
    "'y' ~ x + (1 | g)",
    "1 ~ x + (1 | g)",
    "I(3) ~ x + (1 | g)",
    "y ~ 0x + (1 | g)",
    "y ~ x 'z' + (1 | g)",
    "y ~ x ++ + (1 | g)",
    "y ~ x // z + (1 | g)",
    "y ~ x %% z + (1 | g)",
    "y ~ x && z + (1 | g)",
    "y ~ . + (1 | g)",
    "y ~ offset(x) + (1 | g)",
    "~",
    "~~",
    "|",
    "(|)",
    "()",
    "",
    " \t\n",
)

PAYLOAD_FORMULAS = tuple(place.format(payload) for payload in PAYLOADS for place in PLACES)
# A constant is a formula of its own where a constant may stand, and a spaced star has a meaning between terms.
MEANT = {place.format(payload) for place in PLACES[11:12] for payload in ("True",)}
ATTACKS = tuple(formula for formula in (*PAYLOAD_FORMULAS, *VECTORS) if formula not in MEANT)


def audited(out: Path, runs: list[list[str]], *, misbehave: bool = False) -> dict[str, Any]:
    """Run command lines in a process of their own that notes what it should not do."""
    out.mkdir(exist_ok=True)
    wanted = json.dumps({"out": str(out), "runs": runs, "misbehave": misbehave})
    folders = {"MPLCONFIGDIR": str(out.parent / "drawing"), "TMPDIR": str(out.parent / "temporary")}
    Path(folders["TMPDIR"]).mkdir(exist_ok=True)
    environment = os.environ | folders | surroundings(SCRIPT.parent.parent)
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(command, input=wanted, capture_output=True, text=True, cwd=out, env=environment, check=True)
    assert list(Path(folders["TMPDIR"]).iterdir()) == []
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("attacks") / "data.csv"
    rows = [f"{i * 1.7 % 3},{i * 2.3 % 5},{i % 7},g{i % 4}" for i in range(40)]
    path.write_text("y,x,z,g\n" + "\n".join(rows) + "\n")
    return path


def test_every_attack_is_refused_by_the_command_line_and_nothing_happens(data: Path) -> None:
    out = data.parent / "out"
    found = audited(out, [["fit", str(data), formula] for formula in ATTACKS if not formula.startswith("-")])
    assert len(found["results"]) > 1000
    for formula, result in zip((f for f in ATTACKS if not f.startswith("-")), found["results"], strict=True):
        assert result["code"] == 2, (formula, result)
        assert result["out"] == ""
        assert result["err"].startswith("reportgen: "), formula
        assert "Traceback" not in result["err"]
        assert "\x1b" not in result["err"]
        assert "\x00" not in result["err"]
    assert found["noted"] == []
    assert list(out.iterdir()) == []
    assert not list(data.parent.glob(f"**/{MARKER}*"))


def test_the_watch_notices_what_it_should(data: Path) -> None:
    found = audited(data.parent / "noticed", [], misbehave=True)
    assert [note.split(" ")[0] for note in found["noted"]] == ["os.system", "open"]


def test_a_report_starts_nothing_asks_nobody_and_writes_only_its_outputs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    formula = "testScore ~ poly(bodyLength2, 2) + (1 | mountainRange)"
    audited(out, [["render", str(EXAMPLE), formula, "--out", str(out)]])  # the drawing library lists its fonts once
    found = audited(out, [["render", str(EXAMPLE), formula, "--out", str(out)]])
    assert [(result["code"], result["out"]) for result in found["results"]] == [(0, "")]
    assert found["noted"] == []
    assert sorted(path.name for path in out.iterdir()) == ["dragons.html", "dragons.json", "dragons.pdf"]


PIECES = """y x z g a `b c` ~ + - * / : ** ^ | || ( ) [ ] , = == < 0 1 2 3.5 1e9 'a' "b" log C I poly bs cr np.exp df= knots=
    degree= Treatment Sum True ` ' lambda for in . .. __import__ os { } ; \\ # @ (1|g) y~ +(1|g) .__class__ (x) x**2"""
WORDS = st.sampled_from([*PIECES.split(), "\n", "\u2028", "\x00", "\u202e", "\ud800", " "])


def error_of(text: str) -> FormulaError | None:
    """What is wrong with a formula, or None if it can be read; anything else but a FormulaError gets through."""
    try:
        formula = parse_formula(text)
    except FormulaError as error:
        return error
    coded = (formula.coded.response, *(code for term in formula.coded.terms for code in term))
    assert not any(name in code for code in coded for name in ("__", "lambda", "import", "{", ";", "\n"))
    return None


@settings(max_examples=2000, deadline=None)
@given(
    st.lists(WORDS, max_size=30).map(" ".join)
    | st.lists(WORDS, max_size=12).map(lambda words: f"y ~ {' '.join(words)} + (1 | g)")
    | st.lists(WORDS, max_size=12).map(lambda words: f"y ~ I({''.join(words)}) + (1 | g)")
    | st.text(max_size=80)
)
def test_any_text_is_a_formula_or_one_error(text: str) -> None:
    error = error_of(text)
    assert error is None or 0 <= error.position <= len(text)
    assert error is None or len(str(error).splitlines()) == 3


@cache
def small_frame() -> Any:
    import pandas as pd

    return pd.DataFrame({"y": [i * 1.7 % 3 for i in range(24)], "x": [i * 2.3 % 5 for i in range(24)], "g": list("abcd") * 6})


CALLS = ("log(x + 1)", "I(x**2)", "poly(x, 2)", "bs(x, df=4)", "cr(x, df=3)", "scale(x)", "center(x)", "exp(x)", "I(1 / x)")
ODD = (
    "I(x - x)",
    "bs(x, knots=[9])",
    "C(x)",
    "C(g)",
    "g",
    "I(g == 'a')",
    "I(x > 2)",
    "np.sqrt(x)",
    "abs(x)",
    "1",
    "I(2)",
    "x:x",
)
TERMS = st.sampled_from(["x", *CALLS, *ODD])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(TERMS, min_size=1, max_size=4), st.sampled_from(["+", "*", ":", "/", "-"]), st.sampled_from(["1", "x", "0 + x"])
)
def test_any_formula_of_known_parts_is_fitted_or_one_error(terms: list[str], operator: str, effects: str) -> None:
    from reportgen.analysis import walk

    formula = f"y ~ {f' {operator} '.join(terms)} + ({effects} | g)"
    error: InputError | None = None
    try:
        assert walk(formula, small_frame()).sample.n_obs == 24
    except InputError as caught:
        error = caught
    assert error is None or str(error)
