"""Mail servers to play with, inside the product: for the demo, for tests, for training."""
