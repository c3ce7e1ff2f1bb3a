"""Which cells an embedding takes to be alike: maps and neighbours."""
