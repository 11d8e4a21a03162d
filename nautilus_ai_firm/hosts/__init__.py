"""Where the firm runs; a desk cannot tell which host it sits in."""
