"""Where an answer comes from, and whether such maps can be believed."""
