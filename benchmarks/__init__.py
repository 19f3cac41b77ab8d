"""Each prints ratios against a limit measured in the same run (README.md). None fails by time."""
