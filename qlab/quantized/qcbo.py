"""Training as quadratic constrained binary optimization: an objective, and forms that must be zero.

Section 3 of arXiv:2506.18240 as its abstract has it; the forms are a construction of our own. Each of them is
quadratic and never negative, and zero exactly where a bit is what it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dimod
import numpy as np
from scipy import sparse

from qlab.errors import DataError
from qlab.quantized.affine import Affine, Quadratic
from qlab.quantized.counts import DEFAULT_MEMORY, check_memory, count
from qlab.quantized.intervals import Integers
from qlab.quantized.ledger import Definition, Ledger, loss_at
from qlab.quantized.network import Bits, Encoding, Layer, QuantizedNetwork
from qlab.quantized.spline import Floats


@dataclass(frozen=True)
class Form:
    """A constraint: satisfied where ``polynomial`` is zero; it is never negative."""

    name: str
    polynomial: dimod.BinaryQuadraticModel


@dataclass(frozen=True, eq=False)
class Qcbo:
    """A quadratic model of some samples: bits of the weights first, then those of each sample.

    Attributes:
        names: of the bits.
        free: which bits of the network the first bits of the model are; the others are fixed.
        fixed: bits of the network with their values.
        n_network_bits: bits of the network.
        n_samples: how many samples it is about.
        form_names: of the constraints.
        pairs: (E, 2), the bits of each product that occurs; twice the same bit for a linear term.
        objective: (E,), coefficients of the objective.
        constant: of the objective.
        forms: (F, E), coefficients of the constraints, a sparse matrix.
        constants: (F,), of the constraints.
        definitions: of all bits but those of the weights.
    """

    names: tuple[str, ...]
    free: tuple[int, ...]
    fixed: Mapping[int, int]
    n_network_bits: int
    n_samples: int
    form_names: tuple[str, ...]
    pairs: Integers
    objective: Floats
    constant: float
    forms: Any
    constants: Floats
    definitions: tuple[Definition, ...]

    @property
    def n_bits(self) -> int:
        """Return the number of bits."""
        return len(self.names)

    @property
    def n_weight_bits(self) -> int:
        """Return how many of them are bits of the weights."""
        return len(self.free)

    @property
    def n_forms(self) -> int:
        """Return the number of constraints."""
        return len(self.form_names)

    def energies(self, bits: Bits) -> Floats:
        """Return the objective (S,) of bit strings (S, n_bits)."""
        return np.asarray(self._products(bits) @ self.objective + self.constant)

    def violations(self, bits: Bits) -> Floats:
        """Return the values (S, F) of the constraints, none below zero, for bit strings (S, n_bits)."""
        return np.asarray((self.forms @ self._products(bits).T).T + self.constants)

    def complete(self, weight_bits: Bits) -> Bits:
        """Return the one consistent bit string (S, n_bits) for each setting (S, n_weight_bits) of the weights."""
        table = np.zeros((len(weight_bits), self.n_bits), dtype=np.uint8)
        table[:, : self.n_weight_bits] = weight_bits
        for definition in self.definitions:
            definition.fill(table)
        return table

    def network_bits(self, bits: Bits) -> Bits:
        """Return the bits (S, n_network_bits) of the network, fixed ones too, in bit strings of the model."""
        found = np.zeros((len(bits), self.n_network_bits), dtype=np.uint8)
        found[:, list(self.free)] = bits[:, : self.n_weight_bits]
        for index, value in self.fixed.items():
            found[:, index] = value
        return found

    def bqm(self, multipliers: Floats | float = 0.0, on_weights: Floats | None = None) -> dimod.BinaryQuadraticModel:
        """Return the objective plus ``multipliers`` (F,) times the constraints, as a model without constraints.

        ``on_weights`` (n_weight_bits, n_weight_bits) is added for pairs of bits of the weights, with linear terms on
        its diagonal.
        """
        factors = np.broadcast_to(np.asarray(multipliers, dtype=float), (self.n_forms,))
        coefficients = self.objective + self.forms.T @ factors
        model = self._bqm(coefficients, self.constant + float(factors @ self.constants))
        if on_weights is not None:
            n = self.n_weight_bits
            model.add_linear_from_array(np.concatenate([np.diag(on_weights), np.zeros(self.n_bits - n)]))
            upper = np.triu(on_weights, 1) + np.tril(on_weights, -1).T
            rows, columns = np.nonzero(upper)
            model.add_quadratic_from(zip(rows.tolist(), columns.tolist(), upper[rows, columns].tolist(), strict=True))
        return model

    def form(self, index: int) -> Form:
        """Return a constraint by its number."""
        row = self.forms[[index]].toarray()[0]
        return Form(self.form_names[index], self._bqm(row, float(self.constants[index])))

    def _bqm(self, coefficients: Floats, constant: float) -> dimod.BinaryQuadraticModel:
        linear = np.zeros(self.n_bits)
        one, other = self.pairs.T
        same = one == other
        linear[one[same]] = coefficients[same]
        used = ~same & (coefficients != 0)
        quadratic = (one[used], other[used], coefficients[used])
        return dimod.BinaryQuadraticModel.from_numpy_vectors(linear, quadratic, constant, dimod.BINARY)

    def _products(self, bits: Bits) -> Floats:
        return (bits[:, self.pairs[:, 0]] & bits[:, self.pairs[:, 1]]).astype(float)


def build(
    network: QuantizedNetwork,
    inputs: Integers,
    targets: Integers,
    fixed: Mapping[int, int] | None = None,
    memory: int = DEFAULT_MEMORY,
) -> Qcbo:
    """Return the model of all samples together; the objective is the sum of their losses.

    Args:
        network: to be trained.
        inputs: (M, n_inputs), integers on the grid of the inputs.
        targets: (M, n_outputs), -1 or 1.
        fixed: bits of the network that are not to be trained, with their values.
        memory: what building it may take, in bytes.

    Raises:
        CapabilityError: it would take more memory.
        DataError: inputs or targets do not fit the network.
    """
    inputs, fixed = network.checked(inputs), dict(fixed or {})
    if targets.shape != (len(inputs), network.widths[-1]) or not np.isin(targets, (-1, 1)).all():
        raise DataError(f"targets are -1 or 1 in the shape ({len(inputs)}, {network.widths[-1]}), not {targets.shape}")
    check_memory(count(network, fixed), len(inputs), memory)
    free = tuple(index for index in range(network.n_bits) if index not in fixed)
    ledger = Ledger([f"weight{index}" for index in free])
    place = {index: Affine.bit(number) for number, index in enumerate(free)}
    place |= {index: Affine(value) for index, value in fixed.items()}
    losses = []
    for sample, (x, y) in enumerate(zip(inputs, targets, strict=True)):
        losses.append(_sample(network, ledger, place, x, y, f"sample{sample}"))
    return _stacked(network, ledger, Quadratic.total(losses), free, fixed, len(inputs))


def _sample(
    network: QuantizedNetwork, ledger: Ledger, bits: Mapping[int, Affine], x: Integers, y: Integers, name: str
) -> Quadratic:
    """Write the forward pass of one sample into the ledger; return its loss."""
    values = [Affine(int(value)) for value in x]
    losses = []
    for depth, layer in enumerate(network.layers):
        table = network.activation.table(layer.digits, layer.unit)
        following = []
        for neuron in range(layer.n_neurons):
            where = f"{name}.layer{depth}.neuron{neuron}"
            weights, bias = _neuron(network, layer, neuron, bits)
            terms = [ledger.times(weight, value) for weight, value in zip(weights, values, strict=True)]
            place = ledger.digits(bias.times(layer.bias_scale).plus(*terms), layer.digits, where)
            if layer is network.layers[-1]:
                losses.append(loss_at(place, network.loss.table(layer.digits, layer.unit, int(y[neuron]))))
            else:
                following.append(ledger.activation(place, table, where))
        values = following
    return Quadratic.total(losses)


def _neuron(
    network: QuantizedNetwork, layer: Layer, neuron: int, bits: Mapping[int, Affine]
) -> tuple[list[Affine], Affine]:
    """Return weights and bias of a neuron as polynomials of their bits."""

    def number(encoding: Encoding, first: int) -> Affine:
        terms = [bits[first + t].times(encoding.step << t) for t in range(encoding.n_bits)]
        return Affine(encoding.low).plus(*terms)

    size = network.weights.n_bits
    first = layer.first_bit + neuron * (layer.n_inputs * size + network.biases.n_bits)
    weights = [number(network.weights, first + k * size) for k in range(layer.n_inputs)]
    return weights, number(network.biases, first + layer.n_inputs * size)


def _stacked(
    network: QuantizedNetwork,
    ledger: Ledger,
    objective: Quadratic,
    free: tuple[int, ...],
    fixed: Mapping[int, int],
    n_samples: int,
) -> Qcbo:
    polynomials = [form.polynomial for form in ledger.forms]
    pairs = sorted({pair for polynomial in [objective, *polynomials] for pair in polynomial.terms})
    column = {pair: number for number, pair in enumerate(pairs)}
    entries = [(row, column[pair], value) for row, form in enumerate(polynomials) for pair, value in form.terms.items()]
    rows, columns, values = np.array(entries).reshape(-1, 3).T
    shape = (len(polynomials), len(pairs))
    matrix = sparse.csr_array((values, (rows.astype(int), columns.astype(int))), shape=shape)
    coefficients = np.zeros(len(pairs))
    for pair, value in objective.terms.items():
        coefficients[column[pair]] = value
    return Qcbo(
        names=tuple(ledger.names),
        free=free,
        fixed=fixed,
        n_network_bits=network.n_bits,
        n_samples=n_samples,
        form_names=tuple(form.name for form in ledger.forms),
        pairs=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        objective=coefficients,
        constant=objective.constant,
        forms=matrix,
        constants=np.array([polynomial.constant for polynomial in polynomials]),
        definitions=tuple(ledger.definitions),
    )
