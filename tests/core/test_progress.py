"""Progress."""

from modescape.core.progress import Progress, Silent


def test_silence_takes_everything():
    listener: Progress = Silent()
    assert listener.start("train", 3) is None
    assert listener.advance("train", 2, "loss 0.1") is None
    assert listener.say("news") is None
