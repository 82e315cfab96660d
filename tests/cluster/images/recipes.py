"""What an image is made of: recipes.toml, read, checked, and with this checkout's version filled in."""

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]


class Unusable(Exception):
    """Something a person has to put right; its text says what."""


def bed() -> Path:
    """The folder of all state, outside the checkout."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("AIRLOCK_BED") or Path(cache) / "airlock-bed")


@dataclass(frozen=True)
class Recipe:
    """One image: its public name, its parts, and how it is looked at afterwards."""

    name: str
    reference: str
    version: str
    config: dict
    packages: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    copy: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    wheels: dict[str, str] = field(default_factory=dict)
    gzip: int = 6
    check: dict = field(default_factory=dict)

    def programs(self) -> list[str]:
        """The programs of the bed that go into this image."""
        return [source.removeprefix("bin:") for source in self.copy.values() if source.startswith("bin:")]


def cargo_version() -> str:
    """The version of this checkout's workspace."""
    return tomllib.loads((CHECKOUT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def load() -> tuple[str, dict[str, Recipe]]:
    """The default Debian suite, and all recipes by name in the order of the file."""
    text = (HERE / "recipes.toml").read_text().replace("{cargo}", cargo_version())
    document = tomllib.loads(text)
    return document["debian"]["suite"], {name: Recipe(name=name, **body) for name, body in document["images"].items()}


def chosen(names: list[str], recipes: dict[str, Recipe]) -> list[Recipe]:
    """The recipes that were asked for; `all` stands for every one."""
    if names == ["all"]:
        return list(recipes.values())
    for name in names:
        if name not in recipes:
            raise Unusable(f"there is no image {name!r}; there are: {', '.join(recipes)}")
    return [recipes[name] for name in names]
