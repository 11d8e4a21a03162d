"""One file per signal agent's model; none knows another."""
