"""What data and labels are worth: suspects, twins, leaks, shortcuts, and blind re-reading."""
