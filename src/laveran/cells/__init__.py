"""Cells: archives, labels, patients, the manifest, splits, fetching and drawing."""
