"""From rows to the items of a draft: names, parts, groups, and the columns that are labels."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vivogan.domains.columns import columns_named, is_measured, some
from vivogan.domains.molecules.assays import MISSING
from vivogan.domains.molecules.formats.rows import Row
from vivogan.domains.molecules.records import Draft, Item, ReadOptions
from vivogan.domains.parts import part_named
from vivogan.domains.source import Source
from vivogan.errors import InputError

PART_NAMES = ("split", "part", "subset")
MOST_CLASSES = 1000  # values of a column that is still taken for classes without being asked for
FEW = 20  # different words that are classes even when each occurs once
NAME = "name"
VALUE = re.compile(r"(?i)[ _]?value$")


class Gathering:
    """Takes the rows of one file. ``finish`` gives the items their labels."""

    def __init__(self, source: Source, draft: Draft, options: ReadOptions) -> None:
        self.source, self.draft, self.options = source, draft, options
        self.asked = columns_named(options.labels)
        self.start = len(draft.items)
        self.columns: dict[str, dict[int, str]] = {}  # a column's values by item
        self.different: dict[str, set[str]] = {}
        self.seen: dict[str, None] = {}
        self.left_out: list[str] = []

    def add(self, row: Row) -> None:
        """One row. Raises ``InputError`` for a word that is no part, in a column that was asked to give parts."""
        stem = self.source.suffixes[0]
        item = Item(row.smiles, row.name or f"{stem}-{row.number}", self.source.name, row.place)
        index = len(self.draft.items)
        said = {**row.said, NAME: row.name} if NAME in self.asked and NAME not in row.said else row.said
        if len(said) != len(self.seen) or not said.keys() <= self.seen.keys():
            self.seen.update(dict.fromkeys(said))
        if self.options.group:
            item.group = said.get(self.options.group, "")
        if self.options.split and (word := said.get(self.options.split, "")):
            item.part = part_named(word) or ""
            if not item.part:
                reason = f"column '{self.options.split}' has '{word}'"
                raise InputError(self.source.path, reason, row.place, "Use train, selection and test")
        self.draft.add(item)
        for column in [*self.asked, *(c for c in said if c.lower() in PART_NAMES)] if self.asked else said:
            if value := self.cell(column, said):
                self.keep(column, index, value)

    def cell(self, column: str, said: Mapping[str, str]) -> str:
        """The value of a column; where others say its sign and unit (as in ChEMBL's tables), all three."""
        value = said.get(column, "").strip()
        if value and column in self.asked and VALUE.search(column):
            base = VALUE.sub("", column)
            between = column[len(base) : len(column) - len("value")] or " "
            known = {key.lower(): text.strip().strip("'\"") for key, text in said.items()}
            sign, unit = (known.get(f"{base}{between}{word}".lower(), "") for word in ("relation", "units"))
            value = f"{sign} {value} {unit}".strip()
        return value

    def keep(self, column: str, index: int, value: str) -> None:
        """Remember a value; a column that was not asked for and has too many different ones goes."""
        if not self.asked:
            if column in self.left_out or column in (self.options.split, self.options.group):
                return
            different = self.different.setdefault(column, set())
            different.add(value)
            if len(different) > MOST_CLASSES:
                self.left_out.append(column)
                self.columns.pop(column, None)
                return
        self.columns.setdefault(column, {})[index] = value

    def finish(self) -> None:
        """Raises ``InputError`` when a column that was asked for is not there, and is no property either."""
        items = self.draft.items
        for option in filter(None, (self.options.split, self.options.group)):
            if option not in self.seen and len(items) > self.start:
                raise InputError(self.source.path, f"has no column '{option}'", mend=self.has())
        if not self.options.split:
            self.find_parts()
        for column in self.asked:
            if column not in self.seen and len(items) > self.start:
                self.compute(column)
        if not self.asked:
            self.choose_classes()
        for column in [column for column in (self.asked or self.columns) if column in self.seen]:
            values = self.columns.get(column, {})
            for index in range(self.start, len(items)):
                items[index].labels[column] = values.get(index, "")

    def has(self) -> str:
        return f"Its columns: {some(list(self.seen), 12)}" if self.seen else "It has structures and names alone"

    def find_parts(self) -> None:
        """A column called split, whose words are parts, gives them."""
        for column in self.seen:
            values = self.columns.get(column, {})
            if column.lower() not in PART_NAMES or column in (*self.asked, self.options.group) or not values:
                continue
            parts = {word: part_named(word) for word in set(values.values())}
            if all(parts.values()):
                for index, word in self.columns.pop(column).items():
                    self.draft.items[index].part = parts[word] or ""
                return

    def compute(self, column: str) -> None:
        """Have a label computed that the file does not have."""
        from vivogan.domains.molecules.properties import PROPERTIES

        if column not in PROPERTIES:
            mend = f"{self.has()}. Properties that can be computed: {', '.join(PROPERTIES)}"
            raise InputError(self.source.path, f"has no column '{column}'", mend=mend)
        if column not in self.draft.computed:
            self.draft.computed.append(column)

    def choose_classes(self) -> None:
        """Keep the columns that look like classes; the rest is noted."""
        count = len(self.draft.items) - self.start
        half = max(FEW, count // 2)
        for column in list(self.columns):
            words = {word for word in self.different[column] if word.lower() not in MISSING}
            if not 1 < len(words) <= half or is_measured(words):
                self.left_out.append(column)
                del self.columns[column]
        if self.left_out:
            self.draft.notes.append(
                f"{self.source.path.name}: columns that do not look like classes were left out: "
                f"{some(self.left_out, 12)}; name one to use it"
            )
