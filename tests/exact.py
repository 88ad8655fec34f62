"""Least squares in rational arithmetic: what the numbers as stored say, without any rounding."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

Rows = Sequence[Sequence[Fraction]]


def fractions(rows: Iterable[Iterable[float]]) -> list[list[Fraction]]:
    """Numbers as the fractions that they are."""
    return [[Fraction(float(value)) for value in row] for row in rows]


def solve(matrix: Rows, right: Sequence[Fraction]) -> list[Fraction]:
    """Solution of a system of linear equations by elimination."""
    n = len(matrix)
    table = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(n):
        pivot = next(k for k in range(i, n) if table[k][i] != 0)
        table[i], table[pivot] = table[pivot], table[i]
        for k in range(n):
            if k != i and table[k][i] != 0:
                share = table[k][i] / table[i][i]
                table[k] = [u - share * v for u, v in zip(table[k], table[i], strict=True)]
    return [table[i][n] / table[i][i] for i in range(n)]


def least_squares(columns: Rows, response: Sequence[Fraction], lost: int = 0) -> tuple[list[float], list[float]]:
    """Coefficients and standard errors of a regression on columns (one a row of `columns`); `lost` degrees of freedom more."""
    p = len(columns)
    gram = [[sum((u * v for u, v in zip(a, b, strict=True)), Fraction(0)) for b in columns] for a in columns]
    beta = solve(gram, [sum((u * v for u, v in zip(a, response, strict=True)), Fraction(0)) for a in columns])
    fitted = [sum((b * v for b, v in zip(beta, row, strict=True)), Fraction(0)) for row in zip(*columns, strict=True)]
    rss = sum(((y - f) ** 2 for y, f in zip(response, fitted, strict=True)), Fraction(0))
    sigma2 = rss / (len(response) - p - lost)
    units = [[Fraction(int(i == j)) for i in range(p)] for j in range(p)]
    errors = [math.sqrt(sigma2 * solve(gram, unit)[j]) for j, unit in enumerate(units)]
    return [float(b) for b in beta], errors
