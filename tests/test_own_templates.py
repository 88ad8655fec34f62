"""Templates of the user's own: laid over the project's, sandboxed, and what is wrong with them said with file and line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from situations import EXAMPLE, EXAMPLE_FORMULA, analysis, document

from reportgen import analyze
from reportgen.cli import main
from reportgen.errors import InputError, OptionConflict, OutputNotWritable, TemplateFault, UnknownTemplate
from reportgen.presentation.document import CONTEXT_VERSION, build_document
from reportgen.presentation.html import render_html, render_page
from reportgen.presentation.options import PLAIN
from reportgen.presentation.own_templates import OwnTemplates, copy_templates, read_templates, template_names
from reportgen.resources import resource


def page(**files: str) -> str:
    """The page of a situation under templates given as ``report__html__j2="..."``; two underscores stand for a dot."""
    own = OwnTemplates(tuple((name.replace("__", ".").replace("_in_", "/"), text) for name, text in sorted(files.items())))
    return render_html(build_document(analysis("two_levels"), replace(PLAIN, templates=own)))


def write(folder: Path, **files: str) -> str:
    for name, text in files.items():
        path = folder / name.replace("__", ".").replace("_in_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(folder)


def test_a_template_adds_to_that_of_the_project() -> None:
    text = (
        '{% extends "!base/report.html.j2" %}'
        "{% block summary %}{{ super() }}<p id='ours'>{{ data.groups }} of {{ m.name('<b>') }}</p>{% endblock %}"
    )
    found = page(report__html__j2=text)
    added = "<p id='ours'>8 of <i class=\"name\">&lt;b&gt;</i></p>"
    plain = render_html(document("two_levels"))
    assert found.count(added) == 1
    assert found.index('id="h-summary"') < found.index(added) < found.index('id="h-models"')
    assert found.replace(added, "").split() == plain.split()


def test_one_section_is_replaced_and_the_others_stay() -> None:
    found = page(sections_in_data__html__j2="<p>our data</p>")
    assert "<p>our data</p>" in found
    assert 'id="h-data"' not in found
    assert 'id="h-models"' in found


def test_colours_come_last() -> None:
    found = page(theme__css=":root { --link: #7a1f5c; }")
    assert found.index("--link: #00568a") < found.index("--link: #7a1f5c") < found.index("</style>")
    printed = render_page(
        build_document(analysis("two_levels"), replace(PLAIN, templates=OwnTemplates((("theme.css", "p { --x: 1; }"),)))),
        "print",
    )
    assert "p { --x: 1; }" in printed


def test_a_label_is_replaced_in_page_and_tables() -> None:
    found = page(labels__toml='[variant_short]\npooled = "All together"\n')
    assert "All together" in found
    assert "All together" not in render_html(document("two_levels"))


def test_without_templates_nothing_changes() -> None:
    assert read_templates("") == PLAIN.templates
    assert page() == render_html(document("two_levels"))


EXTENDS = '{% extends "!base/report.html.j2" %}\n{% block end %}\n'
FAULTS = [
    ("report.html.j2", EXTENDS + "{{ nothing }}\n{% endblock %}", 3, "'nothing' is undefined"),
    ("report.html.j2", EXTENDS + "{{ data.nothing }}{% endblock %}", 3, "nothing"),
    ("report.html.j2", EXTENDS + "{% if %}{% endblock %}", 3, "Expected an expression"),
    ("report.html.j2", EXTENDS + "{{ 1 + 'a' }}{% endblock %}", 3, "unsupported operand"),
    ("report.html.j2", EXTENDS + "{% include 'absent.j2' %}{% endblock %}", 3, "absent.j2"),
    ("report.html.j2", EXTENDS + "{% include '../../../etc/hostname' %}{% endblock %}", 3, "hostname"),
    ("report.html.j2", EXTENDS + "{{ ''.__class__.__mro__ }}{% endblock %}", 3, "unsafe"),
    ("report.html.j2", EXTENDS + "{{ predictors.append(1) }}{% endblock %}", 3, "unsafe"),
    ("report.html.j2", EXTENDS + "{{ m.name._func.__globals__ }}{% endblock %}", 3, "unsafe"),
    ("report.html.j2", EXTENDS + "{% for i in range(999999) %}{% endfor %}{% endblock %}", 3, "too big"),
    ("sections/data.html.j2", "\n{{ oops }}", 2, "'oops' is undefined"),
    ("findings/within_relation.html.j2", "{{ f.oops }}", 1, "oops"),
    ("issues.j2", "{% macro x( %}", 1, "expected"),
    ("labels.toml", "[variant\n", 0, "Expected"),
    ("labels.toml", '[variant]\npoled = "x"\n', 0, "there is no label 'variant.poled', did you mean 'variant.pooled'?"),
    ("labels.toml", "[variant]\npooled = 1\n", 0, "variant.pooled"),
]


@pytest.mark.parametrize(("name", "text", "line", "problem"), FAULTS)
def test_a_fault_is_one_sentence_with_file_and_line(name: str, text: str, line: int, problem: str) -> None:
    with pytest.raises(TemplateFault) as caught:
        render_html(build_document(analysis("two_levels"), replace(PLAIN, templates=OwnTemplates(((name, text),)))))
    assert (caught.value.name, caught.value.line) == (name, line)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_text_of_the_data_is_no_template(tmp_path: Path) -> None:
    own = OwnTemplates((("report.html.j2", EXTENDS + "<p id='ours'>{{ formula.text }}</p>{% endblock %}"),))
    found = render_html(build_document(analysis("hostile"), replace(PLAIN, templates=own)))
    assert "&lt;script&gt;" in found[found.index("<p id='ours'>") :]
    assert "<script" not in found


@pytest.mark.parametrize(
    ("files", "kind", "expected"),
    [
        ({}, OptionConflict, "holds no template"),
        ({"report__html": "x"}, OptionConflict, "holds no template"),
        ({"reprot__html__j2": "x"}, UnknownTemplate, "did you mean 'report.html.j2'?"),
        ({"report__css": "x" * 4_000_001}, OptionConflict, "4 MB"),
    ],
)
def test_a_folder_that_cannot_be_used(files: dict[str, str], kind: type[InputError], expected: str, tmp_path: Path) -> None:
    with pytest.raises(kind, match=expected.replace("?", r"\?")):
        read_templates(write(tmp_path, **files))


def test_a_path_that_is_no_folder_and_text_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(OptionConflict, match="'absent' is not a folder"):
        read_templates(str(tmp_path / "absent"))
    (tmp_path / "report.css").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(OptionConflict, match="not UTF-8"):
        read_templates(str(tmp_path))


def test_a_file_that_another_includes_may_have_any_name(tmp_path: Path) -> None:
    folder = write(tmp_path, report__html__j2=EXTENDS + "{% include 'ours.j2' %}{% endblock %}", ours__j2="<p>found</p>")
    assert "<p>found</p>" in render_html(
        build_document(analysis("two_levels"), replace(PLAIN, templates=read_templates(folder)))
    )


def test_a_copy_that_ends_half_way_leaves_nothing_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, room = Path.read_bytes, iter(range(5))

    def full(path: Path) -> bytes:
        if next(room, None) is None:
            raise OSError(28, "No space left on device")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", full)
    with pytest.raises(OutputNotWritable, match="No space left on device"):
        copy_templates(tmp_path / "ours")
    assert [path for path in (tmp_path / "ours").rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    assert copy_templates(tmp_path / "ours") > 5
    with pytest.raises(OutputNotWritable, match="null"):
        copy_templates(Path("a\0b"))


def test_a_copy_of_all_templates_makes_the_same_page(tmp_path: Path) -> None:
    assert copy_templates(tmp_path / "ours") == len(template_names()) + 1
    own = read_templates(str(tmp_path / "ours"))
    assert {name for name, _ in own.files} == set(template_names())
    assert render_html(build_document(analysis("two_levels"), replace(PLAIN, templates=own))) == render_html(
        document("two_levels")
    )
    with pytest.raises(OutputNotWritable, match="there already"):
        copy_templates(tmp_path / "ours")


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["templates", "copy", str(tmp_path / "ours")]) == 0
    assert "README.md" in capsys.readouterr().err
    (tmp_path / "ours" / "sections" / "summary.html.j2").write_text("<p>{{ oops }}</p>", encoding="utf-8")
    render = ["render", str(EXAMPLE), EXAMPLE_FORMULA, "--format", "html", "--out", str(tmp_path), "--templates"]
    assert main([*render, str(tmp_path / "ours")]) == 2
    assert "sections/summary.html.j2, line 1: 'oops' is undefined" in capsys.readouterr().err
    (tmp_path / "ours" / "sections" / "summary.html.j2").write_text("<p>short</p>", encoding="utf-8")
    assert main([*render, str(tmp_path / "ours")]) == 0
    assert "<p>short</p>" in (tmp_path / "dragons.html").read_text(encoding="utf-8")


def test_in_python(tmp_path: Path) -> None:
    folder = Path(write(tmp_path / "ours", sections_in_summary__html__j2="<p>short</p>"))
    shown = analyze(EXAMPLE_FORMULA, EXAMPLE).presented(templates=folder)
    assert "<p>short</p>" in shown.to_html()
    assert "<p>short</p>" in shown.presented(title="kept").to_html()


def test_the_context_is_described() -> None:
    described = (resource("templates") / "README.md").read_text(encoding="utf-8")
    assert f"Version {CONTEXT_VERSION} of the context" in described
    for name in document("several").context:
        assert f"`{name}`" in described, name


def test_the_context_holds_plain_values_only() -> None:
    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                assert isinstance(key, str)
                walk(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                walk(item)
        else:
            assert value is None or isinstance(value, (str, int, float, bool)), type(value)

    for situation in ("several", "random_slopes", "no_predictor"):
        walk(dict(document(situation).context))
