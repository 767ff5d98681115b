"""The planner's workbench: simulated runs as stored records, each in a process of its own."""
