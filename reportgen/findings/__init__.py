"""Rules: comparison -> findings (kind, severity, numbers).

No prose: the sentence of a finding is ``templates/findings/<kind>.html.j2``. A rule is a function from the evidence to the
findings it gives rise to; the report shows them in the order of the tables of rules.
"""

from __future__ import annotations

from reportgen.findings.cautions import CAUTION_RULES
from reportgen.findings.data_cautions import DATA_RULES
from reportgen.findings.influence_cautions import INFLUENCE_RULES
from reportgen.findings.records import Evidence, Finding, Severity
from reportgen.findings.residual_cautions import RESIDUAL_RULES
from reportgen.findings.summary import SUMMARY_RULES

__all__ = ["Evidence", "Finding", "Severity", "find"]


def find(evidence: Evidence) -> tuple[Finding, ...]:
    """All findings: the sentences of the summary, then what to be careful about."""
    rules = (*SUMMARY_RULES, *CAUTION_RULES, *INFLUENCE_RULES, *RESIDUAL_RULES, *DATA_RULES)
    return tuple(finding for rule in rules for finding in rule(evidence))
