"""Figures: numbers to axes, one file a figure, one shared style. Matplotlib objects only; its state machine is not used."""
