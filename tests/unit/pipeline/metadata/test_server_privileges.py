"""Lines of SHOW GRANTS, read for one database."""

import pytest

from pipeline.metadata import server

DATA = set(server.DATA)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("GRANT ALL PRIVILEGES ON `team_a`.* TO `u`@`%`", set(server.UPGRADE)),
        ("GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO `u`@`%` IDENTIFIED BY 'x'", DATA),
        ("GRANT SELECT, INSERT, UPDATE, DELETE ON `team%`.* TO `u`@`%`", DATA),
        ("GRANT SELECT, INSERT, UPDATE, DELETE ON `team\\_a`.* TO `u`@`%`", DATA),
        ("GRANT SELECT, SHOW VIEW ON `team_a`.* TO `u`@`%`", {"SELECT"}),
        ("GRANT ALL PRIVILEGES ON `team\\_b`.* TO `u`@`%`", set()),
        ("GRANT ALL PRIVILEGES ON `teamXa`.* TO `u`@`%`", set()),
        ("GRANT ALL PRIVILEGES ON `team_a`.`Type` TO `u`@`%`", set()),
        ("GRANT USAGE ON *.* TO `u`@`%`", set()),
        ("GRANT `readers` TO `u`@`%`", set()),
    ],
)
def test_a_line_gives_what_it_says_on_that_database_only(line, found):
    assert server.privileges_of([line], "team_a") == found


def test_lines_add_up():
    lines = ["GRANT SELECT ON *.* TO `u`@`%`", "GRANT INSERT ON `team_a`.* TO `u`@`%`"]
    assert server.privileges_of(lines, "team_a") == {"SELECT", "INSERT"}
