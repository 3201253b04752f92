"""The pack in the real host: what workflows rely on, and how it behaves as part of the host."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import numpy as np
from client import ROOT, InsideHost, Prompt, get, node, pictures_of, run, transfer_prompt, wait_for


def test_ids_order_defaults_and_types_are_those_that_workflows_store(host: str) -> None:
    info = get(f"{host}/object_info")
    stored = json.loads((ROOT / "tests" / "snapshot" / "nodes.json").read_text(encoding="utf-8"))
    assert {name for name in info if name.startswith("A2K_")} == set(stored)
    for name, expected in stored.items():
        inputs = info[name]["input"]["required"] | info[name]["input"].get("optional", {})
        assert list(inputs) == expected["inputs"]
        assert info[name]["output"] == expected["outputs"]
        defaults = {key: spec[1]["default"] for key, spec in inputs.items() if "default" in spec[1]}
        assert defaults == expected["defaults"]
        assert info[name]["category"] == "image/style transfer"
        assert info[name]["description"]
        assert info[name]["search_aliases"]
        assert all(spec[1]["tooltip"] for spec in inputs.values())


def test_numbers_are_sliders_and_precision_is_an_advanced_widget(host: str) -> None:
    info = get(f"{host}/object_info")
    sliders = {
        name: {key for key, spec in inputs.items() if spec[1].get("display") == "slider"}
        for name in ("A2K_Transfer", "A2K_MixStyles")
        if (inputs := info[name]["input"]["required"] | info[name]["input"].get("optional", {}))
    }
    assert {"strength", "keep_colours"} <= sliders["A2K_Transfer"]
    assert sliders["A2K_MixStyles"]
    assert info["A2K_LoadModel"]["input"]["required"]["precision"][1]["advanced"]


def test_an_example_picture_runs_only_where_something_needs_it_and_shows_itself(host: str) -> None:
    prompt = {
        "needed": node("A2K_ExamplePicture", picture="style/swirl.jpg"),
        "stray": node("A2K_ExamplePicture", picture="style/oil.jpg"),
        "shown": node("PreviewImage", images=["needed", 0]),
    }
    for _ in range(2):  # the second time from the host's cache
        assert set(run(host, prompt)["outputs"]) == {"needed", "shown"}


def test_a_batch_says_which_frame_is_done_and_shows_it(inside: InsideHost) -> None:
    printed = inside.run("""
import types, torch
import comfy.utils
from pack.comfy_nodes import progress as bars

said, shown = [], []
server = types.SimpleNamespace(send_progress_text=lambda text, node: said.append((text, node)))
sys.modules["server"] = types.SimpleNamespace(PromptServer=types.SimpleNamespace(instance=server))
comfy.utils.set_progress_bar_global_hook(lambda value, total, preview, node_id: shown.append(preview[1].size if preview else value))
bars.PREVIEW_INTERVAL = 0
for count in (1, 2):
    node = types.SimpleNamespace(hidden=types.SimpleNamespace(unique_id="7"))
    progress = bars.BatchProgress(count, node, "frame")
    progress.report(0)
    progress.show(1, torch.rand(3, 2000, 1000))
print(said, shown)
""")
    assert printed.splitlines()[-1] == "[('frame 1 of 2', '7')] [0, 0, (334, 667)]"


def test_a_long_batch_is_cancelled_between_two_pictures(host: str) -> None:
    picture = {"picture": node("A2K_ExamplePicture", picture="content/coffee.jpg")}
    run(host, transfer_prompt(["picture", 0]) | picture)  # loads the model and encodes the style
    one = seconds(run(host, transfer_prompt(["picture", 0], strength=0.95) | picture))
    many = picture | {"many": node("RepeatImageBatch", image=["picture", 0], amount=100)}
    assert cancelled_after(host, transfer_prompt(["many", 0]) | many, wait=3 * one) < 8 * one


def test_one_large_picture_is_cancelled_before_it_is_done(host: str) -> None:
    large = {
        "picture": node("A2K_ExamplePicture", picture="content/coffee.jpg"),
        "large": node(
            "ImageScale", image=["picture", 0], upscale_method="bilinear", width=2048, height=2048, crop="disabled"
        ),
    }
    run(host, transfer_prompt(["picture", 0]) | large)  # loads the model and encodes the style
    whole = seconds(run(host, transfer_prompt(["large", 0]) | large))
    assert cancelled_after(host, transfer_prompt(["large", 0], strength=0.95) | large, wait=0.2 * whole) < 0.8 * whole


def cancelled_after(host: str, prompt: Prompt, wait: float) -> float:
    """How many seconds a prompt ran that was cancelled after `wait` seconds."""
    number = get(f"{host}/prompt", {"prompt": prompt})["prompt_id"]
    time.sleep(wait)
    get(f"{host}/interrupt", {})
    ended = wait_for(host, number, every=0.05)
    assert "execution_interrupted" in [kind for kind, _ in ended["status"]["messages"]]
    return seconds(ended)


def seconds(ended: Any) -> float:
    """How long a prompt ran, by the host's clock."""
    times = [message["timestamp"] for _, message in ended["status"]["messages"]]
    return (max(times) - min(times)) / 1000


