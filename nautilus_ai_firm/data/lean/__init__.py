"""Turns a data folder of LEAN into catalog series: see `folder.py` first."""

from nautilus_ai_firm.data.lean.folder import LeanAdded, add_lean

__all__ = ["LeanAdded", "add_lean"]
