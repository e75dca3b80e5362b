"""The preprocessing hash: a digest of everything between file bytes and model input."""

import hashlib
import json

from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig


def preprocessing_hash(
    clip: ClipSpec, faces: FaceConfig, *, weights_digest: str, code_fingerprint: str
) -> str:
    """Digest that training writes into every example and model, and that serving must match.

    Args:
      clip: Geometry of a track example.
      faces: Detection and tracking settings.
      weights_digest: SHA-256 of the detector's weights file.
      code_fingerprint: SHA-256 of the source of `components.video`.

    Returns:
      64 hexadecimal digits.
    """
    parts = json.dumps([clip.to_json(), faces.to_json(), weights_digest, code_fingerprint])
    return hashlib.sha256(parts.encode()).hexdigest()
