"""Numbers as text: decimals follow the standard error, signs and intervals are typeset, labels are made printable."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.fits import Coefficient, Issue, Undefined
from reportgen.presentation.formatting import (
    EXACT_DIGITS,
    Place,
    count,
    degrees_of_freedom,
    estimate,
    fixed,
    p_value,
    percent,
    percents,
    printable,
    quantity,
    scientific,
    signed,
    significant,
)


def coefficient(value: float, std_error: float, df: float = 20.0) -> Coefficient:
    reach = 2.0 * std_error
    return Coefficient("x", "raw", value, std_error, df, "residual", 1.0, 0.5, value - reach, value + reach)


@pytest.mark.parametrize(
    ("value", "std_error", "texts"),
    [
        (0.8431, 0.0623, ("0.843", "0.062")),
        (12345.6, 345.6, ("12346", "346")),
        (0.000123, 0.00004, ("0.000123", "0.000040")),
        (0.2054583, 1.2927, ("0.2", "1.3")),
        (0.5, 0.0996, ("0.50", "0.10")),
        (-0.04, 1.2, ("0.0", "1.2")),
        (-3.14159, 0.5, ("−3.14", "0.50")),
        (1.2345e9, 3e7, ("1.234 × 10⁹", "3.0 × 10⁷")),
        (-2e-8, 3e-9, ("−2.00 × 10⁻⁸", "3.0 × 10⁻⁹")),
    ],
)
def test_decimals_follow_the_standard_error(value: float, std_error: float, texts: tuple[str, str]) -> None:
    shown = estimate(coefficient(value, std_error))
    assert (shown.value, shown.std_error) == texts


def test_interval_is_cut_off_where_the_estimate_is() -> None:
    shown = estimate(coefficient(12.40704, 6.775593))
    assert shown.interval == "−1.1 to 26.0"
    assert shown.exact == "12.4070"
    assert shown.includes_zero


def test_sign_is_that_of_the_text() -> None:
    assert estimate(coefficient(-0.04, 1.2)).sign == 0
    assert estimate(coefficient(-0.06, 1.2)).sign == -1
    assert estimate(coefficient(-0.06, 1.2)).magnitude == "0.1"


def test_an_exact_coefficient_has_digits_too() -> None:
    assert estimate(coefficient(2.0, 0.0)).std_error == "0"
    assert estimate(coefficient(2.0, 0.0)).value.startswith("2.0")


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e9))
def test_no_number_is_ever_a_negative_zero(value: float, std_error: float) -> None:
    text = Place.of(value, std_error).text(value)
    assert "-" not in text
    assert not (text.startswith("−") and not text.strip("−0."))


@given(st.floats(-1e6, 1e6), st.floats(1e-4, 1e4))
@example(16384.640625, 1e-4)  # half a unit, which a difference of floats makes more
@example(-891579.4178472935, 1e-3)  # the digits that are sure are rounded first
def test_the_text_is_within_half_a_unit_of_its_last_digit_and_of_the_last_that_is_sure(value: float, std_error: float) -> None:
    place = Place.of(value, std_error)
    if not place.as_power:
        read = Fraction(place.text(value).replace("−", "-"))
        last_sure = Fraction(10) ** (math.floor(math.log10(abs(value))) - EXACT_DIGITS + 1) if value else 0
        assert abs(read - Fraction(value)) <= (Fraction(10) ** place.exponent + last_sure) / 2


@pytest.mark.parametrize(
    ("p", "text"),
    [(1e-9, "p < .001"), (0.001, "p = .001"), (0.12345, "p = .123"), (0.9996, "p > .999"), (1.0, "p = 1.000")],
)
def test_p_values(p: float, text: str) -> None:
    assert p_value(p) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (0.0272, "2.7%"),
        (0.7204, "72%"),
        (0.97277, "97.3%"),
        (0.00012, "0.01%"),
        (1e-6, "less than 0.01%"),
        (1, "100%"),
    ],
)
def test_shares_are_finer_near_the_ends(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_share_and_its_rest_add_up() -> None:
    assert percent(0.02723) == "2.7%"
    assert percent(1 - 0.02723) == "97.3%"


def test_other_numbers() -> None:
    assert degrees_of_freedom(471.0) == "471"
    assert degrees_of_freedom(6.4446) == "6.4"
    assert degrees_of_freedom(7018.3) == "7018"
    assert count(480) == "480"
    assert count(7185) == "7185"
    assert count(1000000) == "1\u202f000\u202f000"
    assert count(5.5) == "5.5"
    assert significant(223.8078) == "223.8"
    assert significant(0.0) == "0"
    assert scientific(0.0) == "0"
    assert scientific(-1.6e-16, 1) == "−2 × 10⁻¹⁶"
    assert fixed(-0.0001, 2) == "0.00"
    assert signed("−1.5") == "− 1.5"
    assert signed("1.5") == "+ 1.5"


def test_what_is_undefined_is_a_dash() -> None:
    absent = Undefined(Issue("no_residual_variance"))
    assert p_value(absent) == "–"
    assert quantity("icc", absent) == "–"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("line\nbreak\ttab", "line break tab"),
        ("right\u202eto left", "rightto left"),
        ("half\ud800", "half"),
        ("dragon \U0001f409", "dragon \U0001f409"),
        ("", "–"),
        ("<b>$x$</b>", "<b>$x$</b>"),
    ],
)
def test_labels_are_printable_but_not_rewritten(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_long_labels_end_in_an_ellipsis() -> None:
    assert printable("x" * 50, 10) == "x" * 9 + "…"


def test_places_of_nothing_are_finite() -> None:
    for value, error in ((0.0, 0.0), (math.inf, 1.0), (1.0, math.inf)):
        assert isinstance(Place.of(value, error).text(1.0), str)


def test_estimates_beside_each_other_share_the_place_of_the_most_exact() -> None:
    place = Place.shared([(8.9956, 0.9686), (12.40704, 6.775593), (3.1, 1.285)])
    assert [place.beside(*pair).text(pair[0]) for pair in [(8.9956, 0.9686), (12.40704, 6.775593)]] == ["9.00", "12.41"]
    assert estimate(coefficient(12.40704, 6.775593), place).std_error == "6.78"


def test_every_one_of_them_shows_two_digits() -> None:
    place = Place.shared([(0.20549, 1.2927), (12.40704, 6.775593)])
    assert place.beside(0.20549, 1.2927).text(0.20549) == "0.21"
    assert place.beside(12.40704, 6.775593).text(12.40704) == "12.41"


def test_no_estimate_is_shown_far_beyond_its_own_error() -> None:
    place = Place.shared([(0.123456, 0.00012), (12.40704, 6.775593), (1e-9, 1.0)])
    assert place.text(0.123456) == "0.12346"
    assert place.beside(12.40704, 6.775593).text(12.40704) == "12.407"
    assert Place.shared([(1e-9, 1.0)]).text(1e-9) == "0.000"


def test_powers_of_ten_are_shared_too() -> None:
    numbers = [(1.234e9, 2.5e7), (3.21e8, 6.0e6)]
    place = Place.shared(numbers)
    assert [place.beside(*pair).text(pair[0]) for pair in numbers] == ["1.2340 \u00d7 10\u2079", "3.210 \u00d7 10\u2078"]


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(0.4425, 3, "0.443"), (2.5, 0, "3"), (1234.565, 2, "1234.57"), (0.05, 1, "0.1")]
)
def test_one_number_computed_in_two_ways_is_written_the_same(value: float, decimals: int, text: str) -> None:
    for sign, mark in ((1.0, ""), (-1.0, "\N{MINUS SIGN}")):
        for other in (value * (1 - 1e-13), value, value * (1 + 1e-13)):
            assert fixed(sign * other, decimals) == mark + text


def test_ties_of_powers_and_p_values_are_settled_too() -> None:
    assert {scientific(v, 3) for v in (1.235e9 * (1 - 1e-13), 1.235e9 * (1 + 1e-13))} == {scientific(1.235e9, 3)}
    assert {p_value(v) for v in (0.0125 * (1 - 1e-13), 0.0125, 0.0125 * (1 + 1e-13))} == {"p = .013"}
    assert {Place.of(1.0, v).exponent for v in (0.0995 * (1 - 1e-13), 0.0995 * (1 + 1e-13))} == {Place.of(1.0, 0.0995).exponent}


def test_more_digits_than_two_ways_share_are_written_as_they_are() -> None:
    assert fixed(1234567.123456789, 9) == f"{1234567.123456789:.9f}"
    assert fixed(1e-20, 3) == "0.000"
    assert fixed(0.9999999999999, 3) == "1.000"


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((1 / 3, 1 / 3, 1 / 3), ("33.4%", "33.3%", "33.3%")),
        ((0.6, 0.4, 0.0), ("60.0%", "40.0%", "0.0%")),
        ((0.2046, 0.3046, 0.4908), ("20.5%", "30.4%", "49.1%")),
        ((0.00002, 0.49999, 0.49999), ("less than 0.1%", "50.0%", "50.0%")),
        ((1.0, 0.0), ("100.0%", "0.0%")),
    ],
)
def test_shares_of_a_whole_add_up_to_it(shares: tuple[float, ...], expected: tuple[str, ...]) -> None:
    assert percents(shares) == expected


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6).filter(lambda parts: sum(parts) > 0.01))
def test_no_share_is_a_tenth_of_a_percent_off(parts: list[float]) -> None:
    shares = [part / sum(parts) for part in parts]
    shown = [0.0 if text.startswith("less") else float(text.removesuffix("%")) for text in percents(shares)]
    assert sum(shown) == pytest.approx(100.0, abs=1e-9)
    assert all(abs(text - 100.0 * share) < 0.1 + 1e-6 for text, share in zip(shown, shares, strict=True))
