#!/bin/sh
# Makes public/fonts from the npm packages in style/node_modules. Run it by hand
# when a font is updated; what it makes is committed, so a build never needs it.
# Needs: pip install fonttools brotli.
set -eu
cd "$(dirname "$0")/../.."

from=style/node_modules
to=public/fonts
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The signs a page in a Latin script uses, and the rest of Latin in a file of its
# own that browsers fetch only when a name needs it.
latin=U+0020-007E,U+00A0-00FF,U+0131,U+0152-0153,U+02C6,U+02DA,U+02DC,U+2000-200A,U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+202F,U+2030,U+2032-2033,U+2039-203A,U+2044,U+20AC,U+2122,U+2191,U+2193,U+2212
more=U+0100-0130,U+0132-0151,U+0154-024F,U+1E00-1EFF,U+2C60-2C7F

# cut_font SOURCE TARGET SIGNS AXES...
cut_font() {
    source=$from/$1 target=$to/$2 signs=$3
    shift 3
    cut="$scratch/cut.ttf"
    if [ $# -gt 0 ]; then
        fonttools varLib.instancer "$source" "$@" --output "$cut" --quiet
    else
        cp "$source" "$cut"
    fi
    pyftsubset "$cut" --unicodes="$signs" --flavor=woff2 --output-file="$target" \
        --layout-features=calt,ccmp,kern,liga,locl,mark,mkmk,rvrn,tnum --no-hinting --desubroutinize
}

mkdir -p "$to"
inter=@fontsource-variable/inter newsreader=@fontsource-variable/newsreader mono=@fontsource/jetbrains-mono
cut_font $inter/files/inter-latin-wght-normal.woff2 inter.woff2 "$latin" wght=400:600
cut_font $inter/files/inter-latin-ext-wght-normal.woff2 inter-ext.woff2 "$more" wght=400:600
cut_font $newsreader/files/newsreader-latin-opsz-normal.woff2 newsreader.woff2 "$latin" wght=400:600 opsz=26
cut_font $newsreader/files/newsreader-latin-ext-opsz-normal.woff2 newsreader-ext.woff2 "$more" wght=400:600 opsz=26
cut_font $mono/files/jetbrains-mono-latin-400-normal.woff2 jetbrains-mono.woff2 "$latin"
cp $from/$inter/LICENSE $to/inter.license.txt
cp $from/$newsreader/LICENSE $to/newsreader.license.txt
cp $from/$mono/LICENSE $to/jetbrains-mono.license.txt
