"""What people say of a listing: one to five stars and a review."""
