"""A diagram as Graphviz text."""

from typing import Final

from pipeline.lineage.diagram import Diagram, Node, Role

# Okabe and Ito's colours; fills are light enough for black text.
_COLOURS: Final = {
    Role.EXECUTION: ("#0072b2", "#d6ebf7"),
    Role.DATA: ("#009e73", "#d6f2e9"),
    Role.RECORD: ("#666666", "#eeeeee"),
    Role.MODEL: ("#b87a00", "#fdf0d2"),
    Role.VERDICT: ("#a8487f", "#f8e6f0"),
}
_FAILED: Final = ("#d55e00", "#fbe0d2")


def render(diagram: Diagram) -> str:
    """The diagram as a Graphviz digraph from top to bottom."""
    lines = [
        "digraph lineage {",
        f"  label={_text(diagram.title)}; labelloc=t; rankdir=TB;",
        '  node [style="filled", fontname="sans-serif", fontsize=11];',
        '  edge [fontname="sans-serif", fontsize=9];',
    ]
    lines += [f"  {node.id} [{_attributes(node)}];" for node in diagram.nodes]
    lines += [f"  {e.source} -> {e.target} [label={_text(e.key)}];" for e in diagram.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _attributes(node: Node) -> str:
    line, fill = _FAILED if node.failed else _COLOURS[node.role]
    values = {
        "label": f"{node.title}\n{node.note}" if node.note else node.title,
        "shape": "box" if node.is_execution else "ellipse",
        "color": line,
        "fillcolor": fill,
        "tooltip": node.uri or node.type,
    }
    return ", ".join(f"{name}={_text(value)}" for name, value in values.items())


def _text(raw: str) -> str:
    """A quoted string; Graphviz would read what follows a backslash as an instruction."""
    visible = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in raw)
    escaped = visible.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
