"""Scrapling's adaptive selectors on the cases that `cargo bench --bench heal -- --export FOLDER` wrote, scored as ours are.

Usage: python benches/heal/with_scrapling.py FOLDER   (needs `pip install scrapling lxml`; a virtual environment under target/ will do)
It knows what the tool knows: one good page's element, found by the value that was read there; it relocates that element on each changed page.
"""

import json
import pathlib
import re
import sys
import time

from scrapling.parser import Selector


def count(text):
    found = re.match(r"\s*([\d.,]+)\s*([KMB]?)", text or "")
    if not found:
        return None
    number, unit = found.groups()
    try:
        if unit:
            return int(float(number.replace(",", ".")) * {"K": 1e3, "M": 1e6, "B": 1e9}[unit])
        return int(re.sub(r"[.,]", "", number))
    except ValueError:
        return None


def text_of(element):
    return str(element.get_all_text(strip=True))


def shown(value):
    exact = f"{value:,}"
    for size, unit in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if value >= max(size, 10_000):
            tenth = value * 10 // size
            short = f"{tenth // 10}{unit}" if tenth % 10 == 0 else f"{tenth // 10}.{tenth % 10}{unit}"
            return {exact, short}
    return {exact}


def main(root):
    asked = right = wrong = invented = 0
    spent = []
    for folder in sorted(pathlib.Path(root).iterdir()):
        case = json.loads((folder / "case.json").read_text())
        truth = json.loads((folder / "truth.json").read_text())["pages"]
        good = case["known_good"][0]
        page = Selector((folder / good["html"]).read_text(), adaptive=False)
        marks = {}
        for field in ("display_name", "bio", "followers", "following", "likes", "posts_count"):
            value = good["values"].get(field)
            if value is None:
                continue
            wanted = shown(value) if isinstance(value, int) else {value}
            hits = [e for e in page.css("main *, header *") if len(e.children) == 0 and str(e.text).strip() in wanted]
            if hits:
                marks[field] = hits[0]
        for changed in case["pages"]:
            other = Selector((folder / changed["html"]).read_text(), adaptive=False)
            for field, mark in marks.items():
                expected = truth[changed["page_id"]].get(field)
                expected, slack = (expected.get("value"), expected.get("tol", 0)) if isinstance(expected, dict) else (expected, 0)
                started = time.perf_counter()
                found = other.relocate(mark, percentage=40, selector_type=True)
                spent.append((time.perf_counter() - started) * 1000)
                text = text_of(found[0]) if found else None
                value = count(text) if isinstance(expected, int) or field in ("followers", "following", "likes", "posts_count") else text
                if expected is None:
                    invented += value is not None
                    continue
                asked += 1
                same = value is not None and (abs(value - expected) <= slack if isinstance(expected, int) else value.split() == expected.split())
                right += same
                wrong += value is not None and not same
    spent.sort()
    total = max(asked, 1)
    print(f"scrapling: {asked} values, right {100 * right / total:.1f} %, wrong {100 * wrong / total:.1f} %, invented {invented}, ms a field p50 {spent[len(spent) // 2]:.1f}")


if __name__ == "__main__":
    main(sys.argv[1])
