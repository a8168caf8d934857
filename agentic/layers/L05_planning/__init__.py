"""L05, planning: from a goal to a checked plan of tasks, carried out durably."""
