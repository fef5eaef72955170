"""The Swift modules that the package's library products consist of, and their public symbols."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def swift(*arguments):
    result = subprocess.run(["swift", "package", *arguments], cwd=ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"swift package {' '.join(arguments)} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


def library_modules():
    """The Swift targets of the library products, and those that they depend on."""
    package = json.loads(swift("describe", "--type", "json"))
    targets = {target["name"]: target for target in package["targets"]}
    waiting = [name for product in package["products"] if "library" in product["type"] for name in product["targets"]]
    found = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += targets[name].get("target_dependencies", [])
    return sorted(name for name in found if targets[name]["module_type"] == "SwiftTarget")


def dumped_symbol_graphs():
    """The folder with the symbol graphs of all targets, made anew."""
    # Graphs are made of the tests' modules too, which must be there.
    build = subprocess.run(["swift", "build", "--build-tests"], cwd=ROOT, capture_output=True, text=True)
    if build.returncode != 0:
        sys.exit(f"swift build --build-tests failed:\n{build.stdout}{build.stderr}")
    output = swift("dump-symbol-graph", "--minimum-access-level", "public", "--skip-synthesized-members")
    return Path(output.split("Files written to ")[-1].strip())
