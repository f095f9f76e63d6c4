"""One run of a command: which store it is for, and where it prints."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

import skewless
from skewless.cli.own_namespace import own_namespace
from skewless.errors import InputError

if TYPE_CHECKING:
    from skewless import FeatureStore
    from skewless.cli.screen import Screen

SETTINGS = "skewless.toml"
LOCAL = "local"
_KEEPS_ONE = "`skewless local --data DIR` keeps one for several commands"


class Invocation:
    """The global options; commands get them by `Invocation.of(context)`."""

    def __init__(
        self,
        store_name: str | None,
        *,
        is_local: bool,
        screen: Screen,
        namespace: str | None = None,
    ) -> None:
        self.screen = screen
        self.given_name = store_name
        self._is_local = is_local
        self._namespace = namespace
        self._is_in_process = False
        self._opened: FeatureStore | None = None

    @classmethod
    def of(cls, context: typer.Context) -> Invocation:
        """Return the invocation that a command runs in."""
        found: Invocation = context.obj
        return found

    @property
    def store_name(self) -> str | None:
        """The store's name by option, environment or settings file."""
        return self.given_name or os.environ.get("SKEWLESS_STORE") or name_in_settings(Path.cwd())

    def store(self) -> FeatureStore:
        """Open the store, as the namespace shows it if there is one.

        Raises:
            InputError: no namespace can have the name.
            StoreError: there is no such store, or AWS refused.
            BadParameter: no store is named.
        """
        self._opened = self._open()
        if self._namespace is None:
            return self._opened
        return self._opened.dev(self._namespace or own_namespace())

    def other_store(
        self, name: str, *, profile: str | None = None, region: str | None = None
    ) -> FeatureStore:
        """Open a second store; with `--local` it is in this process, too.

        Raises:
            StoreError: there is no such store, or AWS refused.
            InputError: this machine has no such profile.
        """
        if self._is_in_process:
            return skewless.FeatureStore.local(name)
        if profile is None and region is None:
            return skewless.FeatureStore.connect(name)
        import boto3  # noqa: PLC0415 - help does without
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            session = boto3.Session(profile_name=profile, region_name=region)
        except BotoCoreError as error:
            raise InputError(f"the other store cannot be reached: {error}") from error
        return skewless.FeatureStore.connect(name, session=session)

    def why_empty(self) -> str | None:
        """Return why nothing is published in the store, and what to do; None if something is."""
        if self._opened is None or any(True for _ in self._opened.published.definitions):
            return None
        if self._is_in_process:
            return (
                "This store began empty: it is inside the command, and ends with it. "
                f"{_KEEPS_ONE}, and gives others the variables that lead to it."
            )
        return "Nothing is published in this store: `skewless apply FILE` does it."

    def _open(self) -> FeatureStore:
        if self._is_local:
            self._is_in_process = True
            return skewless.FeatureStore.local(self.given_name or LOCAL)
        name = self.store_name
        if name is None:
            raise typer.BadParameter(
                "no store is named. Give --store NAME, set SKEWLESS_STORE, or write "
                f'store = "NAME" in {SETTINGS}; --local needs none.'
            )
        # `skewless local` may serve a store of that name to other processes.
        if name == LOCAL and not os.environ.get("AWS_ENDPOINT_URL"):
            self._is_in_process = True
            return skewless.FeatureStore.local("local")
        return skewless.FeatureStore.connect(name)

    def remind_of_passing(self) -> None:
        """Warn if what was just written ends with the command."""
        if self._is_in_process:
            self.screen.note(f"This local store ends with the command. {_KEEPS_ONE}.")


def name_in_settings(folder: Path) -> str | None:
    """Return the store's name from the settings file of the folder or the nearest one above it.

    Raises:
        InputError: the file is not TOML, or its `store` is no text.
    """
    for place in (folder, *folder.parents):
        path = place / SETTINGS
        if not path.is_file():
            continue
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8")).get("store")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is not TOML: {error}") from error
        if found is not None and not isinstance(found, str):
            raise InputError(f'{path}: store is {found!r}; write a name, store = "prod"')
        return found or None
    return None
