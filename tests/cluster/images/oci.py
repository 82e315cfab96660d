"""An OCI image layout with one image of one layer (OCI image specification 1.1)."""

import gzip
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from recipes import Recipe

CREATED = "2025-01-01T00:00:00Z"


@dataclass(frozen=True)
class Descriptor:
    """What a manifest says of a blob."""

    media_type: str
    digest: str
    size: int

    def document(self) -> dict:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


def write_layout(folder: Path, recipe: Recipe, layer: Path) -> Descriptor:
    """Writes the layout beside its place and moves it there whole; gives the manifest's descriptor."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "blobs/sha256").mkdir(parents=True)
    content = layer.read_bytes()
    packed = put(fresh, gzip.compress(content, compresslevel=recipe.gzip, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip")
    labels = {
        "org.opencontainers.image.title": recipe.name,
        "org.opencontainers.image.version": recipe.version,
        "org.opencontainers.image.description": f"Built for Airlock's test bed; stands for {recipe.reference}",
    }
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": CREATED,
        "config": {**recipe.config, "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(content).hexdigest()]},
        "history": [{"created": CREATED, "created_by": f"tests/cluster/images/build {recipe.name}"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": put(fresh, encode(config), "application/vnd.oci.image.config.v1+json").document(),
        "layers": [packed.document()],
    }
    image = put(fresh, encode(manifest), manifest["mediaType"])
    named = {**image.document(), "annotations": {"org.opencontainers.image.ref.name": recipe.reference}}
    (fresh / "index.json").write_bytes(encode({"schemaVersion": 2, "manifests": [named]}))
    (fresh / "oci-layout").write_bytes(encode({"imageLayoutVersion": "1.0.0"}))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return image


def read_manifest(folder: Path) -> tuple[Descriptor, dict, dict, Path]:
    """The image of a layout: its descriptor, manifest, config, and the file of its layer."""
    entry = json.loads((folder / "index.json").read_text())["manifests"][0]
    manifest = json.loads(blob(folder, entry["digest"]).read_text())
    config = json.loads(blob(folder, manifest["config"]["digest"]).read_text())
    return Descriptor(entry["mediaType"], entry["digest"], entry["size"]), manifest, config, blob(folder, manifest["layers"][0]["digest"])


def blob(folder: Path, digest: str) -> Path:
    return folder / "blobs" / digest.replace(":", "/", 1)


def put(folder: Path, content: bytes, media_type: str) -> Descriptor:
    descriptor = Descriptor(media_type, "sha256:" + hashlib.sha256(content).hexdigest(), len(content))
    blob(folder, descriptor.digest).write_bytes(content)
    return descriptor


def encode(document: dict) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
