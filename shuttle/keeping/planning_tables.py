"""The planner's tables: runs, each with all that is needed to run it again; what they taught."""

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


class CalibrationRow(SQLModel, table=True):
    """How long rides take by simulation, and people wait for them; at most one a region."""

    __tablename__ = "calibration"

    region: str = Field(primary_key=True, max_length=64)
    run: int
    title: str = Field(max_length=200)
    factor: float
    offset: int
    rides: int
    made_at: int = Field(sa_type=BigInteger)
    waiting: str = Field(sa_column=Column(Text, nullable=False, server_default="{}"))
