"""Tests of the connected components."""

import itertools

from components.video_validator import splits


def members(found):
    return sorted(sorted(record.video_id for record in group.records) for group in found)


def test_videos_without_anything_in_common_are_alone(video):
    found = splits.connected_groups([video("a"), video("b", fake=True)])
    assert members(found) == [["a"], ["b"]]


def test_people_join_as_target_and_as_source(video):
    records = [
        video("a", target_identity="ann"),
        video("b", fake=True, target_identity="bob", source_identity="ann"),
        video("c", fake=True, target_identity="eve", source_identity="bob"),
        video("d", target_identity="dan"),
    ]
    assert members(splits.connected_groups(records)) == [["a", "b", "c"], ["d"]]


def test_a_name_is_of_its_dataset_unless_it_has_a_slash(video):
    records = [
        video("a", target_identity="1"),
        video("b", dataset="other", target_identity="1"),
        video("c", dataset="third", target_identity="set/1"),
    ]
    assert members(splits.connected_groups(records)) == [["a", "c"], ["b"]]


def test_a_source_is_found_by_id_and_by_key(video):
    records = [
        video("a"),
        video("b", fake=True, source_video="a"),
        video("c", fake=True, dataset="other", source_video="set/original/a"),
        video("a", dataset="other"),
    ]
    found = splits.connected_groups(records)
    assert members(found) == [["a"], ["a", "b", "c"]]


def test_videos_of_one_absent_source_are_joined_within_their_dataset(video):
    records = [
        video("a", fake=True, source_video="gone"),
        video("b", fake=True, source_video="gone"),
        video("c", fake=True, dataset="other", source_video="gone"),
    ]
    assert members(splits.connected_groups(records)) == [["a", "b"], ["c"]]


def test_one_id_under_two_methods_binds_only_when_it_is_a_source(video):
    records = [video("x"), video("x", fake=True)]
    assert len(splits.connected_groups(records)) == 2
    records.append(video("y", fake=True, source_video="x"))
    assert len(splits.connected_groups(records)) == 1


def test_a_copy_binds_but_is_no_member(video):
    records = [video("a", digest="same"), video("b", fake=True, source_video="twin")]
    copy = video("twin", digest="same")
    assert members(splits.connected_groups(records)) == [["a"], ["b"]]
    assert members(splits.connected_groups(records, [copy])) == [["a", "b"]]


def test_ids_do_not_depend_on_the_order_of_rows(video):
    records = [
        video("a", target_identity="1"),
        video("b", target_identity="1"),
        video("c", target_identity="2"),
    ]
    first, *others = (splits.connected_groups(order) for order in itertools.permutations(records))
    assert len({group.component_id for group in first}) == 2
    assert all(other == first for other in others)
