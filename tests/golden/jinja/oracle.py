#!/usr/bin/env python3
"""Answers with Python's jinja2: a JSON object a line on standard input, one a line on standard output.

In: {"template": ..., "trim_blocks": ..., "lstrip_blocks": ..., "keep_trailing_newline": ..., "strict": ...}; all but the template
may be absent. Out: {"expected": text}, or {"error": class, "message": text, "line": number} for a template that jinja2 refuses.
"""

import json
import sys

import jinja2
import jinja2.filters
import jinja2.sandbox

PEOPLE = [
    {"name": "bob", "age": 41, "address": {"city": "Bern"}, "active": True},
    {"name": "Alice", "age": 29, "address": {"city": "Oslo"}, "active": False},
    {"name": "carol", "age": 29, "address": {"city": "Bern"}, "active": True},
]
CONTEXT = {
    "name": "World", "n": 7, "big": 123456789012345678, "x": 2.5, "empty": "", "none_value": None,
    "items": [3, 1, 2], "words": ["pear", "Apple", "fig"], "people": PEOPLE,
    "d": {"b": 2, "a": 1, "C": 3}, "flag": True, "html": "<a href='x'>\"&</a>", "text": "it's a long-ish text, isn't it",
    "lines": "one\n  two\n\nthree", "nested": [[1, 2], [3, [4, 5]]], "zero": 0,
}


def render(template, options):
    environment = jinja2.sandbox.SandboxedEnvironment(
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        undefined=jinja2.StrictUndefined if options.get("strict") else jinja2.Undefined,
        trim_blocks=options.get("trim_blocks", False),
        lstrip_blocks=options.get("lstrip_blocks", False),
        keep_trailing_newline=options.get("keep_trailing_newline", False),
        # What the optimizer calculates has other errors than the same expression of names; printed constants it calculates anyway.
        optimized=False,
    )
    # Tidemill has no type of its own for escaped text: with automatic escaping off it would only show in repr().
    for name in ("e", "escape", "forceescape"):
        environment.filters[name] = lambda value: str(jinja2.filters.FILTERS["forceescape"](value))
    try:
        return {"expected": environment.from_string(template).render(json.loads(json.dumps(CONTEXT)))}
    except Exception as error:  # the oracle's own kinds of error are many; that it refused is what counts
        answer = {"error": type(error).__name__, "message": str(error)}
        if isinstance(error, jinja2.TemplateSyntaxError):
            answer["line"] = error.lineno
        return answer


def main():
    print(json.dumps({"version": jinja2.__version__, "context": CONTEXT}), flush=True)
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps(render(case["template"], case)), flush=True)


if __name__ == "__main__":
    main()
