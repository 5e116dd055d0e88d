from modescape.deploy.spoken import Spoken


def test_a_line_for_each_epoch(capsys):
    listener = Spoken()
    listener.start("member 0", 3)
    listener.advance("member 0", 0)
    listener.advance("member 0", 1, "loss 0.500")
    listener.advance("member 0", 2)
    listener.say("member 0 diverged")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "member 0: epoch 1 of 3, loss 0.500",
        "member 0: epoch 3 of 3",
        "member 0 diverged",
    ]
