"""Sets of idx files that are known by their checksums: whole releases, and the subsets that are given names here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


@dataclass(frozen=True)
class Published:
    """Four files as they were published.

    Attributes:
        name: what a dataset read from exactly these files is called.
        family: the release it is, or is a part of.
        sha256: file name without ``.gz`` -> SHA-256 of the compressed file.
        origin: where the images come from.
        mirrors: addresses of folders that hold the files, the preferred one first.
    """

    name: str
    family: str
    sha256: Mapping[str, str]
    origin: str
    mirrors: tuple[str, ...] = ()


def _digests(*values: str) -> dict[str, str]:
    return dict(zip(FILES, values, strict=True))


MNIST = Published(
    name="mnist",
    family="mnist",
    sha256=_digests(
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
    origin="official MNIST",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)
FASHION_MNIST = Published(
    name="fashion-mnist",
    family="fashion-mnist",
    sha256=_digests(
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
    origin="official Fashion-MNIST",
    mirrors=("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",),
)
MNIST_SUBSET = Published(
    name="mnist-subset",
    family="mnist",
    sha256=_digests(
        "4bc3976a578d92f2bcac810af68d9d7aea3ecf8156f2d03e7c7f4230b3e048cb",
        "c7a66811f0f02c64b475d40641318340c24c327d955a37864afd12f70a6c646b",
        "eda71fec18632d87437043c4555f29c8eedc57443802fa78ca56f8b10f122351",
        "bc334d5fda3e6bdb949b4946f0e8a18ecc7e4d2b3f0e1d445f284f8bafcaf2b1",
    ),
    origin="9,000 images of the official MNIST test set, divided anew",
)
FASHION_MNIST_SUBSET = Published(
    name="fashion-mnist-subset",
    family="fashion-mnist",
    sha256=_digests(
        "7d6066d90f79bc2a0a77a555f800406103d6be229c0b4fab9c96b6f177cd93ce",
        "37f60a1b12ad244265ed350e8b8cfa839a31b7290261ecd4c2bec37fa4e59399",
        "dd22f634223e85075d1b355ef41535633fdae2f86a92b34c433d1766d56acbd9",
        "4bac11d52bcfd0a3b08580f6fd2d3ca22f45d6a531744affbb5615e46ab6fb71",
    ),
    origin="900 images of the sample picture of Fashion-MNIST; grey values may differ slightly from the official files",
)
KNOWN = (MNIST, FASHION_MNIST, MNIST_SUBSET, FASHION_MNIST_SUBSET)


def recognise(sha256: Mapping[str, str]) -> Published | None:
    """Return the published set whose four checksums these are, or None."""
    return next((known for known in KNOWN if dict(known.sha256) == dict(sha256)), None)
