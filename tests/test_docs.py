"""What the documentation tells people to type works: commands parse, names exist, links lead on."""

import ast
import importlib
import re
from contextlib import suppress
from pathlib import Path

import pytest
from typer import Exit

from command_lines import parse

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(laveran [^`]+)`")
COMMAND = re.compile(r"(?:^|[;&|]\s*)(?:\S*/)?(laveran(?: [^;&|\n]*|$))", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def fences(text, *kinds):
    return [content for kind, content in FENCE.findall(text) if kind in kinds]


def command_lines(text):
    """Every command line of a page, in a fence or in a sentence."""
    shell = "\n".join(fences(text, "", "sh", "bash", "console")).replace("\\\n", " ")
    return [line.strip() for line in COMMAND.findall(shell) + INLINE.findall(FENCE.sub("", text))]


def read(page):
    return page.read_text(encoding="utf-8")


LINES = [(page.name, line) for page in PAGES for line in command_lines(read(page))]


def test_command_lines_are_found():
    page = "Run `laveran fetch nih`:\n```\nx && a/laveran demo | b\nlaveran train a \\\n b\n```\n"
    found = command_lines(page)
    assert [line.split() for line in found] == [
        ["laveran", "demo"],
        ["laveran", "train", "a", "b"],
        ["laveran", "fetch", "nih"],
    ]


def test_the_readme_has_commands():
    assert {line.split()[1] for page, line in LINES if page == "README.md"} >= {
        *("demo", "train", "predict", "score"),
    }


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_command_line_parses(page, line):
    with suppress(Exit):  # --help and --version end there
        parse(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_in_the_documentation_names_what_exists(page):
    for program in fences(read(page), "python"):
        for node in ast.walk(ast.parse(program)):
            if isinstance(node, ast.Import):
                for name in node.names:
                    importlib.import_module(name.name)
            elif isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, name.name) for name in node.names)
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "laveran":
                assert hasattr(importlib.import_module("laveran"), node.attr)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    missing = [link for link in LINK.findall(read(page)) if not (page.parent / link).exists()]
    assert missing == []
