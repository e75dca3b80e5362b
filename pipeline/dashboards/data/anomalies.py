"""The anomalies that ExampleValidator found: TFDV's words, what they mean, and what to do."""

from collections.abc import Mapping, Sequence
from typing import Final

from tensorflow_metadata.proto.v0 import anomalies_pb2

from pipeline.dashboards import tables
from pipeline.dashboards.tables import Column, Row, Table, Tone

_Info = anomalies_pb2.AnomalyInfo
_TONES: Final[Mapping[int, Tone]] = {_Info.ERROR: "bad", _Info.WARNING: "warn"}
_OTHER: Final = (
    "The examples break a statement of the schema.",
    "Read TFDV's description; correct the data, or the schema if it asks too much.",
)
# By parts of the names of TFDV's reasons; the first that fits.
_EXPLAINED: Final = (
    (
        ("UNEXPECTED_STRING",),
        "A value is in the data that the schema does not list.",
        "Correct the spelling in the manifest, or add the value to the domain in the schema.",
    ),
    (
        ("MISSING_COLUMN", "LOW_FRACTION_PRESENT", "LOW_NUMBER_PRESENT", "NOT_PRESENT"),
        "Tracks lack a value that every track must have.",
        "Extract again; if it stays, the extractor and the schema are of different versions.",
    ),
    (
        ("NEW_COLUMN",),
        "The examples have a feature that the schema does not know.",
        "Add it to the schema, or stop writing it.",
    ),
    (
        ("BIG_INT", "SMALL_INT", "BIG_FLOAT", "SMALL_FLOAT", "HAS_NAN", "HAS_INF"),
        "A number lies outside of its allowed range.",
        "Look at the feature's least and greatest value, and at the videos that have them.",
    ),
    (
        ("L_INFTY_HIGH", "DIVERGENCE_HIGH", "DIFFERENCE_HIGH"),
        "Two parts of the data are further apart than the schema allows.",
        "Compare the two in the charts of this page; add videos of what one of them lacks.",
    ),
    (
        ("IMAGE",),
        "Some crops are no images that TFDV can read.",
        "Extract again: files of the examples may be damaged.",
    ),
    (
        ("NUMBER_VALUES", "NO_VALUES", "SHAPE", "_NOT_", "_EXPECTED", "TYPE_NOW", "DATA_TYPE"),
        "A feature has another type or number of values than the schema says.",
        "The extractor and the schema are of different versions: use those of one release.",
    ),
)


def table(found: Mapping[str, anomalies_pb2.Anomalies]) -> Table | None:
    """One row for each anomaly, with all splits that have it, errors first; None without any."""
    entries = [
        (split, feature, info)
        for split, anomalies in found.items()
        for feature, info in (*anomalies.anomaly_info.items(), *_of_dataset(anomalies))
    ]
    if not entries:
        return None
    same: dict[tuple[str, str], list[tuple[str, anomalies_pb2.AnomalyInfo]]] = {}
    for split, feature, info in entries:
        same.setdefault((feature, info.description), []).append((split, info))
    rows = [
        (infos[0][1], _row([split for split, _ in infos], feature, infos[0][1]))
        for (feature, _), infos in sorted(same.items())
    ]
    rows.sort(key=lambda row: row[0].severity != _Info.ERROR)
    return Table(
        caption="Anomalies, errors first",
        columns=[
            Column(title="Feature"),
            Column(title="Splits"),
            Column(title="Severity"),
            Column(title="What it means"),
            Column(title="What to do"),
            Column(title="In TFDV's words"),
        ],
        rows=[row for _, row in rows],
        is_searchable=len(rows) > 10,
        hides_caption=True,
    )


def calm_sentence(found: Mapping[str, anomalies_pb2.Anomalies]) -> str:
    """The sentence for data without anomalies: it says what was checked."""
    first = next(iter(found.values()))
    return (
        f"No anomalies. The statistics of {len(found)} splits ({', '.join(found)}) agree with the"
        f" schema in all {len(first.baseline.feature)} features: each is there, of its type, in"
        " its range, and has only values that the schema lists."
    )


def explanation(info: anomalies_pb2.AnomalyInfo) -> tuple[str, str]:
    """What an anomaly means and what to do, in simple words."""
    names = [_Info.Type.Name(reason.type) for reason in info.reason]
    for words, meaning, advice in _EXPLAINED:
        if any(word in name for word in words for name in names):
            return meaning, advice
    return _OTHER


def _of_dataset(found: anomalies_pb2.Anomalies) -> list[tuple[str, anomalies_pb2.AnomalyInfo]]:
    return [("", found.dataset_anomaly_info)] if found.HasField("dataset_anomaly_info") else []


def _row(splits: Sequence[str], feature: str, info: anomalies_pb2.AnomalyInfo) -> Row:
    meaning, advice = explanation(info)
    severity = _Info.Severity.Name(info.severity).lower()
    words = info.short_description, info.description
    return Row(
        cells=[
            tables.text(feature or "the whole split"),
            tables.text(", ".join(splits)),
            tables.text(severity, tone=_TONES.get(info.severity, "")),
            tables.text(meaning),
            tables.text(advice),
            tables.Cell(text=words[0] or words[1], note=words[1] if words[0] else ""),
        ]
    )
