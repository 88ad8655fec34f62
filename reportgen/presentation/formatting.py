"""Numbers as text: one place for decimals, signs and intervals. Pure functions; no words of the report.

An estimate is shown to the decimals of two significant digits of its standard error, and so are its interval and its
standard error. Estimates that stand beside each other (a predictor's slopes in all models) share the decimals of the most
exact one; the sentence and the table therefore show the same digits.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from reportgen.fits import Coefficient, Number, Undefined
from reportgen.presentation.number_style import current_style

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
TOO_SMALL, TOO_LARGE = 1e-5, 1e7  # magnitudes beyond which numbers are written as powers of ten
EXTRA_DIGITS = 3  # digits an equation shows beyond those of the table, so that it can be followed by hand
MAX_BEYOND = 2  # digits beyond those of its own standard error that an estimate gets beside others
MAX_DECIMALS = 12
EXACT_DIGITS = 11  # digits in which two ways to compute one number agree: beyond them they may lie on either side of a tie
ALMOST_ZERO = 1e-13  # relative to the standard error: what is rounding is written as zero

DECIMALS = {
    "share": 3,
    "icc": 3,
    "r2": 3,
    "weight": 5,
    "statistic": 2,
    "log_likelihood": 2,
    "aic": 1,
    "bic": 1,
}
"""Decimals of the quantities that have no standard error to go by."""

PStyle = Literal["apa", "ama", "plain"]
P_STYLES: tuple[PStyle, ...] = ("apa", "ama", "plain")
_p_style: ContextVar[PStyle] = ContextVar("p_style", default="apa")

SUPERSCRIPTS = str.maketrans("0123456789-", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b")


def decimals_for(std_error: float, digits: int = 2) -> int:
    """Decimals at which a standard error shows `digits` significant digits; 0 where that is left of the point."""
    if not std_error > 0 or not math.isfinite(std_error):
        return 3
    exponent = int(f"{settled(std_error):.{digits - 1}e}".partition("e")[2])
    return min(max(digits - 1 - exponent, 0), MAX_DECIMALS)


def settled(value: float) -> float:
    """`value` without the digits by which two ways to compute one number differ: a tie is then written the same in both."""
    return float(f"{value:.{EXACT_DIGITS - 1}e}")


def _cut_off(value: float, decimals: int) -> str:
    """`value` to some decimals, half a unit away from zero; as it stands where more digits than are sure are asked for."""
    if not value or not math.isfinite(value) or math.floor(math.log10(abs(value))) + decimals >= EXACT_DIGITS - 1:
        return f"{value:.{decimals}f}"
    sure = Decimal(f"{value:.{EXACT_DIGITS - 1}e}")
    return f"{sure.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def fixed(value: float, decimals: int) -> str:
    """`value` with a true minus sign and never a negative zero."""
    text = _cut_off(value, decimals)
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.") else MINUS + text[1:]
    return current_style().marked(text)


def scientific(value: float, digits: int = 3) -> str:
    """`value` as a power of ten with `digits` significant digits."""
    if value == 0:
        return "0"
    sure = settled(value) if digits < EXACT_DIGITS else value
    mantissa, _, exponent = f"{sure:.{max(digits - 1, 0)}e}".partition("e")
    power = str(int(exponent)).translate(SUPERSCRIPTS)
    return f"{current_style().marked(mantissa.replace('-', MINUS))} \u00d7 10{power}"


def needs_power(*values: float) -> bool:
    """Whether the largest of some magnitudes is beyond what is written out."""
    largest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    return largest != 0 and not TOO_SMALL <= largest < TOO_LARGE


def signed(text: str) -> str:
    """A number already written, as the next term of a sum."""
    return f"{MINUS} {text[1:]}" if text.startswith(MINUS) else f"+ {text}"


def significant(value: float, digits: int = 4) -> str:
    """`value` with `digits` significant digits, as a variance part or a standard deviation is shown."""
    if needs_power(value):
        return scientific(value, digits)
    return fixed(value, decimals_for(abs(value), digits)) if value else "0"


@dataclass(frozen=True, slots=True)
class Place:
    """Where numbers of one estimate are cut off.

    Attributes
    ----------
    exponent : int
        Power of ten of the last digit shown.
    as_power : bool
        Whether they are written as powers of ten.
    """

    exponent: int
    as_power: bool

    @classmethod
    def of(cls, estimate: float, std_error: float, digits: int = 2) -> Place:
        """The place of the last of `digits` significant digits of the standard error."""
        size = std_error if std_error > 0 else abs(estimate) * 1e-4
        if not size > 0 or not math.isfinite(size):
            return cls(-digits, False)
        last = int(f"{settled(size):.{digits - 1}e}".partition("e")[2]) - (digits - 1)
        as_power = needs_power(estimate, std_error)
        return cls(last if as_power else max(min(last, 0), -MAX_DECIMALS), as_power)

    @classmethod
    def shared(cls, estimates: Sequence[tuple[float, float]]) -> Place:
        """One place for estimates of one row or sentence, each given with its standard error.

        Fine enough for the most exact of them, and for two significant digits of each (within ``MAX_BEYOND`` of its own place).
        """
        as_power = needs_power(*(number for pair in estimates for number in pair))
        wanted = []
        for value, std_error in estimates:
            own = cls.of(value, std_error).exponent
            two_digits = cls.of(value, abs(value)).exponent if abs(value) > ALMOST_ZERO * std_error else own
            wanted.append(min(own, max(two_digits, own - MAX_BEYOND)))
        return cls(min(wanted, default=-2), as_power)

    def beside(self, value: float, std_error: float) -> Place:
        """This place for one of the estimates that share it, unless that is too far beyond its own standard error."""
        own = Place.of(value, std_error)
        return own if own.as_power != self.as_power else Place(max(self.exponent, own.exponent - MAX_BEYOND), self.as_power)

    def finer(self, digits: int = EXTRA_DIGITS) -> Place:
        """The place some digits further to the right."""
        return Place(max(self.exponent - digits, -MAX_DECIMALS) if not self.as_power else self.exponent - digits, self.as_power)

    def text(self, value: float) -> str:
        """`value` cut off at this place."""
        if not self.as_power:
            return fixed(value, -self.exponent)
        if abs(value) < 0.5 * 10.0**self.exponent:
            return "0"
        return scientific(value, int(f"{abs(value):e}".partition("e")[2]) - self.exponent + 1)


def interval(low: float, high: float, place: Place) -> str:
    """From the lower to the upper end."""
    return span(place.text(low), place.text(high))


def span(low: str, high: str) -> str:
    """From one number to another, both already written."""
    return current_style().range.format(low, high)


def in_a_row(numbers: Sequence[float]) -> str:
    """Degrees of freedom beside each other."""
    return current_style().separator.join(degrees_of_freedom(number) for number in numbers)


@contextmanager
def p_style(style: PStyle) -> Iterator[None]:
    """Write p values in a style for a while: it belongs to the report being made, not to the functions that make its parts."""
    token = _p_style.set(style)
    try:
        yield
    finally:
        _p_style.reset(token)


def p_value(p: Number) -> str:
    """A p value in the style of the report.

    ``apa``: ``p < .001`` or three decimals without the leading zero. ``ama``: ``P < .001``, three decimals below .01 and where
    two would turn .05 round, else two. ``plain``: as ``apa`` with the leading zero. A decimal comma always has its zero.
    """
    if isinstance(p, Undefined):
        return MISSING
    style, marks = _p_style.get(), current_style()
    letter, zero = ("P" if style == "ama" else "p"), ("0" if style == "plain" or marks.decimal != "." else "")
    if p < 0.001:
        return f"{letter} < {marks.marked(zero + '.001')}"
    decimals = 2 if style == "ama" and p >= 0.01 and not 0.045 <= p < 0.055 else 3
    text = _cut_off(p, decimals)
    if text.startswith("1") and p < 1:
        return f"{letter} > {marks.marked(zero + '.' + '9' * decimals)}"
    return f"{letter} = {marks.marked(zero + text[1:] if text.startswith('0') else text)}"


def degrees_of_freedom(df: float) -> str:
    """Whole where it is whole or large, else one decimal."""
    whole = abs(df - round(df)) < 1e-6 * max(df, 1.0) or df >= 1000
    return fixed(df, 0 if whole else 1)


def percent(share: float) -> str:
    """A share of one as a percentage, finer near 0 and near 100."""
    distance, style = min(share, 1.0 - share) * 100, current_style()
    if 0 < distance < 0.005:
        pattern, end = (style.below, 0.01) if share < 0.5 else (style.above, 99.99)
        return pattern.format(style.percent.format(fixed(end, 2)))
    return whole_percent(share, 0 if distance >= 10 or distance <= 0 else 1 if distance >= 0.95 else 2)


def percents(shares: Sequence[float]) -> tuple[str, ...]:
    """Shares of one, which add up to one, as percentages with one decimal that add up to 100.

    All are rounded down, and the tenths that are left go to those that lost most (largest remainder). What is above zero and
    gets no tenth is said to be less than one.
    """
    tenths = [max(share, 0.0) * 1000.0 for share in shares]
    units = [math.floor(tenth + 1e-9) for tenth in tenths]
    order = sorted(range(len(shares)), key=lambda i: (units[i] - tenths[i], i))
    for i in order[: max(1000 - sum(units), 0)]:
        units[i] += 1
    style = current_style()
    least = style.below.format(style.percent.format(fixed(0.1, 1)))
    return tuple(
        least if unit == 0 and share > 0 else whole_percent(unit / 1000.0, 1) for unit, share in zip(units, shares, strict=True)
    )


def whole_percent(share: float, decimals: int = 0) -> str:
    """A share of one as a percentage, without decimals unless asked for."""
    return current_style().percent.format(fixed(share * 100, decimals))


def count(number: float) -> str:
    """A number of things, thousands set apart by a narrow space from 10,000 on; a median may end in a half."""
    text = fixed(number, 0) if float(number).is_integer() else significant(float(number), 4).rstrip("0")
    return f"{round(number):,}".replace(",", current_style().thousands) if text.isdigit() and len(text) > 4 else text


def quantity(kind: str, value: Number) -> str:
    """A number of a kind in :data:`DECIMALS`, an en dash where it is undefined."""
    if isinstance(value, Undefined):
        return MISSING
    if needs_power(value) and abs(value) > 1:
        return scientific(value, 4)
    return fixed(value, DECIMALS[kind])


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient as text, every part cut off at the same place.

    `value`, `std_error`, `low`, `high`, `interval` as in the tables; `exact` with more digits for the arithmetic; `df`,
    `statistic` and `p` as text. `sign` is -1, 0 or 1 of the value as shown.
    """

    value: str
    exact: str
    magnitude: str
    sign: int
    std_error: str
    low: str
    high: str
    interval: str
    df: str
    statistic: str
    p: str
    includes_zero: bool


