"""Bar charts as SVG."""

from xml.sax.saxutils import escape

_COLOURS = ["#9aa4b2", "#2563eb", "#e07b39", "#3f9f5f", "#8b5cf6"]
_WIDTH, _LEFT, _BAR, _GAP, _TOP = 720, 190, 18, 16, 64


def svg(chart, note):
    """Horizontal bars, one group below the other; each bar has its figure beside it. `note`: where the figures come from."""
    series = list(dict.fromkeys(name for _, bars in chart.groups for name, _ in bars))
    greatest = max(value for _, bars in chart.groups for _, value in bars) or 1
    room = _WIDTH - _LEFT - 110
    parts, y = [], _TOP
    for place, name in enumerate(series):
        x = 14 + place * (_WIDTH - 28) // len(series)
        parts += [_rectangle(x, 36, 11, 11, _COLOURS[place % len(_COLOURS)]), _text(x + 16, 46, name)]
    for group, bars in chart.groups:
        middle = y + len(bars) * _BAR / 2 + 4
        parts.append(_text(_LEFT - 10, middle, group, anchor="end"))
        for name, value in bars:
            length = max(1, room * value / greatest)
            parts.append(_rectangle(_LEFT, y + 2, length, _BAR - 4, _COLOURS[series.index(name) % len(_COLOURS)]))
            parts.append(_text(_LEFT + length + 6, y + _BAR - 5, _figure(value)))
            y += _BAR
        y += _GAP
    parts += [_text(14, 22, f"{chart.title} ({chart.unit})", weight="bold"), _text(14, y + 8, note, size=10)]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y + 20}" font-family="sans-serif" fill="#1f2937">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _figure(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _rectangle(x, y, width, height, colour):
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" fill="{colour}"/>'


def _text(x, y, words, anchor="start", weight="normal", size=12):
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}">{escape(words)}</text>'
