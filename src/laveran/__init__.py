"""Laveran reads blood films for malaria."""

__version__ = "0.1.0"
