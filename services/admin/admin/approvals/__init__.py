"""What waits for a yes of somebody else."""
