"""Rules of the repository as a whole."""

import importlib.metadata
import pathlib
import re
import subprocess
import sys

import pytest

from pipeline.config import load

OURS = ("schemas", "components", "pipeline", "serving")
TEXT = {".py", ".md", ".yaml", ".yml", ".toml", ".sh", ".cfg", ".txt", ".pbtxt", ".lock", ""}


def test_layers_hold(root: pathlib.Path):
    program = pathlib.Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("package", OURS)
def test_no_other_distribution_provides_our_package(package: str):
    providers = set(importlib.metadata.packages_distributions().get(package, []))
    assert providers <= {"deepfake-detection-pipeline"}


def test_tests_and_kubeflow_are_not_packages(root: pathlib.Path):
    """`kubeflow` and `tests` are import names of installed packages."""
    assert not list((root / "tests").rglob("__init__.py"))
    assert not list((root / "kubeflow").rglob("*.py"))


@pytest.mark.parametrize("name", ["demo", "local", "kubeflow"])
def test_shipped_configurations_load(name: str):
    assert load.load(name).name


def _files(root: pathlib.Path) -> list[pathlib.Path]:
    """The files of the checkout that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := root / line).is_file()]


def _prose(page: pathlib.Path) -> str:
    """The text of a Markdown file without its fenced blocks."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^( *)```.*?^\1```", "", text, flags=re.DOTALL | re.MULTILINE)


def _anchors(page: pathlib.Path) -> set[str]:
    """The names that links may give to the headings of a page, as code hosts make them."""
    headings = re.findall(r"^#+ +(.+)$", _prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_between_pages_lead_somewhere(root: pathlib.Path):
    broken = []
    for page in (path for path in _files(root) if path.suffix == ".md"):
        for link in re.findall(r"\]\(([^)\s]+)\)", _prose(page)):
            if re.match(r"[a-z]+:", link):
                continue  # another host's page: no test asks the network
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            if not target.exists() or (anchor and anchor not in _anchors(target)):
                broken.append(f"{page.relative_to(root)}: {link}")
    assert not broken


def test_every_picture_of_the_guides_is_shown(root: pathlib.Path):
    pages = "".join(_prose(path) for path in _files(root) if path.suffix == ".md")
    shown = {pathlib.Path(link).name for link in re.findall(r"!\[.*?\]\((.+?)\)", pages)}
    assert {path.name for path in (root / "docs" / "images").iterdir()} == shown


def test_no_absolute_path_and_no_registry_host(root: pathlib.Path):
    paths = re.compile(r"(?<![\w.$}\"'/-])/(home|root|work|tmp|Users)/\w")
    hosts = re.compile(r"https?://[\w.-]*(pypi\.org|pythonhosted|debian\.org|npmjs)")
    found = [
        str(path.relative_to(root))
        for path in _files(root)
        if path.suffix in TEXT and path.name != pathlib.Path(__file__).name
        for text in [path.read_text(encoding="utf-8")]
        if paths.search(text) or hosts.search(text)
    ]
    assert not found


def test_lock_files_pin_with_hashes(root: pathlib.Path):
    locks = sorted((root / "locks").glob("*.lock"))
    assert [lock.stem for lock in locks] == ["dev", "gpu", "pipeline"]
    for lock in locks:
        text = lock.read_text()
        pins = re.findall(r"^[\w.\[\]-]+==\S+.*$", text, flags=re.M)
        assert len(pins) > 100
        assert all(pin.rstrip().endswith("\\") for pin in pins), f"{lock.name}: pin without hash"
        assert "index-url" not in text
        assert "find-links" not in text
