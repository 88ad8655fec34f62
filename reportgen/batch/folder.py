"""The output folder of a batch: a report's files are complete and together, or absent.

A report's process writes into a hidden staging folder. When all is flushed to the disk, the run itself renames the files into
their places and writes the receipt last: a report is there if, and only if, its receipt is and the files match it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reportgen.errors import OutputNotWritable
from reportgen.presentation.outputs import write_through

RECEIPTS = ".reports"
STAGING = ".tmp-report-"
RESERVE = ".reserve"
OWN_FILES = ("summary.json", "index.html", "index.pdf")
RESERVED_BYTES = 16_384  # kept free for the summary, and as many for each 16 reports
SCHEMA = "reportgen.receipt/1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a finished report was made from and consists of.

    Attributes
    ----------
    fingerprint : mapping
        What its content depends on, each part as text; see :mod:`reportgen.batch.fingerprints`.
    files : mapping
        Format to the SHA-256 of the file.
    line : mapping
        Its figures for the index.
    """

    fingerprint: Mapping[str, str]
    files: Mapping[str, str]
    line: Mapping[str, Any]


NO_RECEIPT = Receipt({}, {}, {})
"""Stands for a report that is not there: it matches no fingerprint and lists no file."""


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """The folder at `path`, which a run holds alone."""

    path: Path

    def prepare(self, n_reports: int) -> None:
        """Make room: what a killed run has left is removed, and so are the summary and the index of the last one.

        Raises
        ------
        OutputNotWritable
            The folder cannot be written.
        """
        try:
            (self.path / RECEIPTS).mkdir(exist_ok=True)
            for stale in self.path.glob(f"{STAGING}*"):
                shutil.rmtree(stale, ignore_errors=True)
            for name in OWN_FILES:
                (self.path / name).unlink(missing_ok=True)
            # On a full disk the summary must still be written: it is what says so.
            write_through(self.path / RESERVE, bytes(RESERVED_BYTES * (1 + n_reports // 16)))
        except OSError as error:
            raise OutputNotWritable(self.path.name, _reason(error)) from error

    def release_reserve(self) -> None:
        """Give back what was kept free for the summary."""
        (self.path / RESERVE).unlink(missing_ok=True)

    def staging(self, number: int) -> Path:
        """Where the process of a report writes."""
        return self.path / f"{STAGING}{number}"

    def file(self, stem: str, suffix: str) -> Path:
        """Where a file of a report stands."""
        return self.path / f"{stem}.{suffix}"

    def discard(self, number: int) -> None:
        """Remove what the process of a report has written."""
        shutil.rmtree(self.staging(number), ignore_errors=True)

    def commit(self, stem: str, number: int, receipt: Receipt) -> None:
        """Move a report's files into their places, the receipt last.

        Raises
        ------
        OutputNotWritable
            That is not possible; then none of its files is left.
        """
        try:
            targets = {suffix: self.file(stem, suffix) for suffix in receipt.files}
            for target in targets.values():
                if target.is_symlink() or target.is_dir():
                    raise OutputNotWritable(target.name, "it is a symbolic link or a folder; remove it or choose another name")
            self.withdraw(stem)
            moved = []
            try:
                for suffix, target in targets.items():
                    os.replace(self.staging(number) / suffix, target)
                    moved.append(target)
                sync_folder(self.path)
                self._write_receipt(stem, number, receipt)
            except OSError:
                for target in moved:
                    target.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise OutputNotWritable(stem, _reason(error)) from error

    def withdraw(self, stem: str) -> None:
        """Remove an earlier report of that name: its receipt first, then the files that the receipt lists."""
        earlier = self.receipt(stem)
        self._receipt_path(stem).unlink(missing_ok=True)
        self._receipt_path(stem).with_suffix(".log").unlink(missing_ok=True)
        for suffix, digest in earlier.files.items():
            path = self.file(stem, suffix)
            # A file that someone has put there since is not ours.
            if digest_of(path) == digest:
                path.unlink(missing_ok=True)

    def receipt(self, stem: str) -> Receipt:
        """The receipt of a report, or ``NO_RECEIPT`` where there is none that can be read."""
        try:
            tree = json.loads(self._receipt_path(stem).read_text(encoding="utf-8"))
            if tree.pop("schema") != SCHEMA:
                return NO_RECEIPT
            receipt = Receipt(**tree)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return NO_RECEIPT
        is_whole = all(isinstance(part, dict) for part in (receipt.fingerprint, receipt.files, receipt.line))
        return receipt if is_whole and not any("/" in suffix for suffix in receipt.files) else NO_RECEIPT

    def write_log(self, stem: str, text: str) -> None:
        """Keep what helps to find a mistake of the program; without a place for it, it is lost and nothing else."""
        with suppress(OSError):
            (self.path / RECEIPTS / f"{stem}.log").write_text(text, encoding="utf-8", errors="replace")

    def write_own(self, name: str, content: bytes) -> None:
        """Write a file of the batch itself, atomically.

        Raises
        ------
        OutputNotWritable
            That is not possible.
        """
        staged = self.path / f".{name}.tmp"
        try:
            write_through(staged, content)
            os.replace(staged, self.path / name)
            sync_folder(self.path)
        except OSError as error:
            staged.unlink(missing_ok=True)
            raise OutputNotWritable(name, _reason(error)) from error

    def _receipt_path(self, stem: str) -> Path:
        return self.path / RECEIPTS / f"{stem}.json"

    def _write_receipt(self, stem: str, number: int, receipt: Receipt) -> None:
        staged = self.staging(number) / "receipt"
        text = json.dumps({"schema": SCHEMA, **asdict(receipt)}, sort_keys=True, indent=1) + "\n"
        write_through(staged, text.encode("ascii"))
        os.replace(staged, self._receipt_path(stem))
        sync_folder(self.path / RECEIPTS)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, or the empty text where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def sync_folder(path: Path) -> None:
    """Have the names in a folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
