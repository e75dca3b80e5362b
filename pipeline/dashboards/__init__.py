"""Dashboards: what runs found, as static pages that open from disk without a network.

Everything is read from what a run left: its folder, ML Metadata, and the files of its artifacts.

    from pipeline.config import load
    from pipeline.dashboards import site

    site.build(load.load("local"))        # runs/dashboard/index.html and the pages of every run
"""
