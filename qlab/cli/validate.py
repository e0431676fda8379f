"""``qlab validate``."""

from __future__ import annotations

from qlab.cli.arguments import Experiment, Json, Overrides, with_experiment


def command(overrides: Overrides = None, experiment: Experiment = None, json: Json = False) -> None:
    """Check a config without running it: names, types, ranges, paths, and that the parts fit each other.

    With a recipe that compares rivals, these are checked, too.

    Example: qlab validate experiment=lego_quantum_dot head.n_qubits=12
    """
    from qlab.cli.output import print_json
    from qlab.config.compose import compose
    from qlab.config.validate import run_config
    from qlab.jobs.compare import rivals
    from qlab.jobs.compare.request import CompareRequest
    from qlab.jobs.model import check_parts
    from qlab.jobs.train import folder_of

    words = with_experiment(overrides, experiment)
    config = run_config(compose("train", words))
    check_parts(config)
    rivals.check(CompareRequest.of_words(words).options.rivals or {}, words)
    folder = folder_of(config)
    finished = folder.result.is_file()
    if json:
        print_json({"valid": True, "key": folder.key, "path": str(folder.path), "finished": finished})
    else:
        print(f"valid; key {folder.key}, {'finished' if finished else 'not run yet'}: {folder.path}")
