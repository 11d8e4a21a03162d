"""Runs the firm on a live node, on paper: orders go to the sandbox (make the catalog with: firm catalog demo)."""

import sys

from nautilus_ai_firm.research.session_command import session

if __name__ == "__main__":
    sys.exit(session(__doc__ or "", config="configs/paper.toml", catalog_command="firm catalog demo"))
