"""`python -m sidan` and the installed command `sidan`."""

import sys

from sidan.site.cli import main

if __name__ == "__main__":
    sys.exit(main())
