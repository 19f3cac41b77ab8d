"""What the product does, one module per deed. The only floor that commits: once, as its last step.

Time and randomness enter here and are passed down.
"""
