"""From an analysis to what a reader sees: numbers as text, tables, figures, page, PDF, result file."""
