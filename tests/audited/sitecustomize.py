"""Python runs this as it starts where this folder is on its path: every process that a test run starts is watched as well."""

from __future__ import annotations

import os

import audit

if audit.NOTES in os.environ:
    audit.watch()
