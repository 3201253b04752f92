"""Models as ONNX files. Recording one takes minutes: `ONNX_EXPORT=1` before pytest does it, the other tests look at what is recorded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch
from tiny_networks import picture

from a2k_core import CheckpointError, StyA2K, TransferOptions
from a2k_core.cli.main import main
from a2k_core.errors import UsageError
from a2k_core.files.models import onnx_file
from a2k_core.files.models.onnx_file import _Painter, export_onnx


def test_what_is_recorded_paints_what_transfer_does(model: StyA2K, monkeypatch: pytest.MonkeyPatch) -> None:
    for size, strength in (((70, 201), 0.4), ((1, 33), 1.7)):
        content, style = picture(*size, seed=1), picture(150, 40, seed=2)
        expected = model.transfer_with(content, model.encode_style(style), TransferOptions(strength, color_maps=()))
        with monkeypatch.context() as exporting, torch.no_grad():
            exporting.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
            exporting.setattr(
                torch, "cond", lambda wanted, yes, no, inputs: (yes if wanted else no)(*inputs)
            )  # it compiles
            painted = _Painter(model)(content, style, torch.tensor(strength))
        torch.testing.assert_close(painted, expected, rtol=0, atol=1e-4)


@pytest.mark.skipif(not os.environ.get("ONNX_EXPORT"), reason="takes minutes; ONNX_EXPORT=1 does it")
def test_a_file_paints_at_any_size_what_the_model_does(compact_model: StyA2K, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    export_onnx(compact_model, tmp_path / "model.onnx", {"licence": "of the test"})
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["licence"] == "of the test"
    assert session.get_outputs()[0].shape == [1, 3, "height", "width"]
    for size, style_size, strength in (((64, 64), (64, 64), 1.0), ((333, 90), (1, 150), 0.5), ((1, 1), (200, 70), 2.0)):
        content, style = picture(*size, seed=1), picture(*style_size, seed=2)
        inputs = {"content": content.numpy(), "style": style.numpy(), "strength": torch.tensor(strength).numpy()}
        [painted] = session.run(None, inputs)
        plain = TransferOptions(strength, color_maps=())
        expected = compact_model.transfer_with(content, compact_model.encode_style(style), plain)
        torch.testing.assert_close(torch.from_numpy(painted), expected, rtol=0, atol=1e-3)


def test_a_file_that_paints_something_else_is_not_written(
    compact_model: StyA2K, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    monkeypatch.setattr(onnx_file, "_record", lambda model: _Gray())
    with pytest.raises(CheckpointError, match=r"model.onnx: not written, since it would not paint what the model does"):
        export_onnx(compact_model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named(compact_model: StyA2K, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r'needs onnxscript and onnxruntime: pip install "stya2k\[onnx\]"$'):
        export_onnx(compact_model, tmp_path / "model.onnx")


def test_a_missing_folder_is_named_before_the_work(compact_model: StyA2K, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"the folder .*nowhere does not exist"):
        export_onnx(compact_model, tmp_path / "nowhere" / "model.onnx")


def test_the_command_refuses_other_endings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--onnx", "-o", str(tmp_path / "model.pt")]) == 2
    assert "model.pt: ONNX files end in .onnx" in capsys.readouterr().err


class _Gray:
    """A recorded graph that paints everything gray."""

    def __init__(self) -> None:
        onnx = pytest.importorskip("onnx")
        self.model = self
        self.metadata_props: dict[str, str] = {}
        names = {"content": ("height", "width"), "style": ("style_height", "style_width")}
        values = [onnx.helper.make_tensor_value_info(name, 1, [1, 3, *sides]) for name, sides in names.items()]
        strength = onnx.helper.make_tensor_value_info("strength", 1, [])
        painting = onnx.helper.make_tensor_value_info("painting", 1, [1, 3, "height", "width"])
        zero = onnx.helper.make_node("Sub", ["content", "content"], ["painting"])
        graph = onnx.helper.make_graph([zero], "gray", [*values, strength], [painting])
        self.file = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)

    def save(self, path: Path) -> None:
        path.write_bytes(self.file.SerializeToString())