def test_the_hosts_cache_measures_an_encoded_style(inside: InsideHost) -> None:
    printed = inside.run("""
import types, torch
from unittest.mock import patch
import comfy_execution.caching as caching
from pack.a2k_core import load_model
from pack.comfy_nodes.host import StyleOfModel

from pack.a2k_core.video.schedule import Schedule

model = load_model(device="cpu")
styles = [model.encode_style(torch.rand(1, 3, 256, 256)) for _ in range(2)]
style = StyleOfModel.over_time(styles, Schedule.parse("0: 1 0, 8: 0 1"), "x")
cache = caching.RAMPressureCache(caching.CacheKeySetID)
key = "entry"
cache.cache[key] = types.SimpleNamespace(outputs=[[style]])
cache.used_generation[key] = cache.generation - 1
cache.timestamps[key] = 0
cache.children[key] = []
if hasattr(caching, "virtual_memory_available"):
    no_memory = patch("comfy_execution.caching.virtual_memory_available", return_value=0)
else:
    no_memory = patch("psutil.virtual_memory", return_value=types.SimpleNamespace(available=0))
with no_memory:
    freed = cache.ram_release(1)
print(freed - caching.RAM_CACHE_DEFAULT_RAM_USAGE, sum(tensor.nbytes for each in styles for tensor in each.tensors()))
""")
    measured, held = (float(number) for number in printed.splitlines()[-1].split())
    assert measured == held > 0


def test_the_cpu_computes_in_bf16_by_itself_where_it_is_good_at_that(inside: InsideHost) -> None:
    printed = inside.run("""
import torch
from unittest.mock import patch
from pack.comfy_nodes.model import LoadModel, model_management

def dtype(**capabilities):
    with patch("torch.cpu.get_capabilities", lambda: capabilities, create=True):
        return LoadModel.execute("bundled", "auto").args[0].model.dtype

print(dtype(avx512_bf16=True), dtype(avx2=True))
with patch.object(model_management, "FORCE_FP32", True):
    print(dtype(avx512_bf16=True))
""")
    assert printed.splitlines()[-2:] == ["torch.bfloat16 torch.float32", "torch.float32"]


def test_chunks_shrink_when_the_hosts_own_memory_error_is_raised(inside: InsideHost) -> None:
    printed = inside.run("""
import torch
from pack.comfy_nodes.host import run

sizes = []
def work(start, stop):
    sizes.append(stop - start)
    if stop - start > 2:
        raise torch.OutOfMemoryError("no memory")
run(9, 8, work, "less")
print(sizes)
""")
    assert printed.splitlines()[-1] == "[8, 4, 2, 2, 2, 2, 1]"


def test_an_older_host_shows_what_is_needed_and_the_core_stays_importable(inside: InsideHost) -> None:
    printed = inside.run(
        "",
        before_the_pack="""
sys.modules["comfy_api.latest"] = None  # an older host has no such module
""",
    )
    assert "ImportError: StyA2K: these nodes need ComfyUI 0.18.0 or newer" in printed
    assert "update ComfyUI" in printed
    printed = inside.run(
        "",
        before_the_pack=f"""
sys.modules["comfy_api.latest"] = None
sys.path.insert(0, {str(ROOT)!r})
import a2k_core
print(a2k_core.load_model(device="cpu").config.backbone)
sys.exit()
""",
    )
    assert printed.splitlines()[-1] == "compact"


def test_graphs_in_a_row_do_not_disturb_each_other(host: str) -> None:
    """Two graphs with models of other precisions and pictures of other sizes, one model in both, freed and canceled in between."""

    def painted(precision: str, kind: str, strength: float) -> np.ndarray:
        graph = transfer_prompt(["odd", 0], strength=strength) | {"odd": node("OddPicture", kind=kind)}
        graph["model"]["inputs"]["precision"] = precision
        return pictures_of(host, run(host, graph), "shown")[0]

    graphs = [("fp32", "rgb", 1.0), ("bf16", "gray", 1.0), ("fp32", "gray", 0.7)]
    before = [painted(*graph) for graph in graphs]
    get(f"{host}/free", {"unload_models": True, "free_memory": True})
    many = {"odd": node("OddPicture", kind="rgb"), "many": node("RepeatImageBatch", image=["odd", 0], amount=100)}
    moments = random.Random(0)
    for graph, expected in zip(reversed(graphs), reversed(before), strict=True):
        cancelled_after(host, transfer_prompt(["many", 0], strength=0.95) | many, wait=moments.uniform(0.05, 0.6))
        np.testing.assert_array_equal(painted(*graph), expected)
