"""Focus stacks: whole stacks beside single planes."""
