"""What formulas become, in all its parts, and the largest that are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reportgen.errors import ColumnMissing
from reportgen.formula import ModelFormula, check_columns, parse_formula
from reportgen.formula.scanner import MAX_CHARACTERS, MAX_NESTING, MAX_TOKENS


def sum_of(name: str, n: int) -> str:
    return "+".join(f"{name}{i}" for i in range(n))


# Formulas, and what is read from them beyond an ordinary response `y`, group `g` and a correlated random intercept.
READ: Mapping[str, Mapping[str, Any]] = {
    "y ~ a*b + (1 + a | g)": {
        "fixed": "a*b",
        "terms": ("a", "b", "a:b"),
        "coded": (("c1",), ("c2",), ("c1", "c2")),
        "slopes": ("a",),
        "coded_slopes": (("c1",),),
        "variables": ("y", "a", "b", "g"),
    },
    "log(y + 1) ~ I(a**2) + (1 | g)": {
        "response": ("log(y + 1)", "log(r0 + 1)"),
        "fixed": "I(a**2)",
        "terms": ("I(a ** 2)",),
        "coded": (("I(r1 ** 2)",),),
        "variables": ("y", "a", "g"),
        "computed": (0, 1),
    },
    "y ~ I(a**-10) + I(a**10) + I(b**2.5) + (1 | g)": {
        "fixed": "I(a**-10) + I(a**10) + I(b**2.5)",
        "terms": ("I(a ** (-10))", "I(a ** 10)", "I(b ** 2.5)"),
        "coded": (("I(r1 ** (-10))",), ("I(r1 ** 10)",), ("I(r2 ** 2.5)",)),
        "variables": ("y", "a", "b", "g"),
        "computed": (1, 2),
    },
    "y ~ C(a, Treatment('x')) + C(b, Treatment('x')) + C(c, contrasts=Treatment(reference=3)) + (1 | g)": {
        "fixed": "C(a, Treatment('x')) + C(b, Treatment('x')) + C(c, contrasts=Treatment(reference=3))",
        "terms": ("C(a, Treatment('x'))", "C(b, Treatment('x'))", "C(c, contrasts=Treatment(reference=3))"),
        "coded": (("C(f1, Treatment(s0))",), ("C(f2, Treatment(s1))",), ("C(f3, contrasts=Treatment(reference=s2))",)),
        "variables": ("y", "a", "b", "c", "g"),
        "literals": ("'x'", "'x'", "3"),
        "bases": ((0, 1), (1, 2), (2, 3)),
        "factors": (1, 2, 3),
    },
    "y ~ C(a, Treatment(2.5)) + C(b, Treatment(reference='q')) + (1 | g)": {
        "fixed": "C(a, Treatment(2.5)) + C(b, Treatment(reference='q'))",
        "terms": ("C(a, Treatment(2.5))", "C(b, Treatment(reference='q'))"),
        "coded": (("C(f1, Treatment(s0))",), ("C(f2, Treatment(reference=s1))",)),
        "variables": ("y", "a", "b", "g"),
        "literals": ("2.5", "'q'"),
        "bases": ((0, 1), (1, 2)),
        "factors": (1, 2),
    },
    "y ~ C(a, Sum) + C(b, Sum()) + C(c, Helmert) + C(d, Poly) + C(e, Diff) + (1 | g)": {
        "fixed": "C(a, Sum) + C(b, Sum()) + C(c, Helmert) + C(d, Poly) + C(e, Diff)",
        "terms": ("C(a, Sum)", "C(b, Sum())", "C(c, Helmert)", "C(d, Poly)", "C(e, Diff)"),
        "coded": (("C(f1, Sum)",), ("C(f2, Sum())",), ("C(f3, Helmert)",), ("C(f4, Poly)",), ("C(f5, Diff)",)),
        "variables": ("y", "a", "b", "c", "d", "e", "g"),
        "factors": (1, 2, 3, 4, 5),
    },
    'y ~ C(a) + C(`b c`, Treatment("u v")) + (1 | g)': {
        "fixed": 'C(a) + C(`b c`, Treatment("u v"))',
        "terms": ("C(a)", "C(`b c`, Treatment('u v'))"),
        "coded": (("C(f1)",), ("C(f2, Treatment(s0))",)),
        "variables": ("y", "a", "b c", "g"),
        "literals": ("'u v'",),
        "bases": ((0, 2),),
        "factors": (1, 2),
    },
    "y ~ I(a == 'x') + I('x' != a) + I(b >= 3) + (1 | g)": {
        "fixed": "I(a == 'x') + I('x' != a) + I(b >= 3)",
        "terms": ("I(a == 'x')", "I('x' != a)", "I(b >= 3)"),
        "coded": (("I(r1 == s0)",), ("I(s0 != r1)",), ("I(r2 >= 3)",)),
        "variables": ("y", "a", "b", "g"),
        "literals": ("'x'",),
        "compared": (1,),
        "computed": (2,),
    },
    "y ~ C(a, Treatment('x')) + I(a == 'x') + I(b == 'x') + (1 | g)": {
        "fixed": "C(a, Treatment('x')) + I(a == 'x') + I(b == 'x')",
        "terms": ("C(a, Treatment('x'))", "I(a == 'x')", "I(b == 'x')"),
        "coded": (("C(f1, Treatment(s0))",), ("I(r1 == s1)",), ("I(r2 == s1)",)),
        "variables": ("y", "a", "b", "g"),
        "literals": ("'x'", "'x'"),
        "bases": ((0, 1),),
        "compared": (1, 2),
        "factors": (1,),
    },
    "y ~ C(a, Treatment('x')):b + (C(a, Treatment('x')) | g)": {
        "fixed": "C(a, Treatment('x')):b",
        "terms": ("C(a, Treatment('x')):b",),
        "coded": (("C(f1, Treatment(s0))", "c2"),),
        "slopes": ("C(a, Treatment('x'))",),
        "coded_slopes": (("C(f1, Treatment(s0))",),),
        "variables": ("y", "a", "b", "g"),
        "literals": ("'x'",),
        "bases": ((0, 1),),
        "factors": (1,),
    },
    "y ~ C(Sum, Sum) + Sum + (1 | g)": {
        "fixed": "C(Sum, Sum) + Sum",
        "terms": ("C(Sum, Sum)", "Sum"),
        "coded": (("C(f1, Sum)",), ("c1",)),
        "variables": ("y", "Sum", "g"),
        "factors": (1,),
    },
    "y ~ C(a):c + I(d > 2):C(b) + (1 | g)": {
        "fixed": "C(a):c + I(d > 2):C(b)",
        "terms": ("C(a):c", "I(d > 2):C(b)"),
        "coded": (("C(f1)", "c2"), ("I(r3 > 2)", "C(f4)")),
        "variables": ("y", "a", "c", "d", "b", "g"),
        "computed": (3,),
        "factors": (1, 4),
    },
    "y ~ scale(a, True, True, 1) + scale(b, center=False, ddof=0) + (1 | g)": {
        "fixed": "scale(a, True, True, 1) + scale(b, center=False, ddof=0)",
        "terms": ("scale(a, True, True, 1)", "scale(b, center=False, ddof=0)"),
        "coded": (("scale(r1, True, True, 1)",), ("scale(r2, center=False, ddof=0)",)),
        "variables": ("y", "a", "b", "g"),
        "computed": (1, 2),
    },
    "y ~ poly(a, 3, raw=True) + poly(b) + poly(c, degree=10) + poly(d, 1) + (1 | g)": {
        "fixed": "poly(a, 3, raw=True) + poly(b) + poly(c, degree=10) + poly(d, 1)",
        "terms": ("poly(a, 3, raw=True)", "poly(b)", "poly(c, degree=10)", "poly(d, 1)"),
        "coded": (("poly(r1, 3, raw=True)",), ("poly(r2)",), ("poly(r3, degree=10)",), ("poly(r4, 1)",)),
        "variables": ("y", "a", "b", "c", "d", "g"),
        "computed": (1, 2, 3, 4),
    },
    "y ~ bs(a, 50, degree=0, include_intercept=True, lower_bound=-1.5, upper_bound=+9, extrapolation='clip') + (1 | g)": {
        "fixed": "bs(a, 50, degree=0, include_intercept=True, lower_bound=-1.5, upper_bound=+9, extrapolation='clip')",
        "terms": ("bs(a, 50, degree=0, include_intercept=True, lower_bound=-1.5, upper_bound=+9, extrapolation='clip')",),
        "coded": (("bs(r1, 50, degree=0, include_intercept=True, lower_bound=-1.5, upper_bound=+9, extrapolation='clip')",),),
        "variables": ("y", "a", "g"),
        "computed": (1,),
    },
    "y ~ bs(a, knots=[1, 2, 2.5], degree=10) + bs(b, df=1) + (1 | g)": {
        "fixed": "bs(a, knots=[1, 2, 2.5], degree=10) + bs(b, df=1)",
        "terms": ("bs(a, knots=[1, 2, 2.5], degree=10)", "bs(b, df=1)"),
        "coded": (("bs(r1, knots=[1, 2, 2.5], degree=10)",), ("bs(r2, df=1)",)),
        "variables": ("y", "a", "b", "g"),
        "computed": (1, 2),
    },
    "y ~ bs(a, degree=+3) + (1 | g)": {
        "fixed": "bs(a, degree=+3)",
        "terms": ("bs(a, degree=+3)",),
        "coded": (("bs(r1, degree=+3)",),),
        "variables": ("y", "a", "g"),
        "computed": (1,),
    },
    "y ~ bs(a, df=4, extrapolation='extend') + I(b == 'extend') + (1 | g)": {
        "fixed": "bs(a, df=4, extrapolation='extend') + I(b == 'extend')",
        "terms": ("bs(a, df=4, extrapolation='extend')", "I(b == 'extend')"),
        "coded": (("bs(r1, df=4, extrapolation='extend')",), ("I(r2 == s0)",)),
        "variables": ("y", "a", "b", "g"),
        "literals": ("'extend'",),
        "compared": (2,),
        "computed": (1,),
    },
    "y ~ cr(a, df=4, constraints='center') + cs(b, knots=[1]) + cc(c, 3) + (1 | g)": {
        "fixed": "cr(a, df=4, constraints='center') + cs(b, knots=[1]) + cc(c, 3)",
        "terms": ("cr(a, df=4, constraints='center')", "cs(b, knots=[1])", "cc(c, 3)"),
        "coded": (("cr(r1, df=4, constraints='center')",), ("cs(r2, knots=[1])",), ("cc(r3, 3)",)),
        "variables": ("y", "a", "b", "c", "g"),
        "computed": (1, 2, 3),
    },
    "y ~ np.log(a) * np.exp(b) + log10(c) + (1 | g)": {
        "fixed": "np.log(a) * np.exp(b) + log10(c)",
        "terms": ("np.log(a)", "np.exp(b)", "log10(c)", "np.log(a):np.exp(b)"),
        "coded": (("np.log(r1)",), ("np.exp(r2)",), ("log10(r3)",), ("np.log(r1)", "np.exp(r2)")),
        "variables": ("y", "a", "b", "c", "g"),
        "computed": (1, 2, 3),
    },
    "y ~ I((a + b) / (c - 2) // 3 % 4 * -d) + (1 | g)": {
        "fixed": "I((a + b) / (c - 2) // 3 % 4 * -d)",
        "terms": ("I((a + b) / (c - 2) // 3 % 4 * -d)",),
        "coded": (("I((r1 + r2) / (r3 - 2) // 3 % 4 * -r4)",),),
        "variables": ("y", "a", "b", "c", "d", "g"),
        "computed": (1, 2, 3, 4),
    },
    "y ~ I((a < 1) + (b <= 2) + (c > 3) + (d != 4) + (e == f)) + (1 | g)": {
        "fixed": "I((a < 1) + (b <= 2) + (c > 3) + (d != 4) + (e == f))",
        "terms": ("I((a < 1) + (b <= 2) + (c > 3) + (d != 4) + (e == f))",),
        "coded": (("I((r1 < 1) + (r2 <= 2) + (r3 > 3) + (r4 != 4) + (r5 == r6))",),),
        "variables": ("y", "a", "b", "c", "d", "e", "f", "g"),
        "computed": (1, 2, 3, 4, 5, 6),
    },
    "y ~ I(C + x) + (1 | g)": {
        "fixed": "I(C + x)",
        "terms": ("I(C + x)",),
        "coded": (("I(r1 + r2)",),),
        "variables": ("y", "C", "x", "g"),
        "computed": (1, 2),
    },
    "y ~ log(scale(a) + center(b)) + (1 | g)": {
        "fixed": "log(scale(a) + center(b))",
        "terms": ("log(scale(a) + center(b))",),
        "coded": (("log(scale(r1) + center(r2))",),),
        "variables": ("y", "a", "b", "g"),
        "computed": (1, 2),
    },
    "y ~ I(.5 * a + 1e-3 + 2.) + (1 | g)": {
        "fixed": "I(.5 * a + 1e-3 + 2.)",
        "terms": ("I(0.5 * a + 0.001 + 2.0)",),
        "coded": (("I(0.5 * r1 + 0.001 + 2.0)",),),
        "variables": ("y", "a", "g"),
        "computed": (1,),
    },
    "y ~ a + (0 + b | g)": {
        "fixed": "a",
        "terms": ("a",),
        "coded": (("c1",),),
        "slopes": ("b",),
        "coded_slopes": (("c2",),),
        "intercept": False,
        "variables": ("y", "a", "b", "g"),
    },
    "y ~ (a - 1 | g)": {
        "fixed": "1",
        "slopes": ("a",),
        "coded_slopes": (("c1",),),
        "intercept": False,
        "variables": ("y", "a", "g"),
    },
    "y ~ a + (1 | g) + (0 + a | g)": {
        "fixed": "a",
        "terms": ("a",),
        "coded": (("c1",),),
        "slopes": ("a",),
        "coded_slopes": (("c1",),),
        "correlated": False,
        "variables": ("y", "a", "g"),
    },
    "y ~ a + (1 + a || g) + (0 + b || g)": {
        "fixed": "a",
        "terms": ("a",),
        "coded": (("c1",),),
        "slopes": ("a", "b"),
        "coded_slopes": (("c1",), ("c3",)),
        "correlated": False,
        "variables": ("y", "a", "g", "b"),
    },
    "y ~ a + (C(c) + log(a) | g)": {
        "fixed": "a",
        "terms": ("a",),
        "coded": (("c1",),),
        "slopes": ("C(c)", "log(a)"),
        "coded_slopes": (("C(f2)",), ("log(r1)",)),
        "variables": ("y", "a", "c", "g"),
        "computed": (1,),
        "factors": (2,),
    },
    "y ~ a + b + (0 + a | g) + (0 + b | g)": {
        "fixed": "a + b",
        "terms": ("a", "b"),
        "coded": (("c1",), ("c2",)),
        "slopes": ("a", "b"),
        "coded_slopes": (("c1",), ("c2",)),
        "intercept": False,
        "correlated": False,
        "variables": ("y", "a", "b", "g"),
    },
    "y ~ (1 | g) + a - a:b": {"fixed": "a - a:b", "terms": ("a",), "coded": (("c2",),), "variables": ("y", "g", "a", "b")},
    "y ~ (1 | g) - a": {"fixed": "- a", "variables": ("y", "g", "a")},
    "y ~  a   -  b  + (1 | g)": {"fixed": "a - b", "terms": ("a",), "coded": (("c1",),), "variables": ("y", "a", "b", "g")},
    "y ~ -a + b + (1 | g)": {"fixed": "-a + b", "terms": ("b",), "coded": (("c2",),), "variables": ("y", "a", "b", "g")},
    "y ~ a + b - a + (1 | g)": {"fixed": "a + b - a", "terms": ("b",), "coded": (("c2",),), "variables": ("y", "a", "b", "g")},
    "y ~ 1 + (1 | g)": {"fixed": "1", "variables": ("y", "g")},
    "y ~ `True` + True + `log` + `a:b` + a:b + (1 | g)": {
        "fixed": "`True` + True + `log` + `a:b` + a:b",
        "terms": ("True", "log", "`a:b`", "a:b"),
        "coded": (("c1",), ("c2",), ("c3",), ("c4", "c5")),
        "variables": ("y", "True", "log", "a:b", "a", "b", "g"),
    },
    "y ~ (True + x)**2 + (None | Treatment)": {
        "fixed": "(True + x)**2",
        "terms": ("True", "x", "True:x"),
        "coded": (("c1",), ("c2",), ("c1", "c2")),
        "slopes": ("None",),
        "coded_slopes": (("c3",),),
        "group": ("Treatment",),
        "variables": ("y", "True", "x", "None", "Treatment"),
    },
    "y ~ I(`True` * x) + (1 | g)": {
        "fixed": "I(`True` * x)",
        "terms": ("I(True * x)",),
        "coded": (("I(r1 * r2)",),),
        "variables": ("y", "True", "x", "g"),
        "computed": (1, 2),
    },
    "y ~ a.b + c_d + (1 | g)": {
        "fixed": "a.b + c_d",
        "terms": ("a.b", "c_d"),
        "coded": (("c1",), ("c2",)),
        "variables": ("y", "a.b", "c_d", "g"),
    },
    'y ~ log(`a b`) + `c"d` + (1 | g)': {
        "fixed": 'log(`a b`) + `c"d`',
        "terms": ("log(`a b`)", 'c"d'),
        "coded": (("log(r1)",), ("c2",)),
        "variables": ("y", "a b", 'c"d', "g"),
        "computed": (1,),
    },
    "y ~ a + (1 | k:l:m:n)": {
        "fixed": "a",
        "terms": ("a",),
        "coded": (("c1",),),
        "group": ("k", "l", "m", "n"),
        "variables": ("y", "a", "k", "l", "m", "n"),
    },
    "I(y > 3) ~ a + (1 | g)": {
        "response": ("I(y > 3)", "I(r0 > 3)"),
        "fixed": "a",
        "terms": ("a",),
        "coded": (("c1",),),
        "variables": ("y", "a", "g"),
        "computed": (0,),
    },
    "y ~ a/b + (c + d)/e + (1 | g)": {
        "fixed": "a/b + (c + d)/e",
        "terms": ("a", "c", "d", "a:b", "c:d:e"),
        "coded": (("c1",), ("c3",), ("c4",), ("c1", "c2"), ("c3", "c4", "c5")),
        "variables": ("y", "a", "b", "c", "d", "e", "g"),
    },
    "y ~ a:b*c + (1 | g)": {
        "fixed": "a:b*c",
        "terms": ("c", "a:b", "a:b:c"),
        "coded": (("c3",), ("c1", "c2"), ("c1", "c2", "c3")),
        "variables": ("y", "a", "b", "c", "g"),
    },
}


def record(formula: ModelFormula) -> dict[str, Any]:
    """What is out of the ordinary in a formula."""
    coded, grouping = formula.coded, formula.grouping
    found = {
        "response": (formula.response, coded.response),
        "fixed": formula.fixed,
        "terms": formula.terms,
        "coded": coded.terms,
        "slopes": grouping.slopes,
        "coded_slopes": coded.slopes,
        "intercept": grouping.intercept,
        "correlated": grouping.correlated,
        "group": grouping.columns,
        "variables": formula.variables,
        "literals": coded.literals,
        "bases": coded.bases,
        "compared": coded.compared,
        "computed": coded.computed,
        "factors": coded.factors,
    }
    usual: dict[str, object] = {"response": ("y", "c0"), "intercept": True, "correlated": True, "group": ("g",)}
    return {name: value for name, value in found.items() if value != usual.get(name, ())}


@pytest.mark.parametrize("text", READ)
def test_what_a_formula_becomes(text: str) -> None:
    formula = parse_formula(text)
    assert formula.text == text
    assert record(formula) == READ[text]


def test_the_largest_that_is_read() -> None:
    long = f"y ~ +{'+'.join(['x'] * ((MAX_TOKENS - 8) // 2))} + (1 | g)"
    assert parse_formula(long + " " * (MAX_CHARACTERS - len(long))).terms == ("x",)
    nested = "(" * MAX_NESTING + "x" + ")" * MAX_NESTING
    assert parse_formula(f"y ~ {nested} + (1 | g)").terms == ("x",)
    assert parse_formula("y ~ I(999999999999999 * x) + (1 | g)").terms == ("I(999999999999999 * x)",)
    assert len(parse_formula("y ~ a:b:c:d:e:f:h:i + (1 | g)").coded.terms[0]) == 8
    assert len(parse_formula(f"y ~ ({sum_of('a', 45)}):({sum_of('b', 44)}) + {sum_of('c', 20)} + (1 | g)").terms) == 2000
    knots = ", ".join(str(i) for i in range(100))
    assert len(parse_formula(f"y ~ bs(x, knots=[{knots}]) + (1 | g)").terms) == 1
    assert len(parse_formula(f"y ~ I({'-' * 59}x) + (1 | g)").terms) == 1
    assert len(parse_formula(f"y ~ I({'-' * 58}(x > 1)) + (1 | g)").terms) == 1
    assert len(parse_formula(f"y ~ I({'-' * 58}(x + 1)) + (1 | g)").terms) == 1


def test_the_columns_of_parts_of_a_formula() -> None:
    formula = parse_formula("y ~ C(`b c`):a + log(a) + I(d == 'x'):e + (0 + a | g:h)")
    assert formula.predictor_columns == ("b c", "a", "d", "e")
    assert formula.text_columns == ("g", "h", "b c", "d")
    assert formula.grouping.name == "g:h"
    assert formula.grouping.group_terms == ("a",)
    assert formula.shown("C(f1)[k1]", ("low", "top")) == "C(`b c`)[top]"
    assert formula.shown("c1:c2", ticks=True) == "`b c`:a"
    assert formula.shown("c1:c2") == "b c:a"
    assert formula.shown("I(r3 == s0):c4") == "I(d == 'x'):e"
    with pytest.raises(ColumnMissing, match="no column 'd' in survey"):
        check_columns(formula, ("y", "a", "b c", "e", "g", "h"), "survey")
    product = parse_formula("y ~ C(`b c`):a:C(d, Sum):a + (1 | g)")
    assert product.factor_columns(product.coded.terms[0], {"d", "b c", "g"}) == ("b c", "d")
    assert parse_formula("y ~ (a + b + c + d)**4 + (1 | g)").terms[-1] == "a:b:c:d"
