"""Pre-training of a frozen block, so that every later run finds its weights."""

from __future__ import annotations

from qlab.config import registry
from qlab.config.schema import RunConfig
from qlab.encoders.pretrain import Pretrained
from qlab.errors import OptionError
from qlab.jobs import threads
from qlab.jobs.prepare import load_data
from qlab.progress import Progress


def pretrain(config: RunConfig, progress: Progress) -> Pretrained:
    """Train the weights of the block of ``config``, or find them.

    Raises:
        OptionError: the block has no weights of that kind.
        RequestError: the data are missing.
        DivergedError: the loss is not finite.
    """
    encoder = registry.build(config.encoder.options)
    if not hasattr(encoder, "pretrain") or config.encoder.options.weights != "pretrained":
        raise OptionError(
            f"encoder '{config.encoder.name}' as configured is not pre-trained; "
            "choose encoder=resnet18 or resnet50 with encoder.weights=pretrained"
        )
    threads.for_encoding(config)
    data = load_data(config, progress)
    train = data.splits.train
    done: Pretrained = encoder.pretrain(data.dataset.images[train], data.dataset.labels[train], data.source)
    return done
