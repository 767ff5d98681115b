"""What everybody may see on the map: the region, its roads, tours and vehicles."""
