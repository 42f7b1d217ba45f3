"""A setting that is wrong ends the start with exit code 2 and a sentence."""

import pytest

from serving.__main__ import main
from serving.settings import ServingSettings, read_settings


@pytest.mark.parametrize(
    ("environment", "argv", "sentence"),
    [
        ({}, [], "No lake is named: pass --lake URI or set LAKE_ROOT."),
        ({"LAKE_ROOT": ""}, [], "No lake is named: pass --lake URI or set LAKE_ROOT."),
        ({"LAKE_ROOT": "ftp://host/lake"}, [], "ftp://host/lake: unknown scheme 'ftp'"),
        ({}, ["--lake", "lake", "--port", "http"], "PORT: 'http': Input should be a valid integer"),
        ({"PORT": "70000"}, ["--lake", "lake"], "PORT: '70000': "),
        ({"REFRESH_SECONDS": "0"}, ["--lake", "lake"], "REFRESH_SECONDS: '0': "),
        ({"REFRESH_SECONDS": "nan"}, ["--lake", "lake"], "REFRESH_SECONDS: 'nan': "),
        ({"MAX_AGE_MONTHS": "-1"}, ["--lake", "lake"], "MAX_AGE_MONTHS: '-1': "),
    ],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
    argv: list[str],
    sentence: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith(sentence)


def test_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_ROOT", "one")
    monkeypatch.setenv("PORT", "8001")
    settings = read_settings({"lake_root": "two", "host": None, "port": None})
    assert (settings.lake_root, settings.host, settings.port) == ("two", "127.0.0.1", 8001)


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    for name in ServingSettings.model_fields:
        assert name.upper() in text
