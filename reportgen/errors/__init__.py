"""Errors a user can mend.

Every error carries its data as attributes; the sentence is made in ``__str__`` and says what was given, where, and what is
allowed. The command line prints that sentence and ends with :attr:`ReportgenError.exit_code`; a traceback is never shown.
"""

from __future__ import annotations

from reportgen.errors.base import (
    InputError,
    LibraryMissing,
    OptionConflict,
    OptionError,
    OutputError,
    ReportgenError,
    UsageError,
    listed,
    printable_name,
    quoted,
    said,
)
from reportgen.errors.data import (
    BadValue,
    ClusterUnreachable,
    ColumnMissing,
    ColumnUnusable,
    NoCompleteRows,
    SourceUnreadable,
    TooManyDistinct,
    UnseenLevel,
)
from reportgen.errors.formula import FormulaError, TooManyColumns
from reportgen.errors.models import (
    CollinearColumns,
    ConstantPredictor,
    ConstantResponse,
    GroupNotFitted,
    NotEstimable,
    OneGroup,
    OneRowPerGroup,
    SlopeNotFixed,
    TooFewRows,
    TooLittleVariation,
    VariantMissing,
)
from reportgen.errors.reports import (
    DuplicateName,
    FolderInUse,
    ManifestError,
    NoCurrentFolder,
    NotAReport,
    OutputNotWritable,
    OutputWithheld,
    SmallCells,
    TemplateFault,
    UnknownKey,
    UnknownTemplate,
)

__all__ = [
    "BadValue",
    "ClusterUnreachable",
    "CollinearColumns",
    "ColumnMissing",
    "ColumnUnusable",
    "ConstantPredictor",
    "ConstantResponse",
    "DuplicateName",
    "FolderInUse",
    "FormulaError",
    "GroupNotFitted",
    "InputError",
    "LibraryMissing",
    "ManifestError",
    "NoCompleteRows",
    "NoCurrentFolder",
    "NotAReport",
    "NotEstimable",
    "OneGroup",
    "OneRowPerGroup",
    "OptionConflict",
    "OptionError",
    "OutputError",
    "OutputNotWritable",
    "OutputWithheld",
    "ReportgenError",
    "SlopeNotFixed",
    "SmallCells",
    "SourceUnreadable",
    "TemplateFault",
    "TooFewRows",
    "TooLittleVariation",
    "TooManyColumns",
    "TooManyDistinct",
    "UnknownKey",
    "UnknownTemplate",
    "UnseenLevel",
    "UsageError",
    "VariantMissing",
    "listed",
    "printable_name",
    "quoted",
    "said",
]
