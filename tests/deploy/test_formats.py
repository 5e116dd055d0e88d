import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from deploy.ensembles import CLASSES, TwoHeads, ensemble, part, predictor, tiny_mlp
from modescape.core.errors import ArgumentError, MissingDependencyError, ModelError, StoreError
from modescape.deploy import OUTPUTS, DeployedEnsemble, formats, save_predictor
from modescape.models import medium_cnn, mlp, resnet, small_cnn

LOADING = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "modescape":
            raise ImportError("modescape is not here")
sys.meta_path.insert(0, Refuse())
import json, numpy as np, torch
about = {"modescape.json": ""}
program = torch.export.load(sys.argv[1], extra_files=about).module()
for size in (1, 2, 9):
    inputs = torch.from_numpy(np.load(sys.argv[2])[:size])
    found = program(inputs)
    np.savez(f"{sys.argv[2]}.{size}.npz", **{name: value.detach().numpy() for name, value in found.items()})
assert not any(name.split(".")[0] == "modescape" for name in sys.modules)
print(json.loads(about["modescape.json"])["classes"])
"""
SIZES = (1, 2, 9)


@dataclass(frozen=True)
class Case:
    made: DeployedEnsemble
    raw: Tensor


def image_case(build, side: int, members: int = 2) -> Case:
    made = DeployedEnsemble(
        ensemble(part(lambda: build((3, side, side), 3), members)),
        classes=CLASSES,
        input_shape=(3, side, side),
        input_dtype=torch.uint8,
        shift=torch.tensor([0.4, 0.5, 0.6]).view(3, 1, 1) * 255,
        scale=torch.tensor([4.0, 4.1, 4.2]).view(3, 1, 1) / 255,
        temperature=1.6,
    )
    generator = torch.Generator().manual_seed(1)
    raw = torch.randint(0, 256, (max(SIZES), 3, side, side), dtype=torch.uint8, generator=generator)
    return Case(made, raw)


def table_case(*parts, **options) -> Case:
    return Case(predictor(*parts, **options), torch.randn(max(SIZES), 4, generator=torch.Generator().manual_seed(1)))


CASES = {
    "mlp": lambda: image_case(lambda shape, classes: mlp(shape, classes, hidden=[16]), 8, members=3),
    "small-cnn": lambda: image_case(small_cnn, 8),
    "medium-cnn": lambda: image_case(lambda shape, classes: medium_cnn(shape, classes, width=0.1), 16, members=1),
    "resnet": lambda: image_case(lambda shape, classes: resnet(shape, classes, depth=8, width=0.25), 8, members=1),
    "mixed with spread, heads, dropout and weights": lambda: table_case(
        part(tiny_mlp, 2, concentration=2.5),
        part(TwoHeads, 1, heads=2),
        part(lambda: tiny_mlp(dropout=0.4), 1, dropout_passes=3),
        member_weights=[1, 2, 3, 4, 5, 6, 7],
        temperature=0.7,
    ),
}


@pytest.fixture(scope="module", autouse=True)
def exporter_loaded():
    """Load what torch's exporters import at their first use, and trace each predictor once for both formats."""
    with formats._quiet():
        torch.onnx.export(nn.Linear(1, 1), (torch.zeros(2, 1),), dynamo=True, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "_exported", cache(formats._exported))
        yield


