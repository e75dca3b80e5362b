"""The epochs of a training as a file, and which of them is best."""

import json

import pytest

from pipeline.model import history
from pipeline.model.history import Epoch


def epoch(number, *, val_auc, val_loss=0.5, **others):
    values = {"stage": "heads", "loss": 0.6, "learning_rate": 1e-3, "seconds": 2.0}
    return Epoch(epoch=number, val_auc=val_auc, val_loss=val_loss, **(values | others))


def test_the_epochs_come_back_in_order(tmp_path):
    epochs = (epoch(1, val_auc=0.5, gradient_norm=0.3), epoch(2, val_auc=0.7))
    history.write(epochs, tmp_path / "new")
    assert history.read(tmp_path / "new") == epochs


def test_the_best_epoch_has_the_greatest_auc_then_the_smallest_loss_then_came_first():
    worse, good, better, again = (
        epoch(1, val_auc=0.7, val_loss=0.1),
        epoch(2, val_auc=0.9, val_loss=0.4),
        epoch(3, val_auc=0.9, val_loss=0.3),
        epoch(4, val_auc=0.9, val_loss=0.3),
    )
    assert history.best([worse, good, better, again]) is better


def test_a_file_of_an_older_version_has_no_gradients(tmp_path):
    history.write([epoch(1, val_auc=0.5)], tmp_path)
    file = tmp_path / history.HISTORY_FILE
    [old] = json.loads(file.read_text())
    del old["gradient_norm"], old["max_gradient_norm"]
    file.write_text(json.dumps([old]))
    assert history.read(tmp_path)[0].gradient_norm is None


@pytest.mark.parametrize(("text", "error"), [("{", ValueError), ('[{"epoch": 1}]', TypeError)])
def test_what_is_no_history_is_refused(tmp_path, text, error):
    (tmp_path / history.HISTORY_FILE).write_text(text)
    with pytest.raises(error):
        history.read(tmp_path)
