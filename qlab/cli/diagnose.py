"""``qlab diagnose``."""

from __future__ import annotations

from qlab.cli.arguments import Experiment, Force, Json, Overrides, with_experiment


def command(
    overrides: Overrides = None, experiment: Experiment = None, force: Force = False, json: Json = False
) -> None:
    """Diagnose the circuit of a quantum head: expressibility, entangling capability, variance of its gradients.

    Needs no data and trains nothing. The head is said as for a training, and its keys and the seed take several values
    as in a sweep; three numbers of qubits give the rate at which gradients vanish. Besides: samples=1000 (pairs of
    states, and draws for each variance), bins=75, binning=haar|width, inputs=random|zero.

    Example: qlab diagnose head.n_qubits=4,6,8 head.ansatz=ring,chain samples=1000
    """
    from qlab.cli.output import print_json
    from qlab.cli.progress import for_standard_error
    from qlab.jobs.diagnose.diagnose import diagnose
    from qlab.jobs.diagnose.request import request
    from qlab.records.environment import made_by_other_code

    diagnosed = diagnose(request(with_experiment(overrides, experiment)), for_standard_error(), force=force)
    other = made_by_other_code(diagnosed.result["environment"])
    if json:
        where = {"path": str(diagnosed.path), "found": diagnosed.found, "made_by_other_code": other}
        print_json({**where, **diagnosed.result})
    else:
        from qlab.cli.diagnose_tables import print_diagnosed

        print_diagnosed(diagnosed, other)
