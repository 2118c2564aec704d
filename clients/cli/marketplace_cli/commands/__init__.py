"""The commands, a file for each group of them; loaded when they are asked for."""
