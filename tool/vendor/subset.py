"""Cuts Noto Sans SC down to what a Chinese office prints: GBK, the rest of the first CJK block, the characters of the
Table of General Standard Chinese Characters (通用规范汉字表) in extension A, and signs. The font has no ballot boxes:
they are composed from its own square, tick and cross.

usage: subset.py SOURCE.ttf TARGET.ttf
"""

import sys

from fontTools import subset
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

SIGNS = "¥㎡㎥°±×÷≤≥→←↑↓✓✔✗□■☐☑☒○●△▲℃№§·…—–“”‘’〓〇①⑩㈠©®™€£½²³⚠"
STANDARD_EXT_A = (
    "㑇㑊㕮㘎㙍㙘㙦㛃㛚㛹㟃㠇㠓㤘㥄㧐㧑㧟㫰㬊㬎㬚㭎㭕㮾㰀㳇㳘㳚㴔㵐㶲㸆㸌㺄㻬㽏㿠䁖䂮䃅䃎䅟䌹䎃䎖䏝䏡䏲䐃䓖䓛䓨䓫䓬䗖䗛䗪"
    "䗴䜣䝙䢺䢼䣘䥽䦃䲟䲠䲢䴓䴔䴕䴖䴗䴘䴙䶮"
)


def gbk():
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            try:
                yield ord(bytes([lead, trail]).decode("gbk"))
            except UnicodeDecodeError:
                pass


def compose(font, char, name, *parts):
    """Adds a glyph made of others, each (character, scale, right, up)."""
    cmap = font.getBestCmap()
    if ord(char) in cmap:
        return
    pen = TTGlyphPen(font.getGlyphSet())
    for part, scale, right, up in parts:
        pen.addComponent(cmap[ord(part)], (scale, 0, 0, scale, right, up))
    font.setGlyphOrder(font.getGlyphOrder() + [name])
    font["glyf"][name] = pen.glyph()
    font["hmtx"][name] = font["hmtx"][cmap[ord(parts[0][0])]]
    font["vmtx"][name] = font["vmtx"][cmap[ord(parts[0][0])]]
    for table in font["cmap"].tables:
        if table.format in (4, 12):
            table.cmap[ord(char)] = name


def main(source, target):
    font = TTFont(source, recalcTimestamp=False)
    square, cross = ("□", 1, 0, 0), ("×", 1, 0, 4)
    compose(font, "☐", "ballot", square)
    compose(font, "☑", "ballotTick", square, ("✓", 0.8, 225, 83))
    compose(font, "☒", "ballotCross", square, cross)
    compose(font, "✔", "tickHeavy", ("✓", 1, 0, 0))
    compose(font, "✗", "crossBallot", cross)

    have = font.getBestCmap()
    wanted = {*range(0x20, 0x7F), *range(0xA0, 0x100), *gbk(), *range(0x4E00, 0xA000), *map(ord, SIGNS + STANDARD_EXT_A)}
    for char in SIGNS:
        if ord(char) not in have:
            sys.exit(f"the font lacks {char}")
    options = subset.Options()
    options.layout_features = []
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx"]
    options.hinting = False
    options.name_IDs = ["*"]
    options.recalc_timestamp = False
    tool = subset.Subsetter(options)
    tool.populate(unicodes=wanted)
    tool.subset(font)
    font.save(target)


main(*sys.argv[1:])
