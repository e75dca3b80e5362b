"""A diagram as Mermaid text, which Markdown viewers draw."""

from typing import Final

from pipeline.lineage.diagram import Diagram, Node, Role

# Okabe and Ito's colours, light enough for black text.
_CLASSES: Final = {
    Role.EXECUTION: "fill:#d6ebf7,stroke:#0072b2,color:#000",
    Role.DATA: "fill:#d6f2e9,stroke:#009e73,color:#000",
    Role.RECORD: "fill:#eeeeee,stroke:#666666,color:#000",
    Role.MODEL: "fill:#fdf0d2,stroke:#b87a00,color:#000",
    Role.VERDICT: "fill:#f8e6f0,stroke:#a8487f,color:#000",
}
_FAILED: Final = "fill:#fbe0d2,stroke:#d55e00,stroke-width:3px,color:#000"
_PLAIN: Final = " .,:_/-+%·"  # every other sign becomes an entity


def render(diagram: Diagram) -> str:
    """The diagram as a Mermaid flowchart from top to bottom."""
    lines = [f"%% {_one_line(diagram.title)}", "flowchart TD"]
    lines += [
        f"  {_shape(node)}:::{'failed' if node.failed else node.role.value}"
        for node in diagram.nodes
    ]
    lines += [f'  {edge.source} -->|"{_text(edge.key)}"| {edge.target}' for edge in diagram.edges]
    lines += [f"  classDef {role.value} {style}" for role, style in _CLASSES.items()]
    lines.append(f"  classDef failed {_FAILED}")
    return "\n".join(lines) + "\n"


def _shape(node: Node) -> str:
    label = f"{_text(node.title)}<br>{_text(node.note)}" if node.note else _text(node.title)
    return f'{node.id}["{label}"]' if node.is_execution else f'{node.id}(["{label}"])'


def _text(raw: str) -> str:
    """Text that neither ends a Mermaid string nor becomes markup in it."""
    return "".join(
        letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};"
        for letter in _one_line(raw)
    )


def _one_line(raw: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in raw).split())