def estimate(coefficient: Coefficient, shared: Place | None = None) -> Estimate:
    """The texts of a coefficient, at the place it shares with those it is set beside."""
    c = coefficient
    own = Place.of(c.estimate, c.std_error)
    place = shared.beside(c.estimate, c.std_error) if shared else own
    number = 0.0 if abs(c.estimate) < ALMOST_ZERO * c.std_error else c.estimate
    shown = place.text(number)
    return Estimate(
        value=shown,
        exact=own.finer().text(number),
        magnitude=place.text(abs(number)),
        sign=0 if not shown.strip("0" + current_style().decimal) else -1 if number < 0 else 1,
        std_error=place.text(c.std_error) if c.std_error > 0 else "0",
        low=place.text(c.conf_low),
        high=place.text(c.conf_high),
        interval=interval(c.conf_low, c.conf_high, place),
        df=degrees_of_freedom(c.df),
        statistic=quantity("statistic", c.statistic),
        p=p_value(c.p_value),
        includes_zero=c.conf_low <= 0 <= c.conf_high,
    )


def printable(text: str, limit: int | None = None) -> str:
    """Text of the data for a page: no control, direction or unassigned characters, white space as single blanks.

    Parameters
    ----------
    text : str
        A label, a column name, a file name.
    limit : int, optional
        Longest text returned; what is cut off is replaced by an ellipsis.
    """
    blanks = " ".join(text.split())
    kept = "".join(c for c in blanks if c in "\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    if limit is not None and len(kept) > limit:
        return kept[: limit - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return kept or MISSING
