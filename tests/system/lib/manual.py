# SPDX-License-Identifier: Apache-2.0
"""Manuals as tests: reads the fenced blocks of a Markdown file, and compares what is shown there with what came.

extras/docs/README.md tells readers the same rules:

    console          `$ ` is typed to bash, `sluice> ` to sluicectl; below it stands the whole answer
    terminal         the same at the shell's prompt on a terminal, with keys: <TAB>, ?, <Ctrl-C>
    sh               is run by bash up to the first command that fails
    conf FILE        is written to FILE as it stands
    python [FILE]    is written to FILE; without one it is run, and must say nothing
    cpp|proto|cmake|go FILE    stands in FILE of the tree, word for word
    text             a picture for readers; nothing to hold it against

In an answer, `...` stands for anything (alone on a line: any lines), and ‹4› for a value of that kind that is another one each
time. Blanks in a row count as one, and empty lines as none. A block behind a line "*Not run by the tests: WHY.*" is not run.
"""

import dataclasses
import pathlib
import re

RUN = {"console", "terminal", "sh", "conf", "python"}
QUOTES = {"cpp", "proto", "cmake", "go"}
LANGUAGES = RUN | QUOTES | {"text"}
WITH_FILE = QUOTES | {"conf"}
NOT_RUN = re.compile(r"\*Not run by the tests: (.+)\.\*")
PROMPT = re.compile(r"(\$|sluice>|sluice\(config\)#)(?: (.*))?")


class ManualError(AssertionError):
    """A manual that says what is not so, or that cannot be read."""


@dataclasses.dataclass
class Step:
    """A line that somebody types, and what it answers."""
    prompt: str
    typed: str
    answer: list[str]
    place: str


@dataclasses.dataclass
class Block:
    language: str
    file: str
    lines: list[str]
    place: str
    section: str
    not_run: str = ""

    def steps(self):
        """Of a console or a terminal."""
        made = []
        for number, line in enumerate(self.lines):
            typed = PROMPT.fullmatch(line.rstrip())
            if typed:
                made.append(Step(typed[1], typed[2] or "", [], f"{self.place}+{number + 1}"))
            elif not made:
                raise ManualError(f"{self.place}: {line!r} answers nothing; begin the block with a prompt")
            elif made[-1].typed.endswith("\\") and not made[-1].answer:
                made[-1].typed = made[-1].typed[:-1] + line.strip()
            else:
                made[-1].answer.append(line)
        if self.language == "console" and any("config" in step.prompt for step in made):
            raise ManualError(f"{self.place}: each line of a console is a shell of its own; `configure` wants a terminal")
        return made


def read(path):
    """All fenced blocks of a manual, in their order. Whatever a test would not understand is an error."""
    path = pathlib.Path(path)
    blocks, section, open_block, before = [], "", None, ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        place = f"{path.name}:{number}"
        if open_block is not None:
            if line.rstrip() == "```":
                blocks.append(open_block)
                open_block, before = None, ""
            else:
                open_block.lines.append(line)
        elif line.startswith("```"):
            open_block = _begin(line, place, section, NOT_RUN.fullmatch(before))
        elif "```" in line:
            raise ManualError(f"{place}: a fence must stand at the beginning of its line, or no test sees it")
        elif line.startswith("## "):
            section = line[3:].strip()
        if line.strip():
            before = line.strip()
    if open_block is not None:
        raise ManualError(f"{open_block.place}: the block does not end")
    return blocks


def _begin(line, place, section, not_run):
    language, _, file = line[3:].strip().partition(" ")
    block = Block(language, file.strip(), [], place, section, not_run[1] if not_run else "")
    if block.not_run:
        return block
    if language not in LANGUAGES:
        raise ManualError(f"{place}: no test knows the language {language!r}; there are {', '.join(sorted(LANGUAGES))}, or say "
                          "above it why it is not run")
    if language in WITH_FILE and not block.file:
        raise ManualError(f"{place}: say which file it is: ```{language} FILE")
    return block


def matches(answer, text):
    """Whether what came is what the manual shows."""
    pattern = ""
    for line in filter(str.strip, answer):
        pattern += r"(?:.*\n)*?" if line.strip() == "..." else _line_pattern(line) + r"\n"
    plain = "".join(_squeezed(line) + "\n" for line in text.splitlines() if line.strip())
    return re.fullmatch(pattern, plain) is not None


def _squeezed(text):
    return " ".join(text.split())


def _line_pattern(line):
    parts = re.split(r"(\.\.\.|‹[^›]*›)", _squeezed(line))
    return "".join(_part_pattern(part) for part in parts)


def _part_pattern(part):
    if part == "...":
        return ".*"
    if not part.startswith("‹"):
        return re.escape(part)
    words = part[1:-1].split()
    return " ".join(r"[0-9][0-9.]*" if re.fullmatch(r"[0-9.]+", word) else r"\S+" for word in words)


def check_quote(block, root):
    """What is quoted stands so in its file. A line `...` leaves lines out."""
    text = (root / block.file).read_text() if (root / block.file).is_file() else None
    if text is None:
        raise ManualError(f"{block.place}: quotes {block.file}, which is not there")
    at = 0
    for part in _parts("\n".join(line.rstrip() for line in block.lines)):
        at = text.find(part, at)
        if at < 0:
            raise ManualError(f"{block.place}: {block.file} does not have, in this order:\n{part}")
        at += len(part)


def _parts(quoted):
    return [part.strip("\n") for part in re.split(r"(?m)^\s*\.\.\.$", quoted) if part.strip()]


def prose(path):
    """The text of a Markdown file without its blocks."""
    return re.sub(r"(?ms)^```.*?^```", "", path.read_text())


def broken_links(path):
    """Links within the tree that lead nowhere."""
    broken = []
    for target in re.findall(r"\]\(([^)]+)\)", prose(path)):
        file, _, heading = target.partition("#")
        there = path.parent / file if file else path
        if not target.startswith("https://") and (not there.exists() or (heading and heading not in _headings(there))):
            broken.append(target)
    return broken


def _headings(path):
    """As a page's address names them."""
    return {re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-") for line in
            re.findall(r"(?m)^#+ (.*)", prose(path))}
