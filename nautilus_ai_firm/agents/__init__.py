"""The desks: thin Nautilus components that store, decide if ready, call one model and publish."""
