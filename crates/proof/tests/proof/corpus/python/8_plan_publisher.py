"""Publishes plans the grid computed."""

POLICY_DOC = "docs/policy.md"


def publish_all(bus, grid):
    """load_policy() belongs here, some day."""
    for level in grid.levels():
        plan = grid.plan_at(level)
        bus.publish_plan(plan)  # ! 8 publish_plan
    return len(grid.levels())
