"""The floor: the least that a Textual application with one field and one label can be."""

from textual.app import App, ComposeResult
from textual.widgets import Input, Label


class FloorApp(App[None]):
    """What is typed stands in the label."""

    def compose(self) -> ComposeResult:
        yield Input(id="field")
        yield Label("FLOOR []", id="echo", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Echo the value, so that a key changes something a bench can wait for."""
        self.query_one("#echo", Label).update(f"FLOOR [{event.value}]")


if __name__ == "__main__":
    FloorApp().run()
