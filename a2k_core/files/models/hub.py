"""Models on the Hugging Face Hub: a repository holds the project's own model file, with all it says of itself, and a model card.

Functions, not a mixin of `StyA2K`: the network stays free of files and of packages that may not be there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import ModuleType

import torch

from ...errors import CheckpointError, UsageError
from ...model import StyA2K
from ..atomic_write import temporary_beside
from .checkpoint import load_model, read_info, save_model

MODEL_FILE = "model.safetensors"
CARD = "README.md"


def from_pretrained(
    name: str | os.PathLike[str],
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    *,
    revision: str | None = None,
    token: str | bool | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
) -> StyA2K:
    """Load a model from the Hub, or from a folder that `save_pretrained` wrote.

    Args:
        name: a repository, `owner/name`, or a folder.
        device, dtype: as for `load_model`.
        revision: a branch, tag or commit of the repository; None takes the newest.
        token: for private repositories; None takes that of `hf auth login`.
        cache_dir: where downloads are kept; None takes the Hub's own place.
        local_files_only: take what was downloaded before, and nothing else.

    Raises:
        UsageError: when it is no folder and huggingface_hub is not installed.
        CheckpointError: when there is no such repository, or its file is not a StyA2K model.
        InputError: as `load_model` does.
    """
    if Path(name).is_dir():
        return load_model(Path(name) / MODEL_FILE, device, dtype)
    hub = _hub()
    try:
        file = hub.hf_hub_download(
            os.fspath(name),
            MODEL_FILE,
            revision=revision,
            token=token,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
        )
    except Exception as error:  # of many kinds, which differ between its versions
        raise CheckpointError(
            f"{name}: neither a folder nor a repository of the Hub that can be read ({_reason(error)})"
        ) from error
    return load_model(file, device, dtype)


def save_pretrained(model: StyA2K | str | os.PathLike[str], folder: str | os.PathLike[str]) -> None:
    """Write the files of a repository: the model, and a model card where there is none.

    Args:
        model: a model, or the path of a model file, which is copied with all its metadata.
        folder: made if it is not there.

    Raises:
        CheckpointError: when the model cannot be read or the files not be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not isinstance(model, StyA2K):
            read_info(model)
            with temporary_beside(folder / MODEL_FILE) as temporary:
                shutil.copyfile(model, temporary)
        else:
            save_model(model, folder / MODEL_FILE)
        if not (folder / CARD).exists():
            (folder / CARD).write_text(_CARD, encoding="utf-8")
    except OSError as error:
        raise CheckpointError(f"{folder}: cannot write the model ({error.strerror or error})") from error


def push_to_hub(
    model: StyA2K | str | os.PathLike[str],
    name: str,
    *,
    private: bool | None = None,
    token: str | bool | None = None,
    revision: str | None = None,
    commit_message: str = "Upload a StyA2K model",
) -> str:
    """Upload a model to the Hub. The repository is made if it is not there; a model card that it has already stays.

    Args:
        model: as for `save_pretrained`.
        name: of the repository, `owner/name`.
        private: whether a new repository is private; None takes the owner's setting.
        token, revision: as for `from_pretrained`; with the right to write.
        commit_message: of the commit.

    Returns:
        The address of the commit.

    Raises:
        UsageError: when huggingface_hub is not installed.
        CheckpointError: when the model cannot be read, or the Hub does not take it.
    """
    hub = _hub()
    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(model, folder)
        try:
            api = hub.HfApi(token=token)
            name = api.create_repo(name, private=private, exist_ok=True).repo_id
            has_card = api.file_exists(name, CARD, revision=revision)
            commit = api.upload_folder(
                repo_id=name,
                folder_path=folder,
                revision=revision,
                commit_message=commit_message,
                allow_patterns=[MODEL_FILE] if has_card else None,
            )
        except Exception as error:  # of many kinds, which differ between its versions
            raise CheckpointError(f"{name}: the Hub did not take the model ({_reason(error)})") from error
    return str(commit)


def _hub() -> ModuleType:
    try:
        import huggingface_hub
    except ImportError as error:
        raise UsageError('the Hub needs the package huggingface_hub: pip install "stya2k[hub]"') from error
    return huggingface_hub


def _reason(error: Exception) -> str:
    """The first line of what went wrong."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


_CARD = """\
---
library_name: stya2k
pipeline_tag: image-to-image
tags:
- style-transfer
- stya2k
---

# A StyA2K model

It paints any picture in the style of any other, by All-to-Key Attention (Zhu et al., ICCV 2023,
[doi 10.1109/ICCV51070.2023.02112](https://doi.org/10.1109/ICCV51070.2023.02112)).

```python
import a2k_core

model = a2k_core.from_pretrained("owner/name")  # this repository
style = model.encode_style(a2k_core.read_picture("painting.jpg").image)
picture = model.transfer(a2k_core.read_picture("photo.jpg").image, style)
a2k_core.write_picture("result.png", picture)
```

`a2k info model.safetensors` says what shape the network has, and what the file tells of its training and licence.
"""
