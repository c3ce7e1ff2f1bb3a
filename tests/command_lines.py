"""Command lines as people write them, parsed as the command line would, without running them."""

import shlex

from typer.main import get_command

from laveran.cli import app

PROGRAM = "laveran"


def commands():
    """Every command that does something, by the words that call it: ("fetch", "nih") and so on."""

    def below(command, words):
        inner = getattr(command, "commands", None)
        if inner is None:
            return {words: command}
        found = {}
        for name, child in inner.items():
            found |= below(child, (*words, name))
        return found

    return below(get_command(app), ())


def parse(line):
    """Parse a line such as `laveran train a.zip --folds 5`; wrong usage raises as in the shell."""
    program, *words = shlex.split(line, comments=True)
    assert program == PROGRAM, line
    command, context = get_command(app), None
    name = PROGRAM
    while True:
        context = command.make_context(name, words, parent=context)
        if not hasattr(command, "commands"):
            return context
        rest = [*context._protected_args, *context.args]
        name, command, words = command.resolve_command(context, rest)
