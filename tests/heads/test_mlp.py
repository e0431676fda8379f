"""The perceptron twin has the number of parameters that it is asked for."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qlab.backends.engine import EngineBackend
from qlab.errors import OptionError
from qlab.heads.linear import Linear
from qlab.heads.mlp import MLP, TOLERANCE, count_parameters, hidden_widths


@pytest.mark.parametrize("n_parameters", [144, 288, 384, 4152])
@pytest.mark.parametrize(("n_features", "n_classes"), [(8, 2), (12, 2), (16, 5), (8, 10)])
def test_the_size_is_matched_within_two_percent(n_features: int, n_classes: int, n_parameters: int) -> None:
    generator = torch.Generator().manual_seed(0)
    head = MLP(n_features, n_classes, EngineBackend(), generator, n_parameters=n_parameters)
    count = sum(parameter.numel() for parameter in head.parameters())
    assert abs(count - n_parameters) <= 0.02 * n_parameters
    assert head(torch.zeros(3, n_features)).shape == (3, n_classes)


def test_the_simpler_network_is_preferred() -> None:
    assert hidden_widths(8, 2, 145) == (13,)


@given(st.integers(1, 20), st.integers(2, 10), st.integers(1, 600))
def test_widths_are_right_or_refused(n_features: int, n_classes: int, n_parameters: int) -> None:
    try:
        widths = hidden_widths(n_features, n_classes, n_parameters)
    except OptionError:
        one_layer = [count_parameters([n_features, h, n_classes]) for h in range(1, n_parameters + 2)]
        assert min(abs(count - n_parameters) for count in one_layer) > TOLERANCE * n_parameters
    else:
        count = count_parameters([n_features, *widths, n_classes])
        assert abs(count - n_parameters) <= TOLERANCE * n_parameters


def test_counting_by_hand() -> None:
    assert count_parameters([3, 4, 2]) == 3 * 4 + 4 + 4 * 2 + 2


def test_the_same_seed_gives_the_same_weights() -> None:
    first, again, other = (
        torch.cat([p.flatten() for p in Linear(5, 3, EngineBackend(), torch.Generator().manual_seed(s)).parameters()])
        for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert float(first.detach().abs().max()) <= 5**-0.5
