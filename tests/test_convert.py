"""The converter: the authors' files in, a model out that computes what the authors' code would."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from reference import AuthorsFiles, random_files, random_picture, stylize
from tiny_networks import picture
from torch import Tensor, nn

from a2k_core import CheckpointError, StyA2KConfig, load_model
from a2k_core.files.models import convert
from a2k_core.files.models.checkpoint import read_info
from a2k_core.files.models.convert import convert_checkpoints

KINDS = {
    "vgg": "vgg_normalised.pth",
    "a2k": "latest_net_A2K.pth",
    "transform": "latest_net_transform.pth",
    "decoder": "latest_net_decoder.pth",
}


class Release:
    """The four files in a folder, and their conversion."""

    def __init__(self, folder: Path, files: AuthorsFiles, config: StyA2KConfig) -> None:
        self.files, self.config = files, config
        self.paths = {kind: folder / name for kind, name in KINDS.items()}
        self.output = folder / "converted" / "stya2k.safetensors"
        self.output.parent.mkdir()
        for kind in KINDS:
            self.write(kind)

    def state(self, kind: str) -> dict[str, Tensor]:
        state: dict[str, Tensor] = getattr(self.files, kind)
        return state

    def write(self, kind: str, **options: Any) -> None:
        torch.save(self.state(kind), self.paths[kind], **options)

    def convert(self) -> Path:
        convert_checkpoints(**self.paths, output=self.output, config=self.config)
        return self.output


@pytest.fixture
def release(tmp_path: Path, paper_config: StyA2KConfig) -> Release:
    """Random files of the tiny paper-like network."""
    return Release(tmp_path, random_files((4, 4, 16, 16, 16), heads=2), paper_config)


@pytest.mark.parametrize(("side", "style_side"), [(64, 64), (128, 128), (192, 192), (192, 64), (64, 128)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_converted_model_stylizes_as_the_spec_says(
    tmp_path: Path, paper_config: StyA2KConfig, side: int, style_side: int, seed: int
) -> None:
    release = Release(tmp_path, random_files((4, 4, 16, 16, 16), heads=2, seed=seed), paper_config)
    _compare(release, random_picture(side, seed + 10), random_picture(style_side, seed + 20))


def test_the_true_network_stylizes_as_the_spec_says(tmp_path: Path) -> None:
    release = Release(tmp_path, random_files(), StyA2KConfig.paper())
    # A style of 128 pixels has four blocks at the deeper levels, one of 64 has one.
    _compare(release, random_picture(64, 10), random_picture(128, 20))


def _compare(release: Release, content: Tensor, style: Tensor) -> None:
    heads = release.config.heads
    expected = stylize(release.files, content, style, heads)
    # Only pictures that vary, are hardly clamped, and follow the style can show a difference.
    assert expected.std() > 0.05
    assert ((expected > 0) & (expected < 1)).float().mean() > 0.9
    assert (stylize(release.files, content, 1 - style, heads) - expected).abs().mean() > 0.02
    model = load_model(release.convert(), device="cpu")
    assert model.config == release.config
    result = model.transfer(content, model.encode_style(style))
    assert (result - expected.clamp(0, 1)).abs().max() < 1e-4


def test_every_tensor_of_the_modules_matters(release: Release) -> None:
    """A tensor that the converter or the reference ignored would leave the picture unchanged."""
    content, style = random_picture(64, 10), random_picture(128, 20)

    def pictures() -> tuple[Tensor, Tensor]:
        model = load_model(release.convert(), device="cpu")
        return model.transfer(content, model.encode_style(style)), stylize(release.files, content, style, 2)

    before = pictures()
    for kind in ("a2k", "transform"):
        for name, tensor in release.state(kind).items():
            kept = tensor.clone()
            tensor += torch.linspace(0.2, 0.4, tensor.numel()).view(tensor.shape)
            release.write(kind)
            after = pictures()
            tensor.copy_(kept)
            release.write(kind)
            for old, new in zip(before, after, strict=True):
                # The same added to all keys of progressive attention changes neither routes nor softmax.
                assert name.endswith("k2.bias") == bool((new - old).abs().max() < 1e-4), name


def test_pairs_are_joined_with_the_distributed_half_first(release: Release) -> None:
    converted = load_model(release.convert(), device="cpu").state_dict()
    for level, (kind, prefix) in enumerate(
        [("a2k", ""), ("transform", "attn_adain_4_1."), ("transform", "attn_adain_5_1.")]
    ):
        state = release.state(kind)
        for name, letter in (("query", "q"), ("key", "k"), ("value", "v")):
            for part in ("weight", "bias"):
                first, second = converted[f"attention.{level}.{name}.{part}"].chunk(2)
                assert torch.equal(first, state[f"{prefix}{letter}.{part}"])
                assert torch.equal(second, state[f"{prefix}{letter}2.{part}"])


def test_the_result_says_where_it_comes_from(release: Release, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="a2k_core"):
        info = read_info(release.convert())
    assert "redistribute" in info.metadata["licence"]
    source = json.loads(info.metadata["source"])
    assert source.keys() == KINDS.keys()
    for kind, path in release.paths.items():
        data = path.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        published = None if kind == "vgg" else False
        assert source[kind] == {"name": KINDS[kind], "blob": blob, "published": published}
        assert f"{path}: git blob id {blob}" in caplog.text
    assert ", not the published file" in caplog.text


def test_published_files_are_recognized(
    release: Release, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    data = release.paths["decoder"].read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    monkeypatch.setitem(convert.PUBLISHED_BLOBS, "decoder", blob)
    with caplog.at_level(logging.INFO, logger="a2k_core"):
        source = json.loads(read_info(release.convert()).metadata["source"])
    assert source["decoder"]["published"] is True
    assert source["transform"]["published"] is False
    assert f"{blob}, the published file" in caplog.text


def test_a_blob_id_is_gits(tmp_path: Path) -> None:
    file = tmp_path / "hello"
    file.write_bytes(b"hello\n")
    assert convert._origin(file, "vgg")["blob"] == "ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.mark.parametrize("kind", KINDS)
def test_the_prefix_of_data_parallel_training_is_taken_off(release: Release, kind: str) -> None:
    plain = release.convert().read_bytes()
    torch.save({f"module.{name}": tensor for name, tensor in release.state(kind).items()}, release.paths[kind])
    assert _tensor_bytes(release.convert().read_bytes()) == _tensor_bytes(plain)


def _tensor_bytes(data: bytes) -> bytes:
    return data[8 + int.from_bytes(data[:8], "little") :]


def test_layers_beyond_relu5_1_are_dropped(release: Release) -> None:
    plain = release.convert().read_bytes()
    for index in (45, 48, 51):
        release.files.vgg[f"{index}.weight"] = torch.zeros(16, 16, 3, 3)
        release.files.vgg[f"{index}.bias"] = torch.zeros(16)
    release.write("vgg")
    assert _tensor_bytes(release.convert().read_bytes()) == _tensor_bytes(plain)


def test_files_of_old_pytorch_half_precision_and_bare_scalars_are_read(release: Release) -> None:
    release.write("vgg", _use_new_zipfile_serialization=False)
    for name in ("sim_alpha", "sim_beta"):
        release.files.a2k[name] = release.files.a2k[name].reshape(())
    release.write("a2k")
    release.files.decoder = {name: tensor.half() for name, tensor in release.files.decoder.items()}
    release.write("decoder")
    model = load_model(release.convert(), device="cpu")
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}
    converted = model.state_dict()
    assert converted["attention.0.alpha"].shape == ()
    assert torch.equal(converted["decoder.deep.0.weight"], release.files.decoder["decoder_layer_1.1.weight"].float())


@pytest.mark.parametrize("given", KINDS)
@pytest.mark.parametrize("taken", KINDS)
def test_a_file_at_the_wrong_option_is_recognized(release: Release, given: str, taken: str) -> None:
    if given == taken:
        return
    misplaced = release.paths[taken]
    release.paths[given] = misplaced
    with pytest.raises(CheckpointError) as caught:
        release.convert()
    said = str(caught.value)
    assert str(misplaced) in said
    assert f"seems to be {KINDS[taken]}, which --{taken} takes" in said
    assert f"--{given} takes {KINDS[given]}" in said
    assert not release.output.exists()


def _missing(state: dict[str, Any], name: str) -> str:
    del state[name]
    return f"lacks {name}"


def _unexpected(state: dict[str, Any], name: str) -> str:
    state["surplus.weight"] = torch.zeros(3)
    return "unknown tensor surplus.weight"


def _reshaped(state: dict[str, Any], name: str) -> str:
    shape = list(state[name].shape)
    state[name] = torch.zeros([shape[0] + 1, *shape[1:]])
    return f"{name} is {[shape[0] + 1, *shape[1:]]}, not {shape}"


def _whole_numbers(state: dict[str, Any], name: str) -> str:
    state[name] = state[name].long()
    return f"{name} is torch.int64, not floating point"


def _not_finite(state: dict[str, Any], name: str) -> str:
    state[name].view(-1)[0] = float("nan")
    return f"{name} holds values that are not finite"


def _not_a_tensor(state: dict[str, Any], name: str) -> str:
    state[name] = 3.0
    return f"{name} is a float, not a tensor"


def _empty_file(path: Path) -> str:
    path.write_bytes(b"")
    return "truncated, damaged"


def _truncated_file(path: Path) -> str:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return "truncated, damaged"


def _picture_file(path: Path) -> str:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    return "not a PyTorch file|cannot be read"


def _other_zip(path: Path) -> str:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "hello")
    return "truncated, damaged"


def _lfs_pointer(path: Path) -> str:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 2\n")
    return "not a PyTorch file|cannot be read"


def _list(path: Path) -> str:
    torch.save([torch.zeros(1)], path)
    return "holds a list"


def _nothing(path: Path) -> str:
    torch.save({}, path)
    return "not named tensors"


def _whole_module(path: Path) -> str:
    torch.save(nn.Linear(1, 1), path)
    return "tensors and nothing else"


def _gone(path: Path) -> str:
    path.unlink()
    return "no such file"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spoil", [_missing, _unexpected, _reshaped, _whole_numbers, _not_finite, _not_a_tensor])
def test_a_tensor_that_is_wrong_is_named(
    release: Release, kind: str, spoil: Callable[[dict[str, Any], str], str]
) -> None:
    name = {"vgg": "9.weight", "a2k": "k2.weight", "transform": "merge_conv.weight"}.get(
        kind, "decoder_layer_2.10.weight"
    )
    said = spoil(release.state(kind), name)
    release.write(kind)
    _refused(release, kind, said)


def test_scalars_have_one_element(release: Release) -> None:
    release.files.a2k["sim_alpha"] = torch.zeros(2)
    release.write("a2k")
    _refused(release, "a2k", "sim_alpha is [2], not []")


def test_weights_of_another_network_are_refused_briefly(release: Release) -> None:
    release.config = StyA2KConfig.paper()
    _refused(release, "vgg", " more")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "spoil",
    [
        _empty_file,
        _truncated_file,
        _picture_file,
        _other_zip,
        _lfs_pointer,
        _list,
        _nothing,
        _whole_module,
        _gone,
    ],
)
def test_a_file_that_cannot_be_read_is_named(release: Release, kind: str, spoil: Callable[[Path], str]) -> None:
    said = spoil(release.paths[kind])
    _refused(release, kind, *said.split("|"))


def test_code_in_a_file_is_not_run(release: Release, tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(trace),)

    for options in ({}, {"_use_new_zipfile_serialization": False}):
        torch.save({**release.state("decoder"), "evil": Evil()}, release.paths["decoder"], **options)
        _refused(release, "decoder", "tensors and nothing else")
        assert not trace.exists()


def test_an_output_that_cannot_be_written_is_named(release: Release) -> None:
    release.output = release.output.parent / "nowhere" / "model.safetensors"
    with pytest.raises(CheckpointError, match="nowhere"):
        release.convert()
    release.output = release.paths["vgg"].parent / "model.pth"
    with pytest.raises(CheckpointError, match=r"\.safetensors"):
        release.convert()


def test_the_converted_model_takes_any_size(release: Release) -> None:
    model = load_model(release.convert(), device="cpu")
    content = picture(33, 130)
    assert model.transfer(content, model.encode_style(picture(1, 70, seed=1))).shape == content.shape


def _refused(release: Release, kind: str, *said: str) -> None:
    """The error names the file, the option and what is wrong; nothing is written."""
    with pytest.raises(CheckpointError) as caught:
        release.convert()
    message = str(caught.value)
    assert str(release.paths[kind]) in message
    assert f"--{kind} takes" in message
    assert KINDS[kind] in message
    assert any(text in message for text in said), message
    assert "\n" not in message
    assert not list(release.output.parent.iterdir())
