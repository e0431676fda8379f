"""The options of every built-in component, one dataclass each; importing them imports no component."""
