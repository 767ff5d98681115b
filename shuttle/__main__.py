"""``python -m shuttle`` is ``shuttle``."""

from shuttle.cli import main

if __name__ == "__main__":
    main()
