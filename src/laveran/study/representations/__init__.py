"""Every representation of the lecture, behind one interface."""
