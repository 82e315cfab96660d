"""Python wheels by name, version, and SHA-256, put into an image as pip would put them into a virtual environment.

A lock file names one wheel a line, in the format of pip's `--require-hashes`. The machine's own pip fetches what is not there yet, with its
settings of index, proxy, and cache; nothing else of pip is used, because it would install for this machine's Python. Only wheels are
taken: a source package would run its own code here.
"""

import configparser
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from inside import enter, unpack
from recipes import HERE, Unusable, bed
from rootfs import Tree

PYTHON = "3.13"
# In how many parts modules are compiled; another number gives other bytes.
SHARES = 4
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_12_x86_64", "manylinux2010_x86_64", "manylinux_2_5_x86_64", "manylinux1_x86_64", "any")
# Resolves for a Python that this machine need not have; pip compares with its own. Only `relock` needs it.
UV = "uv==0.13.9"
HEADER = "# {wanted}\n# written by `build --relock-wheels`\n"
SCRIPT = """#!{python}
import sys
from {module} import {name}
if __name__ == "__main__":
    sys.exit({call}())
"""


@dataclass(frozen=True)
class Wheel:
    """One wheel of a lock file."""

    name: str
    version: str
    sha256: str

    def line(self) -> str:
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"

    def file(self) -> Path:
        return home() / f"{self.sha256}.whl"


def home() -> Path:
    """Where fetched wheels are kept."""
    return bed() / "images" / "wheels"


def read(recipe: dict[str, str]) -> list[Wheel]:
    """The wheels of a recipe's lock file, in its order."""
    found, lock = [], lock_of(recipe)
    if lock.read_text().splitlines()[0] != f"# {recipe['wanted']}":
        raise Unusable(f"{lock.name} is not for {recipe['wanted']}; run: tests/cluster/images/build --relock-wheels")
    for line in lock.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            fields = re.fullmatch(r"(\S+)==(\S+) --hash=sha256:([0-9a-f]{64})", line)
            if not fields:
                raise Unusable(f"{lock.name}: {line!r} is no wheel with its version and sum")
            found.append(Wheel(*fields.groups()))
    return found


def fetch(wheels: list[Wheel]) -> None:
    """Brings the wheels that are not there yet; pip refuses one with another sum."""
    missing = [wheel for wheel in wheels if not wheel.file().exists()]
    if not missing:
        return
    print(f"  fetching {len(missing)} wheels", file=sys.stderr)
    incoming = home() / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(parents=True)
    requirements = incoming / "requirements.txt"
    requirements.write_text("".join(wheel.line() + "\n" for wheel in missing))
    download(requirements, incoming)
    for path in incoming.glob("*.whl"):
        path.rename(home() / f"{sha256(path)}.whl")
    shutil.rmtree(incoming)
    for wheel in missing:
        if not wheel.file().exists():
            raise Unusable(f"pip did not bring {wheel.name} {wheel.version}")


def install(tree: Tree, recipe: dict[str, str]) -> None:
    """Adds the wheels' files below a virtual environment, and a program for each of their entry points."""
    into, packages, wheels = recipe["into"], packages_of(recipe), read(recipe)
    fetch(wheels)
    for wheel in wheels:
        with zipfile.ZipFile(wheel.file()) as archive:
            for member in archive.infolist():
                path, data = placed(member.filename)
                if member.is_dir() or path is None:
                    continue
                content = archive.read(member)
                if data == "scripts":
                    content = re.sub(rb"\A#!python.*", f"#!{into}/bin/python".encode(), content)
                    tree.add_file(f"{into}/bin/{path}", content, 0o755)
                else:
                    tree.add_file(f"{into if data == 'data' else packages}/{path}", content, 0o755 if member.external_attr >> 16 & 0o100 else 0o644)
                if path.endswith(".dist-info/entry_points.txt"):
                    for name, program in programs(content.decode(), f"{into}/bin/python"):
                        tree.add_file(f"{into}/bin/{name}", program, 0o755)


def placed(name: str) -> tuple[str | None, str]:
    """Where a wheel's member goes: a path, and what it is below; headers are for compilers."""
    top, _, rest = name.partition("/")
    if not top.endswith(".data"):
        return name, "packages"
    kind, _, path = rest.partition("/")
    return (None if kind == "headers" else path), kind


