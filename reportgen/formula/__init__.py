"""The formula: read, checked and taken apart before any of it reaches a library that evaluates text.

A formula is code until proven otherwise: the formula library would run ``I(__import__('os').system('...'))``. So the text is
scanned here (:mod:`~reportgen.formula.scanner`), every call is held against a list of functions and arguments
(:mod:`~reportgen.formula.expressions`), terms are multiplied out within limits (:mod:`~reportgen.formula.terms`), and what is
handed on consists of our own names (``c0``, ``f1``, ``r2``, ``s3``), never of the user's.
"""

from __future__ import annotations

from reportgen.formula.model_formula import CodedFormula, GroupingTerm, ModelFormula, check_columns
from reportgen.formula.parsing import parse_formula

__all__ = ["CodedFormula", "GroupingTerm", "ModelFormula", "check_columns", "parse_formula"]
