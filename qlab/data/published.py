"""Sets of files that are known by their checksums: whole releases, and the subsets that are given names here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


@dataclass(frozen=True)
class Published:
    """Files as they were published: four of idx, or one tar archive.

    Attributes:
        name: what a dataset read from exactly these files is called.
        family: the release it is, or is a part of.
        sha256: file name without ``.gz`` -> SHA-256 of the compressed file.
        origin: where the images come from.
        mirrors: addresses of folders that hold the files, the preferred one first.
        members: of an archive, the files in it that are read -> "algorithm:digest", MD5 where nobody states another.
            They tell what unpacked files are; a download is verified by the SHA-256 of the archive.
        largest: bytes of a member, at most; of own files of this layout, too.
    """

    name: str
    family: str
    sha256: Mapping[str, str]
    origin: str
    mirrors: tuple[str, ...] = ()
    members: Mapping[str, str] = field(default_factory=dict)
    largest: int = 0


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
CIFAR100_TRAIN, CIFAR100_TEST = "train.bin", "test.bin"
CIFAR100 = Published(
    name="cifar100",
    family="cifar100",
    sha256={"cifar-100-binary.tar": "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"},
    origin="official CIFAR-100, binary version",
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
    members={
        f"cifar-100-binary/{CIFAR100_TRAIN}": "sha256:f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
        f"cifar-100-binary/{CIFAR100_TEST}": "sha256:d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
    },
    largest=200 << 20,  # train.bin has 147 MiB
)
STL10_TRAIN_IMAGES, STL10_TRAIN_LABELS = "train_X.bin", "train_y.bin"
STL10_TEST_IMAGES, STL10_TEST_LABELS = "test_X.bin", "test_y.bin"
STL10 = Published(
    name="stl10",
    family="stl10",
    sha256={"stl10_binary.tar": "f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866"},
    origin="official STL-10, labelled images",
    mirrors=("http://ai.stanford.edu/~acoates/stl10/", "https://cs.stanford.edu/~acoates/stl10/"),
    members={
        f"stl10_binary/{STL10_TRAIN_IMAGES}": "md5:918c2871b30a85fa023e0c44e0bee87f",
        f"stl10_binary/{STL10_TRAIN_LABELS}": "md5:5a34089d4802c674881badbb80307741",
        f"stl10_binary/{STL10_TEST_IMAGES}": "md5:7f263ba9f9e0b06b93213547f721ac82",
        f"stl10_binary/{STL10_TEST_LABELS}": "md5:36f9794fa4beb8a2c72628de14fa638e",
    },
    largest=400 << 20,  # test_X.bin has 211 MiB
)
KNOWN = (MNIST, FASHION_MNIST, MNIST_SUBSET, FASHION_MNIST_SUBSET, CIFAR100, STL10)


def recognise(sha256: Mapping[str, str]) -> Published | None:
    """Return the published set whose checksums these are, or None."""
    return next((known for known in KNOWN if dict(known.sha256) == dict(sha256)), None)


def recognise_members(content: Mapping[str, bytes]) -> Published | None:
    """Return the published archive whose members, by file name without folder, have this content, or None."""
    return next((known for known in KNOWN if known.members and _are_members(known, content)), None)


def _are_members(known: Published, content: Mapping[str, bytes]) -> bool:
    digests = {member.rpartition("/")[2]: digest for member, digest in known.members.items()}
    return digests.keys() == content.keys() and all(
        _has_digest(content[name], digest) for name, digest in digests.items()
    )


def _has_digest(content: bytes, digest: str) -> bool:
    algorithm, _, value = digest.partition(":")
    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest() == value
