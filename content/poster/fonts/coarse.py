"""Redraws a font on a coarser grid: coarse.py FROM UNITS-PER-EM TO.

Every point is rounded where it stands. fontTools' own scaler rounds the steps
between points instead, and in CFF outlines those errors add up.
"""
import sys

from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

source, units, target = sys.argv[1], int(sys.argv[2]), sys.argv[3]
fine, font = TTFont(source), TTFont(source)
k = units / fine["head"].unitsPerEm
scale_upem(font, units)
outlines = font["CFF "].cff.topDictIndex[0].CharStrings
letters = fine.getGlyphSet()
for name in fine.getGlyphOrder():
    outline = outlines[name]
    pen = T2CharStringPen(None, None)  # widths are read from hmtx
    letters[name].draw(TransformPen(pen, (k, 0, 0, k, 0, 0)))
    outline.program = pen.getCharString(private=outline.private).program
font.save(target)
