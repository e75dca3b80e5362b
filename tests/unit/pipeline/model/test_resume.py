"""Work directories: one training each, kept for those that go on, removed in the end."""

import json
import os

from pipeline.model import resume

ONE, OTHER = "1" * 64, "2" * 64


def leave_state(root, identity):
    """A training that was killed."""
    folder = root / identity[:16]
    folder.mkdir(parents=True)
    state = folder / "state.json"
    state.write_text(f'{{"identity": "{identity}", "history": []}}')
    return state


def test_trainings_of_different_identities_do_not_share_a_folder(tmp_path):
    with resume.claimed(tmp_path, ONE) as one, resume.claimed(tmp_path, OTHER) as other:
        assert one.folder != other.folder


def test_a_second_training_of_the_same_identity_gets_a_folder_of_its_own(tmp_path):
    with resume.claimed(tmp_path, ONE) as first:
        with resume.claimed(tmp_path, ONE) as second:
            assert second.folder != first.folder
        with resume.claimed(tmp_path, ONE) as third:
            assert third.folder == second.folder
    with resume.claimed(tmp_path, ONE) as again:
        assert again.folder == first.folder
    assert list(tmp_path.iterdir()) == [], "no lock file is left"


def test_what_nobody_went_on_with_for_a_week_is_removed(tmp_path):
    old, recent = leave_state(tmp_path, ONE), leave_state(tmp_path, OTHER)
    week_ago = recent.stat().st_mtime - 8 * 86400
    os.utime(old, (week_ago, week_ago))
    with resume.claimed(tmp_path, "3" * 64):
        assert not old.parent.exists()
        assert recent.exists()


def test_an_old_state_that_a_training_goes_on_with_stays(tmp_path):
    old = leave_state(tmp_path, ONE)
    os.utime(old, (0, 0))
    with resume.claimed(tmp_path, ONE), resume.claimed(tmp_path, OTHER):
        assert old.exists()


def test_epochs_of_a_version_that_measured_no_gradients_are_read(tmp_path):
    state = leave_state(tmp_path, ONE)
    epoch = {"stage": "heads", "epoch": 1, "loss": 0.5, "val_loss": 0.6, "val_auc": 0.9}
    epoch |= {"learning_rate": 0.001, "seconds": 4.0}
    state.write_text(json.dumps({"identity": ONE, "history": [epoch]}))
    (found,) = resume.WorkDirectory(state.parent, ONE).history()
    assert (found.val_auc, found.gradient_norm, found.max_gradient_norm) == (0.9, None, None)
