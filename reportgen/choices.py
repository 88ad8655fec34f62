"""What a user may choose of an analysis: defaults, what is allowed, errors that name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Literal

from reportgen.errors import OptionConflict, OptionError, quoted
from reportgen.sources import CHUNK_ROWS

Inference = Literal["auto", "kenward-roger", "satterthwaite"]
Interactions = Literal["product", "double-demeaned"]
INTERACTIONS: tuple[Interactions, ...] = ("product", "double-demeaned")
INFERENCES: tuple[Inference, ...] = ("auto", "kenward-roger", "satterthwaite")
SEED = 20201  # of the bootstrap
MAX_SAMPLES = 100_000  # of the bootstrap; all of them are held in memory
CROSS_CHECK_ROWS = 100_000  # up to which the variants can be refitted: beyond this MixedLM takes minutes
MAX_SEED = 2**63 - 1  # what a result file can hold


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of an analysis.

    Attributes
    ----------
    name : str
        Name of the data for the report; empty for that of the file.
    weights : str
        Column of positive prior weights, Var(e_i) = sigma2 / w_i; empty without.
    cross_check : bool
        Refit the variants with statsmodels too.
    bootstrap : int
        Samples of the parametric bootstrap of each mixed variant; 0 for none.
    seed : int
        Of the bootstrap.
    interactions : Interactions
        ``product``: the within part of an interaction is the deviation of the product from its group mean.
        ``double-demeaned``: a variant more, in which the deviations are multiplied (Giesselmann & Schmidt-Catran 2022).
    inference : Inference
        Which small-sample method the report shows first for mixed models; ``auto`` is Kenward-Roger up to
        50 groups, Satterthwaite above. The result file always holds both.
    chunk_rows : int
        Rows read at a time.
    cluster : str
        Address of the scheduler of a Dask cluster on which the rows are read, or ``local``; empty to read them here.
    missing : sequence of str
        Texts that mean "no value", as R's ``NA``, beside the empty cell; in columns of numbers the number counts.
    """

    name: str = ""
    weights: str = ""
    cross_check: bool = False
    bootstrap: int = 0
    seed: int = SEED
    interactions: Interactions = "product"
    inference: Inference = "auto"
    chunk_rows: int = CHUNK_ROWS
    cluster: str = ""
    missing: Sequence[str] = ()


MANY_GROUPS = 50  # up to which the report shows Kenward-Roger figures unless told otherwise


def shows_kenward_roger(inference: str, n_groups: int) -> bool:
    """Whether mixed models are shown with Kenward-Roger standard errors and degrees of freedom (else Satterthwaite)."""
    return n_groups <= MANY_GROUPS if inference == "auto" else inference == "kenward-roger"


RECORDED = ("weights", "cross_check", "bootstrap", "seed", "interactions", "inference", "missing")
"""The options that decide the numbers: not how the data are named, nor where and how many rows are read at a time."""


def checked_interactions(given: str) -> Interactions:
    """The treatment of interactions of that name.

    Raises
    ------
    OptionError
        There is none.
    """
    for name in INTERACTIONS:
        if given == name:
            return name
    raise OptionError("--interactions", given, INTERACTIONS)


def checked_inference(given: str) -> Inference:
    """The small-sample method of that name.

    Raises
    ------
    OptionError
        There is none.
    """
    for name in INFERENCES:
        if given == name:
            return name
    raise OptionError("--inference", given, INFERENCES)


def checked(options: Options) -> Options:
    """The options with whole numbers as such.

    Raises
    ------
    InputError
        One of them is of another type, or out of its range.
    """
    for name in ("name", "weights", "cluster"):
        given = getattr(options, name)
        if not isinstance(given, str):
            raise OptionConflict(name, f"is {quoted(given)}, not a text", "give one text, or leave it out")
    checked_interactions(options.interactions)
    checked_inference(options.inference)
    return replace(
        options,
        bootstrap=_whole_number("--bootstrap", options.bootstrap, 0, MAX_SAMPLES),
        seed=_whole_number("--seed", options.seed, 0, MAX_SEED),
        chunk_rows=_whole_number("--chunk-rows", options.chunk_rows, 1, MAX_SEED),
        missing=checked_missing(options.missing),
    )


def checked_missing(given: object) -> tuple[str, ...]:
    """Texts that mean "no value", each once.

    Raises
    ------
    OptionConflict
        Not a list of texts, or one of them is empty: an empty cell is missing anyway.
    """
    texts = given if isinstance(given, (list, tuple)) else (None,)
    if not all(isinstance(text, str) and text and _is_utf8(text) for text in texts):
        raise OptionConflict(
            "--missing", f"is {quoted(given)}", 'give texts that are not empty (in Python and manifests ["NA"])'
        )
    return tuple(dict.fromkeys(texts))


def _is_utf8(text: str) -> bool:
    """Whether a text can stand in a file; half a character cannot."""
    return text == text.encode("utf-8", "replace").decode()


def _whole_number(option: str, given: object, least: int, largest: int) -> int:
    is_flag = isinstance(given, bool)
    number = int(given) if isinstance(given, Integral) and not is_flag else -1
    if least <= number <= largest:
        return number
    raise OptionConflict(option, f"is {quoted(given)}", f"give a whole number from {least} to {largest}")
