"""`python -m scenario_async` is the command `scenario-async`."""

from scenario_async.cli import main

main()
