"""What the market desk knows of the round that is open."""
