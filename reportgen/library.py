"""The library: an analysis as an object, with its outputs as methods."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from reportgen import analysis as walks
from reportgen.choices import Inference, Interactions, Options
from reportgen.comparison import Comparison, SlopeComparison
from reportgen.disclosure import GroupLabels, checked_group_labels
from reportgen.errors import OptionConflict, VariantMissing, quoted
from reportgen.findings import Finding
from reportgen.fits import Fit, LeastSquaresFit, MixedFit, ModelFit, Undefined
from reportgen.prediction import predict
from reportgen.prediction_rows import augmented, new_rows
from reportgen.presentation.formatting import PStyle
from reportgen.presentation.languages import ENGLISH, checked_language
from reportgen.presentation.material import Material
from reportgen.presentation.options import PLAIN, Presentation, checked_date, checked_min_cell, checked_p_style, read_logo
from reportgen.presentation.own_templates import read_templates
from reportgen.presentation.rendering import WRITERS

if TYPE_CHECKING:
    import pandas as pd


class Choices(TypedDict, total=False):
    """Choices of an analysis, as keywords."""

    weights: str
    interactions: Interactions
    inference: Inference
    cross_check: bool
    bootstrap: int
    seed: int
    missing: Sequence[str]


class Looks(TypedDict, total=False):
    """How a report looks, as keywords."""

    title: str
    author: str
    date: str
    p_style: PStyle
    attach_data: bool
    lang: str
    group_labels: GroupLabels
    min_cell: int


def analyze(formula: str, data: object, *, name: str = "", **options: Unpack[Choices]) -> Analysis:
    """Fit every variant of a formula to grouped data and compare them.

    Parameters
    ----------
    formula : str
        Wilkinson formula with one grouping term: ``"score ~ ses + (1 | school)"``.
    data : path or data frame
        CSV, Parquet, Feather or Excel file, folder of Parquet files, or a frame of pandas, polars or pyarrow.
    name : str
        Name of the data for the report; by default the file's.
    **options
        Choices of :class:`reportgen.choices.Options`: ``weights`` (column of positive prior weights), ``inference``
        (``auto``, ``kenward-roger``, ``satterthwaite``: what the report shows), ``cross_check`` (refit with statsmodels),
        ``bootstrap`` (samples, at most 100,000), ``seed``, ``missing`` (texts that mean "no value" beside the empty cell, as
        ``("NA",)``; in columns of numbers the number counts).

    Returns
    -------
    Analysis

    Raises
    ------
    reportgen.ReportgenError
        The formula, the data or an option is wrong; the message says what was given, where, and what is allowed.
    """
    return Analysis(walks.walk(formula, data, Options(name=name, **options)))


@dataclass(frozen=True, eq=False)
class Analysis:
    """The variants of one formula on one data set, compared.

    Attributes
    ----------
    results : reportgen.analysis.Analysis
        Everything computed, as plain records.
    presentation : reportgen.presentation.options.Presentation
        How its report looks.
    """

    results: walks.Analysis
    presentation: Presentation = PLAIN

    def presented(
        self, *, logo: str | os.PathLike[str] = "", templates: str | os.PathLike[str] = "", **choices: Unpack[Looks]
    ) -> Analysis:
        """The same analysis with other choices of how its report looks.

        Parameters
        ----------
        logo : path
            PNG or JPEG image for the head of the report.
        templates : path
            Folder of templates that replace those of the same name.
        **choices
            Fields of :class:`reportgen.presentation.options.Presentation`: ``title``, ``author``, ``date`` (``YYYY-MM-DD``),
            ``p_style`` (``apa``, ``ama``, ``plain``), ``attach_data``, ``lang`` (``en``, ``de``), ``group_labels`` (``show``,
            ``code``, ``hide``), ``min_cell`` (rows a group must have for its own figures to be shown). The last two hold for
            all that ``to_...`` writes; :meth:`tidy`, :meth:`predict`, :meth:`augment` and the records hand out all of it.

        Raises
        ------
        InputError
            A date, style, language, image or folder that cannot be used.
        """
        for name, given in (("title", choices.get("title", "")), ("author", choices.get("author", ""))):
            if not isinstance(given, str):
                raise OptionConflict(name, f"is {quoted(given)}, not a text", "give one text, or leave it out")
        for name, path in (("logo", logo), ("templates", templates)):
            if path is not None and not isinstance(path, str | os.PathLike):
                raise OptionConflict(name, f"is a {type(path).__name__}, not a path", "give the path of a file or folder")
        attach = choices.get("attach_data", True)
        if not isinstance(attach, bool):  # the text "no" is true
            raise OptionConflict("attach_data", f"is {quoted(attach)}", "give True or False")
        checked_p_style(choices.get("p_style", "apa"))
        checked_language(choices.get("lang", ENGLISH), "lang")
        checked_group_labels(choices.get("group_labels", "show"))
        if "date" in choices:
            choices["date"] = checked_date(choices["date"])
        if "min_cell" in choices:
            choices["min_cell"] = checked_min_cell(choices["min_cell"])
        changed = replace(self.presentation, **choices)
        if logo:
            changed = replace(changed, logo=read_logo(os.fspath(logo)))
        if templates:
            changed = replace(changed, templates=read_templates(os.fspath(templates)))
        return Analysis(self.results, changed)

    @property
    def fits(self) -> Mapping[str, Fit]:
        """Variant id to fit, or to the reason why it could not be fitted."""
        return self.results.fits

    @cached_property
    def slopes(self) -> Mapping[str, SlopeComparison]:
        """Design column to its slope within groups, between groups and in every variant."""
        return {slope.column: slope for slope in self.results.comparison.slopes}

    @property
    def comparison(self) -> Comparison:
        """Blends, curve, tests, identity checks."""
        return self.results.comparison

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the report says, as kinds and numbers."""
        return self.results.findings

    def tidy(self) -> pd.DataFrame:
        """Every coefficient of every fitted variant, one row each, with the standard errors that the report shows.

        Columns: variant, column, role, estimate, std_error, df, df_method, statistic, p_value, conf_low, conf_high.
        For mixed models these are Kenward-Roger figures up to 50 groups, else Satterthwaite ones, or as ``inference`` says;
        ``df_method`` names the method. A statistic that is not defined is missing.
        """
        import pandas as pd

        rows = [
            {
                "variant": variant,
                "column": c.column,
                "role": c.role,
                "estimate": c.estimate,
                "std_error": c.std_error,
                "df": c.df,
                "df_method": c.df_method,
                "statistic": None if isinstance(c.statistic, Undefined) else c.statistic,
                "p_value": None if isinstance(c.p_value, Undefined) else c.p_value,
                "conf_low": c.conf_low,
                "conf_high": c.conf_high,
            }
            for variant, fit in self.fits.items()
            if isinstance(fit, LeastSquaresFit | MixedFit)
            for c in self.results.shown(fit)
        ]
        return pd.DataFrame(rows)

    def glance(self) -> pd.DataFrame:
        """One row a variant, those that could not be fitted too: fit, information criteria, R2, with the names of broom.mixed.

        Columns: variant, status, nobs, ngroups, logLik, AIC, BIC (of the maximum likelihood refit), df.residual, icc,
        is.singular, sigma, REMLcrit, r.squared and its kin. What is not defined is missing.
        """
        import pandas as pd

        from reportgen.presentation.exports import results
        from reportgen.presentation.sheets import glance_sheet

        sheet = glance_sheet(results(self.results))
        return pd.DataFrame(sheet.rows, columns=pd.Index(sheet.columns))

    def fitted(self, variant: str) -> ModelFit:
        """The fit of a variant.

        Raises
        ------
        VariantMissing
            There is no such variant, or it could not be fitted.
        """
        fit = self.fits.get(variant)
        if not isinstance(fit, LeastSquaresFit | MixedFit):
            known = [name for name, item in self.fits.items() if isinstance(item, LeastSquaresFit | MixedFit)]
            raise VariantMissing(variant, known)
        return fit

    def predict(self, data: object, variant: str, *, group_effects: bool = True) -> pd.DataFrame:
        """Predicted values for rows of the data or for new ones.

        Parameters
        ----------
        data : path or data frame
            Rows with the columns of the predictors and of the group; the response is not needed.
        variant : str
            Which fitted variant.
        group_effects : bool
            Add the predicted effect of a known group; without, the value of the population.

        Returns
        -------
        DataFrame
            A row for each row of the data, in its order: ``prediction`` (missing where a row is incomplete), ``group``,
            ``is_new_group`` (its value is that of the population; its group means are those of the new rows).

        Raises
        ------
        InputError
            A column is missing, a level of a factor or, with group dummies, a group was not in the fit.
        """
        import pandas as pd

        rows, complete, labels = new_rows(self.results, data)
        found = predict(self.fitted(variant), self.results.moments, rows, group_effects)
        table = pd.DataFrame({"prediction": found.values, "group": labels, "is_new_group": found.is_new_group})
        table.index = pd.Index(complete.nonzero()[0])
        table = table.reindex(range(len(complete)))
        table["is_new_group"] = table["is_new_group"].astype("boolean")
        return table

    def augment(self, variant: str) -> pd.DataFrame:
        """The rows used with what a variant makes of them.

        Columns: the group, the response, the design columns, ``fitted`` (group effects included), ``fitted_fixed`` (without),
        ``residual`` (response minus ``fitted``). Rows are read again from the data, in their order.
        """
        import pandas as pd

        return pd.concat(augmented(self.results, self.fitted(variant)), ignore_index=True)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The result file (schema ``reportgen.results/1``), also written to `path` if given."""
        return self._made("json", path).decode()

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as one self-contained page, also written to `path` if given."""
        return self._made("html", path).decode()

    def to_pdf(self, path: str | os.PathLike[str] | None = None) -> bytes:
        """The report as a PDF with its evidence attached, also written to `path` if given.

        Raises
        ------
        OutputError
            A system library that PDF needs is missing; the message says what mends it.
        """
        return self._made("pdf", path)

    def to_docx(self, path: str | os.PathLike[str] | None = None) -> bytes:
        """The report as a Word document, also written to `path` if given."""
        return self._made("docx", path)

    def to_xlsx(self, path: str | os.PathLike[str] | None = None) -> bytes:
        """Every table at full precision as an Excel workbook, also written to `path` if given."""
        return self._made("xlsx", path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as Markdown, its figures in words, also written to `path` if given."""
        return self._made("md", path).decode()

    def to_latex(self, path: str | os.PathLike[str] | None = None) -> str:
        """The models side by side as a LaTeX table (booktabs), also written to `path` if given."""
        return self._made("tex", path).decode()

    def _made(self, name: str, path: str | os.PathLike[str] | None) -> bytes:
        """An output in one of the formats, also written to `path` if given."""
        content = WRITERS[name](self._material)
        if path is not None:
            from reportgen.presentation.outputs import write_file

            write_file(Path(path), content)
        return content

    @cached_property
    def _material(self) -> Material:
        return Material(self.results, self.presentation)

    def __getstate__(self) -> dict[str, object]:
        """What a copy is made of: not the drawings and tables that outputs have left behind, which are made again."""
        return {"results": self.results, "presentation": self.presentation}

    def _repr_html_(self) -> str:
        """The report inside a frame, so that its style does not leak into a notebook."""
        from markupsafe import escape

        page = escape(self.to_html())
        return f'<iframe srcdoc="{page}" sandbox style="width: 100%; height: 40rem; border: 0" title="report"></iframe>'

    def __repr__(self) -> str:
        sample = self.results.sample
        return f"<Analysis of {self.results.formula.text!r}: {sample.n_obs} rows in {sample.n_groups} groups>"
