"""Colours and the style sheet of a picture.

Every rule begins with the picture's own class, so two pictures in one page do not restyle each
other, nor the page. Text is dark on white or the reverse and reaches 4.5:1; strips reach 3:1.
"""

from __future__ import annotations

from .kinds import KINDS

LIGHT = {
    "page": "#ffffff",
    "card": "#ffffff",
    "edge": "#c3cad3",
    "frame": "#f3f5f8",
    "deep": "#e9edf3",
    "line": "#7a8694",
    "text": "#14181d",
    "muted": "#515a66",
    "param": "#7a5200",
    "grad": "#8a1d55",
    "value": "#0b5a2a",
    "bar": "#b3246b",
    "track": "#8b95a1",
    "bad": "#d1001f",
    "chip": "#f7f8fa",
    "mark": "#14181d",
    "ink": "#ffffff",
}
DARK = {
    "page": "#0f1318",
    "card": "#1b2129",
    "edge": "#465160",
    "frame": "#151a21",
    "deep": "#1f2630",
    "line": "#8a97a6",
    "text": "#eef2f6",
    "muted": "#aeb9c5",
    "param": "#f0c674",
    "grad": "#ff9ccb",
    "value": "#7ee2a0",
    "bar": "#ff7ab8",
    "track": "#7b8794",
    "bad": "#ff5c6c",
    "chip": "#171d24",
    "mark": "#eef2f6",
    "ink": "#0f1318",
}
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
FALLBACK = "'Noto Sans CJK KR', 'Malgun Gothic', 'Apple SD Gothic Neo'"


def write_style(scope: str, theme: str, kinds: list[str]) -> str:
    """The style sheet for the class `scope`."""
    rules = [
        f".{scope} text{{font-family:{FONT},{FALLBACK};font-size:11px;white-space:pre}}",
        f".{scope} .h{{font-size:13px;font-weight:bold}}",
        f".{scope} .t{{font-size:17px;font-weight:bold}}",
        f".{scope} .bg{{font-weight:bold}}",
        f".{scope} .e{{text-anchor:end}}",
        f".{scope} .m{{text-anchor:middle;font-weight:bold}}",
        f".{scope} .w,.{scope} .wd{{fill:none;stroke-width:1.4}}",
        f".{scope} .wd{{stroke-dasharray:5 4}}",
    ]
    rules += _write_colors(f".{scope}", LIGHT if theme != "dark" else DARK, theme, kinds)
    if theme == "auto":
        dark = _write_colors(f".{scope}", DARK, "dark", kinds)
        rules.append("@media (prefers-color-scheme:dark){" + "".join(dark) + "}")
        for context in ("body.vscode-dark", "[data-jp-theme-light=false]"):
            rules += _write_colors(f"{context} .{scope}", DARK, "dark", kinds)
        for context in ("body.vscode-light", "[data-jp-theme-light=true]"):
            rules += _write_colors(f"{context} .{scope}", LIGHT, "light", kinds)
    return "".join(rules)


def _write_colors(scope: str, colors: dict[str, str], theme: str, kinds: list[str]) -> list[str]:
    c = colors
    rules = [
        f"{scope} .p{{fill:{c['page']}}}",
        f"{scope} text{{fill:{c['text']}}}",
        f"{scope} .u{{fill:{c['muted']}}}",
        f"{scope} .pa{{fill:{c['param']}}}",
        f"{scope} .gr{{fill:{c['grad']}}}",
        f"{scope} .va{{fill:{c['value']}}}",
        f"{scope} .b{{fill:{c['card']};stroke:{c['edge']}}}",
        f"{scope} .ch{{fill:{c['chip']};stroke:{c['edge']}}}",
        f"{scope} .f0{{fill:{c['frame']};stroke:{c['edge']}}}",
        f"{scope} .f1{{fill:{c['deep']};stroke:{c['edge']}}}",
        f"{scope} .w,{scope} .wd{{stroke:{c['line']}}}",
        f"{scope} .a{{fill:{c['line']}}}",
        f"{scope} .hl{{stroke:{c['page']};stroke-width:3px;paint-order:stroke}}",
        f"{scope} .hf0 text{{stroke:{c['frame']};stroke-width:4px;paint-order:stroke}}",
        f"{scope} .hf1 text{{stroke:{c['deep']};stroke-width:4px;paint-order:stroke}}",
        f"{scope} .gb{{fill:{c['bar']}}}",
        f"{scope} .gt{{fill:none;stroke:{c['track']}}}",
        f"{scope} .x{{fill:{c['bad']}}}",
        f"{scope} .mk{{fill:{c['mark']}}}",
        f"{scope} .mt{{fill:{c['ink']}}}",
    ]
    for kind in kinds:
        color = KINDS[kind].dark if theme == "dark" else KINDS[kind].light
        rules.append(f"{scope} .k-{kind}{{fill:{color}}}")
        rules.append(f"{scope} .o-{kind}{{stroke:{color};fill:none;stroke-width:2px}}")
    return rules
