"""What depth, shortcuts, regularisation and architecture do to learning."""
