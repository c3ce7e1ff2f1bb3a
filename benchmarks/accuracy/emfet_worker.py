"""Emfet's features with a forest fitted to them: run by the Python of emfet's own environment.

`fit` reads a table of cells (name, label, part) and their pictures, fits on "train", and writes
the forest, the scores of "test" and what there is to say; `serve` holds pictures in memory, and
for every line on its input asks the forest about all of them and prints the seconds.

The forest is emfet's: its pipeline, with the settings on the card of the model that it ships.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import cv2
import joblib
import numpy as np
from emfet.features import extract_features_from_array
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

COMPRESSION = 3  # as emfet's own model file


def new_forest(threads: int) -> Pipeline:
    """Emfet's pipeline, not fitted."""
    card = files("emfet").joinpath("best_model_model_card.json").read_text(encoding="utf-8")
    forest = RandomForestClassifier(random_state=0, n_jobs=threads)
    pipeline = Pipeline([("scaler", StandardScaler()), ("classifier", forest)])
    return pipeline.set_params(**json.loads(card)["best_params"])


def read_table(path: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_pictures(data: str, names: Iterable[str]) -> Iterator[np.ndarray]:
    """Yield the pictures called `names` in a zip or folder, BGR uint8 [H, W, 3]."""
    if Path(data).is_dir():
        contents = (Path(data, name).read_bytes() for name in names)
    else:
        archive = zipfile.ZipFile(data)
        contents = (archive.read(name) for name in names)
    for content in contents:
        yield np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR))


def features(pictures: list[np.ndarray], threads: int) -> np.ndarray:
    """Emfet's five features of each picture [N, 5]."""
    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(extract_features_from_array, pictures)))


def fit(asked: argparse.Namespace) -> None:
    """Fit on "train", score "test"."""
    rows = read_table(asked.cells)
    started = time.perf_counter()
    found = []
    for done, picture in enumerate(read_pictures(asked.data, [row["name"] for row in rows]), 1):
        found.append(extract_features_from_array(picture))
        if done % 2000 == 0 or done == len(rows):
            shown = f"emfet: features of {done:,} of {len(rows):,} cells"
            print(f"{shown}, {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    measured = np.stack(found)
    labels = np.array([int(row["label"]) for row in rows])
    parts = np.array([row["part"] for row in rows])
    forest = new_forest(asked.threads).fit(measured[parts == "train"], labels[parts == "train"])
    joblib.dump(forest, asked.forest, compress=COMPRESSION)
    scored = [row for row in rows if row["part"] == "test"]
    probabilities = forest.predict_proba(measured[parts == "test"])[:, 1]
    with Path(asked.scores).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["name", "patient", "label", "probability"])
        table.writerows(
            [row["name"], row["patient"], row["label"], f"{probability:.9g}"]
            for row, probability in zip(scored, probabilities)  # noqa: B905 - it may be Python 3.10
        )
    trees = forest["classifier"].estimators_
    facts = {
        "trees": len(trees),
        "nodes": sum(tree.tree_.node_count for tree in trees),
        "train_seconds": time.perf_counter() - started,
    }
    print(json.dumps(facts))


def serve(asked: argparse.Namespace) -> None:
    """Ask about all pictures again and again."""
    names = [row["name"] for row in read_table(asked.cells)]
    pictures = list(read_pictures(asked.data, names))
    forest = joblib.load(asked.forest)
    forest.set_params(classifier__n_jobs=asked.threads)
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        forest.predict_proba(features(pictures, asked.threads))
        print(time.perf_counter() - started, flush=True)


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("fit", "serve"))
    parser.add_argument("data", help="zip or folder of cells")
    parser.add_argument("cells", help="CSV with name, patient, label and part")
    parser.add_argument("forest", help="file of the forest")
    parser.add_argument("--scores", help="CSV to write")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    fit(asked) if asked.task == "fit" else serve(asked)


if __name__ == "__main__":
    main()
