"""What holds of the pack without the host: its import, and files the host reads by name."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
IDS = [
    "A2K_LoadModel",
    "A2K_EncodeStyle",
    "A2K_MixStyles",
    "A2K_StyleRegion",
    "A2K_Transfer",
    "A2K_SaveStyle",
    "A2K_LoadStyle",
    "A2K_MatchColors",
    "A2K_ExplainStyle",
    "A2K_ExamplePicture",
    "A2K_ExampleVideo",
]
LANGUAGES = ["en", "de", "es", "fr", "ja", "ko", "ru", "zh"]
LOAD = """
import importlib.util, sys, asyncio
path = sys.argv[1]
spec = importlib.util.spec_from_file_location("any-name", path + "/__init__.py", submodule_search_locations=[path])
module = importlib.util.module_from_spec(spec)
sys.modules["any-name"] = module
spec.loader.exec_module(module)
asyncio.run(module.comfy_entrypoint())
"""


def test_without_the_host_the_import_says_what_it_needs(tmp_path: Path) -> None:
    folder = tmp_path / "cloned under-any name"
    for name in ("a2k_core", "comfy_nodes"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("__init__.py", "nodes.py"):
        shutil.copy(ROOT / name, folder)
    command = [sys.executable, "-c", LOAD, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode != 0
    assert "ImportError: StyA2K: these nodes need ComfyUI 0.18.0 or newer" in result.stderr
    assert result.stderr.startswith("StyA2K: these nodes need ComfyUI")


def test_an_older_host_sees_at_its_start_what_is_needed(tmp_path: Path) -> None:
    older = "import sys, types; sys.modules['folder_paths'] = types.ModuleType('folder_paths')\n"
    command = [sys.executable, "-c", older + LOAD.replace("asyncio.run", "#"), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode != 0
    assert "ImportError: StyA2K: these nodes need ComfyUI 0.18.0 or newer" in result.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_node_and_every_input_has_a_label_and_a_tooltip(language: str) -> None:
    stored = json.loads((ROOT / "tests" / "snapshot" / "nodes.json").read_text(encoding="utf-8"))
    nodes = labels(language)
    assert list(nodes) == list(stored)
    for node, texts in nodes.items():
        assert list(texts["inputs"]) == stored[node]["inputs"]
        assert list(texts["outputs"]) == [str(index) for index in range(len(stored[node]["outputs"]))]
        assert texts["display_name"]
        assert texts["description"]
        for entry in (*texts["inputs"].values(), *texts["outputs"].values()):
            assert entry["name"]
            assert entry["tooltip"]


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_text_is_translated(language: str) -> None:
    nodes, english = labels(language), labels("en")
    for node, texts in nodes.items():
        assert texts["description"] != english[node]["description"]
        for kind in ("inputs", "outputs"):
            same = [
                key for key, entry in texts[kind].items() if entry["tooltip"] == english[node][kind][key]["tooltip"]
            ]
            assert same == []
    categories = json.loads((ROOT / "locales" / language / "main.json").read_text(encoding="utf-8"))["nodeCategories"]
    assert categories["style transfer"]


@pytest.mark.parametrize("language", ["zh", "ja"])
@pytest.mark.parametrize("node", IDS)
def test_a_translated_help_page_explains_every_input_by_its_label(node: str, language: str) -> None:
    folder = ROOT / "web" / "docs"
    page = (folder / node / f"{language}.md").read_text(encoding="utf-8")
    texts = labels(language)[node]
    assert page.startswith(f"# {texts['display_name']}\n")
    for entry in (*texts["inputs"].values(), *texts["outputs"].values()):
        assert f"| {entry['name']}" in page
    # The host reads addresses of pictures from the folder of the pages in English.
    assert all((folder / picture).is_file() for picture in re.findall(r"!\[[^]]+\]\(([^)]+)\)", page))


def labels(language: str) -> dict[str, Any]:
    """What the nodes show in a language."""
    return json.loads((ROOT / "locales" / language / "nodeDefs.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("node", IDS)
def test_every_node_has_a_help_page_with_its_pictures(node: str) -> None:
    folder = ROOT / "web" / "docs"
    page = (folder / f"{node}.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page)
    assert page.startswith("# ")
    assert pictures
    assert all((folder / picture).is_file() for picture in pictures)


@pytest.mark.parametrize("path", sorted((ROOT / "example_workflows").glob("*.json")), ids=lambda path: path.stem)
def test_example_workflows_name_pictures_that_exist_and_join_sockets_of_one_type(path: Path) -> None:
    workflow = json.loads(path.read_text(encoding="utf-8"))
    nodes = {node["id"]: node for node in workflow["nodes"]}
    assert any(node["type"] == "A2K_Transfer" for node in nodes.values())
    shown = [node["widgets_values"][0] for node in nodes.values() if node["type"] == "A2K_ExamplePicture"]
    shown += [f"video/{node['widgets_values'][0]}" for node in nodes.values() if node["type"] == "A2K_ExampleVideo"]
    assert all((ROOT / "examples" / picture).is_file() for picture in shown)
    assert path.with_suffix(".jpg").is_file()
    for link, source, slot, target, entry, kind in workflow["links"]:
        assert link in nodes[source]["outputs"][slot]["links"]
        assert nodes[target]["inputs"][entry]["link"] == link
        assert nodes[source]["outputs"][slot]["type"] == nodes[target]["inputs"][entry]["type"] == kind


@pytest.mark.parametrize("path", sorted((ROOT / "subgraphs").glob("*.json")), ids=lambda path: path.stem)
def test_blueprints_join_sockets_of_one_type(path: Path) -> None:
    (graph,) = json.loads(path.read_text(encoding="utf-8"))["definitions"]["subgraphs"]
    nodes = {node["id"]: node for node in graph["nodes"]}
    for link in graph["links"]:
        if link["origin_id"] == -10:
            source = graph["inputs"][link["origin_slot"]]
            assert link["id"] in source["linkIds"]
        else:
            source = nodes[link["origin_id"]]["outputs"][link["origin_slot"]]
            assert link["id"] in source["links"]
        if link["target_id"] == -20:
            target = graph["outputs"][link["target_slot"]]
            assert link["id"] in target["linkIds"]
        else:
            target = nodes[link["target_id"]]["inputs"][link["target_slot"]]
            assert target["link"] == link["id"]
        assert source["type"] == target["type"] == link["type"]


@pytest.mark.parametrize(
    "path", [*ROOT.glob("example_workflows/*.json"), *ROOT.glob("subgraphs/*.json")], ids=lambda path: path.stem
)
def test_nodes_in_files_say_which_pack_they_come_from(path: Path) -> None:
    """By this the host offers to install a pack that is missing."""
    workflow = json.loads(path.read_text(encoding="utf-8"))
    graphs = [workflow, *workflow.get("definitions", {}).get("subgraphs", [])]
    nodes = [node for graph in graphs for node in graph["nodes"] if "Node name for S&R" in node["properties"]]
    assert nodes
    for node in nodes:
        assert node["properties"]["cnr_id"] == ("stya2k" if node["type"].startswith("A2K_") else "comfy-core")
        assert re.fullmatch(r"\d+\.\d+\.\d+", node["properties"]["ver"])
