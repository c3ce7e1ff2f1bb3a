"""Laveran's networks and three usual ways, on one division of the patients."""
