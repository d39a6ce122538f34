"""The closed loop: a frozen law per item, and the one place that moves a state."""
