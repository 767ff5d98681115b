"""A synthetic country for the bundled region, grown from a seed around a few real anchors.

No real OpenStreetMap extract may be shipped with this repository, so the land is invented:
``uv run python -m data.osm.synthesis --seed 1 --out data/osm/suederbrarup`` writes it.
"""
