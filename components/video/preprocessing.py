"""The preprocessing hash of the code and weights that this process would extract with."""

from components import fingerprint
from components.video.detector import find_detector
from schemas import preprocessing
from schemas.clip_spec import ClipSpec
from schemas.face_config import FaceConfig


def current_hash(spec: ClipSpec, faces: FaceConfig) -> str:
    """Digest of geometry, detector settings and weights, and the source of the video core."""
    return preprocessing.preprocessing_hash(
        spec,
        faces,
        weights_digest=find_detector(faces.detector, faces).weights_digest,
        code_fingerprint=fingerprint.of("components.video"),
    )
