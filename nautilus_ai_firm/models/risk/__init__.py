"""What risk may take away from a decision."""
