"""What an instance knows of its processes."""

import subprocess
from pathlib import Path

from deploy.supervision import Program, Supervisor, is_alive, wait_until


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


def test_programs_that_others_need_stop_last_and_then_nothing_is_left(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    names = {"store": 100, "one": 500, "other": 500}
    script = tmp_path / "program.sh"
    told = "trap 'echo $1 >> ended; exit 0' TERM; echo $1 >> begun; while :; do sleep 0.05; done"
    script.write_text(f"cd {tmp_path}; {told}")
    programs = [Program(name, ["sh", str(script), name], priority=priority) for name, priority in names.items()]
    supervisor.configure(programs, tmp_path)
    supervisor.run()
    supervisor.start(*names)
    begun = tmp_path / "begun"
    wait_until(lambda: begun.exists() and len(begun.read_text().split()) == len(names), 20, "not all have begun")
    pids = supervisor.pids().values()
    supervisor.shut_down()
    ended = (tmp_path / "ended").read_text().split()
    assert (sorted(ended[:2]), ended[2:]) == (["one", "other"], ["store"])
    assert not supervisor.is_running()
    assert not any(is_alive(pid) for pid in pids)
