"""Closed, typed settings: read from TOML, overridden by ``a.b=c``, compared, and written back whole."""

from __future__ import annotations

import difflib
import os
import tomllib
import types
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from vivogan.errors import InputError, SettingsError


class Settings(BaseModel):
    """The parent of every settings model: unknown keys are refused and values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


Model = TypeVar("Model", bound=BaseModel)

_EXPECTED = {  # pydantic's name of an error → what was expected
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "path_type": "a path",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


def read_toml(path: str | os.PathLike[str], model: type[Model]) -> Model:
    """Read a TOML file as ``model``.

    Raises:
        InputError: the file is missing or is no TOML.
        SettingsError: a setting is unknown, missing, or of the wrong type; every one is named.
    """
    try:
        values = tomllib.loads(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(path, f"is not valid TOML ({error})") from error
    return validated(model, values, str(path))


def validated(model: type[Model], values: Mapping[str, Any], where: str = "") -> Model:
    """``model`` made from plain values; ``SettingsError`` in our words, after ``where`` (a file's name), if given."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        found = "; ".join(_explain(detail, model) for detail in error.errors(include_url=False))
        raise SettingsError(f"{where}: {found}" if where else found) from error


def to_toml(settings: BaseModel) -> str:
    """Every setting as TOML; ``read_toml`` gives equal settings back.

    TOML has no word for nothing, so ``None`` is left out. ``TypeError`` when that would lose it: a setting that may be
    ``None`` must be so by default.
    """
    import tomli_w

    return tomli_w.dumps(_plain(settings))


def _plain(settings: BaseModel) -> dict[str, Any]:
    dumped = settings.model_dump(mode="json")
    kept: dict[str, Any] = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            kept[name] = _plain(value)
        elif isinstance(value, float):
            kept[name] = value  # as it is: JSON mode has no infinity
        elif value is not None:
            kept[name] = dumped[name]
        elif field.get_default(call_default_factory=True, validated_data={}) is not None:
            raise TypeError(f"{type(settings).__name__}.{name} may be None, so None must be its default")
    return kept


def override(settings: Model, assignments: Sequence[str]) -> Model:
    """The same settings with some changed, each given as ``a.b=c``; the text is read as the type of its field.

    Raises ``SettingsError`` that names the nearest known key, or what was expected.

    >>> class Train(Settings):
    ...     batch: int = 64
    >>> class Plan(Settings):
    ...     train: Train = Train()
    >>> override(Plan(), ["train.batch=32"]).train.batch
    32
    """
    changes: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        key = key.strip()
        if not equals or not key:
            raise SettingsError(f'"{assignment}" is no setting', "Write it as name=value, for example train.batch=32")
        _place(changes, key.split("."), _read_value(type(settings), key, text.strip()))
    return _changed(settings, changes) if changes else settings


def _place(changes: dict[str, Any], parts: list[str], value: object) -> None:
    for part in parts[:-1]:
        inner = changes.setdefault(part, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{'.'.join(parts)}: given together with {part} as a whole")
        changes = inner
    changes[parts[-1]] = value


def _read_value(model: type[BaseModel], key: str, text: str) -> object:
    """Read ``text`` as the type of the field ``key``, looked up through nested models and tables."""
    kind, field = _field(model, key)
    if text.lower() == "none" and type(None) in _choices(kind):
        return None
    read: TypeAdapter[Any] = TypeAdapter(kind if field is None else Annotated[kind, field])
    candidates: list[object] = [text]
    with suppress(tomllib.TOMLDecodeError):
        candidates.append(tomllib.loads(f"value = {text}")["value"])
    problem: ValidationError | None = None
    for candidate in candidates:
        try:
            return read.validate_python(candidate)
        except ValidationError as error:
            problem = error
    assert problem is not None
    raise SettingsError("; ".join(_explain(detail, model, key) for detail in problem.errors(include_url=False)))


def _field(model: type[BaseModel], key: str) -> tuple[Any, FieldInfo | None]:
    kind: Any = model
    field: FieldInfo | None = None
    for part in key.split("."):
        inner = _model_in(kind)
        if inner is not None:
            if part not in inner.model_fields:
                raise SettingsError(_unknown(key, model))
            field = inner.model_fields[part]
            kind = field.annotation
        else:
            table = next((choice for choice in _choices(kind) if typing.get_origin(choice) is dict), None)
            if table is None:
                raise SettingsError(_unknown(key, model))
            kind, field = typing.get_args(table)[1], None
    return kind, field


def _changed(settings: Model, changes: Mapping[str, Any]) -> Model:
    values = _merged(settings, changes)
    return validated(type(settings), values)


def _merged(settings: BaseModel, changes: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    for name, change in changes.items():
        present = values[name]
        if not isinstance(change, dict):
            values[name] = change
        elif isinstance(present, BaseModel):
            values[name] = type(present).model_construct(**_merged(present, change))
            # Validated here, as pydantic takes a finished model at its word.
            values[name] = _revalidated(values[name], name)
        elif isinstance(present, dict):
            values[name] = present | change
        else:
            values[name] = change
    return values


def _revalidated(settings: BaseModel, name: str) -> BaseModel:
    values = {field: getattr(settings, field) for field in type(settings).model_fields}
    try:
        return type(settings).model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise SettingsError("; ".join(_explain(detail, type(settings), prefix=name) for detail in details)) from error


def differences(old: BaseModel, new: BaseModel, ignore: Collection[str] = ()) -> list[str]:
    """What differs, one line a setting: ``train.batch: 64 → 32``; the keys in ``ignore`` are not compared."""
    before, after = _flat(old), _flat(new)
    absent = "(absent)"
    return [
        f"{key}: {_text(before.get(key, absent))} → {_text(after.get(key, absent))}"
        for key in sorted(before.keys() | after.keys())
        if key not in ignore and before.get(key, absent) != after.get(key, absent)
    ]


def _flat(value: BaseModel | Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    items = {name: getattr(value, name) for name in type(value).model_fields} if isinstance(value, BaseModel) else value
    found: dict[str, Any] = {}
    for name, item in items.items():
        if isinstance(item, (BaseModel, Mapping)):
            found |= _flat(item, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = item
    return found


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return str(value)


def known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every setting of ``model`` by its dotted name."""
    return list(_keys(model, prefix))


def _keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is None:
            yield f"{prefix}{name}"
        else:
            yield from _keys(inner, f"{prefix}{name}.")


def _model_in(kind: Any) -> type[BaseModel] | None:
    for choice in _choices(kind):
        if isinstance(choice, type) and issubclass(choice, BaseModel):
            return choice
    return None


def _choices(kind: Any) -> tuple[Any, ...]:
    """The members of a union, or the type itself."""
    if typing.get_origin(kind) is Annotated:
        return _choices(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return tuple(inner for choice in typing.get_args(kind) for inner in _choices(choice))
    return (kind,)


def _unknown(key: str, model: type[BaseModel]) -> str:
    keys = known_keys(model)
    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
    if not near:  # the right name in the wrong table
        leaf = key.rpartition(".")[2]
        near = [known for known in keys if known.rpartition(".")[2] == leaf][:1]
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(keys[:12])}{', …' if len(keys) > 12 else ''}"
    return f"{key}: unknown setting; {hint}"


def _explain(detail: ErrorDetails, model: type[BaseModel], key: str = "", prefix: str = "") -> str:
    """One pydantic error in our words; ``key`` replaces its place, ``prefix`` goes before it."""
    place = key or ".".join([*([prefix] if prefix else []), *(str(part) for part in detail["loc"])])
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown(place, model)
    if kind == "missing":
        return f"{place}: this setting is missing"
    given = detail["input"]
    shown = f'"{given}"' if isinstance(given, str) else _text(given)
    if kind == "literal_error":
        return f"{place}: expected {detail['ctx']['expected']}, got {shown}"
    if kind in _EXPECTED:
        return f"{place}: expected {_EXPECTED[kind]}, got {shown}"
    reason = detail["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    if isinstance(given, (Mapping, BaseModel)):  # a rule of the model as a whole
        return f"{place}: {reason}" if place else reason
    return f"{place}: {reason}, got {shown}"
