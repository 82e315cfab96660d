"""An image's file tree, put together in memory and written as one tar that depends on nothing but its content.

Packages are unpacked without their scripts, as distroless images do: no shell, no package manager, and below /var/lib/dpkg/status.d a
note of each package, so that scanners know what is inside.
"""

import fnmatch
import io
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from debian import Package

EPOCH = 1735689600
MERGED = ("bin", "sbin", "lib", "lib64")
UNWANTED = (
    "usr/share/man/*", "usr/share/info/*", "usr/share/locale/*", "usr/share/lintian/*", "usr/share/bug/*", "usr/share/bash-completion/*",
    "usr/share/doc-base/*", "usr/share/menu/*", "usr/share/gcc/*", "usr/share/gdb/*", "usr/share/apport/*",
)  # fmt: skip
CERTIFICATES = "usr/share/ca-certificates/mozilla/"


@dataclass
class Entry:
    """One name in the tree."""

    kind: bytes
    mode: int
    owner: int = 0
    group: int = 0
    content: bytes | Path = b""
    target: str = ""


class Tree:
    """The tree that becomes a layer."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def add_package(self, package: Package, deb: Path) -> None:
        """Adds a package's files and the note that it is there."""
        files = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb)], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(files)) as tar:
            for member in tar:
                path = canonical(member.name)
                if path and not is_unwanted(path):
                    self.entries[path] = entry_of(member, tar)
        control = subprocess.run(["dpkg-deb", "--info", str(deb), "control"], capture_output=True, check=True).stdout
        self.add_file(f"/var/lib/dpkg/status.d/{package.name}", control, 0o644)

    def add_file(self, path: str, content: bytes | Path, mode: int, owner: int = 0) -> None:
        """Adds a file; the folders above it come by themselves."""
        self.entries[canonical(path)] = Entry(tarfile.REGTYPE, mode, owner, owner, content)

    def add_folder(self, path: str, mode: int, owner: int) -> None:
        self.entries[canonical(path)] = Entry(tarfile.DIRTYPE, mode, owner, 0 if owner else owner)

    def add_link(self, path: str, target: str) -> None:
        self.entries[canonical(path)] = Entry(tarfile.SYMTYPE, 0o777, target=target)

    def drop(self, patterns: list[str]) -> list[str]:
        """Leaves out what the program can do without; gives the patterns that match nothing."""
        stale = []
        for pattern in patterns:
            gone = [p for p in self.entries if fnmatch.fnmatchcase("/" + p, pattern) or fnmatch.fnmatchcase("/" + p, pattern + "/*")]
            if not gone:
                stale.append(pattern)
            for path in gone:
                del self.entries[path]
        return stale

    def make_trust_store(self) -> None:
        """Does what ca-certificates' script would: one file of all certificates."""
        names = sorted(path for path in self.entries if path.startswith(CERTIFICATES))
        if not names:
            return
        bundle = b"".join(self.entries[name].content for name in names)
        for name in names + [path for path in self.entries if "update-ca-certificates" in path]:
            del self.entries[name]
        self.add_file("/etc/ssl/certs/ca-certificates.crt", bundle, 0o644)

    def make_accounts(self, users: list[str]) -> None:
        """The files a C library asks for names of users and hosts."""
        lines = ["root:x:0:0:root:/root:/sbin/nologin", *users, "nonroot:x:65532:65532:nonroot:/:/sbin/nologin",
                 "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin"]  # fmt: skip
        groups = {}
        for name, _, _, gid, *_ in (line.split(":") for line in lines):
            groups.setdefault(gid, f"{name}:x:{gid}:")
        groups["nogroup"] = "nogroup:x:65534:"
        self.add_file("/etc/passwd", ("\n".join(lines) + "\n").encode(), 0o644)
        self.add_file("/etc/group", ("\n".join(groups.values()) + "\n").encode(), 0o644)
        self.add_file("/etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n", 0o644)

    def write(self, out: Path, wanted: Callable[[str], bool] = lambda path: True) -> None:
        """Writes the tree, or what is wanted of it, as a tar: sorted, one date, no names of owners."""
        self._add_missing_folders()
        with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in filter(wanted, sorted(self.entries)):
                entry = self.entries[path]
                info = tarfile.TarInfo(path)
                info.type, info.mode, info.uid, info.gid = entry.kind, entry.mode, entry.owner, entry.group
                info.mtime, info.linkname = EPOCH, entry.target
                if entry.kind != tarfile.REGTYPE:
                    tar.addfile(info)
                elif isinstance(entry.content, Path):
                    info.size = entry.content.stat().st_size
                    with entry.content.open("rb") as content:
                        tar.addfile(info, content)
                else:
                    info.size = len(entry.content)
                    tar.addfile(info, io.BytesIO(entry.content))

    def _add_missing_folders(self) -> None:
        for path in list(self.entries):
            for parent in Path(path).parents:
                if str(parent) != "." and str(parent) not in self.entries:
                    self.entries[str(parent)] = Entry(tarfile.DIRTYPE, 0o755)
        for name in MERGED:
            if f"usr/{name}" in self.entries:
                self.entries[name] = Entry(tarfile.SYMTYPE, 0o777, target=f"usr/{name}")


def canonical(name: str) -> str:
    """A path as tar has it, with /bin, /lib, … where they are since Debian merged them into /usr."""
    path = name.removeprefix(".").strip("/")
    return f"usr/{path}" if path.split("/")[0] in MERGED else path


def is_unwanted(path: str) -> bool:
    if path.startswith("usr/share/doc/"):
        return not path.endswith("/copyright")
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in UNWANTED)


def entry_of(member: tarfile.TarInfo, tar: tarfile.TarFile) -> Entry:
    if member.isreg():
        content = tar.extractfile(member)
        return Entry(tarfile.REGTYPE, member.mode, member.uid, member.gid, content.read() if content else b"")
    if member.issym():
        return Entry(tarfile.SYMTYPE, 0o777, target=member.linkname)
    if member.islnk():
        # Both names get the content: a layer's readers differ in how they treat hard links.
        content = tar.extractfile(member)
        return Entry(tarfile.REGTYPE, member.mode, member.uid, member.gid, content.read() if content else b"")
    return Entry(tarfile.DIRTYPE, member.mode, member.uid, member.gid)