def programs(entry_points: str, python: str) -> list[tuple[str, bytes]]:
    """The programs that a wheel's entry points ask for."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str
    parser.read_string(entry_points)
    found = []
    for name, target in parser.items("console_scripts") if parser.has_section("console_scripts") else []:
        module, _, call = target.partition("[")[0].strip().partition(":")
        found.append((name, SCRIPT.format(python=python, module=module, name=call.partition(".")[0], call=call).encode()))
    return found


def compile_modules(tree: Tree, recipe: dict[str, str], folder: Path) -> None:
    """Adds the byte code of all modules, by the image's own Python: pods have a read-only root and would compile at each start.

    It says itself that its source is not to be looked at, because files of an image all have one date.
    """
    root, layer = folder / "root", folder / "uncompiled.tar"
    # Python itself and sources: half of the files, a third of the bytes.
    tree.write(layer, lambda path: path.endswith(".py") or not path.startswith(recipe["into"].lstrip("/")))
    unpack(layer, root)
    layer.unlink()
    modules = [root / module.lstrip("/") for module in (f"/usr/lib/python{PYTHON}", packages_of(recipe))]
    sources = sorted(path for module in modules for path in module.rglob("*.py"))
    # Which equal constants a module's byte code shares depends on what its process has compiled before: each share is compiled by a
    # process of its own in a fixed order, however many cores there are. compileall's own workers take what comes next.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda share: compile_share(root, share, sources[share::SHARES]), range(SHARES)))
    for module in modules:
        for path in sorted(module.rglob("*.pyc")):
            tree.add_file("/" + str(path.relative_to(root)), path.read_bytes(), 0o644)
    shutil.rmtree(root)


def compile_share(root: Path, number: int, sources: list[Path]) -> None:
    """Compiles these modules one after the other, at fixed addresses and with a fixed seed: the order of sets follows from both."""
    listed = root / f"share-{number}"
    listed.write_text("".join(f"/{path.relative_to(root)}\n" for path in sources))
    command = [f"/usr/bin/python{PYTHON}", "-m", "compileall", "-q", "-i", f"/{listed.name}", "--invalidation-mode", "unchecked-hash"]
    done = enter(root, "0:0", command, ["PYTHONHASHSEED=0", "LC_ALL=C.UTF-8"], patience=600)
    if done.returncode:
        raise Unusable(f"the wheels could not be compiled: {(done.stdout + done.stderr).strip()[-2000:]}")


def relock(recipe: dict[str, str]) -> None:
    """Resolves what is wanted anew and records the wheels for it."""
    uv = home() / "uv"
    run(["pip", "install", "--quiet", "--upgrade", "--no-deps", "--only-binary=:all:", "--target", str(uv), UV])
    incoming = home() / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir()
    (incoming / "wanted.txt").write_text(recipe["wanted"] + "\n")
    resolved = incoming / "requirements.txt"
    run([str(uv / "bin/uv"), "pip", "compile", "--quiet", "--no-config", "--only-binary=:all:", "--generate-hashes", "--no-header", "--no-annotate",
         "--python-version", PYTHON, "--python-platform", "x86_64-manylinux_2_28", "-o", str(resolved), str(incoming / "wanted.txt")])  # fmt: skip
    download(resolved, incoming)
    found = []
    for path in incoming.glob("*.whl"):
        name, version = path.name.split("-")[:2]
        found.append(Wheel(re.sub(r"[-_.]+", "-", name).lower(), version, sha256(path)))
        path.rename(found[-1].file())
    lines = [wheel.line() + "\n" for wheel in sorted(found, key=lambda wheel: wheel.name)]
    lock_of(recipe).write_text(HEADER.format(**recipe) + "".join(lines))
    shutil.rmtree(incoming)


def download(requirements: Path, into: Path) -> None:
    """Lets pip fetch wheels for the image's Python instead of its own."""
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    abis = [word for abi in ("cp" + PYTHON.replace(".", ""), "abi3", "none") for word in ("--abi", abi)]
    run(["pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON,
         *abis, *platforms, "--dest", str(into), "--requirement", str(requirements)])  # fmt: skip


def run(command: list[str]) -> None:
    if not shutil.which(command[0]):
        raise Unusable(f"{command[0]} is missing on this machine; install it with: apt-get install python3-pip")
    done = subprocess.run(command, env={**os.environ, "UV_PYTHON_DOWNLOADS": "never", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Unusable(f"{' '.join(command[:2])} failed: {done.stderr.strip()[-2000:]}")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lock_of(recipe: dict[str, str]) -> Path:
    """The lock file, beside the recipes."""
    return HERE / recipe["lock"]


def packages_of(recipe: dict[str, str]) -> str:
    return f"{recipe['into']}/lib/python{PYTHON}/site-packages"
