"""Tests of the code fingerprint."""

import importlib
import sys

import pytest

from components import fingerprint


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An importable package; the second call with other text is a new one in another place."""

    def make(place, **files):
        folder = tmp_path / place / "sample_package"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
        for name, text in files.items():
            stem, _, suffix = name.rpartition("_")
            (folder / f"{stem}.{suffix}").write_text(text)
        monkeypatch.syspath_prepend(str(folder.parent))
        sys.modules.pop("sample_package", None)
        importlib.invalidate_caches()
        fingerprint.of.cache_clear()
        return fingerprint.of("sample_package")

    yield make
    fingerprint.of.cache_clear()
    sys.modules.pop("sample_package", None)


def test_equal_sources_in_two_places_are_equal(package):
    first = package("a", module_py="x = 1\n")
    assert len(first) == 64
    assert package("b", module_py="x = 1\n") == first


@pytest.mark.parametrize(
    "files",
    [
        {"module_py": "x = 2\n"},
        {"other_py": "x = 1\n"},
        {"module_py": "x = 1\n", "more_pbtxt": ""},
        {"module_py": "x = 1\n", "more_yaml": ""},
    ],
)
def test_a_changed_renamed_or_added_source_counts(package, files):
    assert package("a", module_py="x = 1\n") != package("b", **files)


def test_what_is_no_source_does_not_count(package):
    first = package("a", module_py="x = 1\n")
    assert package("b", module_py="x = 1\n", README_md="text") == first


def test_order_and_repetition_of_names_do_not_matter():
    one = fingerprint.of("schemas", "components.fingerprint")
    assert fingerprint.of("components.fingerprint", "schemas", "schemas") == one
    assert fingerprint.of("schemas") != one


def test_an_unknown_module_is_refused():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        fingerprint.of("no_such_module")
