"""Fuzzing of the formula reader: ``python tests/fuzz_formula.py``; a script, not a test.

With atheris installed (``pip install atheris``) its coverage leads the search, and its options are understood
(``-max_total_time=60``). Without it, formulas are drawn from the pieces of the grammar with a fixed seed, 100,000 of them or as
many as the first argument says. Anything but a formula or a ``FormulaError`` ends the run with a traceback.
"""

from __future__ import annotations

import random
import sys
from importlib import import_module
from time import perf_counter

from reportgen.errors import FormulaError
from reportgen.formula import parse_formula

GRAMMAR = r"""
~ ~ + - * / : ** ^ | || ( ) ( ) [ ] , = == != < > % // . .. ` ' " \ { } ; # @ & $ ! ? _ __
y x g z a b `my_col` 0 1 2 3 12 1.5 1e9 1e400 007 0x1f 1_0 1j 'a' "b" '' ``
log C I poly bs cr cs cc np.exp np.log. center scale offset Treatment Sum lag Q contr.treatment
df= knots= degree= raw= base= True False None lambda for in if else not and is import yield await
__import__ os.system open eval .__class__ (1|g) (x||g) (1|a:b) +(1|g) y~x+(1|g) I(x**2) log(x+1)
"""
ODD = ("\n", "\t", "\x00", "\u2028", "\u202e", "\ud800", "\U0001f600", "é", "е", "～", "٣", " ", "  ")
PIECES = (*GRAMMAR.split(), *ODD)
SLOW = 1.0  # seconds that no formula may take


def one(text: str) -> bool:
    """Read a text; true if it is a formula."""
    start = perf_counter()
    is_formula = True
    try:
        parse_formula(text)
    except FormulaError as error:
        is_formula = False
        if not (0 <= error.position <= len(text) and len(str(error).splitlines()) == 3):
            raise AssertionError(f"{text!r}: {error!r}") from error
    if perf_counter() - start > SLOW:
        raise AssertionError(f"slow: {text!r}")
    return is_formula


def drawn(source: random.Random) -> str:
    """A random formula: pieces in a row, or a sensible one with some characters changed."""
    if source.random() < 0.6:
        return source.choice(["", "", " "]).join(source.choices(PIECES, k=source.randrange(1, 40)))
    characters = list("log(y) ~ x * C(z, Treatment('b')) + bs(x, df=5) + I(x**2 - 1):`my col` + (1 + x | a:b)")
    for _ in range(source.randrange(1, 6)):
        place = source.randrange(len(characters))
        characters[place : place + source.randrange(3)] = source.choice(PIECES)
    return "".join(characters)


def main() -> None:
    """Fuzz with atheris if it is there, else with the fixed seed."""
    try:
        atheris = import_module("atheris")
    except ImportError:
        source = random.Random(1)
        n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
        read = sum(one(drawn(source)) for _ in range(n))
        print(f"{n} texts: {read} formulas, {n - read} refused, nothing else")
        return
    atheris.instrument_all()
    atheris.Setup(sys.argv, lambda data: one(atheris.FuzzedDataProvider(data).ConsumeUnicode(4096)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
