"""What every refusal of the formula reader says, word for word, and where it points."""

from __future__ import annotations

import pytest

from reportgen.errors import FormulaError
from reportgen.formula import parse_formula


def sum_of(name: str, n: int) -> str:
    return "+".join(f"{name}{i}" for i in range(n))


# What is wrong, what is allowed, and the formulas to which that is said, with the place it points to.
REFUSALS: list[tuple[str, str, list[tuple[str, int]]]] = [
    ("the formula is empty", "write for example y ~ x + (1 | group)", [("", 0), (" \t", 0)]),
    ("the formula has 5004 characters", "at most 5000 are allowed", [("y ~ " + "x" * 4990 + " + (1 | g)", 5000)]),
    (
        "the formula has more than 500 parts",
        "make columns of long expressions first",
        [("y ~ " + "+".join(["x"] * 247) + " + (1 | g)", 506)],
    ),
    ("the number 1000000000000000 is too large", "numbers below 1e15 are allowed", [("y ~ x + 1000000000000000 + (1 | g)", 8)]),
    (
        "the number 12345678901234567890 is too large",
        "numbers below 1e15 are allowed",
        [("y ~ I(x * 12345678901234567890123) + (1 | g)", 10)],
    ),
    (
        "a text with quotes, backslashes or control characters",
        "use plain text between quotes",
        [
            ("y ~ C(x, Treatment('a\\b')) + (1 | g)", 19),
            ("y ~ I(x == 'a\x01b') + (1 | g)", 11),
            ("y ~ I(x == 'a\"b') + (1 | g)", 11),
            ('y ~ I(x == "a\'b") + (1 | g)', 11),
        ],
    ),
    (
        "a name that is empty or has control characters",
        "write the column's name between backticks",
        [("y ~ `` + (1 | g)", 4), ("y ~ `a\nb` + (1 | g)", 4)],
    ),
    ("a backtick is left open", "close it after the column's name", [("y ~ x + `z + (1 | g)", 8)]),
    (
        "a quote is left open",
        "close it with the same quote",
        [("y ~ I(x == 'z) + (1 | g)", 11), ('y ~ I(x == "z) + (1 | g)', 11)],
    ),
    ("'.' does not stand for all columns here", "name the columns", [("y ~ . + (1 | g)", 4)]),
    (
        "';' has no meaning in a formula",
        "put names of columns with unusual characters between backticks, as `my column`",
        [("y ~ x ; z + (1 | g)", 6)],
    ),
    (
        "'@' has no meaning in a formula",
        "put names of columns with unusual characters between backticks, as `my column`",
        [("y ~ x @ z + (1 | g)", 6)],
    ),
    ("brackets nest too deeply", "at most 30 levels are allowed", [("y ~ " + "(" * 31 + "x" + ")" * 31 + " + (1 | g)", 34)]),
    ("')' closes nothing", "remove it or open it earlier", [("y ~ x) + (1 | g)", 5)]),
    ("']' closes nothing", "remove it or open it earlier", [("y ~ (x] + (1 | g)", 6)]),
    ("'(' is left open", "close it", [("y ~ x + (1 | g", 8), ("y ~ log(x + (z) + (1 | g)", 7)]),
    ("'[' is left open", "close it", [("y ~ [x + (1 | g)", 4)]),
    ("no response on the left of '~'", "write one column there, as y ~ x + (1 | group)", [("~ x + (1 | g)", 0)]),
    (
        "no '~' in the formula",
        "write response ~ predictors + (1 | group)",
        [("x + (1 | g)", 11), ("(y ~ x + (1 | g))", 17), ("(log(y) ~ x + (1 | g))", 22)],
    ),
    (
        "more than one response",
        "write one column, or a call such as log(y) or I(a + b)",
        [
            ("y + z ~ x + (1 | g)", 2),
            ("y, z ~ x + (1 | g)", 1),
            ("y - z ~ x + (1 | g)", 2),
            ("y * 2 ~ x + (1 | g)", 2),
            ("y:z ~ x + (1 | g)", 1),
            ("(y | z) ~ x + (1 | g)", 3),
        ],
    ),
    (
        "the left side is not a response",
        "write one column, or a call such as log(y)",
        [("y / 2 ~ x + (1 | g)", 0), ("3 ~ x + (1 | g)", 0), ("log(y) z ~ x + (1 | g)", 0)],
    ),
    ("poly() cannot be a response", "the response is one column of numbers", [("poly(y, 2) ~ x + (1 | g)", 0)]),
    ("bs() cannot be a response", "the response is one column of numbers", [("bs(y) ~ x + (1 | g)", 0)]),
    (
        "offset() is not supported: the variants need every coefficient free",
        "subtract it from the response instead",
        [("offset(y) ~ x + (1 | g)", 0), ("y ~ offset(x) + (1 | g)", 4)],
    ),
    ("C() cannot be a response", "the response is one column of numbers", [("C(y) ~ x + (1 | g)", 0)]),
    (
        "the grouping term is part of a product",
        "add it to the others with +",
        [("y ~ (1 | g) x", 4), ("y ~ x:(1 | g)", 6), ("y ~ x - (1 | g)", 8), ("y ~ (1 | g) * x", 4), ("y ~ (1 | g):x", 4)],
    ),
    (
        "the grouping term stands outside parentheses",
        "write (1 | group)",
        [("y ~ x | h + (1 | g)", 6), ("y ~ z (1 | g)", 9), ("y ~ x | g", 6), ("y ~ x || g", 6)],
    ),
    (
        "a term is missing here",
        "write a column or a call after the operator",
        [
            ("y ~ x + (x + | g)", 13),
            ("y ~ x + (1 | g) +", 17),
            ("y ~ (1 | g) +", 13),
            ("y ~ x + + (1 | g)", 17),
            ("y ~ a: + (1 | g)", 16),
        ],
    ),
    ("no grouping term", "add one, as + (1 | group)", [("y ~ x", 5), ("y ~", 3)]),
    (
        "two different groups (crossed effects) are not fitted",
        "keep one grouping term",
        [("y ~ x + (1 | g) + (1 | h)", 18), ("y ~ x + (1 | a:b) + (0 + x | b:c)", 20)],
    ),
    (
        "two different groups (nested effects) are not fitted",
        "keep one grouping term",
        [("y ~ x + (1 | a) + (0 + x | a:b)", 18), ("y ~ x + (1 | a:b) + (0 + x | a)", 20)],
    ),
    (
        "an effect is given twice in the grouping terms",
        "write each once, as (1 | g) + (0 + x | g)",
        [
            ("y ~ x + (1 | g) + (0 + x | g) + (1 | g)", 32),
            ("y ~ x + (1 | g) + (1 | g)", 18),
            ("y ~ x + (x | g) + (0 + x | g)", 18),
            ("y ~ x:z + (1 + x:z | g) + (0 + z:x | g)", 26),
        ],
    ),
    (
        "effects that are correlated in part are not fitted",
        "write (1 + x + z | g) for all correlations or (1 + x + z || g) for none",
        [
            ("y ~ x + z + a + (1 | g) + (0 + x + z | g) + (0 + a | g)", 44),
            ("y ~ x + (x | g) + (0 + z | g)", 18),
            ("y ~ x + (x || g) + (0 + z | g)", 19),
        ],
    ),
    ("the group cannot be computed in the formula", "make a column of it first", [("y ~ x + (1 | log(g))", 13)]),
    ("nested groups (a/b) are not fitted", "write (1 | a:b) for the inner groups", [("y ~ x + (1 | a/b)", 14)]),
    (
        "several groups (crossed effects) are not fitted",
        "write one column, or a:b",
        [("y ~ x + (1 | g) + (0 + x | h + k)", 29), ("y ~ x + (1 | a + b)", 15), ("y ~ x + (1 | a * b)", 15)],
    ),
    ("'3' is not a group", "write a column, or a:b for a combination", [("y ~ x + (1 | 3)", 13)]),
    (
        "'(' is not a group",
        "write a column, or a:b for a combination",
        [("y ~ x + (1 | (g))", 13), ("y ~ x + (z | (1 | g))", 13)],
    ),
    ("'b' is not a group", "write a column, or a:b for a combination", [("y ~ x + (1 | a b)", 15)]),
    (
        "'abcdefghijklmnopqrst' is not a group",
        "write a column, or a:b for a combination",
        [("y ~ x + (1 | 'abcdefghijklmnopqrstuvwxyz')", 13)],
    ),
    ("'-' is not a group", "write a column, or a:b for a combination", [("y ~ x + (1 | a - b)", 15)]),
    ("a column stands twice in the group", "write each once", [("y ~ x + (1 | g:g)", 15)]),
    (
        "the group is not complete",
        "write 1 to 4 columns, joined by ':', after the bar",
        [("y ~ x + (1 | a:b:c:d:)", 12), ("y ~ x + (1 | )", 12), ("y ~ x + (1 | a:)", 12)],
    ),
    ("too many columns", "write 1 to 4 columns, joined by ':', after the bar", [("y ~ x + (1 | a:b:c:d:e)", 12)]),
    ("nothing stands left of the bar", "write (1 | group) or (x | group)", [("y ~ x + ( | g)", 10)]),
    (
        "'x' is not expected here",
        "write (0 + x | group) or (x - 1 | group)",
        [
            ("y ~ x + (0 x | g)", 11),
            ("y ~ x + (0 `x` | g)", 11),
            ("y ~ x + (0 x + z | g)", 11),
            ("y ~ x + (z + 0 x | g)", 15),
        ],
    ),
    (
        "'abcdefghijklmnopqrst' is not expected here",
        "write (0 + x | group) or (x - 1 | group)",
        [("y ~ x + (0 abcdefghijklmnopqrstuvwxyz | g)", 11)],
    ),
    (
        "'(' is not expected here",
        "write (0 + x | group) or (x - 1 | group)",
        [("y ~ x + (0(x) | g)", 10), ("y ~ x + (0 (x + z) | g)", 11)],
    ),
    (
        "the grouping term has no effect",
        "write (1 | group), (x | group) or (0 + x | group)",
        [
            ("y ~ x + (0 - x | g)", 8),
            ("y ~ x + (0 | g)", 8),
            ("y ~ x + (1 + 0 | g)", 8),
            ("y ~ x + (- 1 | g)", 8),
            ("y ~ x + (1 - 1 | g)", 8),
        ],
    ),
    (
        "the response stands on the right side too",
        "remove it there",
        [("y ~ y + (1 | g)", 4), ("y ~ log(y) + y + (1 | g)", 8), ("y ~ x + (1 | y)", 13), ("I(y + z) ~ x + z + (1 | g)", 15)],
    ),
    ("the response has no column", "write one column on the left", [("log(3) ~ x + (1 | g)", 0), ("I(3) ~ x + (1 | g)", 0)]),
    ("')' is not expected here", "join terms with + : * or /", [("y ~ (x +)  + (1 | g)", 8)]),
    ("'^' multiplies terms, not numbers: x^2 would be x itself", "write I(x**2) for the square", [("y ~ x ^ 2 + (1 | g)", 6)]),
    ("'^' is not an operator here", "write (a + b)**2 for all pairs, I(x**2) for a square", [("y ~ (a + b)^2 + (1 | g)", 11)]),
    ("'**' multiplies terms, not numbers: x**2 would be x itself", "write I(x**2) for the square", [("y ~ x**2 + (1 | g)", 5)]),
    (
        "'**' multiplies terms, not numbers: abcdefghijklmnopqrst**2 would be abcdefghijklmnopqrst itself",
        "write I(abcdefghijklmnopqrst**2) for the square",
        [("y ~ abcdefghijklmnopqrstuvwxyz**2 + (1 | g)", 30)],
    ),
    (
        "'**' multiplies terms, not numbers: log(x)**2 would be log(x) itself",
        "write I(log(x)**2) for the square",
        [("y ~ log(x)**2 + (1 | g)", 10)],
    ),
    (
        "'^' multiplies terms, not numbers: a^2 would be a itself",
        "write I(a**2) for the square",
        [("y ~ a ^ ^ b + (1 | g)", 6)],
    ),
    ("'^' is not a power of numbers", "write I(x**2) for a square, (a + b)**2 for all pairs", [("y ~ + ^ b + (1 | g)", 6)]),
    ("'*' is not expected here", "join terms with + : * or /", [("y ~ x + * z + (1 | g)", 8)]),
    ("a second '~'", "one response stands on the left, the predictors on the right", [("y ~ x + ~ z + (1 | g)", 8)]),
    ("'%' is not an operator of formulas", "write a:b for an interaction", [("y ~ x % z + (1 | g)", 6)]),
    ("'z' is not expected here", "join terms with + : * or /", [("y ~ x z + (1 | g)", 6), ("y ~ (x z) + (1 | g)", 7)]),
    (
        "'abcdefghijklmnopqrst' is not expected here",
        "join terms with + : * or /",
        [("y ~ x 'abcdefghijklmnopqrstuvwxyz' + (1 | g)", 6)],
    ),
    ("'a' is not expected here", "join terms with + : * or /", [("y ~ 'a' + (1 | g)", 4)]),
    ("',' is not expected here", "join terms with + : * or /", [("y ~ x, z + (1 | g)", 5)]),
    ("'[' is not expected here", "join terms with + : * or /", [("y ~ [x] + (1 | g)", 4)]),
    (
        "the intercept cannot be removed: the variants differ by how they treat it",
        "leave out '0 +' and '- 1'",
        [
            ("y ~ 0 + x + (1 | g)", 4),
            ("y ~ x - 1 + (1 | g)", 8),
            ("y ~ -1 + x + (1 | g)", 5),
            ("y ~ - 0 + (1 | g)", 6),
            ("y ~ x + 0 + (1 | g)", 8),
        ],
    ),
    (
        "the number 2 is not a term",
        "write I(2 * x) to scale a column",
        [("y ~ x + 2 + (1 | g)", 8), ("y ~ x + (x + 2 | g)", 13)],
    ),
    ("'1' is not expected here", "join terms with + : * or /", [("y ~ x + (z + x 1 | g)", 15)]),
    (
        "the number 12345678901234567890 is not a term",
        "write I(2 * x) to scale a column",
        [("y ~ x + 123456789012345678901e-9 + (1 | g)", 8)],
    ),
    ("the number 1.0 is not a term", "write I(2 * x) to scale a column", [("y ~ x + 1.0 + (1 | g)", 8)]),
    (
        "this exponent of terms is not allowed",
        "2, 3 or 4 is",
        [
            ("y ~ (a + b)**5 + (1 | g)", 13),
            ("y ~ (a + b)**1 + (1 | g)", 13),
            ("y ~ (a + b)**x + (1 | g)", 13),
            ("y ~ (a + b)** + (1 | g)", 11),
            ("y ~ x + (1 | g) + (a + b)**", 25),
        ],
    ),
    (
        "the formula has too many terms",
        "at most 2000 terms of at most 8 factors are allowed",
        [
            ("y ~ a/b/c/d/e/f/g/h/i + (1 | k)", 19),
            (f"y ~ ({sum_of('a', 75)}):({sum_of('b', 75)}) + (1 | g)", 295),
            (f"y ~ ({sum_of('x', 60)})**3 + (1 | g)", 235),
            (f"y ~ ({sum_of('a', 45)}):({sum_of('b', 44)}) + {sum_of('c', 21)} + (1 | g)", 416),
            ("y ~ a*b*c*d*e*f*g*h*i + (1 | g)", 19),
            ("y ~ a:b:c:d:e:f:g:h:i + (1 | g)", 19),
        ],
    ),
    (
        "this product has too many terms",
        "at most 2000 terms are allowed",
        [
            (f"y ~ ({sum_of('x', 60)})**2:({sum_of('z', 110)}) + (1 | g)", 238),
        ],
    ),
    ("'contr.treatment' is not known here", "write Treatment('level')", [("y ~ C(x, contr.treatment('a')) + (1 | g)", 9)]),
    ("'factor' is not a function of formulas here", "write C(column)", [("y ~ factor(x) + (1 | g)", 4)]),
    ("'as.factor' is not a function of formulas here", "write C(column)", [("y ~ as.factor(x) + (1 | g)", 4)]),
    (
        "'ns' is not a function of formulas here",
        "write cr(column, df=4, constraints='center') for a natural spline",
        [("y ~ ns(x, 3) + (1 | g)", 4)],
    ),
    (
        "'Q' is not a function of formulas",
        "allowed are I, C, log, log2, log10, log1p, exp, expm1, sqrt, abs, sin, cos, tan, center, scale, poly, bs, cr, cs, cc",
        [("y ~ Q('x') + (1 | g)", 4)],
    ),
    (
        "'averyveryverylongfun' is not a function of formulas",
        "allowed are I, C, log, log2, log10, log1p, exp, expm1, sqrt, abs, sin, cos, tan, center, scale, poly, bs, cr, cs, cc",
        [("y ~ averyveryverylongfunctionname(x) + (1 | g)", 4)],
    ),
    (
        "'foo' is not a function of formulas",
        "allowed are I, C, log, log2, log10, log1p, exp, expm1, sqrt, abs, sin, cos, tan, center, scale, poly, bs, cr, cs, cc",
        [("y ~ log(foo(x)) + (1 | g)", 8)],
    ),
    (
        "'~' has no meaning inside a call",
        "allowed in a call are + - * / // % ** and one comparison",
        [("y ~ I(x ~ z) + (1 | g)", 8)],
    ),
    (
        "'|' has no meaning inside a call",
        "allowed in a call are + - * / // % ** and one comparison",
        [("y ~ I(x | z) + (1 | g)", 8)],
    ),
    (
        "'||' has no meaning inside a call",
        "allowed in a call are + - * / // % ** and one comparison",
        [("y ~ I(x || z) + (1 | g)", 8)],
    ),
    (
        "':' has no meaning inside a call",
        "allowed in a call are + - * / // % ** and one comparison",
        [("y ~ I(x : z) + (1 | g)", 8)],
    ),
    ("'^' has no meaning inside a call", "write ** for a power", [("y ~ I(x^2) + (1 | g)", 7)]),
    (
        "the expression cannot be read",
        "write it as in Python, for example log(x + 1) or I(x**2)",
        [
            ("y ~ I(x z) + (1 | g)", 6),
            ("y ~ I(x + ) + (1 | g)", 10),
            ("y ~ I(x * / 2) + (1 | g)", 10),
            ("y ~ I(007 * x) + (1 | g)", 6),
            ("y ~ log(x, df=) + (1 | g)", 14),
            ("y ~ I(== x) + (1 | g)", 6),
            ("y ~ I(x if z else x) + (1 | g)", 6),
            ("y ~ I(x and z) + (1 | g)", 6),
            ("y ~ I(not x) + (1 | g)", 6),
            ("y ~ I(x in z) + (1 | g)", 6),
        ],
    ),
    ("'(' is not expected here", "join terms with + : * or /", [("y ~ log(x)(x) + (1 | g)", 10)]),
    (
        "not a single call",
        "write one call, as log(x) or I(a + b), between operators",
        [("y ~ Treatment(x) + (1 | g)", 4), ("y ~ Sum(x) + (1 | g)", 4)],
    ),
    ("bs() with both df and knots", "give one of them", [("y ~ bs(x, df=5, knots=[1]) + (1 | g)", 4)]),
    ("cr() with both df and knots", "give one of them", [("y ~ cr(x, df=5, knots=[1]) + (1 | g)", 4)]),
    ("cr() without df or knots", "write cr(x, df=4)", [("y ~ cr(x) + (1 | g)", 4)]),
    ("cs() without df or knots", "write cs(x, df=4)", [("y ~ cs(x) + (1 | g)", 4)]),
    ("cc() without df or knots", "write cc(x, df=4)", [("y ~ cc(x) + (1 | g)", 4)]),
    ("too many arguments of log()", "it takes x", [("y ~ log(x, z) + (1 | g)", 11)]),
    ("too many arguments of scale()", "it takes x, center, scale, ddof", [("y ~ scale(x, True, True, 1, 1) + (1 | g)", 28)]),
    ("argument 'out' of log()", "it takes x, each once", [("y ~ log(x, out=y) + (1 | g)", 11)]),
    (
        "argument 'degree' of poly()",
        "it takes x, degree, raw, each once",
        [("y ~ poly(x, 2, degree=2) + (1 | g)", 15), ("y ~ poly(x, degree=2, degree=3) + (1 | g)", 22)],
    ),
    ("poly() without a column", "write poly(column)", [("y ~ poly(degree=2) + (1 | g)", 4)]),
    ("argument 'x' of log()", "it takes x, each once", [("y ~ log(x=x) + (1 | g)", 8)]),
    ("log() without a column", "write log(column)", [("y ~ log() + (1 | g)", 4)]),
    (
        "argument 'averyveryverylongarg' of C()",
        "it takes data, contrasts, each once",
        [("y ~ C(x, averyveryverylongargumentname=1) + (1 | g)", 9)],
    ),
    ("'**' before an argument of log()", "it takes x, each once", [("y ~ log(**x) + (1 | g)", 8)]),
    (
        "this has no place in a formula",
        "allowed are columns, numbers, + - * / ** and the known functions",
        [
            ("y ~ log(*x) + (1 | g)", 8),
            ("y ~ I(None + x) + (1 | g)", 6),
            ("y ~ I([x]) + (1 | g)", 6),
            ("y ~ I(x[0]) + (1 | g)", 6),
            ("y ~ I(True) + (1 | g)", 6),
            ("y ~ I('a') + (1 | g)", 6),
            ("y ~ I(x == 'a' + 'b') + (1 | g)", 11),
            ("y ~ I(x < 1 < 2) + (1 | g)", 6),
            ("y ~ I((x, z)) + (1 | g)", 6),
            ("y ~ I(poly(x, 2)) + (1 | g)", 6),
            ("y ~ log(C(x)) + (1 | g)", 8),
            ("y ~ I(x * (x == 'a' == 'b')) + (1 | g)", 11),
        ],
    ),
    (
        "C() takes the name of a column",
        "make a column of the expression first",
        [("y ~ C(log(x)) + (1 | g)", 6), ("y ~ C(3) + (1 | g)", 6), ("y ~ C(x + z) + (1 | g)", 6), ("y ~ C('a') + (1 | g)", 6)],
    ),
    ("this argument of scale() is not allowed", "True or False is allowed", [("y ~ scale(x, center=1) + (1 | g)", 20)]),
    ("this argument of scale() is not allowed", "0 or 1 is allowed", [("y ~ scale(x, ddof=2) + (1 | g)", 18)]),
    (
        "this argument of poly() is not allowed",
        "a whole number from 1 to 10 is allowed",
        [
            ("y ~ poly(x, 11) + (1 | g)", 12),
            ("poly(y, 11) ~ x + (1 | g)", 8),
            ("y ~ poly(x, 0) + (1 | g)", 12),
            ("y ~ poly(x, 2.0) + (1 | g)", 12),
            ("y ~ poly(x, True) + (1 | g)", 12),
        ],
    ),
    ("this argument of poly() is not allowed", "True or False is allowed", [("y ~ poly(x, 2, raw=0) + (1 | g)", 19)]),
    (
        "this argument of bs() is not allowed",
        "a whole number from 1 to 50 is allowed",
        [("y ~ bs(x, df=51) + (1 | g)", 13), ("y ~ bs(x, df=0) + (1 | g)", 13), ("y ~ bs(x, df=z) + (1 | g)", 13)],
    ),
    (
        "this argument of bs() is not allowed",
        "a list of 1 to 100 ascending numbers is allowed, as [1, 2.5]",
        [
            ("y ~ bs(x, knots=[]) + (1 | g)", 16),
            ("y ~ bs(x, knots=[2, 1]) + (1 | g)", 16),
            ("y ~ bs(x, knots=3) + (1 | g)", 16),
            ("y ~ bs(x, knots=[z]) + (1 | g)", 16),
            ("y ~ bs(x, knots=[True]) + (1 | g)", 16),
            ("y ~ bs(x, knots=[" + ", ".join(str(i) for i in range(101)) + "]) + (1 | g)", 16),
        ],
    ),
    (
        "this argument of bs() is not allowed",
        "a whole number from 0 to 10 is allowed",
        [
            ("y ~ bs(x, degree=-False) + (1 | g)", 17),
            ("y ~ bs(x, degree=-1) + (1 | g)", 17),
            ("y ~ bs(x, degree=11) + (1 | g)", 17),
        ],
    ),
    (
        "this argument of bs() is not allowed",
        "a number is allowed",
        [
            ("y ~ bs(x, lower_bound='a') + (1 | g)", 22),
            ("y ~ bs(x, lower_bound=-z) + (1 | g)", 22),
            ("y ~ bs(x, lower_bound=True) + (1 | g)", 22),
        ],
    ),
    (
        "this argument of bs() is not allowed",
        "'raise', 'clip', 'zero' or 'extend' is allowed",
        [("y ~ bs(x, extrapolation='na') + (1 | g)", 24), ("y ~ bs(x, extrapolation=3) + (1 | g)", 24)],
    ),
    (
        "this argument of cr() is not allowed",
        "only 'center' is allowed",
        [("y ~ cr(x, df=4, constraints='anything') + (1 | g)", 28)],
    ),
    (
        "the expression nests too deeply",
        "make a column of a part of it first",
        [
            ("y ~ I(" + "-" * 59 + "(x + 1)) + (1 | g)", 66),
            ("y ~ I(" + "-" * 58 + "(x + -1)) + (1 | g)", 70),
            ("y ~ I(" + "-" * 59 + "(x > 1)) + (1 | g)", 66),
            ("y ~ I(" + "-" * 58 + "(x > -1)) + (1 | g)", 70),
            ("y ~ I(" + "-" * 60 + "x) + (1 | g)", 66),
        ],
    ),
    ("too many arguments of I()", "it takes x", [("y ~ I(x, z) + (1 | g)", 9), ("I(y, z) ~ x + (1 | g)", 5)]),
    (
        "a text can only be compared with a column by == or !=",
        "write I(column == 'text')",
        [
            ("y ~ I(x < 'a') + (1 | g)", 6),
            ("y ~ I('a' == 'b') + (1 | g)", 6),
            ("y ~ I('a' == 3) + (1 | g)", 6),
            ("y ~ I('a' > x) + (1 | g)", 6),
        ],
    ),
    ("a power of a number", "write the number itself", [("y ~ I(2**x) + (1 | g)", 6), ("y ~ I(2**2) + (1 | g)", 6)]),
    (
        "this exponent is not allowed",
        "numbers from -10 to 10 are",
        [
            ("y ~ I(x**11) + (1 | g)", 9),
            ("y ~ I(x**-11) + (1 | g)", 9),
            ("y ~ I(x**z) + (1 | g)", 9),
            ("y ~ I(x**True) + (1 | g)", 9),
            ("y ~ I(x**(1 + 1)) + (1 | g)", 10),
        ],
    ),
    (
        "Treatment without a reference level",
        "write C(column), or C(column, Treatment('level'))",
        [("y ~ C(x, Treatment) + (1 | g)", 9)],
    ),
    (
        "not a contrast",
        "allowed are Treatment, Sum, Helmert, Poly, Diff",
        [
            ("y ~ C(x, 3) + (1 | g)", 9),
            ("y ~ C(x, log(x)) + (1 | g)", 9),
            ("y ~ C(x, z) + (1 | g)", 9),
            ("y ~ C(x, 'a') + (1 | g)", 9),
        ],
    ),
    (
        "arguments of Sum()",
        "only Treatment takes one, the reference level: Treatment('level')",
        [("y ~ C(x, Sum('a')) + (1 | g)", 9), ("y ~ C(x, Sum(reference='a')) + (1 | g)", 9)],
    ),
    (
        "arguments of Treatment()",
        "only Treatment takes one, the reference level: Treatment('level')",
        [
            ("y ~ C(x, Treatment('a', 'b')) + (1 | g)", 9),
            ("y ~ C(x, Treatment(base='a')) + (1 | g)", 9),
            ("y ~ C(x, Treatment(z)) + (1 | g)", 9),
            ("y ~ C(x, Treatment(-1)) + (1 | g)", 9),
            ("y ~ C(x, Treatment('a', reference='b')) + (1 | g)", 9),
        ],
    ),
]


@pytest.mark.parametrize(
    ("text", "position", "problem", "allowed"),
    [(text, position, problem, allowed) for problem, allowed, cases in REFUSALS for text, position in cases],
)
def test_a_refusal_says_where_and_what_and_what_is_allowed(text: str, position: int, problem: str, allowed: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    error = caught.value
    assert (error.position, error.problem, error.allowed, error.text) == (position, problem, allowed, text)
