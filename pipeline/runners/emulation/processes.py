"""One attempt of a container step as a process of this machine, and what it finds around it."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.runners.emulation import guard
from pipeline.runners.emulation.step_plan import Step
from schemas.errors import RunnerError

# What a container gets from its image and its machine. A step sees these, what the package gives
# it, and nothing else of the environment in which the command was given.
INHERITED: Final = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "TMPDIR",
    "TZ",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
)
_PACKAGE_ROOT: Final = pathlib.Path(__file__).parents[3]
_BURIAL_SECONDS: Final = 10.0


def check(steps: Sequence[Step], outside: Mapping[str, str]) -> None:
    """Refuses steps that this machine cannot give what a cluster would.

    Raises:
      RunnerError: `missing_secret`: Variables of Secrets are not in `outside`; all of them are
        named.
      RunnerError: `missing_volume`: A mount path is no folder.
    """
    missing = {
        f"{variable} (key {wanted.key} of Secret {wanted.secret})"
        for step in steps
        for variable, wanted in step.secrets.items()
        if variable not in outside and not wanted.is_optional
    }
    if missing:
        raise RunnerError(
            "missing_secret",
            f"set {', '.join(sorted(missing))} in the environment of this command; on a cluster the"
            " values come from the Secrets",
        )
    for volume in (volume for step in steps for volume in step.volumes):
        if not pathlib.Path(volume.mount_path).is_dir():
            raise RunnerError(
                "missing_volume",
                f"no folder {volume.mount_path}, where the claim {volume.claim} is mounted on a"
                " cluster; create it, or compile with kubeflow.mount_path on this machine",
            )


def environment(step: Step, outside: Mapping[str, str]) -> dict[str, str]:
    """Variables of a step: a few of this machine, those of the package, those of Secrets.

    `python` is the interpreter of this process, and this project's code comes first on its path.
    """
    paths = [str(_PACKAGE_ROOT), *filter(None, [outside.get("PYTHONPATH")])]
    binaries = [str(pathlib.Path(sys.executable).parent), outside.get("PATH", os.defpath)]
    secrets = {name: outside[name] for name in step.secrets if name in outside}
    return {
        "LANG": "C.UTF-8",
        **{name: outside[name] for name in INHERITED if name in outside},
        "PATH": os.pathsep.join(binaries),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",
        **step.environment,
        **secrets,
    }


class StepProcess:
    """A running command with all that it starts; nothing of it outlives this process.

    Args:
      command: Looked up on the PATH of `variables`.
      variables: Its whole environment.
      log: Gets both output streams, at its end.
    """

    def __init__(
        self, command: Sequence[str], variables: Mapping[str, str], log: pathlib.Path
    ) -> None:
        reading, self._lifeline = os.pipe()
        wrapper = (sys.executable, "-I", "-S", guard.__file__, str(reading))
        try:
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    [*wrapper, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=dict(variables),
                    pass_fds=(reading,),
                    start_new_session=True,
                )
        except OSError:
            os.close(self._lifeline)
            raise
        finally:
            os.close(reading)

    def poll(self) -> int | None:
        """Exit status, None before; 128 and the number of a signal, where one ended it."""
        status = self._process.poll()
        if status is None:
            return None
        self._cut()
        return status if status >= 0 else 128 - status

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the command and its process group."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kills the command and all that it started; returns when they are gone."""
        self._cut()
        try:
            self._process.wait(_BURIAL_SECONDS)
        except subprocess.TimeoutExpired:  # the guard itself was stopped
            self._process.kill()
            self._process.wait()

    def _cut(self) -> None:
        """Closes the pipe by which the guard knows that this process lives."""
        if self._lifeline >= 0:
            with contextlib.suppress(OSError):
                os.close(self._lifeline)
            self._lifeline = -1
