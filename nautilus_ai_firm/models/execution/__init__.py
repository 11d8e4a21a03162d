"""From weights to orders: netting, slicing, costs."""
