"""Pure mathematics and rules: numpy in, numpy out."""
