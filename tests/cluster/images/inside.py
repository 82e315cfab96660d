"""Runs commands in an image's own root: as its user, without a network, with nothing of this machine but /dev. Needs root, for chroot."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from recipes import Unusable


def unpack(layer: Path, root: Path) -> None:
    """Unpacks a layer into a new folder."""
    # Newer Pythons warn without a filter, and Debian 12's knows none.
    trusting = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
    with tarfile.open(layer) as tar:
        tar.extractall(root, numeric_owner=True, **trusting)


def enter(root: Path, user: str, command: list[str], environment: list[str] | None = None, patience: int = 120) -> subprocess.CompletedProcess:
    """Runs a command by its path, at addresses that are the same each time; the environment is NAME=value, as an image's config has it."""
    if os.geteuid() != 0:
        raise Unusable("a command can be run in an image's root by root only")
    uid, _, gid = user.partition(":")
    (root / "dev").mkdir(exist_ok=True)
    inside = [shutil.which("chroot", path=OUTSIDE["PATH"]), f"--userspec={uid}:{gid or uid}", "--groups=", str(root), *command]
    devices = ["sh", "-c", 'mount --rbind /dev "$0" && exec "$@"', str(root / "dev"), "env", "-i", *(environment or [])]
    return subprocess.run(["setarch", "-R", "unshare", "-n", "-m", "--", *devices, *inside], capture_output=True, text=True, timeout=patience, env=OUTSIDE)


OUTSIDE = {"PATH": "/usr/sbin:/usr/bin:/bin"}
