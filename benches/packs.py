"""The executive pack's first page, side by side with headless Chromium printing the same page, in turn, in one run.

Starmart asks the mart, computes, draws and sets the page as PDF/A-3a. Chromium is handed a page of HTML with the finished
charts and figures in it, and only sets and prints them: what it is spared is to its favour. Cold is the first run after
what a run reads (programs, fonts, the mart) has left the page cache; warm are the runs after it. Peak memory is the
largest single process, so that of Chromium's helpers does not count. Prints a table and writes target/bench/packs.json;
`make bench` runs it after building release.

usage: packs.py STARMART_BINARY DATA_FOLDER [RUNS]
"""

import csv
import html
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from measure import Results, medians, run

ROOT = pathlib.Path(__file__).resolve().parent.parent
AS_OF = "2017-11-26"
WEEK = "2017-W47"
FONTS = "/usr/share/fonts"
STYLE = """
@page { size: 297mm 210mm; margin: 10.5mm 15mm }
body { font: 8pt "Noto Sans CJK TC"; margin: 0 }
h1 { font-size: 18pt; margin: 0 } section { display: flex; gap: 5mm } section > * { flex: 1 }
figure { margin: 2mm 0 } svg { max-width: 100%; max-height: 50mm } td:not(:first-child) { text-align: right }
td { padding: 0 2mm; line-height: 1.2 }
"""


def evict(*folders):
    """Takes what lies in folders out of the page cache."""
    for folder in folders:
        for path in [pathlib.Path(folder), *pathlib.Path(folder).rglob("*")]:
            if path.is_file():
                file = os.open(path, os.O_RDONLY)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(file)


def page_of(out, locale):
    """The page as HTML: its figures as tables, its charts as they were drawn."""
    rows = list(csv.DictReader((out / f"executive-{WEEK}-figures.csv").open()))
    cells = lambda row: "".join(f"<td>{html.escape(row[key])}</td>" for key in ("name", "this_week", "last_week"))
    table = lambda tile: "".join(f"<tr>{cells(row)}</tr>" for row in rows if row["name"].startswith(tile + ".")
                                 and not any(part in row["name"] for part in (".spark.", ".change")))
    chart = lambda name: f"<figure>{(out / f'executive-{WEEK}-{locale}-{name}.svg').read_text()}</figure>"
    lead = "Revenue 營收 2017-W47"
    tables = f"<section><table>{table('kpis')}</table><table>{table('drivers')}</table></section>"
    charts = f"<section>{chart('drivers')}{chart('days')}</section>{chart('weeks')}"
    body = f"<h1>{lead}</h1>{tables}{charts}"
    return f"<!doctype html><html lang={locale}><meta charset=utf-8><title>{lead}</title><style>{STYLE}</style>{body}"


def measured(binary, chromium, folder, locale, runs):
    """Rows of a case, its unit, our figure, the rival's and the ratio."""
    project, out = folder / "project", folder / "out"
    ours = [binary, "-q", "-C", str(project), "report", "run", "executive", "--as-of", AS_OF, "--locale", locale,
            "--out", str(out)]
    run([*ours, "--format", "svg,csv"])
    page, printed = folder / f"{locale}.html", folder / f"{locale}.pdf"
    page.write_text(page_of(out, locale))
    rival = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
             f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={printed}", page.as_uri()]
    run(rival)
    evict(binary, project, FONTS)
    cold = run(ours)
    evict(pathlib.Path(os.path.realpath(chromium)).parent, "/usr/lib/chromium", FONTS)
    cold = (cold, run(rival))
    pairs = [(run(ours), run(rival)) for _ in range(runs)]
    sizes = [(out / f"executive-{WEEK}-{locale}.pdf").stat().st_size, printed.stat().st_size]
    yield f"pack {locale}, cold", "s", *medians([cold], 0)
    yield f"pack {locale}, warm", "s", *medians(pairs, 0)
    yield f"pack {locale}, peak memory", "MiB", *medians(pairs, 1)
    yield f"pack {locale}, PDF", "KiB", sizes[0] / 1024, sizes[1] / 1024, sizes[0] / sizes[1]


def main():
    binary, data = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("there is no chromium to compare with; install Debian's package chromium")
    version = subprocess.run([chromium, "--version"], capture_output=True, text=True).stdout.split()
    name = " ".join(version[:2])
    results = Results("packs")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        project = folder / "project"
        for part in ("cubes", "reports"):
            shutil.copytree(ROOT / part, project / part)
        (project / "starmart.yaml").write_text(f"version: 1\nmart: mart\ndata: {json.dumps(str(data))}\n")
        run([binary, "-q", "-C", str(project), "load"])
        for locale in ("en", "zh-TW"):
            for case, unit, mine, theirs, ratio in measured(binary, chromium, folder, locale, runs):
                results.add(case, unit, mine, theirs, ratio, name)
    results.write()


main()
