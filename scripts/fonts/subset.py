#!/usr/bin/env python3
"""Makes public/fonts from the npm packages in style/node_modules.

Run by hand when a face is updated; what it makes is committed, so a build never
needs it. Needs: pip install fonttools brotli.
"""

import shutil
from io import BytesIO
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

HOUSE = Path(__file__).resolve().parents[2]
FROM = HOUSE / "style/node_modules"
TO = HOUSE / "public/fonts"

INTER = "@fontsource-variable/inter"
NEWSREADER = "@fontsource-variable/newsreader"
MONO = "@fontsource/jetbrains-mono"

# The signs a page in a Latin script uses, and the rest of Latin in a file of its
# own that browsers fetch only when a name needs it.
LATIN = [(0x20, 0x7E), (0xA0, 0xFF), (0x131, 0x131), (0x152, 0x153), (0x2C6, 0x2DC),
         (0x2000, 0x200A), (0x2010, 0x206F), (0x20AC, 0x20AC), (0x2122, 0x2122),
         (0x2191, 0x2193), (0x2212, 0x2212)]
MORE = [(0x100, 0x130), (0x132, 0x151), (0x154, 0x24F), (0x1E00, 0x1EFF), (0x2C60, 0x2C7F)]

# source, target, signs, axes, figures of one width, layout features.
# The mono face keeps no ligatures: a token must be read sign by sign.
TEXT = ["calt", "ccmp", "kern", "liga", "locl", "mark", "mkmk", "rvrn"]
FACES = [
    (f"{INTER}/files/inter-latin-wght-normal", "inter", LATIN, {"wght": (400, 600)}, True, TEXT),
    (f"{INTER}/files/inter-latin-ext-wght-normal", "inter-ext", MORE, {"wght": (400, 600)}, True, TEXT),
    (f"{NEWSREADER}/files/newsreader-latin-opsz-normal", "newsreader", LATIN,
     {"wght": (400, 600), "opsz": 26}, False, TEXT),
    (f"{NEWSREADER}/files/newsreader-latin-ext-opsz-normal", "newsreader-ext", MORE,
     {"wght": (400, 600), "opsz": 26}, False, TEXT),
    (f"{MONO}/files/jetbrains-mono-latin-400-normal", "jetbrains-mono", LATIN, None, False,
     ["ccmp", "locl"]),
]


def set_figures_of_one_width(font):
    """Makes tabular figures the plain ones. As a feature they would have to be
    asked for again after every `font` shorthand, which resets it."""
    table = font["GSUB"].table
    lookups = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for index in record.Feature.LookupListIndex
    }
    instead = {}
    for index in lookups:
        for subtable in table.LookupList.Lookup[index].SubTable:
            instead.update(getattr(subtable, "ExtSubTable", subtable).mapping)
    for cmap in font["cmap"].tables:
        for figure in map(ord, "0123456789"):
            if figure in cmap.cmap:
                glyph = cmap.cmap[figure]
                cmap.cmap[figure] = instead.get(glyph, glyph)


def saved(font):
    """Written and read again: only then are the tables of a cut font whole."""
    buffer = BytesIO()
    font.save(buffer)
    buffer.seek(0)
    return TTFont(buffer)


def make(source, target, signs, axes, tabular, features):
    font = TTFont(FROM / f"{source}.woff2")
    if axes:
        font = saved(instantiateVariableFont(font, axes))
    if tabular:
        set_figures_of_one_width(font)
    options = Options()
    options.layout_features = features
    options.hinting = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[sign for first, last in signs for sign in range(first, last + 1)])
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(TO / f"{target}.woff2")


TO.mkdir(parents=True, exist_ok=True)
for face in FACES:
    make(*face)
for package, name in [(INTER, "inter"), (NEWSREADER, "newsreader"), (MONO, "jetbrains-mono")]:
    shutil.copy(FROM / package / "LICENSE", TO / f"{name}.license.txt")
