"""Where models came from, and what came from videos: questions to ML Metadata.

Open a store, then ask:

    from pipeline.config import load
    from pipeline.lineage import membership, show, store, verdicts

    records = store.opened(load.load("local"))
    show.show(records, "latest").videos            # {"train": {"real": 20, "fake": 40}, ...}
    verdicts.why(records, "1795368320").versions   # ("1795368320",)
    membership.trains_on(records, "demo").models   # one Sighting for each model
"""
