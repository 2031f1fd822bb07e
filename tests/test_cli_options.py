from pathlib import Path

import pytest
from test_cli import SAMPLE, run


def refusal(*words: object) -> str:
    result = run(*words)
    assert result.exit_code == 2, result.output
    return " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    "words",
    [
        ["--labels", ""],
        ["--labels="],
        ["--mirror", ""],
        ["--variant", ""],
        ["--region", ""],
        ["--probabilities", ""],
        ["--pseudonyms", ""],
        ["--channel", ""],
        ["--model", ""],
        ["--series", ""],
        ["-o", ""],
        ["--output="],
    ],
    ids=" ".join,
)
def test_an_empty_option_is_not_taken_for_one_left_out(tmp_path: Path, words: list[str]) -> None:
    message = refusal("segment", SAMPLE, "-o", tmp_path / "new", *words)
    assert f"Invalid value for {words[0].rstrip('=')}: an empty text came" in message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["segment", "", "-o", "{}"], "SCAN"),
        (["segment", SAMPLE, "--json", "", "-o", "{}"], "SCAN"),
        (["series", ""], "FOLDER"),
        (["convert", "", "-o", "{}"], "LABELS"),
        (["convert", SAMPLE, "-o", ""], "-o"),
        (["demo", "-o", ""], "-o"),
    ],
    ids=["segment", "beside a flag", "series", "convert", "output of convert", "demo"],
)
def test_an_empty_name_is_not_the_folder_that_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[object], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    message = refusal(*(str(word).format(tmp_path / "new.nii") for word in words))
    assert f"Invalid value for {name}: an empty text came" in message
    assert not list(tmp_path.iterdir())
