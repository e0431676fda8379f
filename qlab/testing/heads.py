"""What every head must be: checks that an author of one can call in a test.

Every check takes a function that makes a head for features of a given width from a seeded generator, and raises
``AssertionError`` with the reason. ``check_head`` does them all.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from qlab.heads.head import Head, Solved, Staged
from qlab.testing.require import require, require_close

MakeHead = Callable[[torch.Generator], Head]
BATCH_TOLERANCE = 1e-5
"""Largest change of a logit between batches: float32 rounding, nothing more."""


def check_head(make: MakeHead, n_features: int, n_classes: int) -> None:
    """Run every check on a head from ``n_features`` to ``n_classes``."""
    features = _make(make).trial_features(13, n_features, torch.Generator().manual_seed(0))
    if isinstance(_make(make), Solved):
        check_solved(make, n_features, n_classes)
        return
    check_logits(make, features, n_classes)
    check_seeded(make)
    check_gradients(make, features)
    check_parameters(make)
    check_state(make, features)
    check_stages(make)


def check_solved(make: MakeHead, n_features: int, n_classes: int) -> None:
    """A head that is solved finds classes that lie far apart, says so again, and is restored from its state alone."""
    labels = torch.arange(20 * n_classes) % n_classes
    generator = torch.Generator().manual_seed(0)
    centres = 5 * torch.randn(n_classes, n_features, generator=generator)
    features = centres[labels] + torch.randn(len(labels), n_features, generator=generator)

    def solved() -> Head:
        head = _make(make)
        assert isinstance(head, Solved)
        head.solve(features, labels, None)
        return head.eval()

    check_logits(lambda _: solved(), features[:13], n_classes)
    first, again, restored = solved(), solved(), _make(make)
    restored.load_state_dict(first.state_dict())
    with torch.no_grad():
        logits = first(features)
        require(torch.equal(logits, again(features)), "solved again it gives other logits")
        require(torch.equal(logits, restored(features)), "the restored head differs")
    share = float((logits.argmax(1) == labels).double().mean())
    require(share > 0.9, f"of classes that lie far apart it finds {share:.0%}")


def check_logits(make: MakeHead, features: torch.Tensor, n_classes: int) -> None:
    """Logits are finite, of shape (B, n_classes), and those of an example do not depend on its batch."""
    head = _make(make).eval()
    with torch.no_grad():
        logits = head(features)
        alone = torch.cat([head(row[None]) for row in features])
    require(logits.shape == (len(features), n_classes), f"logits of {len(features)} examples are {tuple(logits.shape)}")
    require(bool(logits.isfinite().all()), "some logits are not finite")
    require_close(logits, alone, BATCH_TOLERANCE, "logits alone and in a batch differ")


def check_seeded(make: MakeHead) -> None:
    """The generator alone decides the first weights."""
    first, again, other = (_weights(_make(make, seed)) for seed in (0, 0, 1))
    require(torch.equal(first, again), "the same seed gives different first weights")
    require(not torch.equal(first, other), "two seeds give the same first weights")


def check_gradients(make: MakeHead, features: torch.Tensor) -> None:
    """Every trainable parameter gets a finite gradient, and so do the features."""
    head, leaf = _make(make), features.clone().requires_grad_()
    torch.nn.functional.cross_entropy(head(leaf), torch.zeros(len(features), dtype=torch.int64)).backward()
    trained = [(name, parameter) for name, parameter in head.named_parameters() if parameter.requires_grad]
    for name, parameter in [*trained, ("the features", leaf)]:
        require(parameter.grad is not None, f"{name} gets no gradient")
        assert parameter.grad is not None
        require(bool(parameter.grad.isfinite().all()), f"the gradient of {name} is not finite")


def check_parameters(make: MakeHead) -> None:
    """The quantum parameters are parameters, and are as many as the circuit, where there is one, has weights."""
    head = _make(make)
    own = {id(parameter) for parameter in head.parameters()}
    quantum = head.quantum_parameters()
    require(all(id(parameter) in own for parameter in quantum), "a quantum parameter is no parameter of the head")
    if head.circuit is not None:
        expected, count = head.circuit.n_weights, sum(parameter.numel() for parameter in quantum)
        require(count == expected, f"{count} quantum parameters, but the circuit has {expected} weights")


def check_state(make: MakeHead, features: torch.Tensor) -> None:
    """The state alone makes another head of the same options the same."""
    head, other = _make(make, 0).eval(), _make(make, 1).eval()
    other.load_state_dict(head.state_dict())
    with torch.no_grad():
        require(torch.equal(head(features), other(features)), "the restored head differs")


def check_stages(make: MakeHead) -> None:
    """A head that is trained in stages begins with its first weights, again whenever it is begun; starts differ."""
    head, first = _make(make), _weights(_make(make))
    if isinstance(head, Staged):
        head.begin(1, 0)
        require(not torch.equal(_weights(head), first), "two starts begin with the same weights")
        head.begin(0, 0)
        require(torch.equal(_weights(head), first), "the first start does not begin with the first weights")


def _make(make: MakeHead, seed: int = 0) -> Head:
    return make(torch.Generator().manual_seed(seed))


def _weights(head: Head) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in head.parameters()])
