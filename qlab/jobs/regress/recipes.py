"""The folder of regression recipes: who is in it, and the config of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qlab.config import folders
from qlab.config.compose import compose
from qlab.config.schema import RunConfig
from qlab.config.sources import read_recipe
from qlab.config.validate import run_config
from qlab.errors import RequestError, UnknownNameError

FOLDER = "regression"


@dataclass(frozen=True)
class Recipes:
    """Recipes ``NAME.yaml`` with their expectations ``expected/NAME.json``, and data files in ``data/DATASET/``."""

    folder: Path

    @property
    def names(self) -> list[str]:
        """Every recipe."""
        return sorted(file.stem for file in self.folder.glob("*.yaml"))

    @property
    def orphans(self) -> list[str]:
        """Every expectation without a recipe."""
        return sorted({file.stem for file in self.folder.glob("expected/*.json")} - set(self.names))

    def chosen(self, wanted: Sequence[str]) -> list[str]:
        """Return the recipes named, in their order, each once; all where none is named.

        Raises:
            UnknownNameError: there is none of that name.
            RequestError: there is no recipe at all.
        """
        known = self.names
        if not known:
            raise RequestError(f"{self.folder} holds no recipe: put NAME.yaml there, as in the folder of experiments")
        for name in wanted:
            if name not in known:
                raise UnknownNameError("regression recipe", name, known)
        return list(dict.fromkeys(wanted)) or known

    def recipe(self, name: str) -> Path:
        """Return the file of a recipe."""
        return self.folder / f"{name}.yaml"

    def expectation(self, name: str) -> Path:
        """Return the file of its expectations, there or not."""
        return self.folder / "expected" / f"{name}.json"

    def summary(self, name: str) -> str:
        """Return the first line of a recipe where it is a comment."""
        first = self.recipe(name).read_text(encoding="utf-8", errors="replace").partition("\n")[0]
        return first.removeprefix("#").strip() if first.startswith("#") else ""

    def config(self, name: str, output_dir: Path) -> RunConfig:
        """Return the config of a recipe, executed by one thread, so that sums have the same order everywhere.

        Raises:
            RequestError: the recipe is wrong.
        """
        read_recipe(self.recipe(name))  # Hydra would call one that cannot be read unknown
        composed = compose("train", [f"experiment={FOLDER}/{name}"])
        composed.output_dir, composed.download, composed.threads = str(output_dir), False, 1
        data = self.folder / "data"
        if composed.data_dir is None and data.is_dir():
            composed.data_dir = str(data)
        return run_config(composed)


def find() -> Recipes:
    """Return the user's own recipes, ``./experiments/regression``, where they are there; else those of qlab."""
    own = folders.own_experiments()
    if own is not None and (own / FOLDER).is_dir():
        return Recipes(own / FOLDER)
    return Recipes(folders.shipped_experiments() / FOLDER)
