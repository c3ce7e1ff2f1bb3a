"""Autoencoders of cells: codes, and pictures out of codes."""
