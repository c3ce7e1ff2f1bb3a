"""Studies: representations, what a network is made of, and what it learned."""
