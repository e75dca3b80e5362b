import inspect
import pickle

from components.video import errors
from schemas import dead_letter
from schemas.errors import VideoError

LEAVES = [
    member
    for _, member in inspect.getmembers(errors, inspect.isclass)
    if issubclass(member, VideoError) and member is not VideoError
]


def test_every_error_has_a_code_of_its_own_that_dead_letters_know():
    codes = [error.code for error in LEAVES]
    assert len(set(codes)) == len(codes) == 10
    assert set(codes) <= dead_letter.CODES


def test_every_extraction_code_has_an_error():
    assert set(dead_letter.EXTRACTION_CODES) <= {error.code for error in LEAVES}


def test_errors_survive_the_way_from_a_worker():
    for kind in LEAVES:
        copy = pickle.loads(pickle.dumps(kind("what was found")))
        assert type(copy) is kind
        assert str(copy) == "what was found"
