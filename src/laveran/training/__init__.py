"""From labelled cells to a model: recipes, the loop, the run folder."""

from laveran.training.recipe import Augmentation, Recipe, load_recipe
from laveran.training.train import Run, train

__all__ = ["Augmentation", "Recipe", "Run", "load_recipe", "train"]
