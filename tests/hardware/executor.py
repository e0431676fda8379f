"""The service's side of the executor primitives, which newer clients send: a program is run and its result written."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from qiskit_aer import AerSimulator


def executor_result(params: dict[str, Any], simulator: AerSimulator) -> str:
    """Run the parameters of a job of the program ``executor``, and return what the service answers with."""
    schema: Any = import_module("ibm_quantum_schemas.executor.version_2_0")  # comes with the client
    tensor: Any = import_module("ibm_quantum_schemas.common.tensor").CompressedTensorModel
    from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
    from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
    from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import quantum_program_from_2_0

    model = schema.ParamsModel.model_validate(params)
    program, _ = quantum_program_from_2_0(model)
    for item in program.items:
        if hasattr(item, "samplex"):  # what is random in a circuit
            item.samplex.finalize()
    items = [
        schema.QuantumProgramResultItemModel(
            results={name: tensor.from_numpy(array) for name, array in item.items()},
            metadata=schema.ItemMetadataModel(),
        )
        for item in run_quantum_program(simulator, program, SimulatorOptions(seed_simulator=7))
    ]
    result = schema.QuantumProgramResultModel(
        data=items,
        metadata=schema.MetadataModel(chunk_timing=[]),
        passthrough_data=model.quantum_program.passthrough_data,
        semantic_role=model.quantum_program.semantic_role,
    )
    text: str = result.model_dump_json()
    return text
