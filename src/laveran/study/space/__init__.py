"""A network at work on one cell, in space."""