def session(path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a function that gives a case and its file of a format, which is made once for all tests."""
    folder = tmp_path_factory.mktemp("exported")
    case_of = cache(lambda name: CASES[name]())

    @cache
    def given(name: str, suffix: str) -> tuple[Case, Path]:
        return case_of(name), save_predictor(case_of(name).made, folder / f"{name}{suffix}")

    return given


@pytest.mark.parametrize("name", CASES)
def test_onnxruntime_gives_the_same(name, exported):
    case, file = exported(name, ".onnx")
    running = session(file)
    assert [output.name for output in running.get_outputs()] == list(OUTPUTS)
    for size in SIZES:
        found = running.run(None, {"raw": case.raw[:size].numpy()})
        for (kind, expected), value in zip(case.made(case.raw[:size]).items(), found, strict=True):
            np.testing.assert_allclose(value, expected, atol=1e-5, rtol=0, err_msg=kind)


@pytest.mark.parametrize("name", ["mlp", "small-cnn", "mixed with spread, heads, dropout and weights"])
def test_a_program_of_pytorch_gives_the_same(name, exported):
    case, file = exported(name, ".pt2")
    program = torch.export.load(file).module()
    for size in SIZES:
        torch.testing.assert_close(program(case.raw[:size]), case.made(case.raw[:size]), rtol=1e-5, atol=1e-6)


def test_a_program_of_pytorch_runs_without_modescape(exported, tmp_path):
    case, file = exported("mlp", ".pt2")
    np.save(tmp_path / "raw.npy", case.raw.numpy())
    command = [sys.executable, "-W", "ignore", "-c", LOADING, str(file), str(tmp_path / "raw.npy")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == str(list(CLASSES))
    for size in SIZES:
        found = np.load(tmp_path / f"raw.npy.{size}.npz")
        for kind, expected in case.made(case.raw[:size]).items():
            np.testing.assert_allclose(found[kind], expected, rtol=1e-5, atol=1e-6)


def test_files_describe_themselves(exported):
    extra = {formats.DESCRIPTION: ""}
    torch.export.load(exported("mlp", ".pt2")[1], extra_files=extra)
    model = onnx.load(exported("mlp", ".onnx")[1])
    onnx.checker.check_model(model)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(metadata["classes"]) == list(CLASSES)
    about = json.loads(metadata["modescape"])
    assert about == json.loads(extra[formats.DESCRIPTION])
    assert about["temperature"] == pytest.approx(1.6)
    assert about["num_members"] == 3
    assert about["vectorised"]
    assert about["inputs"] == {"raw": "(example, 3, 8, 8), uint8: raw inputs, which the program scales"}
    assert list(about["outputs"]) == list(OUTPUTS)
    lengths = [[dim.dim_param or dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]]
    assert lengths == [["example", 3, 8, 8]]


def test_convolutions_run_one_member_after_the_other_in_the_file_only(exported):
    case, file = exported("small-cnn", ".pt2")
    extra = {formats.DESCRIPTION: ""}
    torch.export.load(file, extra_files=extra)
    assert not json.loads(extra[formats.DESCRIPTION])["vectorised"]
    assert case.made.programs[0].vectorised


class Narrow(nn.Module):
    """A network whose vectorised program can't be exported for any size of batch."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 4))

    def forward(self, inputs):
        return nn.functional.conv1d(inputs[:, None], self.weight[:, None])[:, :, 0]


def test_what_fails_vectorised_is_exported_member_by_member(tmp_path):
    case = table_case(part(Narrow, 2))
    assert case.made.programs[0].vectorised
    assert not case.made.programs[0].convolves
    program = torch.export.load(save_predictor(case.made, tmp_path / "a.pt2")).module()
    for size in SIZES:
        torch.testing.assert_close(program(case.raw[:size]), case.made(case.raw[:size]), rtol=1e-5, atol=1e-6)


class Looking(nn.Module):
    """A network that looks at its inputs, which no program can."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, inputs):
        return self.linear(inputs) if inputs.sum().item() > 0 else -self.linear(inputs)


@pytest.mark.parametrize("suffix", ["pt2", "onnx"])
def test_what_cannot_be_exported_is_refused_in_one_line(suffix, tmp_path):
    with pytest.raises(
        ModelError, match=r"`predictor` must be made of networks that torch.export takes; got"
    ) as raised:
        save_predictor(predictor(part(Looking, 2)), tmp_path / f"a.{suffix}")
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_wrong_paths_are_refused(tmp_path):
    made = predictor(part(tiny_mlp, 1))
    with pytest.raises(ArgumentError, match=r"`path` must end in .pt2 or .onnx; got '.*ensemble.txt'"):
        save_predictor(made, tmp_path / "ensemble.txt")
    with pytest.raises(ArgumentError, match=r"`path` must lie in a folder that is there; got '.*nowhere/a.pt2'"):
        save_predictor(made, str(tmp_path / "nowhere" / "a.pt2"))


def test_onnx_needs_its_packages(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(
        MissingDependencyError, match=r"end in .pt2 where onnxscript can't be imported.*modescape\[onnx\]"
    ):
        save_predictor(predictor(part(tiny_mlp, 1)), tmp_path / "a.onnx")


def test_onnx_holds_two_gibibytes(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "MOST_ONNX_BYTES", 100)
    with pytest.raises(ArgumentError, match=r"have under 2 GiB of weights in one .onnx; got 0.0 GiB. Write a .pt2"):
        save_predictor(predictor(part(tiny_mlp, 1)), tmp_path / "a.onnx")


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.pt2"
    path.write_bytes(b"old")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match=r"a.pt2` must be written in full; got no space left on device. Check the"):
        formats._write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_line(tmp_path):
    """A limit on the size of files fails a write as a full disk does."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StoreError, match=r"a.pt2` must be written in full; got file too large. Check the folder"):
            formats._write_atomically(tmp_path / "a.pt2", bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_has_the_usual_rights_and_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "a.pt2"
    path.write_bytes(b"old")
    usual = path.stat().st_mode
    save_predictor(predictor(part(tiny_mlp, 1)), path)
    assert path.stat().st_mode == usual
    assert path.read_bytes() != b"old"
