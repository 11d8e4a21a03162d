"""What compliance may take away from a decision."""
