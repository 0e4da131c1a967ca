"""What the documents point to is there: links, their anchors, and the files that docs/architecture.md names; and the
tree of docs/architecture.md has every source file of the layers."""

import re
import subprocess
import sys
from pathlib import Path

wrong = []


def prose(page):
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M)


def anchors(page):
    """The anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", prose(page), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        to = page.parent / path if path else page
        if not to.exists():
            wrong.append(f"{page}: {target}: no such file")
        elif anchor and anchor not in anchors(to):
            wrong.append(f"{page}: {target}: no such heading")


def tree(page):
    """Two spaces a level, the name first, then what it is for."""
    (block,) = re.findall(r"^```text\n(.*?)^```", page.read_text(), flags=re.S | re.M)
    above = []
    for line in block.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth:] = [name]
        yield "".join(above)


def named(page):
    yield from tree(page)
    yield from re.findall(r"`((?:functions|shared|infra|events|docs)/[\w./-]*)`", page.read_text())


pages = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True).stdout.split()
for page in map(Path, pages):
    links(page)
architecture = Path("docs/architecture.md")
wrong += [f"{architecture}: {path}: not there" for path in named(architecture) if not Path(path).exists()]
told = set(named(architecture))
sources = subprocess.run(["git", "ls-files", "shared/core/src", "shared/aws/src", "shared/api/src", "infra/local/src"], capture_output=True, text=True, check=True)
obvious = {"lib.rs", "main.rs", "amazon-roots.pem"}
wrong += [
    f"{architecture}: {path} is not in the tree" for path in sources.stdout.split() if path not in told and Path(path).name not in obvious
]
sys.exit("\n".join(wrong) or None)
