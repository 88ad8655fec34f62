"""Formulas: what they mean, what is refused and where, and that nothing of them is ever run."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.errors import ColumnMissing, FormulaError
from reportgen.formula import check_columns, parse_formula

GROUPINGS = [
    ("(1 | g)", True, (), True),
    ("(x | g)", True, ("x",), True),
    ("(1 + x | g)", True, ("x",), True),
    ("(0 + x | g)", False, ("x",), True),
    ("(x - 1 | g)", False, ("x",), True),
    ("(-1 + x | g)", False, ("x",), True),
    ("(x + 0 | g)", False, ("x",), True),
    ("(x - 1 + z | g)", False, ("x", "z"), True),
    ("(1 + x - 1 | g)", False, ("x",), True),
    ("(x - 0 | g)", True, ("x",), True),
    ("(x + 1 | g)", True, ("x",), True),
    ("(0 + x + 1 | g)", True, ("x",), True),  # as R and formulaic: the last one counts
    ("(0 + 1 | g)", True, (), True),
    ("(0 + 1:x | g)", False, ("x",), True),
    ("(-1 + (x + z) | g)", False, ("x", "z"), True),
    ("(0 + I(x + 1 + z) | g)", False, ("I(x + 1 + z)",), True),  # a 1 inside of brackets is no intercept
    ("(I(x + 1 + z) - 1 | g)", False, ("I(x + 1 + z)",), True),
    ("(x || g)", True, ("x",), False),
    ("(1 + x + z || g)", True, ("x", "z"), False),
    ("(1 | g) + (0 + x | g)", True, ("x",), False),
    ("(0 + x | g) + (1 | g)", True, ("x",), False),
    ("(log(x) | g)", True, ("log(x)",), True),
    ("(x * z | g)", True, ("x", "z", "x:z"), True),
]

# Right sides, to be multiplied out as the formula library does it.
EXPANSIONS = [
    "a",
    "a + b",
    "a * b",
    "a:b + a",
    "a * b * c",
    "a * b - a:b",
    "(a + b + c)**2",
    "(a + b + c + d)**3",
    "(a + b):c",
    "a / b",
    "(a + b) / c",
    "a / (b + c)",
    "b:a + a:b",
    "a + a",
    "a:a",
    "1 + a",
    "a:b:c + d",
    "(a * b):c",
    "((a))",
    "+a + b",
    "log(a+1) * b",
    "I(a**2)+a",
    "np.log(a)",
    "poly(a,2) + bs(b, df = 5)",
    "center(a):scale(b, scale=False)",
    "C(a, Treatment('x')) + C(b,Sum)",
    "bs(a, knots=[1,2.5], degree=2)",
    "I((a > 3) * b)",
    "`my col` + scale(`my col`)",
    "I(a - -b)",
    "cr(a, df=4, constraints='center')",
]

REFUSED = [
    ("y ~ x", 5, "no grouping term"),
    ("y ~ x | g", 6, "outside parentheses"),
    ("y ~ x + (1 | g) + (1 | h)", 18, "crossed"),
    ("y ~ x + (1 | a) + (1 | a:b)", 18, "nested"),
    ("y ~ x + (1 | a/b)", 14, "nested"),
    ("y ~ x + (1 | a + b)", 15, "crossed"),
    ("y ~ x + (1 | g) + (1 | g)", 18, "twice"),
    ("y ~ x + (x | g) + (0 + z | g)", 18, "in part"),
    ("y ~ x + (1 | C(g))", 13, "cannot be computed"),
    ("y ~ x:(1 | g)", 6, "product"),
    ("y ~ x - (1 | g)", 8, "product"),
    ("y ~ x + (0 | g)", 8, "no effect"),
    ("y ~ x + ( | g)", 10, "nothing stands left"),
    ("y ~ x + (1 | )", 12, "not complete"),
    ("y ~ offset(x) + (1 | g)", 4, "offset"),
    ("y ~ x^2 + (1 | g)", 5, "I(x**2)"),
    ("y ~ x**2 + (1 | g)", 5, "I(x**2)"),
    ("y ~ (a + b)^2 + (1 | g)", 11, "(a + b)**2"),
    ("y ~ (a + b + c + d + e)**12 + (1 | g)", 25, "2, 3 or 4"),
    ("y ~ 0 + x + (1 | g)", 4, "intercept"),
    ("y ~ x - 1 + (1 | g)", 8, "intercept"),
    ("y ~ x + 2 + (1 | g)", 8, "not a term"),
    ("~ x + (1 | g)", 0, "no response"),
    ("x + (1 | g)", 11, "no '~'"),
    ("y + z ~ x + (1 | g)", 2, "more than one response"),
    ("y ~ x ~ z + (1 | g)", 6, "second '~'"),
    ("y ~ y + (1 | g)", 4, "right side too"),
    ("y ~ log(y) + (1 | g)", 8, "right side too"),
    ("poly(y, 2) ~ x + (1 | g)", 0, "cannot be a response"),
    ("3 ~ x + (1 | g)", 0, "not a response"),
    ("I(3) ~ x + (1 | g)", 0, "no column"),
    ("y ~ x + (1 | g", 8, "left open"),
    ("y ~ x) + (1 | g)", 5, "closes nothing"),
    ("y ~ x + (1 | g) +", 17, "missing here"),
    ("y ~ x z + (1 | g)", 6, "not expected"),
    ("y ~ . + (1 | g)", 4, "name the columns"),
    ("y ~ x %in% z + (1 | g)", 6, "not an operator"),
    ("y ~ `x + (1 | g)", 4, "backtick"),
    ("y ~ I(x == 'a) + (1 | g)", 11, "quote"),
    ("", 0, "empty"),
]

ATTACKS = [
    "y ~ I(x + __import__('os').system('touch marker')) + (1 | g)",
    "y ~ x.to_csv('marker') + (1 | g)",
    "y ~ x.to_csv + (1 | g).__class__",
    "{open('marker', 'w')}(x) ~ x + (1 | g)",
    "y ~ {__import__('os')} + (1 | g)",
    "y ~ I([open('marker', 'w') for i in x]) + (1 | g)",
    "y ~ I(lambda: x) + (1 | g)",
    "y ~ I((lambda: x)()) + (1 | g)",
    "y ~ I(f'{x}') + (1 | g)",
    "y ~ I(x := 3) + (1 | g)",
    "y ~ I(*x) + (1 | g)",
    "y ~ I(**x) + (1 | g)",
    "y ~ I(x[0]) + (1 | g)",
    "y ~ I(x.values) + (1 | g).x",
    "y ~ np.save('marker', x) + (1 | g)",
    "y ~ np.lib.npyio.save('marker', x) + (1 | g)",
    "y ~ eval('1') + (1 | g)",
    "y ~ Q('x') + (1 | g)",
    "y ~ lag(x, 10**9) + (1 | g)",
    "y ~ hashed(x, levels=9) + (1 | g)",
    "y ~ log(x, out=y) + (1 | g)",
    "y ~ log(x)(x) + (1 | g)",
    "y ~ I(9**9**9 * x) + (1 | g)",
    "y ~ I(x**9**9) + (1 | g)",
    "y ~ I((9**9)**9 * x) + (1 | g)",
    "y ~ I(x * 1e15) + (1 | g)",
    "y ~ bs(x, df=51) + (1 | g)",
    "y ~ bs(x, df=5, knots=[1]) + (1 | g)",
    "y ~ bs(x, knots=[x]) + (1 | g)",
    "y ~ bs(x, extrapolation='na') + (1 | g)",
    "y ~ poly(x, 11) + (1 | g)",
    "y ~ poly(x, True) + (1 | g)",
    "y ~ cr(x) + (1 | g)",
    "y ~ C(log(x)) + (1 | g)",
    "y ~ C(x, levels=['a']) + (1 | g)",
    "y ~ C(x, contr.treatment('a')) + (1 | g)",
    "y ~ C(x, Sum('a')) + (1 | g)",
    "y ~ I(x < 1 < 2) + (1 | g)",
    "y ~ I(x and z) + (1 | g)",
    "y ~ I(x if z else x) + (1 | g)",
    "y ~ I('a') + (1 | g)",
    'y ~ I(x == "a\'b") + (1 | g)',
    "y ~ I(x == 'a\\\\b') + (1 | g)",
    "y ~ I(poly(x, 2)) + (1 | g)",
    "y ~ I() + (1 | g)",
    "y ~ I(x, x) + (1 | g)",
    "y ~ I(x z) + (1 | g)",
    "y ~ I(007 * x) + (1 | g)",
    "y ~ `a\x00b` + (1 | g)",
    "y ~ x\u2028 ; import os + (1 | g)",
    "y ~ " + "(" * 40 + "x" + ")" * 40 + " + (1 | g)",
    "y ~ I(" + "-" * 300 + "x) + (1 | g)",
    "y ~ " + " + ".join(f"x{i}" for i in range(300)) + " + (1 | g)",
    "y ~ (" + " + ".join(f"x{i}" for i in range(120)) + ")**4 + (1 | g)",
    "y ~ " + "x" * 5001 + " + (1 | g)",
]


@pytest.mark.parametrize(("grouping", "intercept", "slopes", "correlated"), GROUPINGS)
def test_grouping_term(grouping: str, intercept: bool, slopes: tuple[str, ...], correlated: bool) -> None:
    term = parse_formula(f"y ~ x * z + log(x) + I(x + 1 + z) + {grouping}").grouping
    assert (term.columns, term.intercept, term.slopes, term.correlated) == (("g",), intercept, slopes, correlated)
    assert term.group_terms == ((("(Intercept)",) if intercept else ()) + slopes)


def test_group_of_a_combination() -> None:
    term = parse_formula("y ~ x + (1 | `the school`:year)").grouping
    assert (term.columns, term.name) == (("the school", "year"), "the school:year")


@pytest.mark.parametrize("right", EXPANSIONS)
def test_terms_are_those_of_the_formula_library(right: str) -> None:
    from formulaic import Formula

    theirs = [str(term) for term in Formula(right) if str(term) != "1"]
    ours = parse_formula(f"y ~ {right} + (1 | g)")
    assert [term.replace("`", "") for term in ours.terms] == [term.replace("`", "") for term in theirs]


@pytest.mark.parametrize("text", ["y ~ (1 | g)", "y ~ 1 + (1 | g)", "y ~ (1 | g) + 1"])
def test_no_predictor(text: str) -> None:
    formula = parse_formula(text)
    assert (formula.terms, formula.fixed, formula.variables) == ((), "1", ("y", "g"))


def test_parts_as_written() -> None:
    formula = parse_formula("log(y + 1) ~ ses*C(sex)  + (1 + ses | school) - ses:C(sex)")
    assert formula.response == "log(y + 1)"
    assert formula.fixed == "ses*C(sex) - ses:C(sex)"
    assert formula.terms == ("ses", "C(sex)")
    assert formula.variables == ("y", "ses", "sex", "school")
    assert formula.text_columns == ("school", "sex")


def test_only_own_names_are_left_in_the_coded_formula() -> None:
    formula = parse_formula("log(Intercept) ~ C(`1`, Treatment('b')) + `log` + I(np == 'c0') + log(log) + (1 | `lambda`)")
    assert formula.coded.response == "log(r0)"
    assert formula.coded.terms == (("C(f1, Treatment(s0))",), ("c2",), ("I(r3 == s1)",), ("log(r2)",))
    assert formula.coded.literals == ("'b'", "'c0'")
    assert formula.terms == ("C(`1`, Treatment('b'))", "log", "I(np == 'c0')", "log(log)")


def test_column_named_like_a_call_is_told_from_the_call() -> None:
    assert parse_formula("y ~ `log(x)` + log(x) + (1 | g)").terms == ("`log(x)`", "log(x)")
    assert parse_formula("y ~ `a:b` + a:b + (1 | g)").terms == ("`a:b`", "a:b")


@pytest.mark.parametrize(("text", "position", "words"), REFUSED)
def test_refused_with_position_and_advice(text: str, position: int, words: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert caught.value.position == position
    assert words in str(caught.value)
    assert str(caught.value).splitlines()[2] == " " * (2 + position) + "^"


@pytest.mark.parametrize("text", ATTACKS)
def test_code_is_refused_before_anything_runs(text: str) -> None:
    events: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in ("os.system", "subprocess.Popen", "socket.connect", "exec", "import", "open"):
            events.append(f"{event} {arguments[:1]}")

    sys.addaudithook(watch)
    try:
        with pytest.raises(FormulaError):
            parse_formula(text)
    finally:
        watching = False
    assert events == []


PIECES = r"""y x g a `b c` ~ + - * / : ** ^ | || ( ) [ ] , = == < 0 1 2 3.5 1e9 'a' "b" log C I poly bs np.exp df= Treatment
    True ` ' lambda for in . .. __import__ os { } ; \ # @ é (1|g) y~ +(1|g)"""
WORDS = st.sampled_from([*PIECES.split(), "\n", "\u2028", "\x00", " "])


@settings(max_examples=1500, deadline=None)
@given(st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60).map(lambda t: f"y ~ {t} + (1 | g)"))
def test_any_text_is_read_or_refused(text: str) -> None:
    refusal = None
    try:
        formula = parse_formula(text)
        assert set(formula.grouping.columns) <= set(formula.variables)
    except FormulaError as error:
        refusal = error
    assert refusal is None or 0 <= refusal.position <= len(text)
    assert "\x1b" not in str(refusal)


def test_missing_column_with_the_nearest_name() -> None:
    formula = parse_formula("testscore ~ x + (1 | g)")
    with pytest.raises(ColumnMissing, match=r"did you mean 'testScore'\?"):
        check_columns(formula, ("testScore", "x", "g"), "dragons.csv")
    check_columns(parse_formula("testScore ~ x + (1 | g)"), ("testScore", "x", "g"), "dragons.csv")
