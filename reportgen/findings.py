"""Rules: comparison -> findings (kind, severity, numbers). No prose: a finding's sentence is ``templates/findings/<kind>``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "caution", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the report must say. `kind` names the sentence, `values` are its numbers and names."""

    kind: str
    severity: Severity
    values: Mapping[str, object]
