"""What training refuses to go on with; every class has a stable `code`.

TrainingError                    training_failed
├── MissingClassError            missing_class
├── MixedPreprocessingError      mixed_preprocessing
├── EncoderWeightsError          encoder_weights
└── DivergedError                diverged
"""


class TrainingError(Exception):
    """Base of everything that stops the Trainer for a reason that a user can act on.

    Attributes:
      code: Stable snake_case reason, for reports.
    """

    code = "training_failed"


class MissingClassError(TrainingError):
    """A split holds no pristine or no fake track."""

    code = "missing_class"


class MixedPreprocessingError(TrainingError):
    """Examples were cut from the videos in more than one way."""

    code = "mixed_preprocessing"


class EncoderWeightsError(TrainingError):
    """The pre-trained weights are absent or do not fit the encoder."""

    code = "encoder_weights"


class DivergedError(TrainingError):
    """The loss is no longer a finite number."""

    code = "diverged"
