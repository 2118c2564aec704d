"""What the gateway answers by itself: health, metrics, one page of documentation."""
