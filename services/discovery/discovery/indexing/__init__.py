"""What the index holds, who may see it, and how a listing gets in and out."""
