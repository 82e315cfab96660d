"""Where a file of an image comes from: a program of the bed, a file beside the recipes, or something compiled here."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recipes import CHECKOUT, HERE, Recipe, Unusable, bed


class Sources:
    """Finds the files that recipes copy; compiles and strips in a folder that the caller gives."""

    def __init__(self, scratch: Path):
        self.scratch = scratch

    def original(self, source: str) -> Path:
        """The file an image depends on, before anything is done to it."""
        kind, _, name = source.partition(":")
        if kind == "bin":
            return program(name)
        if kind == "file":
            return HERE / "files" / name
        if kind == "pause":
            return HERE / "files" / "pause.c"
        if kind == "airlock":
            return airlock()
        raise Unusable(f"recipes.toml: {source!r} is no source")

    def file(self, source: str) -> Path:
        """The file as it goes into the image."""
        original = self.original(source)
        if source == "pause:":
            out = self.scratch / "pause"
            flags = ["-Os", "-Wall", "-Werror", "-static", "-s", "-Wl,--build-id=none", f"-ffile-prefix-map={HERE}=."]
            subprocess.run(["gcc", *flags, "-o", str(out), str(original)], check=True)
            return out
        if source == "airlock:":
            out = self.scratch / "airlock"
            subprocess.run(["strip", "-o", str(out), str(original)], check=True)
            return out
        return original


# Built by `monitoring`, in modules of their own, because their libraries are other versions than Kubernetes'.
MONITORING = ("prometheus", "promtool", "alertmanager", "amtool", "postgres_exporter", "mailpit")


def prepare(recipes: list[Recipe]) -> None:
    """Builds the programs of the bed that these images need; whether one has to be built, its builder knows."""
    needed = [name for recipe in recipes for name in recipe.programs()]
    ours = [name for name in needed if name in MONITORING]
    theirs = [name for name in needed if name not in MONITORING]
    for builder, names in (([str(HERE / "monitoring")], ours), ([str(HERE.parent / "bed"), "build"], theirs)):
        if names and subprocess.run([*builder, *names]).returncode:
            raise Unusable(f"could not build {', '.join(names)}")


def program(name: str) -> Path:
    """A program of the bed."""
    return bed() / "bin" / name


def airlock() -> Path:
    """The airlock program that goes into the image: AIRLOCK_BINARY, or what cargo built last in this checkout."""
    named = os.environ.get("AIRLOCK_BINARY")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or CHECKOUT / "target")
    found = [Path(named)] if named else [path for path in (target / "release/airlock", target / "debug/airlock") if path.exists()]
    if not found or not found[0].is_file():
        raise Unusable(f"there is no airlock program{f' at {named}' if named else ''}; run: cargo build -p airlock, or set AIRLOCK_BINARY")
    return max(found, key=lambda path: path.stat().st_mtime)


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder in the bed for intermediate files, for one process at a time; what a killed one left is cleared away."""
    home = bed() / "images"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = home / "work"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
