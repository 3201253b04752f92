"""The configuration: presets, the way through JSON, and the refusal of everything else."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from a2k_core import ConfigError, StyA2K, StyA2KConfig
from a2k_core.config import REMOVED_FIELDS, migrated


def test_the_paper_preset_is_the_published_network() -> None:
    config = StyA2KConfig.paper()
    assert config.backbone == "vgg"
    assert config.encoder_widths == (64, 128, 256, 512, 512)
    assert config.channels == (256, 512, 512)
    assert config.blocks == (8, 8, 4)
    assert config.heads == 8
    assert (config.scaled_logits, config.residual, config.noise) == (False, "raw", 0.0)
    assert config.grid == 64


def test_the_compact_preset_fits_the_same_grid() -> None:
    config = StyA2KConfig.compact()
    assert config.backbone == "compact"
    assert config.grid == 64


@pytest.mark.parametrize("config", [StyA2KConfig.paper(), StyA2KConfig.compact()], ids=["paper", "compact"])
def test_a_configuration_survives_json(config: StyA2KConfig) -> None:
    again = StyA2KConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert hash(again) == hash(config)


def test_a_configuration_cannot_be_changed(compact_config: StyA2KConfig) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        compact_config.heads = 4  # type: ignore[misc]
    assert isinstance(compact_config.channels, tuple)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("backbone", "resnet"),
        ("backbone", None),
        ("encoder_widths", [8, 8, 8]),
        ("encoder_widths", [8, 8, 8, 8, 8]),
        ("encoder_widths", [8, 8, 8, 8]),
        ("encoder_widths", [0, 8, 8, 8]),
        ("encoder_widths", 8),
        ("encoder_widths", "8888"),
        ("encoder_widths", None),
        ("channels", [8, 8]),
        ("channels", [8, 8, 8, 8]),
        ("channels", [8, 8, -8]),
        ("channels", [8, 8, 8.0]),
        ("channels", [8, 8, True]),
        ("channels", ["8", "8", "8"]),
        ("blocks", [8, 8]),
        ("blocks", [8, 8, 0]),
        ("blocks", [8, 8, 3]),
        ("blocks", [6, 8, 4]),
        ("channels", [8, 8, 10**30]),
        ("blocks", [2**40, 2**40, 2**39]),
        ("heads", 10**30),
        ("decoder_widths", []),
        ("decoder_widths", [8, 8]),
        ("decoder_widths", [8, 8, 0]),
        ("decoder_widths", None),
        ("heads", 0),
        ("heads", -2),
        ("heads", 3),
        ("heads", 2.0),
        ("heads", True),
        ("heads", "2"),
        ("scaled_logits", 1),
        ("scaled_logits", "yes"),
        ("residual", "none"),
        ("residual", None),
        ("overlap", None),
        ("overlap", 0),
        ("noise", None),
        ("noise", -0.1),
        ("noise", True),
    ],
)
def test_an_impossible_field_is_refused_by_name(compact_config: StyA2KConfig, field: str, value: Any) -> None:
    values = compact_config.to_dict()
    values[field] = value
    with pytest.raises(ConfigError) as caught:
        StyA2KConfig.from_dict(values)
    assert field in str(caught.value)


def test_overlapping_blocks_have_even_sides(compact_config: StyA2KConfig) -> None:
    odd = compact_config.to_dict() | {"blocks": [12, 6, 3]}
    with pytest.raises(ConfigError, match="even"):
        StyA2KConfig.from_dict(odd)
    assert StyA2KConfig.from_dict(odd | {"overlap": False}).grid == 48


def test_the_widths_of_a_compact_encoder_are_those_it_stylizes(compact_config: StyA2KConfig) -> None:
    with pytest.raises(ConfigError, match="encoder_widths"):
        dataclasses.replace(compact_config, encoder_widths=(8, 4, 8, 16))


def test_only_the_compact_decoder_has_widths_of_its_own(paper_config: StyA2KConfig) -> None:
    assert paper_config.decoder_widths == ()
    with pytest.raises(ConfigError, match="decoder_widths"):
        dataclasses.replace(paper_config, decoder_widths=(8, 8, 8))


def test_a_vgg_encoder_may_be_narrower_than_what_it_stylizes(paper_config: StyA2KConfig) -> None:
    config = dataclasses.replace(paper_config, encoder_widths=(4, 4, 8, 16, 16))
    assert "encoder.widen.0.0.weight" in StyA2K(config).state_dict()


@pytest.mark.parametrize("values", [None, [], "paper", 3, [["heads", 2]]])
def test_only_an_object_is_a_configuration(values: object) -> None:
    with pytest.raises(ConfigError, match="object"):
        StyA2KConfig.from_dict(values)


def test_an_unknown_field_is_refused_by_name(compact_config: StyA2KConfig) -> None:
    with pytest.raises(ConfigError, match="rotary"):
        StyA2KConfig.from_dict(compact_config.to_dict() | {"rotary": True})


MIGRATED = ("decoder_widths", "color_match")
"""Fields that older files lack."""


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(StyA2KConfig) if f.name not in MIGRATED])
def test_a_missing_field_is_refused_by_name(compact_config: StyA2KConfig, field: str) -> None:
    values = compact_config.to_dict()
    del values[field]
    with pytest.raises(ConfigError, match=field):
        StyA2KConfig.from_dict(values)


OLD = {
    "backbone": "vgg",
    "encoder_widths": [64, 128, 256, 512, 512],
    "channels": [256, 512, 512],
    "blocks": [8, 8, 4],
    "attention_channels": [256, 512, 512],
    "heads": 8,
    "scaled_logits": False,
    "residual": "raw",
    "overlap": False,
}
"""What files of version 0.1 hold of the paper's network, beside the fields that are gone."""


