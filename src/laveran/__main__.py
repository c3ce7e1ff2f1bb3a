"""`python -m laveran`, where the command itself is not on the path."""

from laveran.cli import main

main()
