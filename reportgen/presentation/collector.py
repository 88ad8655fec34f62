"""Numbers for the result file: an undefined one becomes null, and its reason is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from reportgen.fits import Coefficient, Issue, Undefined
from reportgen.presentation.wording import Wording

Json = object


@dataclass(frozen=True, slots=True)
class Collector:
    """Turns numbers into JSON; an undefined one becomes null and its reason is kept.

    `words` says the sentences; `issues` are the reasons so far, each once, in the order met.
    """

    words: Wording
    issues: list[dict[str, str]] = field(default_factory=list)

    def number(self, value: float | Undefined) -> float | None:
        """A number, or null with its reason kept."""
        if isinstance(value, Undefined):
            self.note(value.reason)
            return None
        if not math.isfinite(value):
            self.note(Issue("not_finite"))
            return None
        return float(value)

    def estimate(self, value: Coefficient | Undefined) -> float | None:
        """The estimate of a coefficient, or null with its reason kept."""
        return self.number(value if isinstance(value, Undefined) else value.estimate)

    def note(self, issue: Issue) -> None:
        """Keep a reason."""
        entry = {"code": issue.code, "message": self.words.issue(issue)}
        if entry not in self.issues:
            self.issues.append(entry)
