"""Run the command line with `python -m postroom.cli`."""

from postroom.cli.entry import main

if __name__ == "__main__":
    main()
