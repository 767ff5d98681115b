"""``python -m data.osm.synthesis --seed 1 --out data/osm/suederbrarup``."""

import argparse
import os
from pathlib import Path

# OpenBLAS has other kernels for other processors, which round splines differently in their last
# digit, and now and then something small is then put a metre from where it was. The plainest ones
# run everywhere; they have to be chosen before NumPy is loaded.
os.environ.setdefault("OPENBLAS_CORETYPE", "Prescott")

from data.osm.synthesis.land import make_land
from data.osm.synthesis.survey import write_region


def main() -> None:
    """Make the land from a seed and write its extract and its boundary."""
    parser = argparse.ArgumentParser(prog="data.osm.synthesis", description=main.__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("data/osm/suederbrarup"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    write_region(make_land(options.seed), options.out)


if __name__ == "__main__":
    main()
