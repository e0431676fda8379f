"""Charge-stability diagrams of quantum dots, generated or read from their authors' files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import numpy as np

from qlab.data.dataset import DataContext, Dataset, FloatArray
from qlab.data.diagram_cache import cached
from qlab.data.diagram_files import CLEAN, NOISY, DiagramFiles, read_diagram_files
from qlab.data.diagrams import CLASSES, DiagramRequest, Task
from qlab.data.dot_parameters import Preset
from qlab.errors import OptionError


class QuantumDot:
    """Loader of charge-stability diagrams, (N, 1, R, R), to tell apart by the dots that they show.

    Args:
        seed: of the generator.
        size: number of diagrams.
        task: ``binary`` (one merged dot or a double dot) or ``five_class`` (also no dot, left dot, right dot).
        preset: ``scattered`` windows, windows ``anchored`` at the empty cell, or ``hard`` (twice the noise).
        noise: multiplies every noise of the sensor.
        images: the ``noisy`` version of each diagram or the ``clean`` one.
        resolution: pixels along each gate voltage.
        scaling: ``image`` gives every image mean 0 and standard deviation 1, ``none`` leaves the conductance.
        path: a folder with the files of ``mlqe_2023_edx``, all of which are then read; ``seed``, ``preset`` and
            ``noise`` then matter to ``load_source`` only, ``size`` and ``resolution`` not at all.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        size: int = 2800,
        task: Task = "binary",
        preset: Preset = "scattered",
        noise: float = 1.0,
        images: Literal["noisy", "clean"] = "noisy",
        resolution: int = 50,
        scaling: Literal["image", "none"] = "image",
        path: str | None = None,
    ) -> None:
        if path is not None and task != "binary":
            raise OptionError(
                f"dataset.task={task} needs generated diagrams: the files of dataset.path have two classes"
            )
        self._request = DiagramRequest(seed, size, task, preset, noise, resolution)
        self._images = images
        self._scaling = scaling
        self._folder = None if path is None else Path(path)

    def load(self, context: DataContext) -> Dataset:
        """Return all diagrams.

        Raises:
            DataError: the files of ``path`` are missing or cannot be used.
        """
        if self._folder is None:
            return self._generated(self._request, self._images, context)
        files = self._read_files(self._folder)
        return Dataset(
            name="mlqe_2023_edx",
            source="synthetic",
            images=self._scaled(files.images),
            labels=files.labels,
            classes=("class 0", "class 1"),
            provenance={
                "files": files.sha256,
                "images": self._images,
                "scaling": self._scaling,
                "classes": "which label is the single dot and which the double dot is not documented",
            },
        )

    def load_source(self, context: DataContext, size: int) -> Dataset:
        """Return ``size`` clean diagrams of the same task and preset, always generated.

        They share no image with ``load``: their random numbers come from another stream of the same seed.
        """
        resolution = self._request.resolution
        if self._folder is not None:
            resolution = self._square_side(self._read_files(self._folder))
        request = dataclasses.replace(self._request, size=size, resolution=resolution, stream="source")
        return self._generated(request, "clean", context)

    def _generated(self, request: DiagramRequest, images: Literal["noisy", "clean"], context: DataContext) -> Dataset:
        diagrams = cached(request, context.cache, context.progress)
        origin = "generated" if self._folder is None else "generated: the files of mlqe_2023_edx have no disjoint set"
        return Dataset(
            name="quantum_dot" if request.stream == "main" else "quantum_dot-source",
            source="synthetic",
            images=self._scaled(diagrams.noisy if images == "noisy" else diagrams.clean),
            labels=diagrams.labels,
            classes=CLASSES[request.task],
            provenance={"origin": origin, **request.facts(), "images": images, "scaling": self._scaling},
        )

    def _read_files(self, folder: Path) -> DiagramFiles:
        return read_diagram_files(folder, NOISY if self._images == "noisy" else CLEAN)

    def _square_side(self, files: DiagramFiles) -> int:
        height, width = files.images.shape[1:]
        if height != width:
            raise OptionError(f"the diagrams of dataset.path are {height} x {width}; a source set needs square ones")
        return int(height)

    def _scaled(self, images: FloatArray) -> FloatArray:
        """Return images (N, H, W) as (N, 1, H, W), standardised one by one if asked for; a constant one becomes 0."""
        if self._scaling == "image":
            centred = images - images.mean(axis=(1, 2), dtype=np.float64, keepdims=True)
            deviation = centred.std(axis=(1, 2), keepdims=True)
            images = (centred / np.where(deviation > 0, deviation, 1)).astype(np.float32)
        return images[:, np.newaxis]
