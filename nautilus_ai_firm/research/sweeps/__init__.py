"""Many runs of one firm over values of its configuration: on one stretch of time, or walking forward through it."""
