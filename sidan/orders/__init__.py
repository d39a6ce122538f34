"""The four orders: a resident places an order, the community accepts it, the street dispatches it, the resident rates it."""
