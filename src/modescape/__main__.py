"""`python -m modescape` is the command line."""

from modescape.cli.app import main

if __name__ == "__main__":
    main()
