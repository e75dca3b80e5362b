"""The top of the page of a run: what an editor reads first, for each way that a run can end."""

import pytest

from pipeline.dashboards.run import conclusion, steps
from pipeline.runs import events, folders
from pipeline.runs.events import NodeState, Outcome
from schemas.names import NODES
from schemas.run_report import Gate

TESTED = (
    "On 18 videos that it had never seen, it found 9 of 10 fakes and called 1 of 8 real videos"
    " fake."
)
STAYS = "What was pushed before, if anything, stays in use."
MADE = {"metric": "video_recall", "slice_name": "overall", "value": 0.9, "bound": 0.8}


def slice_of(story, name):
    return next(one for one in story.report.evaluation.slices if one.name == name)


def test_a_pushed_run_says_that_the_detector_is_good_enough(told, said):
    found = conclusion.of_run(told(said.facts(said.PASSED, has_baseline=True)))
    assert (found.badge, found.tone) == ("PUSHED version 7", "good")
    assert found.headline == (
        "The detector of this run is good enough: it was pushed as version 7."
    )
    assert found.sentences[0] == TESTED
    assert found.sentences[2:] == (
        "It met every requirement that a detector must meet (1).",
        "It was also held against the last accepted detector.",
    )
    assert (found.reasons, found.error, found.progress) == ((), None, None)


def test_a_detector_from_the_cache_is_not_called_new(told, said):
    found = conclusion.of_run(told(said.facts(said.PASSED), states={"Trainer": NodeState.CACHED}))
    assert found.sentences[3] == "It was not trained anew: an earlier run had made it."


def test_how_much_may_be_chance_is_said_in_per_cent(told, said):
    text = (
        conclusion.of_run(told(said.facts(said.PASSED)))
        .sentences[1]
        .replace("\N{NO-BREAK SPACE}", " ")
    )
    # Recall [0.596, 0.982]; false alarms are 1 - specificity, so 1 - 0.978 to 1 - 0.529.
    assert text == (
        "A test on 18 videos leaves room for chance: the true share of fakes that it finds may be"
        " anything from 60 % to 98 %, that of false alarms from 2 % to 47 %."
    )


def test_a_refusal_is_explained_without_jargon(told, said):
    found = conclusion.of_run(told(said.facts(said.BROKEN)))
    assert (found.badge, found.tone) == ("NOTHING WAS PUSHED", "bad")
    assert found.headline == "The detector of this run is not good enough: it was not pushed."
    assert [(one.plain, one.exact) for one in found.reasons] == [
        ("It found 1 of 4 fakes made by swap; at least 2 were required.", said.BROKEN["reason"])
    ]
    assert found.sentences[-1] == STAYS


def test_a_failed_trial_in_a_server_is_not_called_a_weak_detector(told, said):
    found = conclusion.of_run(told(said.facts(said.PASSED, serving=["scores differ by 0.2"])))
    assert found.headline == (
        "The detector passed its test, but failed its trial in a server: it was not pushed."
    )
    assert [(one.plain, one.exact) for one in found.reasons] == [
        ("It did not work as it must in a server.", "scores differ by 0.2")
    ]


def test_both_refusals_are_said(told, said):
    found = conclusion.of_run(told(said.facts(said.BROKEN, serving=["no answer"])))
    assert found.headline == (
        "The detector is not good enough and failed its trial in a server: it was not pushed."
    )
    assert [one.exact for one in found.reasons] == [said.BROKEN["reason"], "no answer"]


def test_a_version_that_is_gone_is_a_reason_of_its_own(told, said):
    facts = said.facts(said.PASSED)
    facts["Pusher"]["push"]["present"] = False
    found = conclusion.of_run(told(facts))
    assert found.headline == "The detector of this run was held back: it was not pushed."
    assert [one.plain for one in found.reasons] == [
        "Version 7 was pushed earlier, but serving/deepfake/7 is gone."
    ]


def test_a_failed_run_says_at_what_it_was_and_keeps_the_error(told):
    error = events.Failed(node="Trainer", type="DivergedError", code="diverged", message="loss nan")
    found = conclusion.of_run(told(done=7, running={}, failed=error, outcome=Outcome.FAILED))
    assert (found.badge, found.tone) == ("FAILED, NOTHING WAS PUSHED", "bad")
    assert found.headline == (
        "The run broke off while it was training the detector. Nothing was pushed."
    )
    assert found.error.message == "loss nan"
    assert found.error.code == "diverged"


def test_refused_data_is_not_called_a_fault_of_the_run(told):
    error = events.Failed(node="DataGate", type="DataGateError", code="data_gate", message="few")
    found = conclusion.of_run(told(done=5, running={}, failed=error, outcome=Outcome.FAILED))
    assert found.headline == (
        "The data was refused before anything was learnt from it. Nothing was pushed."
    )


