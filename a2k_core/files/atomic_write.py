"""Files that are complete or not there: written beside their place, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """A temporary file in the folder of `path`. It becomes `path` when the block ends, and is removed when the block raises.

    A kill or a power cut at any moment leaves the old `path` or the new one, and perhaps a hidden `.a2k-*.part` beside it.

    Raises:
        OSError: when the folder cannot be written to, or what the block raises.
    """
    # The name does not grow with the target's, which may be as long as the file system allows.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".a2k-", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _to_disk(temporary)
        with contextlib.suppress(OSError):  # mounted shares and memory cards may know no permissions
            temporary.chmod(0o644)  # mkstemp's files are their owner's alone
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Have the system write what it holds of a file: a rename may else reach the disk before what is in the file."""
    with path.open("rb+") as file:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # not every file system can
                raise