@pytest.mark.parametrize("removed", [{}, {"grain": 0.0}, REMOVED_FIELDS], ids=["none", "one", "all"])
def test_the_paper_network_of_version_0_1_is_read(removed: dict[str, Any]) -> None:
    assert StyA2KConfig.from_dict(json.loads(json.dumps(OLD | removed))) == StyA2KConfig.paper()


@pytest.mark.parametrize("field", REMOVED_FIELDS)
def test_networks_of_version_0_1_with_a_part_that_is_gone_are_refused(field: str) -> None:
    with pytest.raises(ConfigError, match=r"only version 0\.1"):
        StyA2KConfig.from_dict(OLD | REMOVED_FIELDS | {field: 0.5})


@pytest.mark.parametrize("removed", [{}, REMOVED_FIELDS], ids=["none", "all"])
def test_the_compact_network_of_version_0_1_is_refused(compact_config: StyA2KConfig, removed: dict[str, Any]) -> None:
    old = compact_config.to_dict() | removed
    del old["decoder_widths"]
    with pytest.raises(ConfigError, match=r"only version 0\.1"):
        StyA2KConfig.from_dict(old)


def test_an_older_compact_file_matches_colors(compact_config: StyA2KConfig, paper_config: StyA2KConfig) -> None:
    for config in (compact_config, paper_config):
        values = config.to_dict()
        del values["color_match"]
        assert StyA2KConfig.from_dict(values).color_match == (config.backbone == "compact")


def test_a_configuration_of_this_version_needs_no_migration(compact_config: StyA2KConfig) -> None:
    values = compact_config.to_dict()
    assert migrated(values) is values
    old = OLD | REMOVED_FIELDS
    before = dict(old)
    migrated(old)
    assert old == before


def test_a_field_that_is_gone_is_unknown_to_this_version(compact_config: StyA2KConfig) -> None:
    with pytest.raises(ConfigError, match=r"unknown configuration fields \['grain'\]"):
        StyA2KConfig.from_dict(compact_config.to_dict() | {"grain": 0.0})


def test_blocks_leave_more_than_one_feature_for_the_statistics(paper_config: StyA2KConfig) -> None:
    """A grid of 16 pixels makes one deep feature of a small picture, which has no variance and cannot be reflected."""
    with pytest.raises(ConfigError, match="blocks"):
        dataclasses.replace(paper_config, blocks=(4, 2, 1))
    assert dataclasses.replace(paper_config, blocks=(8, 4, 2)).grid == 32


@pytest.mark.parametrize("value", [8, None, 8.5])
def test_a_number_where_a_sequence_belongs_is_refused(paper_config: StyA2KConfig, value: Any) -> None:
    with pytest.raises(ConfigError, match="channels"):
        dataclasses.replace(paper_config, channels=value)
