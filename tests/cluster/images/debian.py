"""Debian packages by name, version, and SHA-256.

debian.lock says which build of a package an image is made of. The archive keeps only the newest builds, so a lock grows old by itself: a
build that is gone is replaced by the suite's newest, the replacement is remembered in the bed's own folder, and the difference is printed.
apt does the fetching and the checking of signatures, with the system's mirror and proxy but with lists and caches of its own, so that
nothing of the system changes.
"""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from recipes import Unusable, bed

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
HEADER = "# name suite version sha256; written by `build --relock`\n"


@dataclass(frozen=True)
class Package:
    """One build of a package."""

    name: str
    suite: str
    version: str
    sha256: str

    def line(self) -> str:
        return f"{self.name} {self.suite} {self.version} {self.sha256}"


class Archive:
    """Fetches packages; `relock` takes the newest of each instead of the recorded one."""

    def __init__(self, suite: str, suites: set[str], lock: Path, relock: bool = False):
        self.suite, self.suites, self.relock = suite, suites | {suite}, relock
        self.home = bed() / "images"
        self.debs = self.home / "debs"
        self.lists_are_fresh = False
        self.lock = lock
        self.recorded = read(lock)
        self.replaced = self._replacements()

    def packages(self, wanted: list[str]) -> list[tuple[Package, Path]]:
        """The wanted packages (`name` or `name/suite`) and the files they are in."""
        keys = [(name, suite or self.suite) for name, _, suite in (entry.partition("/") for entry in wanted)]
        chosen = {key: self._current(key) for key in keys}
        missing = [key for key, package in chosen.items() if package is None or not self._file(package).exists()]
        if missing:
            self._refresh_lists()
            for key in missing:
                if chosen[key] is None or not self._is_offered(chosen[key]):
                    chosen[key] = self._newest(key, chosen[key])
            self._download([chosen[key] for key in missing if not self._file(chosen[key]).exists()])
        return [(chosen[key], self._file(chosen[key])) for key in keys]

    def newer(self, packages: list[tuple[Package, Path]]) -> list[str]:
        """Those that are other builds than recorded, by name and version."""
        return [f"{package.name} {package.version}" for package, _ in packages if (package.name, package.suite) in self.replaced]

    def write_lock(self, packages: set[Package]) -> None:
        """Records these builds for everyone."""
        lines = sorted(package.line() + "\n" for package in packages)
        self.lock.write_text(HEADER + "".join(lines))

    def _file(self, package: Package) -> Path:
        return self.debs / f"{package.sha256}.deb"

    def _current(self, key: tuple[str, str]) -> Package | None:
        if self.relock:
            return self.replaced.get(key)
        return self.replaced.get(key) or self.recorded.get(key)

    def _replacements(self) -> dict[tuple[str, str], Package]:
        """What this bed uses instead, as long as the lock still names the build that was replaced."""
        if self.relock:
            return {}
        path = self.home / "debian.lock"
        was = {}
        for line in path.read_text().splitlines() if path.exists() else []:
            *fields, old = line.split()
            package = Package(*fields)
            key = (package.name, package.suite)
            if (self.recorded[key].version if key in self.recorded else "-") == old:
                was[key] = package
        return was

    def _newest(self, key: tuple[str, str], old: Package | None) -> Package:
        name, suite = key
        shown = self._apt("apt-cache", "show", "--no-all-versions", f"{name}/{suite}", check=False)
        fields = dict(line.split(": ", 1) for line in shown.split("\n\n")[0].splitlines() if ": " in line and line[0] != " ")
        if "SHA256" not in fields:
            raise Unusable(f"Debian's {suite} has no package {name!r}")
        new = Package(name, suite, fields["Version"], fields["SHA256"])
        self.replaced[key] = new
        if not self.relock:
            why = f"{self.recorded[key].version} is no longer offered by {suite}" if key in self.recorded else "is not recorded"
            print(f"  debian.lock: {name} {why}; this bed uses {new.version}", file=sys.stderr)
            self._remember()
        return new

    def _remember(self) -> None:
        lines = []
        for key, package in sorted(self.replaced.items()):
            was = self.recorded[key].version if key in self.recorded else "-"
            lines.append(f"{package.line()} {was}\n")
        (self.home / "debian.lock").write_text("".join(lines))

    def _is_offered(self, package: Package) -> bool:
        shown = self._apt("apt-cache", "show", f"{package.name}={package.version}", check=False)
        sums = [line.removeprefix("SHA256: ") for line in shown.splitlines() if line.startswith("SHA256: ")]
        if sums and package.sha256 not in sums:
            raise Unusable(f"{package.name} {package.version}: the archive's SHA-256 differs from debian.lock's; nothing is built from it")
        return bool(sums)

    def _download(self, packages: list[Package]) -> None:
        if not packages:
            return
        incoming = self.home / "apt" / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        self.debs.mkdir(parents=True, exist_ok=True)
        self._apt("apt-get", "download", *[f"{p.name}={p.version}" for p in packages], cwd=incoming)
        for package in packages:
            for path in incoming.glob(f"{package.name}_*.deb"):
                if hashlib.sha256(path.read_bytes()).hexdigest() != package.sha256:
                    raise Unusable(f"{path.name}: its SHA-256 is not that of {package.version} in debian.lock")
                path.rename(self._file(package))
            if not self._file(package).exists():
                raise Unusable(f"apt did not bring {package.name} {package.version}")

    def _refresh_lists(self) -> None:
        if self.lists_are_fresh:
            return
        apt = self.home / "apt"
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (apt / folder).mkdir(parents=True, exist_ok=True)
        signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        mirror = system_mirror()
        sources = [f"deb {signed}{mirror} {suite} main\n" for suite in sorted(self.suites)]
        (apt / "sources.list").write_text("".join(sources))
        # The system's way to the archive, without its hooks: some images clear the system's cache after each update.
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
        acquire = [line + "\n" for line in dump.splitlines() if line.startswith("Acquire::")]
        configuration = apt / "apt.conf"
        configuration.touch(mode=0o600)
        configuration.write_text("".join(acquire) + OWN_CONFIGURATION.format(apt=apt))
        print(f"  reading Debian's lists of {', '.join(sorted(self.suites))}", file=sys.stderr)
        self._apt("apt-get", "update", "-qq")
        self.lists_are_fresh = True

    def _apt(self, *command: str, cwd: Path | None = None, check: bool = True) -> str:
        environment = {**os.environ, "APT_CONFIG": str(self.home / "apt" / "apt.conf"), "LC_ALL": "C"}
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600)
        if check and done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise Unusable(f"{' '.join(command[:2])} failed: {last}")
        return done.stdout


