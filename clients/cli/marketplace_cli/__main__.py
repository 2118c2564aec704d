"""python -m marketplace_cli: the same as `marketplace`."""

from marketplace_cli.program import main

if __name__ == "__main__":
    main()
