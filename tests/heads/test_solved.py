"""Heads that are solved at once agree with scikit-learn, and are kept with what they know."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.neighbors import KNeighborsClassifier

import qlab
from qlab.backends.engine import EngineBackend
from qlab.errors import OptionError
from qlab.heads.head import Solved
from qlab.heads.logistic_regression import LogisticRegression
from qlab.heads.nearest_neighbours import NearestNeighbours


def examples(n_classes: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(n_classes)
    labels = torch.randint(0, n_classes, (150,), generator=generator)
    features = torch.randn(150, 4, generator=generator) + labels[:, None]
    return features, labels, torch.randn(40, 4, generator=generator) + 1


def solved(kind: type[Solved], n_classes: int, weights: torch.Tensor | None = None, **options: object) -> Solved:
    features, labels, _ = examples(n_classes)
    head = kind(4, n_classes, EngineBackend(), torch.Generator(), **options)
    head.solve(features, labels, weights)
    return head.eval()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_logistic_regression_gives_the_probabilities_of_scikit_learn(n_classes: int, weighted: bool) -> None:
    features, labels, new = examples(n_classes)
    weights = torch.arange(1.0, n_classes + 1) if weighted else None
    reference = Reference(C=0.3, class_weight=dict(enumerate(weights.tolist())) if weights is not None else None)
    reference.fit(features.double().numpy(), labels.numpy())
    with torch.no_grad():
        found = torch.softmax(solved(LogisticRegression, n_classes, weights, C=0.3)(new), dim=1)
    np.testing.assert_allclose(found, reference.predict_proba(new.double().numpy()), atol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_neighbours_vote_as_in_scikit_learn(n_classes: int) -> None:
    features, labels, new = examples(n_classes)
    reference = KNeighborsClassifier(7).fit(features.numpy(), labels.numpy())
    with torch.no_grad():
        shares = torch.exp(solved(NearestNeighbours, n_classes, n_neighbours=7)(new))
    np.testing.assert_allclose(shares, (reference.predict_proba(new.numpy()) * 7 + 1 / n_classes) / 8, atol=1e-6)


def test_a_rare_class_outvotes_by_its_weight() -> None:
    features, labels = torch.tensor([[0.0], [0.1], [0.2]]), torch.tensor([0, 0, 1])
    head = NearestNeighbours(1, 2, EngineBackend(), torch.Generator(), n_neighbours=3)
    head.solve(features, labels, None)
    assert int(head(features).argmax(1)[0]) == 0
    head.solve(features, labels, torch.tensor([1.0, 3.0]))
    assert int(head(features).argmax(1)[0]) == 1


def test_more_neighbours_than_examples_are_refused() -> None:
    head = NearestNeighbours(1, 2, EngineBackend(), torch.Generator(), n_neighbours=4)
    with pytest.raises(OptionError, match=r"head\.n_neighbours=4, but there are 3 training examples"):
        head.solve(torch.zeros(3, 1), torch.tensor([0, 1, 1]), None)


def test_more_neighbours_than_examples_are_refused_before_a_run_is_there(tmp_path: Path) -> None:
    words = ["dataset=digits", "encoder=pca", "head=nearest_neighbours", "head.n_neighbours=50", "dataset.n_train=40"]
    with pytest.raises(OptionError, match=r"head\.n_neighbours=50, but there are 40 training examples"):
        qlab.train(*words, f"output_dir={tmp_path}")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.mark.parametrize("name", ["logistic_regression", "nearest_neighbours"])
def test_a_run_of_one_is_restored_from_its_folder(name: str, tmp_path: Path) -> None:
    words = ["dataset=digits", "encoder=pca", "encoder.n_features=8", f"head={name}", f"output_dir={tmp_path}"]
    run = qlab.train(*words)
    assert run.metrics["accuracy"] > 0.85
    assert run.record.training["executions"] == {}
    assert json.loads((run.path / "result.json").read_text())["training"]["epochs"] == 1
    again = qlab.evaluate(qlab.load(str(run.path)), "split=val")
    assert again.metrics["accuracy"] == run.record.val_metrics["accuracy"]
    assert qlab.train(*words).found
