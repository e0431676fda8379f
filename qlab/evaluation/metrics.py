"""Metrics of a classifier from its logits, each with the number of examples behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score


@dataclass(frozen=True)
class Metrics:
    """How well logits predict labels.

    Attributes:
        n: examples.
        accuracy: share of right answers, a probability.
        accuracy_low: lower end of its 95 % Wilson interval; the examples are the only source of variance in it.
        accuracy_high: upper end.
        balanced_accuracy: mean of the classes' own accuracies.
        majority_accuracy: what always answering the most frequent class would give.
        cross_entropy: mean negative log-likelihood, in nats.
        roc_auc: area under the receiver operating characteristic, one class against the rest; None where a class is
            absent.
        average_precision: area under the precision-recall curve, the sum over thresholds of precision times the gain
            in recall; of class 1 for two classes, else the mean over classes, each against the rest; None where a class
            is absent. A constant answer gets the share of the class.
        confusion: rows are true classes, columns predicted ones.
    """

    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    balanced_accuracy: float
    majority_accuracy: float
    cross_entropy: float
    roc_auc: float | None
    average_precision: float | None
    confusion: list[list[int]]


def measure(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> Metrics:
    """Return the metrics of logits (N, n_classes) against labels (N,)."""
    n, n_classes = logits.shape
    predicted = logits.argmax(1)
    right = int((predicted == labels).sum())
    interval = binomtest(right, n).proportion_ci(method="wilson")
    present = np.unique(labels)
    scores = _scores(logits) if len(present) == n_classes else None
    return Metrics(
        n=n,
        accuracy=right / n,
        accuracy_low=float(interval.low),
        accuracy_high=float(interval.high),
        balanced_accuracy=float(np.mean([(predicted[labels == k] == k).mean() for k in present])),
        majority_accuracy=float(np.bincount(labels).max() / n),
        cross_entropy=float(-log_softmax(logits.astype(np.float64), axis=1)[np.arange(n), labels].mean()),
        roc_auc=None if scores is None else float(roc_auc_score(labels, scores, multi_class="ovr")),
        average_precision=None if scores is None else float(average_precision_score(labels, scores)),
        confusion=confusion_matrix(labels, predicted, labels=np.arange(n_classes)).tolist(),
    )


def _scores(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the probability (N,) of the second of two classes, or of every class (N, n_classes)."""
    probabilities: NDArray[np.float64] = softmax(logits.astype(np.float64), axis=1)
    return probabilities[:, 1] if logits.shape[1] == 2 else probabilities
