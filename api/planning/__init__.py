"""The planner's screen: scenarios to change and run, runs to follow and compare, days to replay."""
