"""How good a series of returns was, and how much of that is luck and choice: returns in, figures out."""
