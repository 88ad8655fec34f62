"""Estimators: group moments in, frozen fit records out. Arrays only; no variant looks at rows."""
