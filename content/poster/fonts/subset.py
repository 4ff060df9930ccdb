"""Writes chars.txt: the characters the embedded font must hold.

GB2312 (rows 1-3 and 16-87), printable ASCII, the marks below, extra.txt (letters
of names and places GB2312 lacks) and every letter of the files given as arguments
(the plans are quoted in Traditional letters).
"""
import sys

chars = {chr(c) for c in range(0x20, 0x7F)}
for row in [1, 2, 3, *range(16, 88)]:
    for cell in range(1, 95):
        try:
            chars.add(bytes([0xA0 + row, 0xA0 + cell]).decode("gb2312"))
        except UnicodeDecodeError:
            pass
chars |= set("·•–—…‘’“”′″※→←↑↓≥≤≈≠±×÷°‰①②③④⑤⑥⑦⑧⑨⑩✓✗■□▲△▼●○◆◇★☆㎡¥￥€©「」『』〔〕【】")
for name in ["extra.txt", *sys.argv[1:]]:
    chars |= set(open(name, encoding="utf-8").read())
sys.stdout.write("".join(sorted(c for c in chars if c.isprintable() or c == "\u3000")))
