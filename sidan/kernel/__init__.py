"""The kernel: what every mechanism stands on. It names no mechanism."""
