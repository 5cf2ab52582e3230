"""What an instance knows of its processes."""

import subprocess

from deploy.supervision import is_alive, wait_until


def test_a_process_whose_parent_has_not_noticed_its_end_is_not_alive() -> None:
    parent = subprocess.Popen(["sh", "-c", "sleep 0.2 & echo $!; exec sleep 30"], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert is_alive(child)
    wait_until(lambda: not is_alive(child), 10, "it still counts as alive")
    assert is_alive(parent.pid)
    parent.kill()
    parent.communicate()
    assert not is_alive(parent.pid)
