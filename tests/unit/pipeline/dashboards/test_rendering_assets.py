"""Style, script and Plotly: once per site, the policy that admits them, and the palette."""

import base64
import hashlib
import re

import pytest

from pipeline.dashboards import charts, rendering
from pipeline.runs.folders import DashboardFolder


@pytest.fixture
def site(tmp_path):
    return DashboardFolder(tmp_path / "dashboard")


def test_a_site_gets_all_three_files(site):
    rendering.write_assets(site)
    assert {path.name for path in site.assets.iterdir()} == {
        rendering.STYLE,
        rendering.SCRIPT,
        rendering.PLOTLY,
    }


def test_files_that_are_there_already_are_not_written_again(site):
    rendering.write_assets(site)
    before = {path: path.stat().st_ino for path in site.assets.iterdir()}
    rendering.write_assets(site)
    assert {path: path.stat().st_ino for path in site.assets.iterdir()} == before


def test_a_file_of_another_version_is_replaced(site):
    rendering.write_assets(site)
    style = site.assets / rendering.STYLE
    style.write_text("old")
    rendering.write_assets(site)
    assert style.read_text(encoding="utf-8") == rendering.asset_texts()[rendering.STYLE]


def test_the_policy_of_a_page_admits_scripts_of_its_site_only():
    assert "default-src 'none'" in rendering.content_policy(is_standalone=False)
    assert rendering.content_policy(is_standalone=False).endswith("script-src 'self' file:")


def test_the_policy_of_a_standalone_page_admits_its_two_scripts_by_their_hashes():
    allowed = rendering.content_policy(is_standalone=True).split("script-src ")[1].split()
    digests = [
        hashlib.sha256(rendering.asset_texts()[name].encode()).digest()
        for name in (rendering.SCRIPT, rendering.PLOTLY)
    ]
    assert allowed == [f"'sha256-{base64.b64encode(one).decode()}'" for one in digests]


def test_nothing_in_style_and_script_refers_to_the_network():
    ours = rendering.asset_texts()[rendering.STYLE] + rendering.asset_texts()[rendering.SCRIPT]
    assert not re.search(r"https?://|@import|url\(", ours)


def test_no_script_makes_markup_or_code_of_a_text():
    script = rendering.asset_texts()[rendering.SCRIPT]
    assert not re.search(
        r"innerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(", script
    )


def palettes():
    """The three palettes of the style sheet: light, dark by the system, dark by choice."""
    blocks = re.findall(
        r":root(\S*) \{\s*color-scheme: \w+;(.*?)\}", rendering.asset_texts()["site.css"], re.S
    )
    return {selector: dict(re.findall(r"--([\w-]+): ([^;]+);", body)) for selector, body in blocks}


def test_dark_is_the_same_whoever_asked_for_it():
    found = palettes()
    assert found[':not([data-theme="light"])'] == found['[data-theme="dark"]']


@pytest.mark.parametrize("selector", ["", '[data-theme="dark"]'])
def test_every_role_of_the_charts_has_a_colour(selector):
    roles = {
        value for value in vars(charts).values() if isinstance(value, str) and value[:1] == "@"
    }
    roles |= set(charts.SERIES)
    assert len(roles) == 18
    assert roles <= {f"@{name}" for name in palettes()[selector]}


def luminance(colour):
    """Relative luminance of `#rgb` or `#rrggbb`, in [0, 1] (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Contrast ratio of two colours, at least 1 (WCAG 2.2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("selector", ["", '[data-theme="dark"]'])
@pytest.mark.parametrize("text", ["ink", "faint", "link", "good-ink", "bad-ink", "warn-ink"])
@pytest.mark.parametrize(
    "ground", ["page", "panel", "raised", "good-wash", "bad-wash", "warn-wash"]
)
def test_text_can_be_read_on_every_ground(selector, text, ground):
    colours = palettes()[selector]
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("selector", ["", '[data-theme="dark"]'])
@pytest.mark.parametrize("role", ["real", "fake", "accent", "baseline", "good", "bad"])
def test_marks_of_charts_stand_out_from_their_panel(selector, role):
    colours = palettes()[selector]
    assert contrast(colours[role], colours["panel"]) >= 3
