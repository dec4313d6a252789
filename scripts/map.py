"""Print the map of the modules: the tree of src/postroom with every docstring's first line."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "postroom"
#: Where the sentence begins; longer names push it on.
_COLUMN = 28


def summary_of(module: Path) -> str:
    """Return the first line of the module's docstring, or empty when it has none."""
    docstring = ast.get_docstring(ast.parse(module.read_bytes(), filename=str(module))) or ""
    return docstring.partition("\n")[0].strip()


def modules(package: Path = SOURCE) -> Iterator[Path]:
    """Yield every module below the package, a package's own `__init__.py` before its content."""
    inside = sorted(package.iterdir(), key=lambda path: (path.is_dir(), path.name))
    yield from (path for path in inside if path.name == "__init__.py")
    for path in inside:
        if path.is_dir() and (path / "__init__.py").exists():
            yield from modules(path)
        elif path.suffix == ".py" and path.name != "__init__.py":
            yield path


def _entry(module: Path) -> tuple[int, str]:
    place = module.relative_to(SOURCE.parent)
    if module.name == "__init__.py":
        return len(place.parts) - 2, f"{place.parent.name}/"
    return len(place.parts) - 1, place.name


def draw() -> str:
    """Return the map: one line per module, indented by package."""
    lines = []
    for module in modules():
        depth, name = _entry(module)
        lines.append(f"{'  ' * depth + name:<{_COLUMN}} {summary_of(module)}".rstrip())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(draw())
