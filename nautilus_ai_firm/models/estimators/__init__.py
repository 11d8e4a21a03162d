"""Estimators that several models share."""