def test_a_run_that_died_in_silence_says_so(told):
    found = conclusion.of_run(told(done=3, running={}, outcome=Outcome.FAILED))
    assert found.sentences == (
        "It did not say why: its process may have been killed.",
        STAYS,
    )


def test_a_killed_run_says_at_what_it_broke_off(told):
    killed = told(done=7, running={}, outcome=None)
    (killed.output / folders.LOCK_FILE).touch()  # nobody holds it
    assert conclusion.of_run(killed).headline == (
        "The run broke off while it was training the detector. Nothing was pushed."
    )
    table = steps.step_table(list(killed.state.nodes.values()), killed.is_running)
    states = {row.cells[0].text: row.cells[1].text for row in table.rows}
    assert (states["Trainer"], states["Evaluator"]) == ("broke off", "not reached")


def test_an_interrupted_run_says_how_to_go_on(told):
    found = conclusion.of_run(told(done=7, running={}, outcome=Outcome.INTERRUPTED))
    assert (found.badge, found.tone) == ("INTERRUPTED, NOTHING WAS PUSHED", "warn")
    assert found.headline == (
        "The run was stopped while it was training the detector. Nothing was pushed."
    )
    assert found.sentences[0].startswith("The same command goes on from there")


def test_a_run_of_some_steps_only_did_what_it_was_asked(told):
    skipped = dict.fromkeys(NODES[6:], NodeState.SKIPPED)
    found = conclusion.of_run(told(states=skipped))
    assert found.badge == "FINISHED AS FAR AS ASKED, NOTHING WAS PUSHED"
    assert "some of its steps only, the run did them" in found.headline


def test_a_run_in_progress_says_at_what_it_is_and_when_it_was_heard_of(told):
    progress = {"epoch": 3, "epochs": 12, "loss": 0.4, "val_auc": 0.9}
    found = conclusion.of_run(told(done=7, running=progress, outcome=None))
    assert (found.badge, found.tone) == ("RUNNING", "")
    assert found.headline == "The run is training the detector: step 8 of 12."
    assert found.sentences == (
        "Epoch 3 of at most 12 is done, selection AUC 0.900.",
        "Last heard of on 15 January 2027 at 08:00:25 UTC.",
    )
    assert found.progress == pytest.approx((7 + 3 / 12) / 12)


def test_between_two_steps_it_counts_those_that_are_done(told):
    found = conclusion.of_run(told(done=4, outcome=None))
    assert found.headline == "The run goes on: 4 of 12 steps are done."


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {
                "metric": "video_specificity",
                "slice_name": "manipulation_method:original",
                "value": 0.5,
            },
            "It called 4 of 8 real videos fake; at most 1 were allowed.",
        ),
        (
            {"metric": "video_auc", "value": 0.753, "bound": 0.8},
            "Shown a fake and a real video, it gave the fake the higher score 75.3 times out of"
            " 100; at least 80 were required.",
        ),
        (
            {"metric": "video_auc", "value": 0.95, "bound": -0.02, "baseline": 1.0},
            "Shown a fake and a real video, it gave the fake the higher score 95 times out of 100;"
            " the last accepted detector did so 100 times, and at most 2 fewer are allowed.",
        ),
        (
            {"metric": "video_auc", "slice_name": "context:lab", "value": 0.5, "bound": 0.6},
            "Shown a fake and a real video, both of the context lab, it gave the fake the higher"
            " score 50 times out of 100; at least 60 were required.",
        ),
        (
            {"metric": "video_balanced_accuracy", "value": 0.65, "bound": 0.7},
            "It judged 65 of 100 videos right, fakes and real ones counted alike; at least 70 were"
            " required.",
        ),
        (
            {"metric": "num_fake_videos", "value": 6.0, "bound": 10.0},
            "There were only 6 fakes to test it on; at least 10 are needed to judge it.",
        ),
        (
            {"metric": "video_auc", "value": None},
            "It could not be judged on all that it must be: why.",
        ),
    ],
)
def test_every_kind_of_gate_has_words(told, said, changes, sentence):
    gate = Gate(**(MADE | {"baseline": None, "passed": False, "reason": "why"} | changes))
    overall = slice_of(told(said.facts(said.PASSED)), "overall")
    assert conclusion.gate_in_words(gate, overall) == sentence


def test_slices_of_several_keys_are_named_in_full():
    name = "manipulation_type:face_swap, video_codec:h264"
    assert conclusion.videos_of(name, "fakes") == "fakes of the type face_swap in the codec h264"


@pytest.mark.parametrize("node", NODES)
def test_every_node_has_words(node):
    assert conclusion.work_in_words(node) != f"at {node}"
