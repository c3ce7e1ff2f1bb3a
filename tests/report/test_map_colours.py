"""The groups of a map: every cell is in the right one, and told by the right name."""

import numpy as np

from laveran.report.map_colours import colourings

LABELS = np.array([1, 1, 0, 0, -1])
PATIENTS = ["B", "A", "A", "A", ""]
PROBABILITY = np.array([0.95, 0.1, 0.5, 0.05, 0.2])
CALLED = PROBABILITY >= 0.5
OUTLIER = np.array([1.0, 5.0, 7.0, 10.0, 12.0])


def named(ways):
    """For each way the name of each cell's group."""
    return {way.name: [way.groups[group].name for group in way.of] for way in ways}


def test_every_cell_is_in_its_group():
    found = named(colourings(LABELS, PATIENTS, PROBABILITY, CALLED, OUTLIER, 10.0))
    assert found == {
        "label": ["parasitized", "parasitized", "uninfected", "uninfected", "no label"],
        "mistake": ["right", "false negative", "false positive", "right", "no label"],
        "patient": ["B", "A", "A", "A", "unknown"],
        "probability": ["0.9 to 1", "0.1 to 0.5", "0.5 to 0.9", "0 to 0.1", "0.1 to 0.5"],
        "outlier score": [
            "up to 4.000",
            "4.000 to 6.000",
            "6.000 to 8.000",
            "8.000 to 10.000",
            "beyond the gate, 10.000",
        ],
    }


def test_groups_are_counted_and_patients_with_most_cells_come_first():
    for way in colourings(LABELS, PATIENTS, PROBABILITY, CALLED, OUTLIER, 10.0):
        assert [group.count for group in way.groups] == np.bincount(way.of).tolist()
    patients = named(colourings(LABELS, PATIENTS, PROBABILITY, CALLED))["patient"]
    (way,) = (w for w in colourings(LABELS, PATIENTS, PROBABILITY, CALLED) if w.name == "patient")
    assert [group.name for group in way.groups] == ["A", "B", "unknown"]
    assert len({group.hue for group in way.groups}) == 3
    assert patients == [*PATIENTS[:4], "unknown"]


def test_what_is_not_known_makes_no_way_to_colour():
    unlabelled = colourings(np.full(5, -1), [""] * 5, PROBABILITY, CALLED)
    assert [way.name for way in unlabelled] == ["probability"]
