"""``python -m qlab``."""

from qlab.cli.main import main

main()
