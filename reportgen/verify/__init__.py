"""Whether a report is what it says: its files belong together, and its numbers come out again from its data."""

from reportgen.verify.checking import Verdict, verify

__all__ = ["Verdict", "verify"]
