"""Texts that are code, markup or a command somewhere, and data that carry them in every place a user can fill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

TEXTS = {
    "script": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "event": "' onmouseover='alert(1)",
    "end of a table": "</td></tr></table></section><h1>",
    "comment": "--><!-- ]]><![CDATA[",
    "entity": "&lt;b&gt;&amp;&#60;",
    "doctype": "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "svg": "<svg onload=alert(1)><foreignObject>",
    "style": "</style><link rel=stylesheet href=http://127.0.0.1:9/x>",
    "import": "@import url(http://127.0.0.1:9/x);",
    "url": "url(file:///etc/passwd)",
    "scheme": "javascript:alert(1)",
    "template": "{{ 7 * 7 }}{% raw %}{# x #}${7*7}",
    "mathtext": r"$\frac{1}{0}$ price_$a_$b $",
    "latex": r"\input{/etc/passwd}\write18{id}%_^~#&{}$",
    "spreadsheet": "=cmd|' /C calc'!A0",
    "spreadsheet call": '@SUM(1+1)*HYPERLINK("http://127.0.0.1:9")',
    "minus": "-2+3+cmd|' /C calc'!A0",
    "markdown": "[a](javascript:alert(1)) **b** ![i](http://127.0.0.1:9/x) | c",
    "underscore": "_hidden in a legend",
    "right to left": "a\u202eb\u2066c\u200f",
    "emoji": "\U0001f600\U0001f469\u200d\U0001f52c \u0e01\u0e33",
    "combining": "e\u0301\u0301\u0301\u0327",
    "format": "%s %n %x {0} {x!r}",
    "path": "../../etc/passwd",
    "windows": "C:\\Users\\x\\con",
    "sentence": "Intercept",
    "intercept": "(Intercept)",
    "number": "1",
    "function": "log",
    "keyword": "lambda",
    "own name": "c0",
    "level name": "k0",
    "row": "row",
    "call": "poly(x, 2)",
    "interaction": "a:b",
    "none": "None",
    "not a number": "nan",
    "blank": " ",
    "blanks": "  two  blanks  ",
    "private": "\ue000\ufffe\ufeff",
}

# Only labels can hold these: no name of a formula has control characters, and a lone surrogate is no text of a file.
LABELS_ONLY = {
    "control": "a\x00b\x07c\x1b[31md\x85e",
    "lines": "a\r\nb\u2028c\u2029d",
    "backtick": "`rm -rf /` `",
    "long": "long label " * 1000,
}
PLAIN = "plain name"
FILE_NAME = "data.parquet"


def frame(name: str, label: str) -> pd.DataFrame:
    """Data with a predictor, a response, a group and a factor named after `name`; a group and a level are called `label`."""
    random = np.random.default_rng(5)
    group = np.repeat(np.arange(8), 6)
    x = random.normal(size=48) + group / 4
    return pd.DataFrame(
        {
            f"y {name}": x + random.normal(size=8)[group] + random.normal(size=48),
            f"{name}": x,
            f"{name} f": pd.Categorical([label if row % 3 == 0 else "other" for row in range(48)], ["other", label]),
            f"g {name}": [label if code == 2 else f"g{code}" for code in group],
        }
    )


def formula(name: str) -> str:
    """The formula for :func:`frame`."""
    return f"`y {name}` ~ `{name}` + `{name} f` + (1 | `g {name}`)"


def command(folder: Path, name: str, label: str, formats: tuple[str, ...], file_name: str = FILE_NAME) -> list[str]:
    """Write the data and give the command line of their report; the texts stand in its title and author too."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name
    frame(name, label).to_parquet(path)
    looks = [f"--title=Title {name}", f"--author=Author {name}"]
    return ["render", str(path), formula(name), "--out", str(folder / "out"), *looks, "--quiet", "--format", *formats]
