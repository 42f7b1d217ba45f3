"""The search: begins with the profile's parameters, goes on where it was interrupted."""

from lakehouse.profile.model import ModelConfig
from modelling.tuning.search import MOST_ROUNDS, SPACE, Search, Trial, best

GIVEN = ModelConfig(max_depth=8, learning_rate=0.1, min_child_weight=30, rounds=77)


def loss(model: ModelConfig) -> float:
    """Smallest at depth 5 and a rate of 0.05."""
    return abs(model.max_depth - 5) + abs(model.learning_rate - 0.05) * 10


def go_on(trials: list[Trial], count: int) -> list[Trial]:
    """Make trials until there are so many."""
    search, made = Search(GIVEN, trials), list(trials)
    while len(made) < count:
        handle, tried = search.ask()
        search.tell(handle, loss(tried))
        made.append(Trial(len(made), tried, loss(tried), 1.0))
    return made


def searched(model: ModelConfig) -> dict[str, float]:
    return {name: getattr(model, name) for name in SPACE}


def test_the_first_trial_is_the_profiles_own() -> None:
    (first,) = go_on([], 1)
    assert searched(first.parameters) == searched(GIVEN)
    assert first.parameters.rounds == MOST_ROUNDS


def test_a_profile_outside_the_search_is_moved_to_its_edge() -> None:
    handle, tried = Search(ModelConfig(max_depth=30, learning_rate=1)).ask()
    del handle
    assert (tried.max_depth, tried.learning_rate) == (12, 0.3)


def test_what_is_not_searched_is_the_profiles() -> None:
    _, tried = Search(ModelConfig(first_training_month=5)).ask()
    assert tried.first_training_month == 5


def test_the_same_search_makes_the_same_trials() -> None:
    assert go_on([], 6) == go_on([], 6)


def test_a_search_that_is_taken_up_again_repeats_no_trial() -> None:
    made = go_on(go_on([], 3), 8)
    assert len({str(searched(trial.parameters)) for trial in made}) == 8


def test_a_search_learns_from_the_trials_of_the_one_before() -> None:
    """Trials of another loss lead elsewhere: they are looked at, not counted alone."""
    first = go_on([], 12)
    elsewhere = [Trial(t.number, t.parameters, -t.rmse, t.seconds) for t in first]
    one, other = (Search(GIVEN, trials).ask()[1] for trials in (first, elsewhere))
    assert searched(one) != searched(other)


def test_it_finds_better_parameters_than_the_profiles() -> None:
    made = go_on([], 25)
    winner = best(made)
    assert winner is not None
    assert winner.rmse == min(trial.rmse for trial in made) < made[0].rmse


def test_the_first_of_equals_is_the_best() -> None:
    equal = [Trial(number, GIVEN, 1.0, 1.0) for number in (2, 0, 1)]
    winner = best(equal)
    assert winner is not None
    assert winner.number == 0
    assert best([]) is None
