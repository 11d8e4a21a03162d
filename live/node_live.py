"""Builds and checks the firm for real money; running it needs --live-orders and a broker."""

import sys

from nautilus_ai_firm.research.session_command import session

if __name__ == "__main__":
    sys.exit(session(__doc__ or "", config="configs/paper.toml", catalog_command="firm catalog demo", real_money=True))
