"""Write the names of the regions that can be texted, per language, from Babel's data.

Babel is needed here, at build time, alone: the pages read the small files that come out.
Usage: ``python scripts/countries.py`` after a language was added.
"""

import json
from pathlib import Path

import phonenumbers
from babel import Locale

LOCALES = Path(__file__).resolve().parents[1] / "src" / "latchstring" / "locale"


def main() -> None:
    """Write one ``countries.json`` into each language's folder."""
    for folder in sorted(path for path in LOCALES.iterdir() if path.is_dir()):
        names = Locale.parse(folder.name).territories
        regions = sorted(phonenumbers.SUPPORTED_REGIONS)
        found = {region: names[region] for region in regions if region in names}
        text = json.dumps(found, ensure_ascii=False, indent=0, sort_keys=True)
        (folder / "countries.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
