"""The model file: its contract, its runtime, and what is made of it."""