OWN_CONFIGURATION = """
Dir::State "{apt}/state";
Dir::State::status "/dev/null";
Dir::Cache "{apt}/cache";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{apt}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
"""


def read(path: Path) -> dict[tuple[str, str], Package]:
    """A lock file's packages by name and suite."""
    lines = [line.split() for line in path.read_text().splitlines() if line and line[0] != "#"] if path.exists() else []
    return {(fields[0], fields[1]): Package(*fields) for fields in lines}


def moved_on(notes: Path, wanted: list[str], recorded: dict[tuple[str, str], Package]) -> list[str]:
    """Of the wanted packages those that are taken from another suite than the default (`name/suite`) and are other builds than recorded.

    `notes` is an image's folder of packages' notes. Such a suite moves on by itself; the default one only mends.
    """
    newer = []
    for name, suite in [tuple(entry.split("/")) for entry in wanted if "/" in entry]:
        fields = (notes / name).read_text().splitlines()
        version = next(line.removeprefix("Version: ") for line in fields if line.startswith("Version: "))
        if (name, suite) not in recorded or recorded[name, suite].version != version:
            newer.append(f"{name} {version}")
    return newer


def system_mirror() -> str:
    """The Debian mirror that this machine uses."""
    format = "$(REPO_URI)|$(RELEASE)|$(LABEL)"
    return debian_mirror(subprocess.run(["apt-get", "indextargets", "--format", format, "Created-By: Packages"], capture_output=True, text=True).stdout)


def debian_mirror(listed: str) -> str:
    """The archive of Debian itself among those that apt knows, one a line: `URI|release|label`.

    Others may come first: a vendor's, a company's own. An archive's label is known once apt has read its lists; until then its path tells.
    """
    archives = [line.split("|") for line in listed.splitlines() if not line.startswith(("cdrom:", "file:"))]
    labelled = [uri for uri, _, label in archives if label == "Debian"]
    named = [uri for uri, release, label in archives if not label and uri.rstrip("/").endswith("/debian") and "-" not in release]
    for uri in labelled + named:
        return uri
    raise Unusable("apt knows no Debian mirror on this machine, and the images are made of Debian's packages; if it should, run: apt-get update")
