"""The table of the planner's runs: each row is all that is needed to run it again."""

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel


class PlanningRunRow(SQLModel, table=True):
    """A run of a scenario; whose idea it was is nobody's business."""

    __tablename__ = "planning_run"
    __table_args__ = (Index("planning_run_of_state", "region", "state"),)

    number: int | None = Field(default=None, primary_key=True)
    region: str = Field(max_length=64)
    title: str = Field(max_length=200)
    scenario: str = Field(sa_column=Column(Text, nullable=False))
    seed: int = Field(sa_type=BigInteger)
    repetitions: int
    version: str = Field(max_length=32)
    ground: str = Field(max_length=16)
    state: str = Field(max_length=16)
    attempt: int
    made_at: int = Field(sa_type=BigInteger)
    began_at: int = Field(sa_type=BigInteger)
    ended_at: int = Field(sa_type=BigInteger)
    message: str = Field(sa_column=Column(Text, nullable=False))
