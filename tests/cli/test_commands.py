"""What all commands have in common: help, an example, exit codes, one line for an error."""

import re

import pytest
from typer import Exit, Typer
from typer.testing import CliRunner

import laveran as package
from command_lines import commands, parse
from laveran.cli.outcome import Commands, one_line, training_side
from laveran.errors import ConfigError, LaveranError

COMMANDS = commands()
EXAMPLE = re.compile(r"Example: (.+)")


def test_the_commands_are_those_of_the_contract():
    assert {words[0] for words in COMMANDS} == {
        *("check", "demo", "fetch", "reread", "train", "search", "evaluate", "predict", "score"),
        *("submit", "notebook", "explain", "describe", "study"),
    }


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_that_parses(laveran, words):
    ended = laveran(*words, "--help")
    assert ended.code == 0
    assert ended.err == ""
    assert f"Usage: laveran {' '.join(words)}" in ended.out
    (example,) = EXAMPLE.findall(COMMANDS[words].help)
    assert "Example: laveran" in ended.out
    context = parse(example)
    assert context.command_path == f"laveran {' '.join(words)}"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_is_explained(words):
    for parameter in COMMANDS[words].params:
        assert parameter.help, f"{' '.join(words)}: {parameter.name}"


def test_the_version(laveran):
    assert laveran("--version") == (0, f"{package.__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["predict"],
        ["predict", "a.zip", "--no-such-option"],
        ["predict", "a.zip", "more.zip"],
        ["train"],
        ["train", "a.zip", "--folds", "many"],
        ["train", "a.zip", "--folds", "-1"],
        ["train", "a.zip", "--epochs", "0"],
        ["train", "a.zip", "--by", "slide"],
        ["score", "a.csv"],
        ["score", "a.csv", "b.csv", "--public-share", "2"],
        ["fetch", "everything"],
        ["fetch", "competition"],
    ],
)
def test_wrong_usage_is_exit_code_2(laveran, words):
    ended = laveran(*words)
    assert ended.code == 2
    assert ended.out == ""
    assert "Usage: laveran" in ended.err


@pytest.mark.parametrize("words", [[], ["fetch"]])
def test_nothing_asked_shows_help(laveran, words):
    ended = laveran(*words)
    assert ended.code == 2
    assert "Commands" in ended.out + ended.err


def ending(error):
    """How a command that raises `error` ends."""
    app = Typer(cls=Commands)

    @app.command()
    def fail():
        raise error

    @app.callback()
    def group():
        """Make it a group."""

    result = CliRunner().invoke(app, ["fail"])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConfigError("this cannot work"), 1, "this cannot work"),
        (LaveranError("two\n  lines"), 1, "two lines"),
        (LaveranError("red\x1b[31m"), 1, r"red\x1b[31m"),
        (PermissionError(13, "Permission denied", "/x"), 1, "/x: Permission denied"),
        (OSError(28, "No space left on device"), 1, "the system: No space left on device"),
        (OSError("something"), 1, "the system: something"),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C; nothing is left half-written"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(error, code, line):
    assert ending(error) == (code, "", f"laveran: {line}\n")


def test_an_exit_of_its_own_stays(capsys):
    assert ending(Exit(0)) == (0, "", "")


def test_a_fault_of_ours_is_not_hidden():
    app_result = CliRunner()
    app = Typer(cls=Commands)

    @app.command()
    def fail():
        raise ZeroDivisionError

    @app.callback()
    def group():
        """Make it a group."""

    with pytest.raises(ZeroDivisionError):
        app_result.invoke(app, ["fail"], catch_exceptions=False)


def test_what_is_missing_for_training_is_said():
    message = r"not whole here \(No module named 'torch'\); .*: pip install 'laveran\[train\]'"
    with pytest.raises(ConfigError, match=message), training_side():
        raise ModuleNotFoundError("No module named 'torch'", name="torch")


def test_what_is_missing_of_our_own_is_a_fault():
    with pytest.raises(ImportError), training_side():
        raise ImportError("no such thing", name="laveran.training.train")


def test_text_that_a_terminal_would_obey_is_spelt_out():
    assert one_line("  a\tb\r\n c\x07\u202e\udc80é ") == r"a b c\x07\u202e\udc80é"
