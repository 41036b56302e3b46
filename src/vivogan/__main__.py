"""``python -m vivogan`` is ``vivogan``."""

from vivogan.cli import main

if __name__ == "__main__":
    main()
