"""Errors of models that the rows cannot carry, and of questions about models."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from reportgen.errors.base import InputError, listed, quoted


class NotEstimable(InputError):
    """The rows used cannot carry any of the models. Subclasses say why."""


class OneGroup(NotEstimable):
    """All rows used belong to one group; an empty label is not named."""

    def __init__(self, group: str, label: str) -> None:
        super().__init__(group, label)
        self.group, self.label = group, label

    def __str__(self) -> str:
        label = f" = {quoted(self.label)}" if self.label else " alike"
        return f"all rows used have {quoted(self.group)}{label}: at least two groups are needed"


class OneRowPerGroup(NotEstimable):
    """Every group has exactly one row."""

    def __init__(self, group: str, n_groups: int) -> None:
        super().__init__(group, n_groups)
        self.group, self.n_groups = group, n_groups

    def __str__(self) -> str:
        return (
            f"every one of the {self.n_groups} groups of {quoted(self.group)} has one row: "
            "groups with at least two rows are needed to tell variation within groups from variation between them"
        )


class ConstantResponse(NotEstimable):
    """The response has one value only."""

    def __init__(self, response: str, value: float) -> None:
        super().__init__(response, value)
        self.response, self.value = response, value

    def __str__(self) -> str:
        return f"response {quoted(self.response)} has the value {self.value:g} in every row used: it must vary"


class ConstantPredictor(NotEstimable):
    """A predictor has one value only, as far as 64-bit numbers tell."""

    def __init__(self, column: str, value: float) -> None:
        super().__init__(column, value)
        self.column, self.value = column, value

    def __str__(self) -> str:
        beyond = ", as far as 64-bit numbers tell (they keep 16 digits)" if abs(self.value) >= 2**53 else ""
        return (
            f"predictor {quoted(self.column)} has the same value in every row used{beyond}: it must vary, or leave the formula"
        )


class TooLittleVariation(NotEstimable):
    """A column varies, but by less than 64-bit numbers carry through sums of squares at its size."""

    def __init__(self, column: str, size: float, spread: float) -> None:
        super().__init__(column, size, spread)
        self.column, self.size, self.spread = column, size, spread

    def __str__(self) -> str:
        return (
            f"{quoted(self.column)} varies by {self.spread:.3g} only, at a size of {self.size:.3g}: 64-bit numbers cannot "
            "carry that; subtract a constant from it, or measure it in another unit"
        )


class CollinearColumns(NotEstimable):
    """Design columns are linear combinations of others."""

    def __init__(self, columns: Sequence[str], others: Sequence[str]) -> None:
        super().__init__(tuple(columns), tuple(others))
        self.columns, self.others = tuple(columns), tuple(others)

    def __str__(self) -> str:
        terms = {name.rpartition("[")[0] for name in (*self.columns, *self.others)}
        term = terms.pop() if len(terms) == 1 else ""
        if term.startswith(("cr(", "cs(", "cc(")) and "constraints" not in term:
            return f"the columns of {quoted(term)} add up to the intercept: add constraints='center' to its arguments"
        what = "is a linear combination" if len(self.columns) == 1 else "are linear combinations"
        return f"{listed(self.columns)} {what} of {listed(self.others)} and the intercept: remove one of them"


class TooFewRows(NotEstimable):
    """Not more rows than columns."""

    def __init__(self, n_rows: int, n_columns: int) -> None:
        super().__init__(n_rows, n_columns)
        self.n_rows, self.n_columns = n_rows, n_columns

    def __str__(self) -> str:
        return f"{self.n_rows} complete rows for {self.n_columns} coefficients: at least {self.n_columns + 2} rows are needed"


class SlopeNotFixed(InputError):
    """A slope of the grouping term is not among the fixed terms."""

    def __init__(self, slope: str, group: str, terms: Sequence[str]) -> None:
        super().__init__(slope, group, tuple(terms))
        self.slope, self.group, self.terms = slope, group, tuple(terms)

    def __str__(self) -> str:
        return (
            f"the slope of {quoted(self.slope)} varies by {quoted(self.group)} but is not among the fixed terms "
            f"({listed(self.terms) or 'there are none'}): add {quoted(self.slope)} to the formula outside the parentheses"
        )


class GroupNotFitted(InputError):
    """A variant with an intercept for every group is asked about a group it has not seen."""

    def __init__(self, variant: str, groups: Sequence[str]) -> None:
        super().__init__(variant, tuple(groups))
        self.variant, self.groups = variant, tuple(groups)

    def __str__(self) -> str:
        return (
            f"{quoted(self.variant)} has an intercept for each group and none for {listed(self.groups)}: "
            "predict new groups with a mixed or a pooled variant"
        )


class VariantMissing(InputError):
    """A variant that is not fitted is asked for."""

    def __init__(self, variant: str, available: Sequence[str]) -> None:
        super().__init__(variant, tuple(available))
        self.variant, self.available = variant, tuple(available)

    def __str__(self) -> str:
        near = get_close_matches(self.variant, self.available, n=1)
        hint = f"did you mean {quoted(near[0])}? " if near else ""
        return f"no fitted variant {quoted(self.variant)}: {hint}fitted are {listed(self.available, 20)}"
