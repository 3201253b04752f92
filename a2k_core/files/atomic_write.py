"""Files that are complete or not there: written beside their place, then renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """A temporary file in the folder of `path`. It becomes `path` when the block ends, and is removed when the block raises.

    Raises:
        OSError: when the folder cannot be written to, or what the block raises.
    """
    # The name does not grow with the target's, which may be as long as the file system allows.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".a2k-", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)  # mkstemp's files are their owner's alone
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
