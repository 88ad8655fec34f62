"""The command line: what it prints, writes and ends with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from audit import surroundings

from reportgen.__main__ import run
from reportgen.cli import main
from reportgen.presentation.outputs import safe_name

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "dragons" / "dragons.csv"
FORMULA = "testScore ~ bodyLength2 + (1 | mountainRange)"


def rows(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def grid(y: str = "i * 1.7 + j") -> str:
    """Four groups of four rows with columns y, x, z, g."""
    body = [
        f"{eval(y, {'i': i, 'j': j})},{i + 0.5 * j + (i * j) % 3},{2 * (i + 0.5 * j + (i * j) % 3)},g{j}"
        for j in range(4)
        for i in range(4)
    ]
    return rows("y,x,z,g", *body)


def test_fit_prints_the_models_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", str(EXAMPLE), FORMULA]) == 0
    out, err = capsys.readouterr()
    assert "480 rows used in 8 groups" in out
    for text in ("Pooled", "No pooling", "Random intercept", "0.97277", "0.02723", "8.9956"):
        assert text in out
    assert "nan" not in out
    assert "Cautions: few groups, between slope on few df, " in out
    assert out.count("Cautions") == 1
    assert err == ""


def test_fit_puts_problems_before_cautions_and_says_nothing_where_there_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "grid.csv"
    file.write_text(grid(y="3.0 * (i + 0.5 * j + (i * j) % 3)"))
    assert main(["fit", str(file), "y ~ x + (1 | g)"]) == 0
    assert "Cautions: perfect fit, very few groups" in capsys.readouterr().out
    random = np.random.Generator(np.random.PCG64(3))
    codes = np.repeat(np.arange(40), 6)
    x, level = random.normal(size=240) + random.normal(size=40)[codes], random.normal(size=40)[codes]
    pd.DataFrame({"y": 0.5 * x + level + random.normal(size=240), "x": x, "g": codes}).to_csv(file, index=False)
    assert main(["fit", str(file), "y ~ x + (1 | g)"]) == 0
    assert "Cautions" not in capsys.readouterr().out


def test_fit_json_is_the_result_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", str(EXAMPLE), FORMULA, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "reportgen.results/1"
    assert found["data"]["source"] == "dragons.csv"
    assert found["slopes"][0]["weight_on_between"]["pooled"] == pytest.approx(0.720412, abs=1e-6)


def test_render_writes_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(EXAMPLE), FORMULA, "--out", str(tmp_path / "new" / "folder")]) == 0
    written = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert written == ["dragons.html", "dragons.json", "dragons.pdf"]
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("wrote ") == 3


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(EXAMPLE), FORMULA, "--out", str(tmp_path), "--format", "json", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_verbose_names_the_stages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", str(EXAMPLE), FORMULA, "--verbose"]) == 0
    err = capsys.readouterr().err
    assert "reading dragons.csv, 480 rows" in err
    assert "fitting" in err


def test_names_are_made_safe(tmp_path: Path) -> None:
    assert (
        main(
            ["render", str(EXAMPLE), FORMULA, "--out", str(tmp_path), "--name", "../../esc ape", "--format", "json", "--quiet"]
        )
        == 0
    )
    (written,) = tmp_path.iterdir()
    assert written.name.startswith("esc-ape-")
    assert written.suffix == ".json"


@pytest.mark.parametrize("name", ["con", "NUL", "com1", "LPT9.2026"])
def test_a_name_that_is_a_device_elsewhere_is_changed(name: str) -> None:
    assert safe_name(name).startswith(f"{name}-")
    assert safe_name(f"{name[:3]}tent") == f"{name[:3]}tent"


def test_a_symbolic_link_is_not_written_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")
    out = tmp_path / "out"
    out.mkdir()
    (out / "dragons.json").symlink_to(secret)
    assert main(["render", str(EXAMPLE), FORMULA, "--out", str(out), "--format", "json"]) == 3
    assert secret.read_text() == "kept"
    assert "symbolic link" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["render", str(EXAMPLE), FORMULA, "--out", str(tmp_path / "file" / "x"), "--format", "json"]) == 3
    assert "cannot write" in capsys.readouterr().err


BAD_INPUT = [
    (grid(), "y ~ xx + (1 | g)", ["no column 'xx'", "did you mean 'x'?"]),
    (grid(), "y ~ x + (1 | gg)", ["no column 'gg'", "did you mean 'g'?"]),
    (grid(), "y ~ x + (1 | g", ["character"]),
    (grid(), "y ~ x", ["grouping term", "(1 | "]),
    (grid(), "y ~ x + z + (1 | g)", ["linear combination", "'x'", "'z'"]),
    (grid("3"), "y ~ x + (1 | g)", ["'y'", "3", "vary"]),
    (grid().replace("g1", "g0").replace("g2", "g0").replace("g3", "g0"), "y ~ x + (1 | g)", ["'g0'", "two groups"]),
    (grid().replace("4.4,", "four,"), "y ~ x + (1 | g)", ["'four'", "'y'", "row"]),
    (rows("y,x,g", "1,2,a", "2,3,b", "3,5,c", "4,1,d"), "y ~ x + (1 | g)", ["one row"]),
    (rows("y,x,g"), "y ~ x + (1 | g)", ["data.csv"]),
    (rows("y,x,g", ",1,a", ",2,a", ",3,b"), "y ~ x + (1 | g)", ["complete"]),
    ("", "y ~ x + (1 | g)", ["empty"]),
    (grid(), "y ~ __import__('os').system('id') + (1 | g)", ["character"]),
]


@pytest.mark.parametrize(("content", "formula", "expected"), BAD_INPUT)
def test_bad_input_is_one_sentence_and_exit_2(
    content: str, formula: str, expected: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.csv"
    data.write_text(content)
    assert main(["render", str(data), formula, "--out", str(tmp_path / "out")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("reportgen: ")
    assert "Traceback" not in err
    for text in expected:
        assert text in err, err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "no/such/file.csv", FORMULA]) == 2
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--bootstrap", "999999999999"), 2, "--bootstrap is '999999999999'; give a whole number from 0 to 100000"),
        (("--seed", "9" * 30), 2, "--seed is '99999999999999999999...'; give a whole number"),
        (("--out", "a\0b"), 3, "cannot write 'a\N{REPLACEMENT CHARACTER}b': embedded null"),
    ],
)
def test_options_that_no_machine_can_meet(
    options: tuple[str, ...], code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(EXAMPLE), FORMULA, "--out", str(tmp_path), "--format", "json", *options]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["render", "a.csv"], "the following arguments are required: FORMULA; 'reportgen render --help' says"),
        (["fit", "a.csv", FORMULA, "--bootstrap", "x"], "argument --bootstrap: 'x' is not"),
        (["fit", "a.csv", FORMULA, "more"], "unrecognized arguments: more; 'reportgen --help'"),
        (["rendr"], "invalid choice: 'rendr'"),
    ],
)
def test_arguments_that_are_not_taken_are_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("reportgen: ")
    assert words in err


def test_an_unknown_format_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(EXAMPLE), FORMULA, "--format", "pdff"]) == 2
    assert "did you mean 'pdf'?" in capsys.readouterr().err


def test_doctor_says_what_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "PDF" in capsys.readouterr().out


def test_without_a_command_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "render" in capsys.readouterr().out


def test_a_missing_pdf_library_costs_only_the_pdf(tmp_path: Path) -> None:
    """A WeasyPrint whose libraries are not there fails at import, as it does on a machine without Pango."""
    (tmp_path / "weasyprint").mkdir()
    (tmp_path / "weasyprint" / "__init__.py").write_text("raise OSError('cannot load library libpango')")
    done = subprocess.run(
        [sys.executable, "-m", "reportgen", "render", str(EXAMPLE), FORMULA, "--out", str(tmp_path / "out")],
        env=os.environ | surroundings(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        cwd=EXAMPLE.parent.parent.parent,
    )
    assert done.returncode == 3, done.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["dragons.html", "dragons.json"]
    assert "apt-get install" in done.stderr
    assert "Traceback" not in done.stderr


class Interrupting:
    """An import of the command line that Ctrl-C comes into."""

    def find_spec(self, name: str, *_: object) -> None:
        """Interrupt."""
        if name == "reportgen.cli":
            raise KeyboardInterrupt


def test_an_interrupt_before_the_command_line_is_loaded_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "reportgen.cli")
    monkeypatch.delattr("reportgen.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert run() == 130
    assert capsys.readouterr() == ("", "reportgen: interrupted\n")


def test_a_drawing_backend_that_nobody_knows_is_not_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    command = [sys.executable, "-m", "reportgen", "demo", "--format", "html", "--quiet", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=EXAMPLE.parent.parent.parent)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_reader_of_a_pipe_may_go(tmp_path: Path) -> None:
    command = f"{sys.executable} -m reportgen fit '{EXAMPLE}' '{FORMULA}' --json | head -c 10"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
