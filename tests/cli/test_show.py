import json

import pytest

from studies.samples import training_flags


def test_a_run_is_shown_in_full(command, studied, here):  # noqa: ARG001
    ended = command("show", studied.path)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("run: finished, created 20")
    assert lines[1:3] == ["data: digits, model: mlp, seed: 5", "engine loop, as set"]
    losses = [f"{record['losses'][-1]:.3f}" for record in studied.manifest["members"].values()]
    assert [line.split()[2] for line in lines[5:8]] == losses
    assert "Are my members different? " in ended.out
    assert lines[-1] == "All files are whole."
    assert max(map(len, lines)) <= 80


def test_a_run_is_shown_as_json(command, studied):
    ended = command("show", studied.path, "--json")
    shown = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert shown["manifest"] == studied.manifest
    assert shown["damage"] == []
    assert set(shown["summary"]) == {"different", "worth_it", "claims", "notes"}


@pytest.mark.parametrize("pattern", ["weights/**/*", "results/solutions.zarr/cosine/**/*", "settings.yaml"])
def test_damage_is_named_and_the_rest_is_shown(command, copied, pattern):
    victim = sorted(path for path in copied.path.glob(pattern) if path.is_file())[0]
    victim.write_bytes(victim.read_bytes()[:-1])
    name = victim.relative_to(copied.path).as_posix()
    ended = command("show", copied.path)
    assert ended.code == 0
    assert f"Damaged: {name}: checksum differs" in " ".join(ended.out.split())
    assert "All files are whole" not in ended.out
    assert "Is the ensemble worth it?" in ended.out
    assert json.loads(command("show", copied.path, "--json").out)["damage"] == [f"{name}: checksum differs"]


def test_a_run_without_results_is_shown_too(command, here):  # noqa: ARG001
    command("train", *training_flags(members=1, epochs=1), "--output", "a")
    ended = command("show", "a")
    assert ended.code == 0
    assert "a: trained, created" in ended.out
    assert "?" not in ended.out
    assert json.loads(command("show", "a", "--json").out)["summary"] is None
